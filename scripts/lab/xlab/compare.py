# SPDX-License-Identifier: GPL-2.0-only
"""The same script of commands under two hypervisors in the same machine.

What is allowed to differ is written down here, each with its reason; everything else
that differs is reported.
"""

import difflib
import re
from dataclasses import dataclass

from . import images, job, paths
from .marks import received

COMMANDS = paths.LAB / "compare.commands"

# (command prefix, pattern, replacement): what cannot be equal. A line that is None then
# does not count.
MASKS = [
    # Debian's Xen does not know the core of a machine's only CPU and leaves its row out.
    ("xl info -n", r"^ *0: +0 +0 +0$", None),
    # Names and dates of a build, and the memory a hypervisor needs for itself.
    ("xl info", r"^(xen_version|xen_extra|xen_changeset|xen_commandline|cc_compiler|"
                r"cc_compile_by|cc_compile_domain|cc_compile_date|build_id|"
                r"free_memory|cpu_mhz) *: .*", r"\1 : *"),
    ("xl info", r"^(free_memory|outstanding_claims) *: .*", r"\1 : *"),
    # Node memory free; distances are equal.
    ("xl info -n", r"^( *\d+: *\d+ +)\d+( +\d+)$", r"\1*\2"),
    # Running or blocked is a matter of the moment, and so is processor time.
    ("xl list", r"(?<=\s)[r-][b-]([p-][s-][c-][d-])( +)\d+\.\d", r"**\1 *"),
    ("xl vcpu-list", r" +(\d+|-) +[r-][b-]([p-]) +\d+\.\d ", r" * **\2 * "),
    ("xl claims", r"(?<=\s)[r-][b-]([p-][s-][c-][d-])( +)\d+\.\d", r"**\1 *"),
    ("xl uptime", r"\d+:\d\d:\d\d", "*"),
    ("xl dmesg", r"^\d+$", "*"),
    # No PV guests here, and that is what these words would promise.
    ("xl info", r"\b(xen-3\.0-x86_64|xen-3\.0-x86_32p|pv|pv_directio)(?!\w) ?", ""),
    ("", r"\.c:\d+:", ".c:*:"),
]
# The longest that a command took is 10 s.
REFERENCE_SILENCE = 300
COLUMNS = re.compile(r"[ \t]+")


def mask(command, text):
    """The line without what may differ; None: it may be missing."""
    for prefix, pattern, replacement in MASKS:
        if not command.startswith(prefix):
            continue
        if replacement is not None:
            text = re.sub(pattern, replacement, text)
        elif re.search(pattern, text):
            return None
    return text


@dataclass
class Entry:
    command: str
    status: str
    lines: list

    def masked(self):
        rows = [f"status {self.status}"]
        for line in self.lines:
            kind, _, text = line.partition(" ")
            text = mask(self.command, text)
            if text is not None:
                rows.append(f"{kind} {COLUMNS.sub(' ', text).rstrip()}")
        return rows


def parse(transcript):
    entries = []
    for line in transcript.splitlines():
        if line.startswith("## "):
            entries.append(Entry(line[3:], "?", []))
        elif line.startswith("status "):
            entries[-1].status = line[7:]
        elif entries:
            entries[-1].lines.append(line)
    return entries


def record(options, commands=None):
    """Run the script; returns (job result, entries or None)."""
    text = commands if commands is not None else COMMANDS.read_text()
    options.extra_files["commands"] = text.encode()
    result = job.run("script", options, ["daemons", "script"], job.show_mark)
    data = received(result.lines, "transcript")
    if data is None:
        result.steps.append(job.Step("transcript", False, "did not come whole"))
        return result, None
    transcript = data.decode(errors="replace")
    (result.serial_log.parent / "transcript").write_text(transcript)
    return result, parse(transcript)


def record_reference(options, commands=None):
    """The same under Debian's Xen; kept in the cache until an image, a script that runs
    inside, the commands or the machine change."""
    text = commands if commands is not None else COMMANDS.read_text()
    scripts = [source.read_text() for source in sorted(paths.GUESTS.rglob("*"))
               if source.is_file()]
    key = images.recipe_hash(images.root().dir.name, scripts, text,
                             repr(options.machine), options.xen_append,
                             options.kernel_append, options.dom0_memory)
    kept = paths.CACHE / f"transcript-{key}"
    if kept.exists():
        return None, parse(kept.read_text())
    options.hypervisor, options.silence = "debian", REFERENCE_SILENCE
    result, entries = job.tried("debian", lambda: record(options, commands),
                                lambda made: made[0])
    if result.ok:
        paths.appear(kept, (result.serial_log.parent / "transcript").read_bytes())
    return result, entries


@dataclass
class Difference:
    command: str
    diff: list

    def report(self):
        return "\n".join([f"$ {self.command}"] + [f"    {row}" for row in self.diff])


def differences(reference, ours):
    """Of two transcripts of the same commands."""
    found = []
    for a, b in zip(reference, ours):
        if a.command != b.command:
            return found + [Difference(a.command, [f"other side ran {b.command}"])]
        if a.masked() != b.masked():
            rows = difflib.unified_diff(a.masked(), b.masked(), "reference", "ours",
                                        lineterm="", n=0)
            kept = [row for row in rows if row[:2] not in ("--", "++", "@@")]
            found.append(Difference(a.command, kept))
    if len(reference) != len(ours):
        found.append(Difference("(end)", [f"{len(reference)} and {len(ours)} commands"]))
    return found
