# SPDX-License-Identifier: GPL-2.0-only
"""The bench's arithmetic: a table that computes wrongly is worse than none."""

import json
import re
import shutil
import struct
import subprocess
import threading
import xml.etree.ElementTree as xml

import pytest
from xlab import (bench, benchparts, benchtable, job, macro, measure, paths,
                  testkernel)
from xlab.images import LabError

TREE = paths.TREE


def table_of(*lines):
    """Lines "side text of the serial log"."""
    table = benchtable.Table()
    for line in lines:
        side, _, text = line.partition(" ")
        assert benchparts.take_line(table, side, text), line
    return table


@pytest.mark.host
def test_ratio_mean_and_worst():
    table = table_of("peer BENCH a 9 100 100 100", "ours BENCH a 9 50 50 50",
                     "peer BENCH b 9 10 10 10", "ours BENCH b 9 20 20 20",
                     "peer BENCH c 9 8 8 8", "ours BENCH c 9 1 1 1")
    assert table.rows["a"].ratio == 0.5
    assert table.mean() == pytest.approx(0.5)
    assert table.worst().name == "b"
    assert not table.incomplete()


@pytest.mark.host
def test_median_of_runs_and_spread():
    table = table_of("peer BENCH a 9 100 100 100",
                     *(f"ours BENCH a 9 {v} {v} {v}" for v in (100, 120, 104)))
    row = table.rows["a"]
    assert row.ours.value == 104
    assert row.spread == pytest.approx(20 / 104)
    assert row.loud and row.cells()[-1].endswith("!")


@pytest.mark.host
def test_spread_within_a_run_counts():
    table = table_of("peer BENCH a 9 90 100 100", "ours BENCH a 9 10 10 10")
    assert table.rows["a"].spread == pytest.approx(0.1)


@pytest.mark.host
def test_small_spread_is_not_marked():
    table = table_of("peer BENCH a 9 100 100 105", "ours BENCH a 9 10 10 10")
    assert not table.rows["a"].loud


@pytest.mark.host
def test_one_single_value_has_no_spread():
    table = benchtable.Table()
    for side in benchtable.SIDES:
        table.add(side, "boot", "instructions", 5, 5, 5, sampled=False)
    assert table.rows["boot"].spread is None
    assert table.rows["boot"].cells()[-1] == "one run"


@pytest.mark.host
def test_refused_and_missing_rows_are_shown_and_not_counted():
    table = table_of("peer BENCH a 9 4 4 4", "ours BENCH a SKIP -38",
                     "peer BENCH b 9 4 4 4", "ours BENCH b 9 2 2 2",
                     "ours BENCH c 9 2 2 2")
    assert table.incomplete() == ["a", "c"]
    assert table.mean() == pytest.approx(0.5)
    assert "error -38" in benchtable.as_text(table)


@pytest.mark.host
def test_the_instrument_is_not_in_the_mean():
    table = table_of("peer BENCH rdtsc 9 1000 1000 1000", "ours BENCH rdtsc 9 1 1 1",
                     "peer BENCH a 9 4 4 4", "ours BENCH a 9 4 4 4")
    assert table.mean() == pytest.approx(1.0)


@pytest.mark.host
def test_growth_is_the_exponent_that_fits_best():
    table = table_of(*(f"{side} BENCH growth_a_{size} 3 {v} {v} {v}" for side, size, v in
                       [("peer", 1, 1), ("peer", 2, 2), ("peer", 4, 4),
                        ("ours", 1, 1), ("ours", 2, 4), ("ours", 4, 16)]),
                     "peer BENCH a 9 2 2 2", "ours BENCH a 9 1 1 1",
                     "peer BENCH growth_b_8 9 1 1 1", "ours BENCH growth_b_8 9 1 1 1")
    assert list(benchtable.growth(table)) == ["a"]
    assert benchtable.growth(table)["a"].exponents() == pytest.approx([1.0, 2.0])
    assert benchtable.exponent([(1, 1), (2, 2), (4, 8)]) == pytest.approx(1.5)
    # Seen in a table of their own, and not in the mean.
    assert table.mean() == pytest.approx(0.5)
    assert "1 to 4" in benchtable.as_text(table)
    assert "above 1.0: growth_a_4" in benchtable.as_text(table)
    assert [row.name for row in table.shown()] == ["a"]


