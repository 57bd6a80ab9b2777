# SPDX-License-Identifier: GPL-2.0-only
"""The whole way, for `make bench`: Debian's dom0 makes, uses and destroys guests on a
machine with one CPU whose clock is the instruction counter. Programs inside have the
counter read at an instruction of their own (bench/tick.c)."""

import struct
from dataclasses import dataclass, field

from . import images, job, measure, paths
from .job import Options
from .machine import Machine
from .marks import received

HERE = paths.LAB / "bench"
CREATE, CREATED, FIRST_LINE, DESTROY, BACK, LOAD, LOADED = range(7)
# Of a guest of each size: from one tick to another.
SPANS = [(CREATE, CREATED, "xl create, {}"),
         (CREATE, FIRST_LINE, "xl create to the guest's first line, {}"),
         (DESTROY, BACK, "xl destroy until memory is back, {}")]
SIZES = {256: "256 MiB", 2048: "2 GiB"}
MEMORY = 4096
STATIC = ("-static", "-nostdlib", "-fno-stack-protector", "-fno-pie", "-no-pie",
          "-fcf-protection=none", "-Wl,--build-id=none")
BOOT = [span for span in measure.SPANS if span[1] is None]


@dataclass
class Outcome:
    result: job.Result
    figures: list = field(default_factory=list)  # of (title, unit, number)
    kernel_lines: list = field(default_factory=list)  # what the bench kernel said


def read_ticks(data):
    """[(number, count)] of the counter's file (struct counts of count.c)."""
    _, seen = struct.unpack_from("<QQ", data)
    kept = min(seen, (len(data) - 16) // 16)
    return [struct.unpack_from("<QQ", data, 16 + 16 * n) for n in range(kept)]


def spans(ticks, sizes):
    """Titles and instructions, from the order of the ticks."""
    found, at, left = [], {}, list(sizes)
    for number, count in ticks:
        if number == CREATE:
            at, size = {}, left.pop(0) if left else None
        if number in at or (number in (CREATED, FIRST_LINE) and CREATE not in at):
            continue
        at[number] = count
        for first, last, title in SPANS:
            if number == last and first in at and size:
                found.append((title.format(SIZES[size]), count - at[first]))
        if number == LOADED and LOAD in at:
            found.append(("fork, exec, pipe, file in a guest", count - at[LOAD]))
        if number == BACK:
            at = {}
    return found


def files(kernel):
    """What the job needs beside what every job has."""
    tick = measure.compiled(HERE / "tick.c", *STATIC).read_bytes()
    found = {"jobs/bench": (HERE / "job").read_bytes(), "tick": tick,
             "memory": (HERE / "memory").read_bytes(),
             "guest.cpio": images.guest_initramfs((HERE / "guest-init").read_bytes(),
                                                  {"bin/tick": tick})}
    if kernel:
        found["bench.elf"] = kernel.read_bytes()
    return found


def prepare():
    """Builds what runs share, once, before several of them start at the same time."""
    measure.plugin()
    files(None)


def run(hypervisor, kernel=None, kernel_arguments="", timeout=1200):
    """One boot. kernel: the bench kernel, as a guest too."""
    counter = paths.new_run_dir("count") / "counts"
    options = Options(hypervisor=hypervisor, timeout=timeout)
    options.machine = Machine(cpus=1, cpu="steady", icount=0, memory=MEMORY).but(
        extra=("-plugin", f"{measure.plugin()},out={counter}"))
    options.params.update(SIZES=" ".join(map(str, SIZES)), KERNEL=1 if kernel else 0,
                          KERNEL_ARGS=kernel_arguments)
    options.extra_files = files(kernel)
    outcome, at = Outcome(None), {}

    def on_mark(mark):
        job.show_mark(mark)
        at[mark.word, None] = measure.executed(counter)

    steps = ["daemons", "warm-up", "load"]
    steps += [f"{what}-{size}" for size in SIZES for what in ("create", "destroy")]
    outcome.result = job.run("bench", options, steps + ["kernel"] * bool(kernel), on_mark)
    for title, _, end in BOOT:
        if end in at:
            outcome.figures.append((title, "instructions", at[end]))
    outcome.figures += [(title, "instructions", count) for title, count in
                        spans(read_ticks(counter.read_bytes()), SIZES)]
    for mark in outcome.result.marks:
        if mark.word == "value":
            outcome.figures.append(memory_figure(*mark.text.split()))
    said = received(outcome.result.lines, "kernel") or b""
    outcome.kernel_lines = said.decode(errors="replace").splitlines()
    return outcome


def memory_figure(name, number):
    what, _, size = name.partition("-")
    title = "hypervisor memory, dom0 alone"
    if what == "guest":
        title = f"hypervisor memory for a guest, {SIZES[int(size)]}"
    return title, "KiB", int(number)
