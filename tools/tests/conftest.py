# SPDX-License-Identifier: GPL-2.0-only
"""Tests that boot machines. They run fast ones first, and none is skipped: what a test
needs and does not find is a failure that says so.

    pytest tools/tests                       everything
    pytest tools/tests -m "not machine"      without Debian's dom0 (about 1 minute)
    pytest tools/tests --hypervisor debian   the tests themselves, tried on Debian's Xen
"""

import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "scripts/lab"))

from xlab import paths  # noqa: E402

# Fast to slow.
MARKS = {
    "host": "runs on this machine only, no QEMU",
    "kernel": "a test kernel in dom0's place, seconds",
    "machine": "Debian's dom0, about a minute",
    "long": "Debian's dom0 more than once, minutes",
}


def pytest_addoption(parser):
    parser.addoption("--hypervisor", default="ours",
                     help="ours (build/xen), debian, or a file")


def pytest_configure(config):
    for name, text in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {text}")


def pytest_collection_modifyitems(items):
    def slowness(item):
        found = [n for n, name in enumerate(MARKS) if item.get_closest_marker(name)]
        assert found, f"{item.nodeid} has none of the marks {', '.join(MARKS)}"
        return found[0]

    items.sort(key=slowness)


@pytest.fixture(scope="session")
def hypervisor(pytestconfig):
    return pytestconfig.getoption("--hypervisor")


@pytest.fixture(scope="session", autouse=True)
def logs():
    print(f"\nlogs of the runs: {paths.CACHE / 'runs'}")


# The largest machine of a test, and how many at a time are enough: what a container sees of
# its host is often more than it may use.
MACHINE_KIB, MOST_AT_ONCE = 6 << 20, 8


def at_once():
    """How many machines this host can run beside each other."""
    known = Path("/proc/meminfo").read_text(encoding="ascii")
    memory = int(re.search(r"MemAvailable: +(\d+) kB", known)[1])
    return max(1, min(len(os.sched_getaffinity(0)), memory // MACHINE_KIB, MOST_AT_ONCE))


class Ahead:
    """Runs the machines of all selected tests in the background, as many at a time as
    this host can, while pytest waits for one after the other."""

    def __init__(self):
        self.pool = ThreadPoolExecutor(max_workers=at_once())
        self.futures = {}

    def start(self, key, function, *arguments):
        if key not in self.futures:
            self.futures[key] = self.pool.submit(function, *arguments)

    def result(self, key):
        return self.futures[key].result()

    def stop(self):
        self.pool.shutdown(wait=True, cancel_futures=True)


@pytest.fixture(scope="session")
def ahead():
    runner = Ahead()
    yield runner
    runner.stop()
