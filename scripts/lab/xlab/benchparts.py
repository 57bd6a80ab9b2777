# SPDX-License-Identifier: GPL-2.0-only
"""The runs that `make bench` is made of; each puts its figures into the table."""

import re
import shutil
import subprocess
from pathlib import Path

from . import images, job, macro, paths, testkernel
from .images import LabError

RESULT = re.compile(r"BENCH (\w+) (?:SKIP (-?\d+)|\d+ (\d+) (\d+) (\d+))\s*$")
FLUSHES = re.compile(r"FLUSHES (\w+) (begin|end)$")
INSTRUCTIONS, KIB, BYTES = "instructions", "KiB", "bytes"
MACHINE = "cpus=1 cpu=steady icount=0 memory=1024 devices=edu dom0_mem=256M"
PAIR_MACHINE = MACHINE.replace("cpus=1", "cpus=2")
PAIR_ROW = "event_ping_pong_other_cpu"
SECONDS = {"micro": 900, "pair": 600, "macro": 3000}
# What the IOMMU is asked to do; serial_write tells when.
EVENTS = ("serial_write", "amdvi_completion_wait", "amdvi_pages_inval", "amdvi_all_inval")
QEMU, QEMU_VERSION = "qemu-system-x86_64", (7, 2)


def need_qemu():
    """Says what is wrong with QEMU here, as LabError."""
    if shutil.which(QEMU) is None:
        raise LabError(f"{QEMU} is missing: run scripts/install-deps")
    said = subprocess.run([QEMU, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\d+)\.(\d+)", said.stdout)
    if not found or (int(found[1]), int(found[2])) < QEMU_VERSION:
        wanted = ".".join(map(str, QEMU_VERSION))
        raise LabError(f"{QEMU} {wanted} or newer is needed, not "
                       f"'{(said.stdout + said.stderr).strip()[:80]}'")
    said = subprocess.run([QEMU, "-trace", "help"], capture_output=True, text=True,
                          check=False)
    missing = set(EVENTS) - set(said.stdout.split())
    if missing:
        raise LabError(f"{QEMU} cannot trace {', '.join(sorted(missing))}")


def wanted(rows, name):
    """As in the bench kernel: rows is "" or "WORD,WORD"."""
    return not rows or any(name.startswith(word) for word in rows.split(","))


def take_line(table, side, text):
    """One line that the bench kernel said. True: it was a result."""
    found = RESULT.search(text)
    if not found:
        return False
    name, code, *figures = found.groups()
    unit = KIB if name.endswith("_kib") else INSTRUCTIONS
    if code is not None:
        table.add_skip(side, name, unit, int(code))
    else:
        table.add(side, name, unit, *map(int, figures), sampled=unit == INSTRUCTIONS)
    return True


def flushes(lines):
    """{row: (invalidations, waits)} from QEMU's trace: what was asked of the IOMMU
    between two lines on the serial port."""
    found, text, name, counts = {}, "", None, [0, 0]
    for line in lines:
        event, _, rest = line.partition(" ")
        if event == "serial_write":
            register, value = re.match(r"write addr (\S+) val (\S+)", rest).groups()
            if int(register, 16) != 0:
                continue
            text += chr(int(value, 16))
            if not text.endswith("\n"):
                continue
            mark, text = FLUSHES.search(text.strip()), ""
            if mark and mark[2] == "begin":
                name, counts = mark[1], [0, 0]
            elif mark and mark[1] == name:
                found[name], name = tuple(counts), None
        elif event == "amdvi_completion_wait":
            counts[1] += 1
        elif event.startswith("amdvi_"):
            counts[0] += 1
    return found


def text_size(file):
    """Bytes of the section .text, which objdump finds in ELF and PE."""
    shown = subprocess.run(["objdump", "-h", str(file)], capture_output=True, text=True,
                           check=False)
    found = re.search(r"^ *\d+ \.text +([0-9a-f]+) ", shown.stdout, re.MULTILINE)
    if not found:
        raise LabError(f"{file}: no section .text: {shown.stderr.strip()}")
    return int(found[1], 16)


class Parts:
    def __init__(self, table, kernel, rows="", timeout=None):
        self.table, self.kernel, self.rows = table, kernel, rows
        self.timeout = timeout

    def seconds(self, kind):
        return self.timeout or SECONDS[kind]

    def sizes(self, side, hypervisor):
        """Of the image as it is installed, and of its code."""
        if hypervisor == "debian":
            packed = images.root().debian_xen_gz
            code = next((images.root().tree / "boot").glob("xen-*.efi"), None)
        else:
            packed = Path(hypervisor).with_suffix(".gz")
            code = Path(f"{hypervisor}-syms")
        for title, file, size in (("image, compressed", packed, _file_size),
                                  ("text", code, text_size)):
            if file is None or not file.exists():
                raise LabError(f"{title}: no {file}")
            self.table.add(side, title, BYTES, *[size(file)] * 3)

    def _kernel(self, side, hypervisor, kind, machine, rows):
        only = f'args="only={rows}"' if rows else ""

        def run():
            planned = testkernel.parse_plan(
                self.kernel, f"{machine} timeout={self.seconds(kind)} {only}",
                hypervisor=hypervisor)
            trace = paths.new_run_dir("trace") / "trace"
            events = [word for event in EVENTS for word in ("-trace", event)]
            planned.machine = planned.machine.but(extra=(*events, "-D", str(trace)))
            outcome = testkernel.run(planned)
            return outcome, self._flushes(trace)

        # Of several tries only the last gets to the table.
        outcome, counted = job.tried(hypervisor, run, lambda made: made[0])
        lines = outcome.serial_log.read_text(errors="replace").splitlines()
        results = sum(take_line(self.table, side, line) for line in lines)
        for name, figures in counted.items():
            for what, count in zip(("commands", "waits"), figures):
                self.table.add(side, f"{name}: IOTLB {what}", "count", *[count] * 3,
                               sampled=False)
        if not outcome.ok or not results:
            raise LabError(f"the bench kernel did not finish:\n{outcome.report()}")

    @staticmethod
    def _flushes(trace):
        if not trace.exists():
            return {}
        with open(trace, encoding="utf-8", errors="replace") as lines:
            counted = flushes(lines)
        trace.unlink()
        return counted

    def micro(self, side, hypervisor):
        self._kernel(side, hypervisor, "micro", MACHINE, self.rows)

    def pair(self, side, hypervisor):
        self._kernel(side, hypervisor, "pair", PAIR_MACHINE, PAIR_ROW)

    def macro(self, side, hypervisor):
        outcome = job.tried(
            hypervisor,
            lambda: macro.run(hypervisor, self.kernel, timeout=self.seconds("macro")),
            lambda made: made.result)
        for title, unit, figure in outcome.figures:
            self.table.add(side, title, unit, *[figure] * 3, sampled=False)
        for line in outcome.kernel_lines:
            take_line(self.table, side, line)
        if not outcome.result.ok:
            raise LabError(f"dom0's job failed:\n{outcome.result.report()}")


def _file_size(file):
    return file.stat().st_size