@pytest.mark.host
def test_memory_and_sizes_have_a_mean_of_their_own():
    table = table_of("peer BENCH a 9 2 2 2", "ours BENCH a 9 1 1 1",
                     "peer BENCH resident_kib 1 100 100 100",
                     "ours BENCH resident_kib 1 300 300 300")
    for side in benchtable.SIDES:
        table.add(side, "text", "bytes", 5, 5, 5)
    assert table.mean() == pytest.approx(0.5)
    assert table.mean("memory and sizes") == pytest.approx(3 ** 0.5)
    table.add("peer", "a: flushes", "count", 8, 8, 8)
    table.add("ours", "a: flushes", "count", 2, 2, 2)
    assert table.mean("counts") == pytest.approx(0.25)
    assert table.mean("memory and sizes") == pytest.approx(3 ** 0.5)
    assert table.rows["resident_kib"].cells()[1] == "KiB"
    assert table.rows["text"].spread == 0
    assert "above 1.0: resident_kib" in benchtable.as_text(table)


@pytest.mark.host
def test_flushes_are_counted_between_the_lines():
    def said(text):
        return [f"serial_write write addr 0x00 val {ord(c):#x}" for c in text]

    wait, inval = "amdvi_completion_wait completion", "amdvi_pages_inval AMD-Vi pages"
    trace = [wait, *said("FLUSHES a begin\r\n"), inval, inval, wait,
             "serial_write write addr 0x01 val 0x00", *said("FLUSHES a end\r\n"), inval,
             *said("FLUSHES b end\n"), *said("FLUSHES c begin\n")]
    assert benchparts.flushes(trace) == {"a": (2, 1)}


@pytest.mark.host
def test_a_job_that_fails_keeps_what_it_found(monkeypatch, tmp_path):
    step = job.Step("destroy-256", False, "rc=1")
    failed = job.Result("bench", "off", None, [step], 1.0, tmp_path / "serial.log", [])
    outcome = macro.Outcome(failed, [("xl create, 256 MiB", "instructions", 5)],
                            ["TEST begin PASS", "BENCH guest_cpuid 9 3 4 5"])
    monkeypatch.setattr(macro, "run", lambda *_, **__: outcome)
    monkeypatch.setattr(macro, "prepare", lambda: None)
    arguments = bench.options(["--runs", "0", "--macro-runs", "1", "--rows", "x"])
    table, problems = benchtable.Table(), []
    bench.run_all(table, arguments, {"peer": "p", "ours": "o"}, problems)
    assert [row.name for row in table.rows.values()] == ["xl create, 256 MiB",
                                                         "guest_cpuid"]
    assert table.rows["guest_cpuid"].ours.value == 4
    assert len(problems) == 2 and "destroy-256" in problems[0]


TORN = "BENCH hypercall 9 1 1 1\nTEST a PASS\n"
WHOLE = "BENCH hypercall 9 9 9 9\nTEST a PASS\n"


def outcome_of(planned, directory, text, good):
    log = directory / "serial.log"
    log.write_text(text)
    done = (1, 0) if good else None
    return testkernel.Outcome(planned, ["a"], [], done, "off", True, 1.0, log, [])


@pytest.mark.host
@pytest.mark.parametrize("kind", ["micro", "pair", "macro"])
@pytest.mark.parametrize("hypervisor, failures, runs, good", [
    ("debian", 1, 2, True), ("debian", 3, 4, True), ("debian", 9, 4, False),
    ("build/xen", 1, 1, False)])
def test_tries(monkeypatch, tmp_path, kind, hypervisor, failures, runs, good):
    """The peer has several, whatever is run; what is not whole is not in the table."""
    asked = []

    def kernel(planned):
        asked.append(planned)
        worked = len(asked) > failures
        return outcome_of(planned, tmp_path, WHOLE if worked else TORN, worked)

    def dom0(*_, **__):
        asked.append(None)
        step = job.Step("done", len(asked) > failures, "")
        result = job.Result("bench", "off", None, [step], 1.0, tmp_path / "log", [])
        text = WHOLE if step.ok else TORN
        return macro.Outcome(result, [], text.splitlines())

    monkeypatch.setattr(testkernel, "run", kernel)
    monkeypatch.setattr(macro, "run", dom0)
    table = benchtable.Table()
    parts = benchparts.Parts(table, tmp_path / "bench.elf")
    if good:
        getattr(parts, kind)("peer", hypervisor)
    else:
        with pytest.raises(LabError):
            getattr(parts, kind)("peer", hypervisor)
    assert len(asked) == runs
    assert table.rows["hypercall"].peer.runs == [(9, 9, 9) if good else (1, 1, 1)]


