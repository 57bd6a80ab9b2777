# SPDX-License-Identifier: GPL-2.0-only
"""A job: one machine boots dom0, dom0 runs a script, marks tell how it went."""

import random
import re
from dataclasses import dataclass, field

from . import images, iso, paths, symbols
from .machine import Machine
from .marks import Marks
from .progress import say
from .vm import Vm, last_words

REFERENCE_TRIES = 4
# What scripts inside say to us: it is in the report already.
SAID = re.compile(r"@(lab|data) ")
MAIN_STEPS = ["daemons", "xl-info", "xl-list", "xl-create", "xl-list-guest", "console",
              "talk", "xl-destroy", "xl-list-after", "memory"]
STEP_NAMES = {
    "stage1": "dom0 kernel reaches its initramfs",
    "root": "root disk mounted",
    "userland": "dom0 userland",
    "daemons": "xenstored, xenconsoled",
    "xl-info": "xl info",
    "xl-list": "xl list",
    "xl-create": "xl create (PVH guest)",
    "xl-list-guest": "xl list shows the guest",
    "console": "guest's first line on xl console",
    "talk": "guest answers on xl console",
    "xl-destroy": "xl destroy",
    "xl-list-after": "xl list without the guest",
    "memory": "free memory is as before",
    "done": "job ended",
    "off": "machine powered off by dom0",
}


@dataclass
class Options:
    """What `lab run` can be told."""

    hypervisor: str = "ours"
    machine: Machine = field(default_factory=Machine)
    xen_append: str = ""
    kernel_append: str = ""
    dom0_memory: int = 1024
    kernel: object = None  # None: Debian's
    initrd: object = None
    timeout: float = 900
    silence: float = 660  # without a line for so long it hangs; more than jobs/script's
    log_items: object = None
    verbose: bool = False
    verbose_kernel: bool = False
    guest_memory: int = 256
    guest_cpus: int = 1
    stage1_only: bool = False
    profile: bool = False
    boot: str = "kernel"  # or a key of iso.PROTOCOLS: by GRUB from an ISO
    params: dict = field(default_factory=dict)
    extra_files: dict = field(default_factory=dict)


def steady_machine(machine, hypervisor):
    """Debian's Xen is not steady in QEMU with everything the CPU model has, nor with all
    CPUs in one thread: it injects interrupts by EVENTINJ (docs/lab.md)."""
    if hypervisor != "debian":
        return machine
    threads = "multi" if machine.cpus > 1 else machine.threads
    return machine.but(cpu="steady" if machine.cpu == "full" else machine.cpu,
                       threads=threads)


def tried(hypervisor, run, outcome_of):
    """What run() returned last; outcome_of() is the part that has `ok` and `serial_log`.
    Debian's Xen meets defects of QEMU (docs/lab.md), which are not in question: it dies or
    stands still. So it has several tries. Ours has one."""
    for left in reversed(range(REFERENCE_TRIES if hypervisor == "debian" else 1)):
        made = run()
        outcome = outcome_of(made)
        if outcome.ok or not left:
            return made
        say(f"lab: not finished under Debian's Xen: {outcome.serial_log}; tries left: {left}")


def xen_command_line(options):
    words = ["console=com1", "com1=115200,8n1", "dom0=pvh",
             f"dom0_mem={options.dom0_memory}M", "loglvl=all", "guest_loglvl=all"]
    if options.hypervisor == "debian" and options.machine.iommu.startswith("intel"):
        # The reference would share NPT with VT-d in this odd machine.
        words.append("iommu=no-sharept")
    return " ".join(words + [options.xen_append]).strip()


def kernel_command_line(options):
    words = ["root=/dev/sda", "rw", "console=hvc0", "panic=1"]
    words += ["loglevel=7", "earlyprintk=xen"] if options.verbose_kernel else ["quiet"]
    if options.stage1_only:
        words.append("lab.stage1")
    return " ".join(words + [options.kernel_append]).strip()


