# SPDX-License-Identifier: GPL-2.0-only
"""Every test kernel of xen/test/guest, on every machine its .lab file names."""

import pytest
from verdict import check
from xlab import paths, testkernel

NAMES = sorted(source.stem for source in testkernel.SOURCES.glob("*.c"))
RUNS = [(name, number, plan.text or "default") for name in NAMES
        for number, plan in enumerate(testkernel.plans(f"{name}.elf"))]

pytestmark = pytest.mark.kernel


def test_there_are_kernels():
    assert NAMES


def run(name, number, hypervisor):
    kernel = paths.BUILD / "guest" / f"{name}.elf"
    return testkernel.run(testkernel.plans(kernel, hypervisor=hypervisor)[number])


@pytest.fixture(scope="module")
def started(request, ahead, hypervisor):
    """Starts the selected ones, in the order pytest will ask for them."""
    for item in request.session.items:
        if item.module is request.module and hasattr(item, "callspec"):
            name, number, _ = item.callspec.params["which"]
            ahead.start((name, number), run, name, number, hypervisor)
    return ahead


@pytest.mark.parametrize("which", RUNS, ids=lambda r: f"{r[0]}-{r[1]}-{r[2]}")
def test_kernel(which, started):
    outcome = started.result(which[:2])
    check(outcome)
