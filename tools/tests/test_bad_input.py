# SPDX-License-Identifier: GPL-2.0-only
"""docs/bad-input.md names tests: each must be there, and run."""

import re
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(?:(\w+)\.elf|unit-(\w+)): (\w+)`")


def unit_sources(name):
    """The test itself and the cases that it shares with another."""
    unit = TREE / "xen/test/unit"
    makefile = (unit / f"{name}.mk").read_text()
    shared = [unit / word for word in re.findall(r"\w+_cases\.c", makefile)]
    return [unit / f"{name}_test.c", *shared]


@pytest.mark.host
def test_each_row_has_its_tests():
    rows = [line for line in (TREE / "docs/bad-input.md").read_text().splitlines()
            if line.startswith("| ") and not line.startswith("| input")]
    assert len(rows) >= 20
    missing = []
    for row in rows:
        named = NAMED.findall(row)
        if not named:
            missing.append(row)
        for kernel, unit, test in named:
            if kernel:
                sources = [TREE / f"xen/test/guest/tests/{kernel}.c"]
                want = rf"TEST\({test}\)"
            else:
                sources = unit_sources(unit)
                want = rf"(cmocka_unit_test|\bT)\({test}\)"
            if not any(re.search(want, source.read_text()) for source in sources):
                missing.append(f"{kernel or unit}: {test}")
    assert not missing, missing
