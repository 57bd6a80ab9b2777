# SPDX-License-Identifier: GPL-2.0-only
"""Runs the bench kernel and the main job under Debian's Xen and ours, in the same machine
with one CPU whose clock is the instruction counter, and prints one table.

Status: 0 all rows are there; 1 a run or a row failed (the rest is printed); 2 nothing
could be measured."""

import argparse
import json
import re
import shlex
import shutil
import signal
import sys
import time
from pathlib import Path

from . import benchtable, images, measure, paths, testkernel
from .images import LabError
from .job import Options
from .progress import say

RESULT = re.compile(r"BENCH (\w+) (?:SKIP (-?\d+)|\d+ (\d+) (\d+) (\d+))\s*$")
MACHINE = "cpus=1 cpu=steady icount=0 memory=1024 dom0_mem=256M"
MICRO_SECONDS, MACRO_SECONDS = 400, 900
TICKS, INSTRUCTIONS = "ticks", "instructions"


def take_line(table, side, text):
    """One line of the serial log. True: it was a result."""
    found = RESULT.search(text)
    if not found:
        return False
    name, code, *figures = found.groups()
    if code is not None:
        table.add_skip(side, name, TICKS, int(code))
    else:
        table.add(side, name, TICKS, *map(int, figures))
    return True


def micro(table, side, hypervisor, kernel):
    plan = testkernel.parse_plan(kernel, f"{MACHINE} timeout={MICRO_SECONDS}",
                                 hypervisor=hypervisor)
    outcome = testkernel.run(plan)
    lines = outcome.serial_log.read_text(errors="replace").splitlines()
    results = sum(take_line(table, side, line) for line in lines)
    if not outcome.ok or not results:
        raise LabError(f"the bench kernel did not finish:\n{outcome.report()}")


def macro(table, side, hypervisor):
    result, counts = measure.measure(Options(hypervisor=hypervisor,
                                             timeout=MACRO_SECONDS))
    for title, count in counts.items():
        table.add(side, title, INSTRUCTIONS, count, count, count, sampled=False)
    if not result.ok:
        raise LabError(f"the main job failed:\n{result.report()}")


def run_all(table, arguments, sides, problems):
    """A B A B: the sides take turns. What goes wrong is added to problems."""
    plan = [("micro", number) for number in range(arguments.runs)]
    plan += [("macro", number) for number in range(arguments.macro_runs)]
    for kind, number in plan:
        for side, hypervisor in sides.items():
            started = time.monotonic()
            try:
                if kind == "micro":
                    micro(table, side, hypervisor, arguments.kernel)
                else:
                    macro(table, side, hypervisor)
            except (LabError, OSError) as error:
                problems.append(f"{kind} run {number + 1}, {side}: {error}")
                say(f"bench: {problems[-1]}")
            say(f"bench: {kind} run {number + 1}, {side}: "
                f"{time.monotonic() - started:.0f} s")


def parser():
    top = argparse.ArgumentParser(prog="bench", description=__doc__,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--quick", action="store_true",
                     help="only the bench kernel, one run of each")
    top.add_argument("--runs", type=int, default=3, help="of the bench kernel")
    top.add_argument("--macro-runs", type=int, default=3, help="of the main job")
    top.add_argument("--build", type=Path, default=paths.BUILD, metavar="DIRECTORY",
                     help="ours and the bench kernel are in release/ of it")
    top.add_argument("--ours", metavar="FILE", help="instead of release/xen")
    top.add_argument("--peer", default="debian", metavar="FILE")
    top.add_argument("--kernel", metavar="FILE", help="instead of release/bench/bench.elf")
    top.add_argument("--out", metavar="DIRECTORY",
                     help="for bench.json and bench.svg, instead of bench/ of the build")
    top.add_argument("--page", metavar="FILE", help="replace the table in this page")
    return top


BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def write_page(page, table, command):
    """Only what is between the two marks changes."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise LabError(f"{page}: the marks for the table are gone")
    made = "\n".join([f"Made on {time.strftime('%Y-%m-%d', time.gmtime())} by "
                      f"`{command}`.", "", benchtable.as_markdown(table), "",
                      *("- " + line for line in benchtable.summary(table))])
    page.write_text(f"{before}{begin}\n{made}\n{end}{after}", encoding="utf-8")


def need(arguments):
    """What is missing is said before an hour has passed."""
    if shutil.which("qemu-system-x86_64") is None:
        raise LabError("qemu-system-x86_64 is missing: run scripts/install-deps")
    for path in (arguments.ours, arguments.kernel):
        if not Path(path).exists():
            raise LabError(f"no {path}: run make bench-kernel")
    try:
        images.hypervisor(arguments.peer)
    except (LabError, OSError) as error:
        raise LabError(f"no hypervisor to compare with: {error}") from error


def write_files(arguments, table, command, problems):
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    data = {"command": command, "machine": MACHINE, "problems": problems,
            **benchtable.as_json(table)}
    (out / "bench.json").write_text(json.dumps(data, indent=1) + "\n")
    (out / "bench.svg").write_text(benchtable.as_svg(table))
    say(f"bench: {out}/bench.json, {out}/bench.svg")
    if arguments.page and table.compared() and not problems:
        write_page(Path(arguments.page), table, command)


def options(words=None):
    arguments = parser().parse_args(words)
    if arguments.quick:
        arguments.runs, arguments.macro_runs = 1, 0
    for name, place in (("ours", "release/xen"), ("kernel", "release/bench/bench.elf"),
                        ("out", "bench")):
        if getattr(arguments, name) is None:
            setattr(arguments, name, str(arguments.build / place))
    return arguments


def main():
    arguments = options()
    table, problems = benchtable.Table(), []
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    command = shlex.join(["scripts/bench", *sys.argv[1:]])
    command = command.replace(f"{paths.TREE}/", "")
    try:
        need(arguments)
        sides = {"peer": arguments.peer, "ours": arguments.ours}
        run_all(table, arguments, sides, problems)
    except LabError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        problems.append("interrupted")
    print(benchtable.as_text(table))
    write_files(arguments, table, command, problems)
    for name in table.incomplete():
        problems.append(f"row {name}: not measured on both sides")
    for problem in problems:
        print(f"bench: {problem}", file=sys.stderr)
    return 1 if problems else 0