def prepare(job, options, run_dir):
    """The machine for a job."""
    base = images.root()
    params = dict(GUEST_MEMORY=options.guest_memory, GUEST_CPUS=options.guest_cpus)
    params.update(options.params)
    initrd = options.initrd or images.job_initrd(
        job, params, run_dir / "initrd", options.extra_files)
    machine = steady_machine(options.machine, options.hypervisor).but(disk=base.image)
    modules = ((options.kernel or base.kernel, kernel_command_line(options)),
               (initrd, ""))
    return boot_by(machine, options.boot, options.hypervisor, xen_command_line(options),
                   modules, run_dir)


def boot_by(machine, how, hypervisor, command_line, modules, run_dir, before=()):
    """The machine with a hypervisor and its modules: by QEMU's -kernel (multiboot 1)
    or from a GRUB ISO, which may do something before."""
    if how == "kernel":
        return machine.but(kernel=images.hypervisor(hypervisor),
                           command_line=command_line, modules=modules)
    disc = iso.make(run_dir / "boot.iso", how, hypervisor, command_line, modules, before)
    return machine.but(cdrom=disc)


@dataclass
class Step:
    name: str
    ok: bool
    text: str = ""
    seconds: object = None  # by dom0's clock
    at: object = None  # since power-on

    @property
    def title(self):
        return STEP_NAMES.get(self.name, self.name)


@dataclass
class Result:
    job: str
    ending: str
    marks: Marks
    steps: list
    elapsed: float
    serial_log: object
    lines: list
    notes: list = field(default_factory=list)

    @property
    def ok(self):
        return bool(self.steps) and all(step.ok for step in self.steps)

    def report(self):
        rows = [f"{self.job}: {'PASS' if self.ok else 'FAIL'} in {self.elapsed:.0f} s"]
        for step in self.steps:
            took = "" if step.seconds is None else f"{step.seconds:6.1f} s"
            when = "" if step.at is None else f"at {step.at:5.1f} s"
            rows.append(f"  {'ok  ' if step.ok else 'FAIL'} {step.title:36} "
                        f"{took:>9} {when:>11}  {step.text}".rstrip())
        rows += [f"  note: {note}" for note in self.notes]
        rows.append(f"  serial log: {self.serial_log}")
        return "\n".join(rows)


def _boot_steps(marks, options):
    wanted = ["stage1"] if options.stage1_only else ["stage1", "root", "userland"]
    for name in wanted:
        mark = marks.find(name)
        yield Step(name, mark is not None, mark.text if mark else "not reached", None,
                   mark.at if mark else None)


def _job_steps(marks, names):
    for name in names:
        good, bad = marks.find("ok", name), marks.find("fail", name)
        mark = bad or good
        if mark is None:
            text = "not finished" if marks.find("begin", name) else "not reached"
            yield Step(name, False, text)
        else:
            text = mark.text.partition(" ")[2]
            yield Step(name, bad is None, text, marks.duration(name), mark.at)


def judge(job, options, names, marks, ending, vm):
    steps = list(_boot_steps(marks, options)) + list(_job_steps(marks, names))
    known = {step.name for step in steps}
    for mark in marks:
        name = mark.text.split(" ", 1)[0]
        if mark.word == "fail" and name not in known:
            steps.append(Step(name, False, mark.text.partition(" ")[2], None, mark.at))
    done = marks.find("done")
    steps.append(Step("done", done is not None and done.text == "0",
                      f"status {done.text}" if done else "no", None,
                      done.at if done else None))
    status = vm.process.returncode
    steps.append(Step("off", ending == "off" and status == 0 and done is not None,
                      ending if status in (0, None) else f"{ending}, QEMU exit {status}"))
    return Result(job, ending, marks, steps, vm.elapsed, vm.serial_log, vm.lines)


def evidence(vm, ending, hypervisor):
    """What a report of a failure shows of the machine, as lines: QEMU's complaints, where
    the processors are, the end of the serial log. The files may be gone later."""
    rows = ["QEMU says: " + vm.errors()] if vm.errors() else []
    named = symbols.file_for(hypervisor)
    registers = vm.where_it_hangs() if ending in ("timeout", "silence", "fatal") else None
    if registers:
        rows.append(f"CPU registers at the end: {registers}")
        if named:
            rows += symbols.describe(registers.read_text(), named)
    texts = last_words(line.text for line in vm.lines if not SAID.search(line.text))
    return rows + (list(symbols.annotate(texts, named)) if named else texts)


