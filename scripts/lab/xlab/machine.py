# SPDX-License-Identifier: GPL-2.0-only
"""Machines from short descriptions.

    Machine.parse("cpus=4 memory=4096 iommu=intel devices=edu,e1000")

is a machine; qemu_arguments() is how QEMU is told. Everything a description can
say is a field of Machine, with its default.
"""

import dataclasses
import os
import random
import shlex
from dataclasses import dataclass, field

from .images import LabError

# QEMU 7.2 without KVM does not intercept XSETBV, so a guest's XCR0 leaks into the
# hypervisor; Debian's Xen needs these hidden to be steady. It also takes #GP from
# MWAIT in idle, and cannot compute RDTSCP's length without NRIPS.
NO_XSAVE = "-xsave,-avx,-avx2,-f16c,-fma,-xsaveopt,-xsavec,-xgetbv1"
CPU_MODELS = {
    "full": "EPYC,+svm,+npt",
    "steady": f"EPYC,+svm,+npt,-monitor,-rdtscp,{NO_XSAVE}",
    "max": "max",
    "nosvm": "EPYC,-svm",
    "nonpt": "EPYC,+svm,-npt",
}
EDU = "edu,dma_mask=0xffffffffffffffff"
DEVICES = {
    "edu": ["-device", EDU],
    # With the requester id that QEMU's AMD-Vi gives to the I/O APIC.
    "eduapic": ["-device", f"{EDU},addr=14.0"],
    # Two behind a bridge to conventional PCI: one requester id for both.
    "edupair": ["-device", "pcie-pci-bridge,id=pair",
                "-device", f"{EDU},bus=pair,addr=1", "-device", f"{EDU},bus=pair,addr=2"],
    "e1000": ["-device", "e1000,netdev=n0", "-netdev", "user,id=n0,restrict=on"],
    "e1000e": ["-device", "e1000e,netdev=n1", "-netdev", "user,id=n1,restrict=on"],
    "rtl8139": ["-device", "rtl8139,netdev=n2", "-netdev", "user,id=n2,restrict=on"],
    "usb": ["-device", "qemu-xhci,id=xhci", "-device", "usb-tablet,bus=xhci.0"],
    # Sixteen vectors of MSI, and no MSI-X that a driver would prefer.
    "xhcimsi": ["-device", "nec-usb-xhci,msix=off"],
    "ehci": ["-device", "usb-ehci,id=ehci", "-device", "usb-kbd,bus=ehci.0"],
    # Has a function level reset.
    "nvme": ["-blockdev", "null-co,node-name=nothing,size=1048576",
             "-device", "nvme,serial=lab,drive=nothing"],
    "nvmemany": ["-blockdev", "null-co,node-name=none,size=1048576",
                 "-device", "nvme,serial=many,drive=none,msix_qsize=2048"],
    "bigbar": ["-device", "pci-testdev,membar=64G"],
    "hda": ["-device", "intel-hda"],
    "com2": ["-serial", "null"],
}
THREADS = {"single": "single", "multi": "multi", "onecore": "multi"}  # what QEMU calls them
IOMMUS = {
    "amd": "amd-iommu",
    "intel": "intel-iommu",
    # Says that it keeps absent entries, too: what is added has to be flushed.
    "intel-cm": "intel-iommu,caching-mode=on",
    # Tables of four levels; by default it can do three only.
    "intel-48": "intel-iommu,aw-bits=48",
    "none": None,
}


def quote(value):
    """A comma inside a QEMU option's value is doubled."""
    return str(value).replace(",", ",,")


