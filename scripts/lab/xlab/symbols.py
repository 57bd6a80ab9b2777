# SPDX-License-Identifier: GPL-2.0-only
"""Names for addresses of the hypervisor."""

import bisect
import collections
import re
import subprocess
from pathlib import Path

from . import paths

ADDRESS = re.compile(r"\b(?:0x)?(ffff8[0-9a-f]{11})\b")
RIP = re.compile(r"^CPU#(\d+)|\bRIP=([0-9a-f]{16})|\b(HLT)=1", re.M)


def file_for(hypervisor):
    """The ELF file that belongs to a hypervisor image, or None."""
    if hypervisor == "debian":
        return None
    image = paths.BUILD / "xen" if hypervisor == "ours" else Path(hypervisor)
    symbols = image.parent / "xen-syms"
    return symbols if symbols.exists() else None


def table(symbols):
    """Sorted (address, name) of the functions."""
    listed = subprocess.run(["nm", "-n", str(symbols)], capture_output=True, text=True,
                            check=False)
    rows = []
    for line in listed.stdout.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] in "tTwW":
            rows.append((int(fields[0], 16), fields[2]))
    return rows


def name(rows, address):
    place = bisect.bisect_right(rows, (address, "\x7f")) - 1
    if place < 0 or address - rows[place][0] > 0x10000:
        return f"{address:#x} (not the hypervisor)"
    return f"{rows[place][1]}+{address - rows[place][0]:#x}"


def describe(registers, symbols):
    """One line a processor, from QEMU's `info registers -a`."""
    rows = table(symbols)
    processor = "?"
    lines = []
    for found in RIP.finditer(registers):
        if found[1]:
            processor = found[1]
        elif found[2]:
            lines.append(f"CPU {processor} at {name(rows, int(found[2], 16))}")
        elif lines:
            lines[-1] += ", halted"
    return lines


def annotate(lines, symbols):
    """The lines, with names behind raw addresses of the hypervisor's code."""
    rows = table(symbols)
    for line in lines:
        named = [name(rows, int(word, 16)) for word in ADDRESS.findall(line)]
        named = [text for text in named if "not the hypervisor" not in text]
        yield f"{line}   <{', '.join(named)}>" if named and "+0x" not in line else line


class Profile:
    """Where the processors are, sampled through QEMU's monitor."""

    def __init__(self, hypervisor):
        found = file_for(hypervisor)
        self.rows = table(found) if found else []
        self.seen = collections.Counter()
        self.samples = 0

    def sample(self, vm):
        try:
            registers = vm.monitor("info registers -a", 5)
        except OSError:
            return
        place = None
        for found in RIP.finditer(registers):
            if found[2]:
                if place:
                    self.seen[place] += 1
                place = name(self.rows, int(found[2], 16)).split("+")[0]
                if place.endswith(")"):
                    place = "a guest"
                self.samples += 1
            elif found[3] and place:
                place += ", halted"
        if place:
            self.seen[place] += 1

    def report(self, rows=25):
        return [f"{count:6} {100 * count / max(1, self.samples):5.1f} %  {where}"
                for where, count in self.seen.most_common(rows)]