def _printed(lines, name):
    """What a step that failed had printed (lab_step of guests/marks.sh)."""
    texts = [line.text for line in lines]
    begin = next((n for n, text in enumerate(texts)
                  if f"--- what {name} printed:" in text), len(texts))
    end = next((n for n in range(begin, len(texts)) if texts[n].endswith("---")),
               len(texts))
    return texts[begin:end]


def _notes(result, vm, ending, hypervisor):
    for step in result.steps:
        printed = [] if step.ok else _printed(vm.lines, step.name)
        if printed:
            yield "\n    ".join(printed)
    yield "\n    ".join(["what the machine left:", *evidence(vm, ending, hypervisor)])


def run(job, options, names=(), on_mark=None, echo=None):
    """Boot, run, judge. names: the steps that must have been ok."""
    run_dir = paths.new_run_dir(job)
    machine = prepare(job, options, run_dir)
    marks = Marks()

    def on_line(line):
        mark = marks.take(line)
        if mark and on_mark:
            on_mark(mark)

    with Vm(machine, run_dir, log_items=options.log_items, echo=echo) as vm:
        say(f"lab: {job} on {options.hypervisor}, {machine.cpus} CPUs, "
            f"{machine.memory} MiB, iommu {machine.iommu}; serial log {vm.serial_log}")
        profile = symbols.Profile(options.hypervisor) if options.profile else None
        vm.tick = (lambda: profile.sample(vm)) if profile else None
        ending = vm.watch(options.timeout, on_line, silence=options.silence)
        result = judge(job, options, names, marks, ending, vm)
        if not result.ok:
            result.notes += _notes(result, vm, ending, options.hypervisor)
        elif vm.errors():
            result.notes.append("QEMU says: " + vm.errors())
        if profile:
            result.notes.append("profile:\n    " + "\n    ".join(profile.report()))
    for big in ("initrd", "boot.iso"):
        (run_dir / big).unlink(missing_ok=True)
    (run_dir / "report").write_text(result.report() + "\n")
    return result


def show_mark(mark):
    """Progress on the terminal while a job runs."""
    if mark.word in ("stage1", "root", "userland"):
        say(f"lab: {mark.at:6.1f} s  {STEP_NAMES[mark.word]}")
    elif mark.word in ("ok", "fail"):
        name, _, text = mark.text.partition(" ")
        say(f"lab: {mark.at:6.1f} s  {'ok  ' if mark.word == 'ok' else 'FAIL'} "
            f"{STEP_NAMES.get(name, name)}  {text}")


def run_main(options, echo=None, on_mark=show_mark):
    """The main job. The sum is drawn here, so the answer proves a conversation."""
    a, b = random.randint(1000, 9999), random.randint(1000, 9999)
    options.params.update(ASK_A=a, ASK_B=b)
    result = run("main", options, MAIN_STEPS, on_mark, echo)
    for step in result.steps:
        if step.name == "talk" and step.ok:
            said = re.search(r"product (\d+)", step.text)
            step.ok = bool(said) and int(said[1]) == a * b
            step.text += f" ({a} * {b} asked)"
    return result


def run_rounds(options, rounds, kind="paused", echo=None):
    """Create and destroy again and again (guests/dom0/jobs/rounds)."""
    options.params.update(ROUNDS=rounds, KIND=kind)
    if kind == "tiny":
        kernel = paths.BUILD / "guest/basic.elf"
        if not kernel.exists():
            raise images.LabError(f"no {kernel}; run make guest-kernels")
        options.extra_files["tiny.elf"] = kernel.read_bytes()
    names = ["daemons"] + [f"round-{n}" for n in range(rounds + 2)]
    return run("rounds", options, names, show_mark, echo)
