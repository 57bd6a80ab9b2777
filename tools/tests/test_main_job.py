# SPDX-License-Identifier: GPL-2.0-only
"""The main job: Debian's dom0 boots, its own xl creates, lists, talks to and destroys a
PVH guest, and powers off."""

import pytest
from verdict import check
from xlab import job
from xlab.machine import Machine

pytestmark = pytest.mark.machine


@pytest.mark.parametrize("text", ["cpus=2", "cpus=1", "cpus=2 iommu=intel",
                                  "cpus=4 devices=usb,e1000"])
def test_main_job(hypervisor, text):
    check(job.run_main(job.Options(hypervisor=hypervisor, machine=Machine.parse(text))))


def test_guest_with_two_cpus(hypervisor):
    result = job.run_main(job.Options(hypervisor=hypervisor, guest_cpus=2))
    check(result)
    ready = next(step for step in result.steps if step.name == "console")
    assert "2 cpus" in ready.text


def test_boot_by_grub_multiboot2(hypervisor):
    options = job.Options(hypervisor=hypervisor, boot="multiboot2", stage1_only=True)
    check(job.run("stage1", options))
