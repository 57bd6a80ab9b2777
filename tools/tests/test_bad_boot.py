# SPDX-License-Identifier: GPL-2.0-only
"""What cannot work says so: one line that names the thing and the reason, then the panic
path. Never a triple fault, which would be a machine that goes off without a word."""

import re

import pytest
from verdict import check
from xlab import images, job, paths, testkernel
from xlab.machine import Machine
from xlab.vm import Vm

pytestmark = pytest.mark.kernel

TIMEOUT = 300


def boot(hypervisor, machine, modules, xen=""):
    """Boot with these modules until the panic; the serial log as text."""
    run_dir = paths.new_run_dir("bad")
    line = f"console=com1 com1=115200,8n1 dom0=pvh noreboot {xen}"
    machine = job.boot_by(job.steady_machine(machine, hypervisor), "kernel", hypervisor,
                          line, modules, run_dir)
    with Vm(machine, run_dir) as vm:
        ending = vm.watch(TIMEOUT)
        text = "\n".join(item.text for item in vm.lines)
        assert ending == "fatal", \
            "\n".join([ending, *job.evidence(vm, ending, hypervisor)])
        assert vm.running, f"noreboot was not obeyed, log {vm.serial_log}"
    return text


def reason(text):
    """What was panicked about: what follows the headline."""
    return text[text.index("Panic on CPU"):]


@pytest.fixture
def kernel():
    return ((paths.BUILD / "guest/basic.elf", ""),)


@pytest.mark.parametrize("description, words", [
    ("cpu=nosvm", "SVM"),
    ("cpu=nonpt", "nested paging"),
    ("iommu=none", "IOMMU"),
])
def test_missing_hardware(hypervisor, kernel, description, words):
    text = boot(hypervisor, Machine.parse(description, memory=512), kernel,
                "dom0_mem=64M")
    assert re.search(words, reason(text)), reason(text)


def test_no_modules(hypervisor):
    text = boot(hypervisor, Machine(memory=512), ())
    assert re.search("No domain 0 kernel", reason(text), re.I), reason(text)


def spoil_nothing(data):
    return b"This is a text file and no kernel.\n" * 1000


def spoil_cut(data):
    return data[:len(data) // 2]


def spoil_header_only(data):
    return data[:600]


def spoil_payload(data):
    middle = len(data) // 2
    return data[:middle] + bytes(b ^ 0x5a for b in data[middle:middle + 64]) + \
        data[middle + 64:]


def spoil_empty(data):
    return b"\0"


@pytest.mark.parametrize("spoil", [spoil_nothing, spoil_cut, spoil_header_only,
                                   spoil_payload, spoil_empty])
def test_bad_kernel_file(hypervisor, tmp_path, spoil):
    target = tmp_path / "vmlinuz"
    target.write_bytes(spoil(images.root().kernel.read_bytes()))
    text = boot(hypervisor, Machine(memory=1024), ((target, ""),), "dom0_mem=512M")
    assert re.search(r"module 0\b.*:", reason(text), re.I), reason(text)


def test_elf_without_pvh_note(hypervisor):
    text = boot(hypervisor, Machine(memory=512), ((images.root().busybox, ""),),
                "dom0_mem=64M")
    assert re.search(r"module 0\b.*note", reason(text), re.I), reason(text)


def test_initrd_larger_than_dom0(hypervisor, tmp_path, kernel):
    large = tmp_path / "initrd"
    large.write_bytes(bytes(96 << 20))
    text = boot(hypervisor, Machine(memory=1024), kernel + ((large, ""),),
                "dom0_mem=64M")
    assert re.search(r"module 1\b.*initrd|initrd.*module 1\b", reason(text), re.I), \
        reason(text)


def test_dom0_larger_than_machine(hypervisor, kernel):
    text = boot(hypervisor, Machine(memory=512), kernel, "dom0_mem=100G")
    assert re.search("dom0_mem", reason(text)), reason(text)


@pytest.mark.parametrize("word, named", [
    ("no-such-option=1", "no-such-option"), ("com1=wrong", "com1"),
    ("sched=fastest", "sched"), ("dom0_max_vcpus=many", "dom0_max_vcpus"),
    ("iommu=purple", "iommu"), ("iommu=sharept", "sharept is not followed"),
    ("conring_size=64x", "conring_size"),
])
def test_bad_option_is_named(hypervisor, word, named):
    """And the boot goes on."""
    quoted = f'xen="{word}"'
    plan = testkernel.parse_plan(paths.BUILD / "guest/smp.elf", quoted,
                                 hypervisor=hypervisor)
    outcome = testkernel.run(plan)
    check(outcome)
    lines = [row for row in outcome.serial_log.read_text(errors="replace").splitlines()
             if named in row and "Command line: console" not in row]
    assert lines, f"nothing says {named}: {outcome.serial_log}"
