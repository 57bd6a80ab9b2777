# SPDX-License-Identifier: GPL-2.0-only
"""The lab's own parts: a lab that misjudges is worse than none."""

import subprocess

import pytest
from xlab import testkernel
from xlab.cpio import Archive
from xlab.images import LabError
from xlab.job import MAIN_STEPS, Options, judge
from xlab.machine import Machine
from xlab.marks import Marks
from xlab.vm import FATAL, Line

pytestmark = pytest.mark.host


class EndedVm:
    """What is left of a machine, for judge()."""

    class process:
        returncode = 0

    elapsed = 1.0
    serial_log = "log"
    lines = ()


def marks_of(text):
    marks = Marks()
    for line in text.strip().splitlines():
        marks.take(Line(1.0, line))
    return marks


def good_run():
    rows = ["@lab 1 1.00 stage1 6.1 ~", "@lab 2 1.10 root /dev/sda ~",
            "@lab 3 1.20 userland 6.1 ~"]
    for step in MAIN_STEPS:
        rows.append(f"@lab {len(rows) + 1} 2.00 begin {step} ~")
        rows.append(f"@lab {len(rows) + 1} 3.50 ok {step} some text ~")
    rows.append(f"@lab {len(rows) + 1} 4.00 done 0 ~")
    return rows


def verdict(rows, ending="off", status=0):
    vm = EndedVm()
    vm.process.returncode = status
    return judge("main", Options(), MAIN_STEPS, marks_of("\n".join(rows)), ending, vm)


def test_cpio_is_read_by_cpio():
    archive = Archive()
    archive.file("a/b/c", "content\n", 0o755)
    archive.symlink("a/link", "b/c")
    listed = subprocess.run(["cpio", "-tv", "--quiet"], input=archive.to_bytes(),
                            capture_output=True, check=True).stdout.decode()
    names = [row.split()[8] for row in listed.splitlines()]
    assert names == ["a", "a/b", "a/b/c", "a/link"]
    assert "-rwxr-xr-x" in listed and "link -> b/c" in listed


def test_cpio_repeats():
    def build():
        archive = Archive()
        archive.file("x/y", b"1234")
        return archive.to_bytes()

    assert build() == build()
    assert len(build()) % 512 == 0


def test_marks_survive_tearing_and_repetition():
    marks = marks_of("(XEN) noise @lab 1 0.50 ok a first ~\n"
                     "@lab 2 0.60 ok b sec(XEN) torn\n"
                     "@lab 1 0.50 ok a first ~\n"
                     "@lab 2 0.60 ok b second ~")
    assert [(m.number, m.text) for m in marks] == [(1, "a first"), (2, "b second")]


def test_step_duration():
    assert verdict(good_run()).marks.duration("xl-create") == 1.5


def test_good_run_passes():
    assert verdict(good_run()).ok


@pytest.mark.parametrize("step", MAIN_STEPS)
def test_missing_step_fails(step):
    assert not verdict([r for r in good_run() if f" {step} " not in r]).ok


def test_failed_step_fails():
    rows = [r.replace("ok talk", "fail talk") for r in good_run()]
    result = verdict(rows)
    assert not result.ok
    assert [step.name for step in result.steps if not step.ok] == ["talk"]


def test_unexpected_failure_fails():
    rows = good_run()
    assert not verdict(rows[:-1] + ["@lab 90 3.00 fail surprise x ~", rows[-1]]).ok


@pytest.mark.parametrize("ending, status", [("timeout", 0), ("fatal", 0), ("off", 1)])
def test_bad_ending_fails(ending, status):
    assert not verdict(good_run(), ending, status).ok


def test_job_status_counts():
    assert not verdict(good_run()[:-1] + ["@lab 99 4.00 done 1 ~"]).ok


def test_silence_fails():
    assert not verdict([]).ok


