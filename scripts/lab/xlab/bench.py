# SPDX-License-Identifier: GPL-2.0-only
"""Runs the bench kernel and Debian's dom0 under Debian's Xen and ours, in the same
machine, whose clock is the instruction counter, and prints one table.

Status: 0 all rows are there; 1 a run or a row failed (the rest is printed); 2 nothing
could be measured."""

import argparse
import json
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from . import benchparts, benchtable, images, macro, paths
from .images import LabError
from .progress import say

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def plan(arguments):
    """[(kind, run number)] in the order of the runs."""
    kinds = [("micro", arguments.runs), ("pair", arguments.runs),
             ("macro", arguments.macro_runs)]
    return [(kind, number) for kind, runs in kinds for number in range(1, runs + 1)
            if kind != "pair" or benchparts.wanted(arguments.rows, benchparts.PAIR_ROW)]


def run_all(table, arguments, sides, problems):
    """The sides run beside each other: what is counted does not depend on what else
    the host does. What goes wrong is added to problems."""
    parts = benchparts.Parts(table, Path(arguments.kernel), arguments.rows,
                             arguments.timeout)
    if not arguments.rows:
        for side, hypervisor in sides.items():
            attempt(problems, f"sizes, {side}", parts.sizes, side, hypervisor)
    if arguments.macro_runs:
        attempt(problems, "preparation", macro.prepare)
    for kind, number in plan(arguments):
        # Daemons: who interrupts us does not wait for them, and QEMU ends with them.
        beside = [threading.Thread(daemon=True, target=attempt, args=(
            problems, f"{kind} run {number}, {side}", getattr(parts, kind), side,
            hypervisor)) for side, hypervisor in sides.items()]
        for thread in beside:
            thread.start()
        for thread in beside:
            thread.join()


def attempt(problems, what, function, *words):
    started = time.monotonic()
    try:
        function(*words)
    except Exception as error:  # pylint: disable=broad-except
        # Whatever it is, in a thread nobody else would hear of it.
        kind = "" if isinstance(error, (LabError, OSError)) else f"{type(error).__name__} "
        problems.append(f"{what}: {kind}{error}")
        say(f"bench: {problems[-1]}")
    say(f"bench: {what}: {time.monotonic() - started:.0f} s")


def parser():
    top = argparse.ArgumentParser(prog="bench", description=__doc__,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--quick", action="store_true",
                     help="only the bench kernel, one run of each")
    top.add_argument("--runs", type=int, default=3, help="of the bench kernel")
    top.add_argument("--macro-runs", type=int, default=3, help="of Debian's dom0")
    top.add_argument("--rows", default="", metavar="WORD,WORD",
                     help="only rows of the bench kernel whose names begin so")
    top.add_argument("--timeout", type=float, metavar="SECONDS",
                     help=f"for each run, instead of {benchparts.SECONDS}")
    top.add_argument("--build", type=Path, default=paths.BUILD, metavar="DIRECTORY",
                     help="ours and the bench kernel are in release/ of it")
    top.add_argument("--ours", metavar="FILE", help="instead of release/xen")
    top.add_argument("--peer", default="debian", metavar="FILE")
    top.add_argument("--kernel", metavar="FILE",
                     help="instead of release/bench/bench.elf")
    top.add_argument("--out", metavar="DIRECTORY",
                     help="for bench.json and bench.svg, instead of bench/ of the build")
    top.add_argument("--page", metavar="FILE", help="replace the table in this page")
    return top


def tree():
    """The commit that is measured, with "-dirty" if files differ from it."""
    try:
        said = subprocess.run(["git", "-C", str(paths.TREE), "describe", "--always",
                               "--dirty", "--abbrev=12"], capture_output=True, text=True,
                              check=True)
    except (OSError, subprocess.CalledProcessError):
        return "a tree without git's history"
    return said.stdout.strip()


def write_page(page, table, command):
    """Only what is between the two marks changes."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise LabError(f"{page}: the marks for the table are gone")
    made = "\n".join([f"Made on {time.strftime('%Y-%m-%d', time.gmtime())} by "
                      f"`{command}` from {tree()}.", "", benchtable.as_markdown(table), "",
                      *("- " + line for line in benchtable.summary(table))])
    page.write_text(f"{before}{begin}\n{made}\n{end}{after}", encoding="utf-8")


def need(arguments, problems):
    """What is missing is said before an hour has passed. Returns the sides there are:
    without a peer ours is still measured."""
    benchparts.need_qemu()
    for path in (arguments.ours, arguments.kernel):
        if not Path(path).exists():
            raise LabError(f"no {path}: run make bench-kernel")
    try:
        benchtable.plotting()
    except ImportError as error:
        raise LabError(f"{error}: run scripts/install-deps") from error
    sides = {"peer": arguments.peer, "ours": arguments.ours}
    try:
        images.hypervisor(arguments.peer)
    except (LabError, OSError) as error:
        problems.append(f"no hypervisor to compare with, only ours is measured: {error}")
        say(f"bench: {problems[-1]}")
        del sides["peer"]
    return sides


def write_files(arguments, table, command, problems):
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    data = {"command": command, "tree": tree(), "machine": benchparts.MACHINE, "problems": problems,
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


def main(words=None):
    arguments = options(words)
    table, problems = benchtable.Table(), []
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    command = shlex.join(["scripts/bench", *(sys.argv[1:] if words is None else words)])
    command = command.replace(f"{paths.TREE}/", "")
    try:
        sides = need(arguments, problems)
        run_all(table, arguments, sides, problems)
    except LabError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        problems.append("interrupted")
    problems += [f"row {name}: not measured on both sides"
                 for name in table.incomplete()]
    if not table.rows:
        problems.append("no rows were measured")
    print(benchtable.as_text(table))
    write_files(arguments, table, command, problems)
    for problem in problems:
        print(f"bench: {problem}", file=sys.stderr)
    return 1 if problems else 0
