# SPDX-License-Identifier: GPL-2.0-only
"""Test kernels: a small PVH kernel takes dom0's place and prints

    TEST name PASS
    TEST name PASS without a part that cannot be done on this hypervisor
    TEST name FAIL reason
    DONE 3 passed 0 failed

then powers off (dom0's SHUTDOWN_poweroff only halts the machine on Debian's Xen, so
after DONE it is switched off from outside). A file NAME.lab beside a test's source
says on which machines it runs, one per line, in the words of Machine.parse plus

    xen="words for the hypervisor"  args="the kernel's command line"
    dom0_mem=64M  timeout=600  hypervisor=debian  expect="a regular expression"
    boot=multiboot2 (or multiboot1: from a GRUB ISO)

`expect` is for runs that end without DONE (a panic that a test provokes): one line
of the serial log must match. Without the file there is one run, on the default.
"""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from . import images, job, paths
from .machine import Machine
from .vm import Vm

SOURCES = paths.TREE / "xen/test/guest/tests"
TEST = re.compile(r"TEST (\S+) (PASS|FAIL)\b ?(.*)")
DONE = re.compile(r"DONE (\d+) passed (\d+) failed")
# Ours goes off then; Debian's Xen does not.
AFTER_DONE_SECONDS, AFTER_DONE_SECONDS_DEBIAN = 20, 0.7
MACHINE = dict(memory=512, threads="multi")
OWN_WORDS = ("xen", "args", "dom0_mem", "timeout", "hypervisor", "expect", "boot")


@dataclass
class Plan:
    """One run of one kernel."""

    kernel: Path
    machine: Machine = field(default_factory=lambda: Machine(**MACHINE))
    hypervisor: str = "ours"
    xen: str = ""
    args: str = ""
    dom0_mem: str = "64M"
    timeout: float = 600  # a kernel gives up by itself first, on a busy host as well
    expect: str = ""
    boot: str = "kernel"
    before: tuple = ()  # commands for GRUB, if that boots
    text: str = ""

    def __post_init__(self):
        self.timeout = float(self.timeout)


def parse_plan(kernel, line, **defaults):
    own, machine = dict(defaults), []
    for word in shlex.split(line):
        name, _, value = word.partition("=")
        if name in OWN_WORDS:
            own[name] = value
        else:
            machine.append(word)
    return Plan(Path(kernel), Machine.parse(" ".join(machine), **MACHINE),
                text=line.strip(), **own)


def plans(kernel, **defaults):
    """The runs that a kernel asks for."""
    listed = SOURCES / (Path(kernel).stem + ".lab")
    lines = [""]
    if listed.exists():
        lines = [line for line in listed.read_text().splitlines()
                 if line.strip() and not line.lstrip().startswith("#")]
    return [parse_plan(kernel, line, **defaults) for line in lines]


@dataclass
class Outcome:
    plan: Plan
    passed: list
    failed: list  # of (name, reason)
    done: object  # (passed, failed) as the kernel counted, or None
    ending: str
    expected: bool  # `expect` was seen, or there was none
    elapsed: float
    serial_log: Path
    tail: list
    panicked: bool = False
    partly: dict = field(default_factory=dict)  # of those that passed: without what

    @property
    def ok(self):
        if self.failed or not self.expected:
            return False
        if self.plan.expect:
            return True
        return (not self.panicked and bool(self.passed)
                and self.done == (len(self.passed), 0))

    def report(self):
        rows = [f"{self.plan.kernel.stem} [{self.plan.text or 'default machine'}] "
                f"{'PASS' if self.ok else 'FAIL'} in {self.elapsed:.1f} s"]
        rows += [f"  ok   {name}  {self.partly.get(name, '')}".rstrip()
                 for name in self.passed]
        rows += [f"  FAIL {name}: {reason}" for name, reason in self.failed]
        if not self.ok:
            if not self.expected:
                rows.append(f"  FAIL no line matched: {self.plan.expect}")
            rows.append(f"  ended by: {self.ending}; kernel's own count: {self.done}")
            rows.append("  last lines:")
            rows += ["    " + line for line in self.tail]
            rows.append(f"  serial log: {self.serial_log}")
        return "\n".join(rows)


def run(plan, echo=None, log_items=None):
    if not plan.kernel.exists():
        raise images.LabError(f"no test kernel {plan.kernel}; run make guest-kernels")
    run_dir = paths.new_run_dir(plan.kernel.stem)
    line = (f"console=com1 com1=115200,8n1 dom0=pvh dom0_mem={plan.dom0_mem} loglvl=all "
            f"guest_loglvl=all {plan.xen}").strip()
    machine = job.boot_by(job.steady_machine(plan.machine, plan.hypervisor), plan.boot,
                          plan.hypervisor, line, ((plan.kernel, plan.args),), run_dir,
                          plan.before)
    passed, failed, partly = [], [], {}
    counted, expected, panicked = None, not plan.expect, False

    def on_line(line):
        nonlocal counted, expected, panicked
        found = TEST.search(line.text)
        if found and found[2] == "PASS":
            passed.append(found[1])
            if found[3].startswith("without "):
                partly[found[1]] = found[3]
        elif found:
            failed.append((found[1], found[3]))
        found = DONE.search(line.text)
        if found:
            counted = int(found[1]), int(found[2])
            return "done"
        if plan.expect and re.search(plan.expect, line.text):
            expected = True
        panicked = panicked or "Panic on CPU" in line.text
        return None

    with Vm(machine, run_dir, log_items=log_items, echo=echo) as vm:
        ending = vm.watch(plan.timeout, on_line)
        if ending == "done":
            # What comes right behind it, a panic on the way down for instance.
            seconds = (AFTER_DONE_SECONDS_DEBIAN if plan.hypervisor == "debian" else
                       AFTER_DONE_SECONDS)
            ending = vm.watch(vm.elapsed + seconds, on_line)
            ending = "switched off" if ending == "timeout" else ending
        outcome = Outcome(plan, passed, failed, counted, ending, expected, vm.elapsed,
                          vm.serial_log, [], panicked, partly)
        if not outcome.ok:
            outcome.tail = job.evidence(vm, ending, plan.hypervisor)
        (run_dir / "boot.iso").unlink(missing_ok=True)
        return outcome