@pytest.mark.parametrize("line", ["(XEN) Panic on CPU 0:", "(XEN) FATAL TRAP: vec 14",
                                  "[ 1.0] Kernel panic - not syncing: VFS"])
def test_fatal_lines(line):
    assert FATAL.search(line)


def test_machine_description():
    machine = Machine.parse("cpus=4 memory=2048 iommu=intel intremap=off devices=edu,usb")
    arguments = machine.qemu_arguments()
    assert "intel-iommu,intremap=off" in arguments
    assert arguments[arguments.index("-smp") + 1] == "4"
    assert any(word.startswith("edu,") for word in arguments)


@pytest.mark.parametrize("iommu, device", [
    ("amd", "amd-iommu,intremap=on"), ("intel", "intel-iommu,intremap=on"),
    ("intel-cm", "intel-iommu,caching-mode=on,intremap=on"),
    ("intel-48", "intel-iommu,aw-bits=48,intremap=on"),
])
def test_iommus(iommu, device):
    assert device in Machine.parse(f"iommu={iommu}").qemu_arguments()


def test_a_thread_a_cpu_on_one_core():
    words = Machine.parse("threads=onecore").launcher()
    assert words[:3] == ["setpriv", "--pdeathsig", "KILL"]
    said = subprocess.run(words + ["nproc"], capture_output=True, text=True, check=True)
    assert said.stdout == "1\n"
    assert "tcg,thread=multi" in Machine.parse("threads=onecore").qemu_arguments()


@pytest.mark.parametrize("text", ["cpus", "colour=red", "devices=toaster", "iommu=arm",
                                  "iommu=intel-99",
                                  "threads=many"])
def test_bad_machine_description(text):
    with pytest.raises(LabError):
        Machine.parse(text)


def test_module_command_lines_keep_commas():
    machine = Machine(kernel="xen", modules=(("kernel", "a=1,2"), ("initrd", "")))
    arguments = machine.qemu_arguments()
    assert arguments[arguments.index("-initrd") + 1] == "kernel a=1,,2,initrd"


def test_kernel_plan():
    plan = testkernel.parse_plan("k.elf", 'cpus=1 xen="iommu=off x" args="p q" timeout=9')
    assert (plan.machine.cpus, plan.xen, plan.args, plan.timeout) == \
        (1, "iommu=off x", "p q", 9.0)


def test_a_kernel_says_what_it_passed_without(monkeypatch, tmp_path):
    kernel = tmp_path / "k.elf"
    kernel.write_bytes(b"x")
    said = iter(["TEST a PASS", "TEST b PASS without this", "TEST c PASS(XEN) torn",
                 "DONE 3 passed 0 failed"])

    class TalkingVm(EndedVm):
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def watch(self, _, on_line):
            return ([on_line(Line(1.0, text)) for text in said] or ["timeout"])[-1]

    monkeypatch.setattr(testkernel, "Vm", TalkingVm)
    monkeypatch.setattr(testkernel.job, "boot_by", lambda *_: None)
    monkeypatch.setattr(testkernel.paths, "new_run_dir", lambda _: tmp_path)
    outcome = testkernel.run(testkernel.Plan(kernel))
    assert outcome.ok and outcome.partly == {"b": "without this"}
    assert "  ok   b  without this\n" in outcome.report() + "\n"
    assert "  ok   c\n" in outcome.report() + "\n"


@pytest.mark.parametrize("passed, failed, done, panicked, ok", [
    (["a"], [], (1, 0), False, True),
    (["a"], [], None, False, False),
    (["a"], [], (2, 0), False, False),
    ([], [], (0, 0), False, False),
    (["a"], [("b", "why")], (1, 1), False, False),
    (["a"], [], (1, 0), True, False),
])
def test_kernel_outcome(passed, failed, done, panicked, ok):
    outcome = testkernel.Outcome(testkernel.Plan("k.elf"), passed, failed, done, "off",
                                 True, 1.0, "log", [], panicked)
    assert outcome.ok is ok