@dataclass
class Machine:
    cpus: int = 2
    memory: int = 3072  # MiB
    cpu: str = "full"  # a key of CPU_MODELS, or QEMU's own syntax
    iommu: str = "amd"
    intremap: bool = True
    chipset: str = "q35"
    # QEMU's host threads: a "single" one runs the CPUs in turn. With a thread a CPU ("multi")
    # QEMU 7.2 loses bits of CPU 0's virtualization state when another CPU restores an FPU
    # image (docs/lab.md); test kernels hardly ever do. Those that do get a thread a CPU
    # on "onecore" of the host, where no two of them run at the same instant.
    threads: str = "single"
    devices: tuple = ()
    disk: object = None  # raw image, opened as a snapshot
    firmware: object = None  # file for -bios; None is QEMU's SeaBIOS
    kernel: object = None  # hypervisor for -kernel
    command_line: str = ""
    modules: tuple = ()  # of (path, command line)
    cdrom: object = None  # ISO to boot instead of kernel
    icount: object = None  # shift: the clock counts instructions; CPUs run in turn
    extra: tuple = field(default_factory=tuple)  # further QEMU arguments

    @classmethod
    def parse(cls, text, **defaults):
        """A value with blanks is quoted as in a shell."""
        machine = cls(**defaults)
        for word in shlex.split(text):
            name, equals, value = word.partition("=")
            if not equals or name not in ("cpus", "memory", "cpu", "iommu", "intremap",
                                          "chipset", "threads", "devices", "firmware",
                                          "icount"):
                raise LabError(f"machine description: what is '{word}'?")
            if name in ("cpus", "memory", "icount"):
                value = int(value, 0)
            elif name == "intremap":
                value = value in ("on", "yes", "1", "true")
            elif name == "devices":
                value = tuple(value.split(","))
            setattr(machine, name, value)
        machine.check()
        return machine

    def but(self, **changes):
        return dataclasses.replace(self, **changes)

    def check(self):
        if self.iommu not in IOMMUS:
            raise LabError(f"iommu={self.iommu}: one of {', '.join(IOMMUS)}")
        for device in self.devices:
            if device not in DEVICES:
                raise LabError(f"device {device}: one of {', '.join(DEVICES)}")
        if self.threads not in THREADS:
            raise LabError(f"threads={self.threads}: one of {', '.join(THREADS)}")

    def _boot_arguments(self):
        if self.cdrom:
            return ["-cdrom", str(self.cdrom), "-boot", "d"]
        if not self.kernel:
            return []
        arguments = ["-kernel", str(self.kernel), "-append", self.command_line]
        if self.modules:
            listed = []
            for path, line in self.modules:
                listed.append(quote(f"{path} {line}".rstrip()))
            arguments += ["-initrd", ",".join(listed)]
        return arguments

    def launcher(self):
        """Words before QEMU's: what has to be so when it starts."""
        words = ["setpriv", "--pdeathsig", "KILL"]
        if self.threads == "onecore":
            core = random.choice(sorted(os.sched_getaffinity(0)))
            words += ["taskset", "--cpu-list", str(core)]
        return words

    def qemu_arguments(self):
        """All but the serial port and monitor, which belong to whoever watches."""
        self.check()
        threads = "single" if self.icount is not None else THREADS[self.threads]
        arguments = ["qemu-system-x86_64", "-accel", f"tcg,thread={threads}",
                     "-machine", f"{self.chipset},kernel-irqchip=off",
                     "-cpu", CPU_MODELS.get(self.cpu, self.cpu),
                     "-smp", str(self.cpus), "-m", str(self.memory),
                     "-nodefaults", "-display", "none", "-no-reboot"]
        if self.icount is not None:
            arguments += ["-icount", f"shift={self.icount},sleep=off",
                          "-rtc", "base=2024-01-01T00:00:00,clock=vm"]
        if IOMMUS[self.iommu]:
            remap = "on" if self.intremap else "off"
            arguments += ["-device", f"{IOMMUS[self.iommu]},intremap={remap}"]
        if self.disk:
            arguments += ["-drive", f"file={quote(self.disk)},format=raw,if=none,id=d0,"
                          "snapshot=on", "-device", "ide-hd,drive=d0,bus=ide.0"]
        if self.firmware:
            arguments += ["-bios", str(self.firmware)]
        for device in self.devices:
            arguments += DEVICES[device]
        return arguments + self._boot_arguments() + list(self.extra)