@pytest.mark.host
def test_the_sides_run_beside_each_other(monkeypatch):
    """Each waits for the other to have begun; and what nobody expects is reported."""
    both = threading.Barrier(2, timeout=300)

    def micro(_, side, hypervisor):
        both.wait()
        if side == "ours":
            raise ZeroDivisionError(hypervisor)

    monkeypatch.setattr(benchparts.Parts, "micro", micro)
    arguments = bench.options(["--runs", "1", "--macro-runs", "0", "--rows", "a"])
    problems = []
    bench.run_all(benchtable.Table(), arguments, {"peer": "p", "ours": "o"}, problems)
    assert problems == ["micro run 1, ours: ZeroDivisionError o"]


@pytest.mark.host
def test_the_counters_file(tmp_path):
    file = tmp_path / "counts"
    file.write_bytes(struct.pack("<6Q", 77, 2, 0, 11, 3, 22) + bytes(160))
    assert measure.executed(file) == 77
    assert macro.read_ticks(file.read_bytes()) == [(0, 11), (3, 22)]


@pytest.mark.host
def test_spans_of_ticks():
    ticks = [(macro.FIRST_LINE, 5), (macro.CREATE, 10), (macro.FIRST_LINE, 30),
             (macro.CREATED, 40), (macro.DESTROY, 50), (macro.BACK, 57),
             (macro.FIRST_LINE, 60), (macro.LOAD, 70), (macro.LOADED, 170)]
    assert dict(macro.spans(ticks, [256])) == {
        "xl create, 256 MiB": 30, "xl create to the guest's first line, 256 MiB": 20,
        "xl destroy until memory is back, 256 MiB": 7,
        "fork, exec, pipe, file in a guest": 100}


@pytest.mark.host
def test_a_failed_round_makes_no_span():
    ticks = [(macro.CREATE, 10), (macro.CREATE, 100), (macro.FIRST_LINE, 130),
             (macro.DESTROY, 140), (macro.FIRST_LINE, 900), (macro.LOAD, 910)]
    assert macro.spans(ticks, [256, 2048]) == [
        ("xl create to the guest's first line, 2 GiB", 30)]


@pytest.mark.host
@pytest.mark.parametrize("line", ["BENCH a 9 1 2", "BENCH a 9 1 2 3(XEN) torn",
                                  "TEST a PASS", "BENCH a 9 x 2 3"])
def test_other_lines_are_no_results(line):
    assert not benchparts.take_line(benchtable.Table(), "ours", line)


@pytest.mark.host
def test_nothing_measured():
    table = benchtable.Table()
    assert table.mean() is None and table.worst() is None
    assert "nothing to compare" in benchtable.as_text(table)
    xml.fromstring(benchtable.as_svg(table))


@pytest.mark.host
def test_files(tmp_path):
    table = table_of("peer BENCH a 9 4 4 4", "ours BENCH a 9 8 8 8")
    page = tmp_path / "page.md"
    page.write_text(f"above\n{bench.BEGIN}\nold\n{bench.END}\nbelow\n")
    arguments = bench.options(["--out", str(tmp_path), "--page", str(page)])
    bench.write_files(arguments, table, "the command", [])
    data = json.loads((tmp_path / "bench.json").read_text())
    assert data["geometric_mean"] == pytest.approx(2.0) and data["worst"] == "a"
    assert data["rows"][0]["in_mean"] == "speed"
    assert data["tree"] in page.read_text()
    bars = xml.parse(tmp_path / "bench.svg").getroot()
    assert any("2.00" in (text.text or "") for text in bars.iter())
    assert any((text.text or "").strip() == "a" for text in bars.iter())
    written = page.read_text()
    assert written.startswith("above") and written.endswith("below\n")
    assert "| a | instr. | 4 | 8 | 2.000 |" in written and "old" not in written


@pytest.mark.host
def test_page_without_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a page\n")
    with pytest.raises(LabError):
        bench.write_page(page, benchtable.Table(), "c")
    assert page.read_text() == "a page\n"


