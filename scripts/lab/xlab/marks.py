# SPDX-License-Identifier: GPL-2.0-only
"""Understands the marks that scripts inside the machine print (guests/marks.sh).

A mark may be torn by another printer on the same console; every mark is sent
again at the end of a job, and the number tells that it is the same one.
"""

import base64
import binascii
import gzip
import re
import zlib
from dataclasses import dataclass

MARK = re.compile(r"@lab (\d+) (\d+\.\d+) (\S+) ?(.*?) ?~")

DATA = re.compile(r"@data (\S+) (\d+|end) ([A-Za-z0-9+/=]+) ~")


@dataclass
class Mark:
    number: int
    uptime: float  # dom0's clock
    at: float  # our clock, seconds since power-on
    word: str
    text: str


class Marks:
    def __init__(self):
        self.by_number = {}

    def take(self, line):
        """The new mark in this line, or None."""
        found = MARK.search(line.text)
        if not found or int(found[1]) in self.by_number:
            return None
        mark = Mark(int(found[1]), float(found[2]), line.at, found[3], found[4])
        self.by_number[mark.number] = mark
        return mark

    def __iter__(self):
        return iter(mark for _, mark in sorted(self.by_number.items()))

    def find(self, word, name=None):
        for mark in self:
            if mark.word == word and name in (None, mark.text.split(" ", 1)[0]):
                return mark
        return None

    def duration(self, name):
        """Seconds, by dom0's clock, that a step took."""
        begin = self.find("begin", name)
        end = self.find("ok", name) or self.find("fail", name)
        return end.uptime - begin.uptime if begin and end else None


def received(lines, name):
    """A file that the machine sent with lab_send, or None if it did not come whole."""
    pieces, count = {}, None
    for line in lines:
        found = DATA.search(line.text)
        if found and found[1] == name:
            if found[2] == "end":
                count = int(found[3]) if found[3].isdigit() else count
            else:
                # A torn line is shorter; the longest copy is the whole one.
                number = int(found[2])
                pieces[number] = max(pieces.get(number, ""), found[3], key=len)
    if count is None or any(n not in pieces for n in range(1, count + 1)):
        return None
    text = "".join(pieces[n] for n in range(1, count + 1))
    try:
        return gzip.decompress(base64.b64decode(text, validate=True))
    except (binascii.Error, OSError, EOFError, zlib.error):
        return None
