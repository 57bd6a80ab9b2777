# SPDX-License-Identifier: GPL-2.0-only
"""Debian's Xen and ours, the same commands in the same machine: what xl says must agree
but for what must differ (the masks of xlab/compare.py)."""

from types import SimpleNamespace

import pytest
from verdict import check
from xlab import compare, job
from xlab.machine import Machine


def options(hypervisor):
    return job.Options(hypervisor=hypervisor, machine=Machine(cpus=2, cpu="steady"), timeout=2400)


@pytest.mark.long
def test_same_answers(hypervisor):
    result, reference = compare.record_reference(options("debian"))
    if result:
        check(result)
    result, ours = compare.record(options(hypervisor))
    check(result)
    found = compare.differences(reference, ours)
    assert not found, "\n".join(difference.report() for difference in found)


def entries(*rows):
    return compare.parse("\n".join(rows))


@pytest.mark.host
def test_moments_are_masked():
    reference = entries("## xl list", "status 0", "out lab  1  256  1  r-----  12.0")
    ours = entries("## xl list", "status 0", "out lab  1  256  1  -b----   3.5")
    assert not compare.differences(reference, ours)


@pytest.mark.host
@pytest.mark.parametrize("ours", [
    ["status 1", "out lab  1  256  1  r-----  12.0"],
    ["status 0", "out lab  1  255  1  r-----  12.0"],
    ["status 0", "out lab  1  256  1  r-p---  12.0"],
    ["status 0"],
])
def test_differences_are_seen(ours):
    reference = entries("## xl list", "status 0", "out lab  1  256  1  r-----  12.0")
    assert len(compare.differences(reference, entries("## xl list", *ours))) == 1


@pytest.mark.host
def test_only_the_row_of_the_first_cpu_may_be_missing():
    reference = entries("## xl info -n", "status 0", "out cpu:    core    socket     node")
    ours = "## xl info -n", "status 0", "out cpu:    core    socket     node"
    first, second = "out   0:       0        0        0", "out   1:       1        0        0"
    assert not compare.differences(reference, entries(*ours, first))
    assert compare.differences(reference, entries(*ours, first, second))


@pytest.mark.host
def test_missing_commands_are_seen():
    assert compare.differences(entries("## xl list", "status 0"), [])


@pytest.mark.host
@pytest.mark.parametrize("failures, runs, kept", [(1, 2, True), (9, 4, False)])
def test_the_reference_has_tries(monkeypatch, tmp_path, failures, runs, kept):
    """Only one that went through is kept for next time."""
    asked = []

    def record(*_):
        asked.append(None)
        (tmp_path / "transcript").write_text("## xl list\nstatus 0\n")
        step = job.Step("done", len(asked) > failures)
        return job.Result("compare", "off", None, [step], 1.0, tmp_path / "serial.log",
                          []), ["entry"]

    monkeypatch.setattr(compare, "record", record)
    monkeypatch.setattr(compare.paths, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(compare.images, "root", lambda: SimpleNamespace(dir=tmp_path))
    (tmp_path / "cache").mkdir()
    result, entries = compare.record_reference(job.Options(), "xl list")
    assert (len(asked), result.ok, entries) == (runs, kept, ["entry"])
    assert len(list((tmp_path / "cache").iterdir())) == kept
