# SPDX-License-Identifier: GPL-2.0-only
"""How many instructions things take, on a machine with one CPU whose clock is the
instruction counter, so that runs repeat and a busy host does not matter."""

import json
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from . import images, job, paths
from .images import LabError
from .machine import Machine

# What is measured: from one mark to another (None: reset).
SPANS = [
    ("reset to dom0's first program", None, ("stage1", None)),
    ("reset to dom0's userland", None, ("userland", None)),
    ("xl create to the guest's first line", ("begin", "xl-create"), ("ok", "console")),
    ("xl create", ("begin", "xl-create"), ("ok", "xl-create")),
    ("xl destroy", ("begin", "xl-destroy"), ("ok", "xl-destroy")),
]


def compiled(source, *words):
    """Path of what gcc makes of a C file of the lab; kept until the file changes."""
    key = images.recipe_hash(source.read_text(), words)
    target = paths.CACHE / f"{source.stem}-{key}.so"
    if not target.exists():
        if shutil.which("gcc") is None:
            raise LabError("gcc is missing: run scripts/install-deps")
        with tempfile.TemporaryDirectory(prefix="xlab") as scratch:
            made = subprocess.run(["gcc", "-O2", *words, "-o", f"{scratch}/made", source],
                                  capture_output=True, text=True, check=False)
            if made.returncode != 0:
                raise LabError(f"gcc and {source.name}: {made.stderr.strip()}")
            paths.appear(target, Path(scratch, "made").read_bytes())
    return target


def plugin():
    """Path of the compiled counter."""
    return compiled(paths.LAB / "count.c", "-shared", "-fPIC", "-fvisibility=hidden")


def executed(counter):
    """Instructions so far: the first word of the plugin's file."""
    return struct.unpack_from("<Q", counter.read_bytes())[0]


def measure(options):
    """Runs the main job; returns (job result, {span: instructions})."""
    counter = paths.new_run_dir("count") / "instructions"
    options.machine = Machine(cpus=1, cpu="steady", icount=0).but(
        extra=("-plugin", f"{plugin()},out={counter}"))
    options.timeout = max(options.timeout, 1800)
    at = {}

    def on_mark(mark):
        job.show_mark(mark)
        name = mark.text.split(" ", 1)[0] if mark.word in ("begin", "ok") else None
        at[mark.word, name] = executed(counter)

    result = job.run_main(options, on_mark=on_mark)
    counts = {}
    for title, start, end in SPANS:
        if end in at and (start is None or start in at):
            counts[title] = at[end] - (at[start] if start else 0)
    return result, counts


def measure_reference():
    """Debian's counts; kept in the cache until an image or a script inside changes."""
    scripts = [source.read_text() for source in sorted(paths.GUESTS.rglob("*"))
               if source.is_file()]
    kept = paths.CACHE / ("counts-" + images.recipe_hash(images.root().dir.name, scripts))
    if kept.exists():
        return None, json.loads(kept.read_text())
    result, counts = measure(job.Options(hypervisor="debian"))
    if result.ok:
        paths.appear(kept, json.dumps(counts).encode())
    return result, counts


def table(reference, ours):
    rows = [f"{'instructions':40} {'Debian':>16} {'ours':>16}  ratio"]
    for title, _, _ in SPANS:
        a, b = reference.get(title), ours.get(title)
        ratio = f"{b / a:6.3f}" if a and b else "     -"
        rows.append(f"{title:40} {a or 0:16,} {b or 0:16,} {ratio}")
    return "\n".join(rows)
