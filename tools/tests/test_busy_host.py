# SPDX-License-Identifier: GPL-2.0-only
"""A host that is busy, untidy or badly connected changes no verdict, and a report says
enough when the machine it is about is gone."""

import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from xlab import images, job, paths, symbols
from xlab.images import LabError
from xlab.vm import SHOWN_LINES, Vm, last_words

pytestmark = pytest.mark.host
INSTALL_DEPS = paths.TREE / "scripts/install-deps"


class FakeMachine:
    """A shell script that says what a machine would on its serial port."""

    def __init__(self, script):
        self.script = script

    def launcher(self):
        return []

    def qemu_arguments(self):
        return ["sh", "-c", self.script]


def watched(tmp_path, script, times=1, on_line=None):
    with Vm(FakeMachine(script), tmp_path) as vm:
        endings = [vm.watch(60, on_line) for _ in range(times)]
        return endings, [line.text for line in vm.lines]


def test_a_panic_that_takes_its_time_is_heard_out(tmp_path):
    endings, texts = watched(tmp_path, "echo Panic on CPU 0:; sleep 4; echo the reason;"
                             "echo Reboot in 5 seconds; exec sleep 100")
    assert endings == ["fatal"] and "the reason" in texts


def test_a_machine_that_falls_silent_is_given_up(tmp_path):
    with Vm(FakeMachine("for n in 1 2 3 4; do echo $n; sleep 0.7; done; exec sleep 100"),
            tmp_path) as vm:
        assert vm.watch(60, silence=2) == "silence"
        assert len(vm.lines) == 4


def test_a_panic_without_last_words_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("xlab.vm.SILENCE_SECONDS", 1)
    endings, _ = watched(tmp_path, "echo Xen BUG at x.c:1; exec sleep 100")
    assert endings == ["fatal"]


def test_nothing_is_lost_behind_the_line_that_stops_a_watch(tmp_path):
    """However much arrives in one piece."""
    endings, _ = watched(tmp_path, "printf 'DONE\\nPanic on CPU 1:\\nReboot in 5 seconds\\n';"
                         "exec sleep 100", times=2,
                         on_line=lambda line: "done" if line.text == "DONE" else None)
    assert endings == ["done", "fatal"]


def test_the_last_line_needs_no_end(tmp_path):
    assert watched(tmp_path, "printf 'one\\ntwo'") == (["off"], ["one", "two"])


def test_a_report_has_all_of_a_panic():
    dump = [f"register {n}" for n in range(60)]
    texts = [*(f"TEST t{n} PASS" for n in range(500)), "d0v1 triple fault", *dump,
             *(f"TEST u{n} PASS" for n in range(500))]
    shown = last_words(texts)
    assert {"d0v1 triple fault", *dump, "TEST u499 PASS"} <= set(shown)
    assert len(shown) == SHOWN_LINES + 1
    assert "t499 " in " ".join(shown) and "lines left out" in " ".join(shown)


def test_a_report_without_trouble_is_short():
    assert last_words(["a", " ", "b"]) == ["a", "b"]
    assert len(last_words(["x"] * 500)) < 50


def test_raw_addresses_get_names(monkeypatch):
    monkeypatch.setattr(symbols, "table", lambda _: [(0xffff8000, "low"),
                                                     (0xffff80ffc0001000, "there")])
    assert list(symbols.annotate(["rip 0008:ffff80ffc0001020 rsp ffff80c00006cf28",
                                  "[<ffff80ffc0001020>] there+0x20/0x80"], "file")) == [
        "rip 0008:ffff80ffc0001020 rsp ffff80c00006cf28   <there+0x20>",
        "[<ffff80ffc0001020>] there+0x20/0x80"]


def test_a_step_that_failed_shows_what_it_printed(tmp_path):
    with Vm(FakeMachine("printf -- '--- what talk printed:\\nxl: no\\n---\\nend\\n'"),
            tmp_path) as vm:
        vm.watch(60)
        steps = [job.Step("talk", False), job.Step("off", True)]
        result = job.Result("main", "off", (), steps, 1.0, "log", vm.lines)
        notes = list(job._notes(result, vm, "off", "debian"))
    assert notes[0].split() == "--- what talk printed: xl: no".split()
    assert notes[1].endswith("end")


def test_a_long_temporary_directory_leaves_room_for_sockets(tmp_path, monkeypatch):
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    vm = Vm(FakeMachine("true"), tmp_path)
    assert len(vm._monitor_path.encode()) < 108


def test_old_runs_are_removed_whatever_is_in_them(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    monkeypatch.setattr(paths, "KEPT_RUNS", 1)
    old = tmp_path / "runs/old"
    (old / "boot.iso.tree/boot").mkdir(parents=True)
    os.utime(old, (0, 0))
    made = paths.new_run_dir("new")
    assert made.is_dir() and not old.exists()


def test_a_file_of_the_cache_appears_whole(tmp_path):
    """Makers and readers at the same moment."""
    target, data = tmp_path / "initrd-1", bytes(3 << 20)
    until = time.monotonic() + 1

    def make():
        while time.monotonic() < until:
            paths.appear(target, data)

    makers = [threading.Thread(target=make) for _ in range(3)]
    paths.appear(target, data)
    for maker in makers:
        maker.start()
    sizes = {len(target.read_bytes()) for _ in range(50)}
    for maker in makers:
        maker.join()
    assert sizes == {len(data)} and os.listdir(tmp_path) == ["initrd-1"]


@pytest.mark.parametrize("said, tries", [
    (["E: Failed to fetch http://deb.debian.org/x  503  Busy\n"], 3),
    (["E: mke2fs: no room\n"], 1),
])
def test_only_the_network_is_tried_again(tmp_path, monkeypatch, said, tries):
    runs = []
    monkeypatch.setattr(images.time, "sleep", lambda _: None)
    monkeypatch.setattr(images.os, "geteuid", lambda: 0)
    monkeypatch.setattr(images, "_run_mmdebstrap", lambda c: (runs.append(c) or 25, said))
    with pytest.raises(LabError, match=said[0][:10]):
        images._bootstrap(tmp_path / "tree")
    assert len(runs) == tries


# apt-get that fails so often before it works; all other programs that are asked do nothing.
APT_GET = """#!/bin/sh
echo "$@" >>{log}
[ "$(wc -l <{log})" -gt {failures} ]
"""


@pytest.mark.parametrize("failures, good", [(0, True), (3, True), (99, False)])
def test_a_mirror_that_stumbles(tmp_path, failures, good):
    programs, log = tmp_path / "bin", tmp_path / "log"
    programs.mkdir()
    log.write_text("")
    for name, text in (("apt-get", APT_GET.format(log=log, failures=failures)),
                       ("id", "#!/bin/sh\necho 0\n"), ("sleep", "#!/bin/sh\n"),
                       ("apt-cache", "#!/bin/sh\n"), ("dpkg-query", "#!/bin/sh\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    done = subprocess.run([INSTALL_DEPS], capture_output=True, text=True, check=False,
                          env={"PATH": f"{programs}:{os.environ['PATH']}"})
    assert (done.returncode == 0) == good, done.stdout + done.stderr
    assert ("could not install: gcc make" in done.stderr) == (not good)
    assert Path(log).read_text().startswith("install -y")
