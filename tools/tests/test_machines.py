# SPDX-License-Identifier: GPL-2.0-only
"""The same two test kernels on many machines: processors, memory, IOMMU, boot path."""

import pytest
from verdict import check
from xlab import paths, testkernel

pytestmark = pytest.mark.kernel

MACHINES = [
    "cpus=1", "cpus=2", "cpus=4",
    "cpu=max", "cpu=steady", "cpus=4 cpu=max",
    "iommu=intel", "iommu=intel intremap=off", "intremap=off",
    "memory=6144", "memory=256 dom0_mem=32M",
    "boot=multiboot1", "boot=multiboot2",
    "devices=edu,e1000,usb,ehci,hda",
    "xen=sched=null", "xen=sync_console",
]
RUNS = [(kernel, text) for kernel in ("basic", "smp") for text in MACHINES]


def run(kernel, text, hypervisor):
    plan = testkernel.parse_plan(paths.BUILD / "guest" / f"{kernel}.elf", text,
                                 hypervisor=hypervisor)
    return testkernel.run(plan)


@pytest.fixture(scope="module")
def started(request, ahead, hypervisor):
    for item in request.session.items:
        if item.module is request.module and hasattr(item, "callspec"):
            kernel, text = item.callspec.params["which"]
            ahead.start(("machines", kernel, text), run, kernel, text, hypervisor)
    return ahead


@pytest.mark.parametrize("which", RUNS, ids=lambda r: f"{r[0]}-{r[1]}")
def test_machine(which, started):
    outcome = started.result(("machines", *which))
    check(outcome)


def test_conring_size(hypervisor):
    """Xen's option: a suffix, and rounded up to a power of two."""
    plan = testkernel.parse_plan(paths.BUILD / "guest/basic.elf",
                                 'xen="conring_size=300k" expect="Console ring: 512 KiB"',
                                 hypervisor=hypervisor)
    outcome = testkernel.run(plan)
    check(outcome)