@pytest.mark.host
def test_missing_parts_are_named(tmp_path, capsys):
    assert bench.main(["--ours", str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err


# A machine that boots nothing: what QEMU would have said on the serial port.
FAKE_QEMU = """#!/bin/sh
case "$*" in
*-version*) echo "QEMU emulator version {version}.0" ;;
"-trace help") printf 'serial_write\namdvi_completion_wait\namdvi_pages_inval\n'
    echo amdvi_all_inval ;;
*) printf 'BENCH hypercall 9 10 10 10\nTEST a PASS\n'
    case "$*" in *ours.elf*) {then} ;; esac
    printf 'BENCH cpuid 9 10 10 10\nDONE 1 passed 0 failed\n' ;;
esac
"""


def bench_with(tmp_path, version="7.2", then=":", timeout=300, words=()):
    """The command with a QEMU of ours in the way, and two hypervisors that are files."""
    programs = tmp_path / "bin"
    programs.mkdir()
    qemu = programs / "qemu-system-x86_64"
    if version:
        qemu.write_text(FAKE_QEMU.format(version=version, then=then))
        qemu.chmod(0o755)
    for name in ("sh", "printf", "sleep", "setpriv", "gcc", "env"):
        (programs / name).symlink_to(shutil.which(name))
    for name in ("apt-get", "apt-config"):
        (programs / name).symlink_to(shutil.which("true"))
    for name in ("peer.elf", "ours.elf", "kernel.elf"):
        (tmp_path / name).write_bytes(b"x")
    command = ["/usr/bin/python3", str(TREE / "scripts/bench"), "--quick", "--rows",
               "hypercall,cpuid", "--timeout", timeout, "--kernel", tmp_path / "kernel.elf",
               "--ours", tmp_path / "ours.elf", "--peer", tmp_path / "peer.elf", "--out",
               tmp_path / "out", *words]
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, timeout=900,
        env={"PATH": str(programs), "XLAB_CACHE": str(tmp_path / "cache")})


@pytest.mark.host
def test_all_is_well_with_the_fake(tmp_path):
    done = bench_with(tmp_path)
    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "out/bench.json").read_text())
    assert [row["name"] for row in data["rows"]] == ["hypercall", "cpuid"]


@pytest.mark.host
def test_a_run_that_hangs(tmp_path):
    done = bench_with(tmp_path, then="exec sleep 900", timeout=15)
    assert done.returncode == 1
    assert "micro run 1, ours: the bench kernel did not finish" in done.stderr
    assert "ended by: timeout" in done.stderr
    assert re.search(r"^hypercall .* 1.000 ", done.stdout, re.MULTILINE), done.stdout
    assert "row cpuid: not measured on both sides" in done.stderr
    assert json.loads((tmp_path / "out/bench.json").read_text())["problems"]


@pytest.mark.host
def test_no_qemu(tmp_path):
    done = bench_with(tmp_path, version=None)
    assert done.returncode == 2
    assert "qemu-system-x86_64 is missing: run scripts/install-deps" in done.stderr


@pytest.mark.host
def test_an_old_qemu(tmp_path):
    done = bench_with(tmp_path, version="5.2")
    assert done.returncode == 2
    assert "7.2 or newer is needed, not 'QEMU emulator version 5.2.0'" in done.stderr


@pytest.mark.host
def test_peer_that_cannot_be_installed(tmp_path):
    """No mmdebstrap in this PATH, and nothing in the cache: ours is measured all the
    same."""
    done = bench_with(tmp_path, words=["--peer", "debian"])
    assert done.returncode == 1
    assert "no hypervisor to compare with, only ours is measured" in done.stderr
    assert "mmdebstrap is missing" in done.stderr
    shown = re.search(r"^hypercall +instr\. +- +10 ", done.stdout, re.MULTILINE)
    assert shown, done.stdout


@pytest.mark.long
def test_the_instrument_works(tmp_path):
    """A few rows of each kind of the quick form; their numbers are not judged."""
    rows = ["hypercall", "move_other_device_64", "event_ping_pong_other_cpu"]
    made = subprocess.run(["make", "-C", str(TREE / "xen/test/bench"), f"ROOT={TREE}",
                           f"O={paths.BUILD}"], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert made.returncode == 0, made.stdout
    status = bench.main(["--quick", "--rows", ",".join(rows), "--out", str(tmp_path),
                         "--ours", str(paths.BUILD / "xen"), "--kernel",
                         str(paths.BUILD / "bench/bench.elf")])
    data = json.loads((tmp_path / "bench.json").read_text())
    assert status == 0, data["problems"]
    found = {row["name"]: row for row in data["rows"]}
    assert set(rows) <= set(found) and "move_other_device_64: IOTLB waits" in found
    for row in found.values():
        assert row["ratio"] > 0 and row["unit"] in ("instructions", "count"), row
    assert xml.parse(tmp_path / "bench.svg").getroot() is not None
