# SPDX-License-Identifier: GPL-2.0-only
"""A running QEMU: its serial port is our pipe, logged and watched line by line.

QEMU dies with us, whatever way we go (parent-death signal; strictly it is the
thread that started it which must live), and every wait has a deadline.
"""

import os
import re
import select
import shlex
import socket
import subprocess
import tempfile
import time
from pathlib import Path

# The end of the road for a hypervisor or a dom0 kernel. Waiting longer helps no one.
FATAL = re.compile(r"Panic on CPU|FATAL TRAP|FATAL PAGE FAULT|"
                   r"Kernel panic - not syncing|Xen BUG at|Assertion '.*' failed")
# The last line of what follows: of our hypervisor, Debian's, Linux.
LAST_WORDS = re.compile(r"Reboot in \S+ seconds|Halted: noreboot|Manual reset required|"
                        r"end Kernel panic")
# For those who have none, seconds: without a line more, and in all. A host that is busy
# may stop for seconds in the middle of a register dump.
SILENCE_SECONDS, DYING_SECONDS = 20, 120
# What a report must not leave out, the worst first, and how many lines it has: of the end,
# from before the trouble, in all.
TROUBLE = [re.compile(FATAL.pattern + "|triple fault"),
           re.compile(r"WARN_ON|BUG:|Oops|Call Trace|missed its deadline|lockup")]
TAIL_LINES, BEFORE_TROUBLE, SHOWN_LINES = 40, 15, 150
# A path for a socket has room for 108 bytes.
LONGEST_DIRECTORY = 80


class Line:
    __slots__ = ("at", "text")

    def __init__(self, at, text):
        self.at = at  # seconds since power-on
        self.text = text


def last_words(lines):
    """Of the texts of a serial log, what a report shows: the end, and all of the first
    trouble. Machine and log may be gone when somebody reads it."""
    texts = [text for text in lines if text.strip()]
    start = max(0, len(texts) - TAIL_LINES)
    found = [n for trouble in TROUBLE for n, text in enumerate(texts)
             if trouble.search(text)]
    if found:
        start = min(start, max(0, found[0] - BEFORE_TROUBLE))
    left_out = len(texts) - start - SHOWN_LINES
    if left_out <= 0:
        return texts[start:]
    middle = start + SHOWN_LINES - TAIL_LINES
    return [*texts[start:middle], f"[{left_out} lines left out]", *texts[-TAIL_LINES:]]


class Vm:
    """Use as a context manager: leaving the block ends QEMU."""

    def __init__(self, machine, run_dir, gdb=None, log_items=None, echo=None):
        """gdb: a port on which QEMU waits for a debugger. log_items: for QEMU's -d,
        goes to qemu.log. echo: called with each chunk of bytes as it arrives."""
        self.run_dir = Path(run_dir)
        self.serial_log = self.run_dir / "serial.log"
        self.lines = []
        self.echo = echo
        self.tick = None  # called by watch() ten times a second
        self._tail = b""
        self._seen = 0
        where = None if len(tempfile.gettempdir()) < LONGEST_DIRECTORY else "/tmp"
        self._sockets = tempfile.TemporaryDirectory(prefix="xlab", dir=where)
        self._monitor_path = os.path.join(self._sockets.name, "monitor")
        self.arguments = machine.launcher() + machine.qemu_arguments() + [
            "-chardev", "stdio,id=com1,signal=off", "-serial", "chardev:com1",
            "-chardev", f"socket,id=mon,path={self._monitor_path},server=on,wait=off",
            "-mon", "chardev=mon,mode=readline"]
        if gdb:
            self.arguments += ["-S", "-gdb", f"tcp:127.0.0.1:{gdb}"]
        if log_items:
            self.arguments += ["-d", log_items, "-D", str(self.run_dir / "qemu.log")]

    def __enter__(self):
        (self.run_dir / "command").write_text(shlex.join(self.arguments) + "\n")
        self._log = open(self.serial_log, "wb", buffering=0)
        self._errors = open(self.run_dir / "qemu.stderr", "wb")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.arguments, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._errors)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.pump(0)
        for stream in (self.process.stdin, self.process.stdout, self._log,
                       self._errors):
            stream.close()
        self._sockets.cleanup()

    @property
    def elapsed(self):
        return time.monotonic() - self.started

    @property
    def running(self):
        return self.process.poll() is None

    def errors(self):
        """What QEMU complained about, but for CPU features that it does not have."""
        text = (self.run_dir / "qemu.stderr").read_text(errors="replace")
        return "\n".join(line for line in text.splitlines()
                         if "TCG doesn't support requested feature" not in line)

    def send(self, data):
        self.process.stdin.write(data if isinstance(data, bytes) else data.encode())

    def pump(self, seconds):
        """Take in what the serial port says within the time. False: it has closed."""
        output = self.process.stdout
        if output.closed:
            return False
        while select.select([output], [], [], seconds)[0]:
            chunk = os.read(output.fileno(), 65536)
            if not chunk:
                return False
            self._take(chunk)
            seconds = 0
        return True

    def _take(self, chunk):
        self._log.write(chunk)
        if self.echo:
            self.echo(chunk)
        pieces = (self._tail + chunk).split(b"\n")
        self._tail = pieces.pop()
        for piece in pieces:
            text = piece.decode(errors="replace").replace("\r", "")
            self.lines.append(Line(self.elapsed, text))

    def new_lines(self):
        """One by one: who stops half-way finds the rest the next time."""
        while self._seen < len(self.lines):
            self._seen += 1
            yield self.lines[self._seen - 1]

    def watch(self, deadline, on_line=None, stop_on_fatal=True, silence=None):
        """Until the machine goes off. Returns how it ended: 'off', 'timeout', 'fatal'
        (a panic was printed), 'silence' (no line for so many seconds), or what on_line
        returned if that was not None."""
        fatal_at, heard_at = None, self.elapsed
        while True:
            alive = self.pump(0.1 if self.tick else 0.5)
            if self.tick and alive:
                self.tick()
            for line in self.new_lines():
                heard_at = self.elapsed
                answer = on_line(line) if on_line else None
                if answer is not None:
                    return answer
                if stop_on_fatal and fatal_at is None and FATAL.search(line.text):
                    fatal_at = self.elapsed
                elif fatal_at is not None and LAST_WORDS.search(line.text):
                    return "fatal"
            if not alive:
                self._take_in_rest()
                self.process.wait()
                return "off" if fatal_at is None else "fatal"
            # The reason follows the headline; let it come.
            if fatal_at is not None and (self.elapsed > heard_at + SILENCE_SECONDS or
                                         self.elapsed > fatal_at + DYING_SECONDS):
                return "fatal"
            if self.elapsed > deadline:
                self._take_in_rest()
                return "timeout"
            if silence and self.elapsed > heard_at + silence:
                self._take_in_rest()
                return "silence"

    def _take_in_rest(self):
        self.pump(0)
        if self._tail:
            self.lines.append(Line(self.elapsed, self._tail.decode(errors="replace")))
            self._tail = b""

    def wait_for(self, pattern, seconds):
        """The first line from now on that matches, or None."""
        limit = self.elapsed + seconds

        def matches(line):
            return line if re.search(pattern, line.text) else None

        answer = self.watch(limit, matches, stop_on_fatal=False)
        return answer if isinstance(answer, Line) else None

    def monitor(self, command, seconds=60):
        """One command of QEMU's human monitor; its answer as text."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(seconds)
            link.connect(self._monitor_path)
            _until_prompt(link)
            link.sendall(command.encode() + b"\n")
            answer = _until_prompt(link).decode(errors="replace").replace("\r", "")
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", answer)

    def where_it_hangs(self):
        """Registers of all CPUs into the run directory; returns the file, or None."""
        if not self.running:
            return None
        target = self.run_dir / "registers"
        try:
            text = self.monitor("info registers -a")
            text += self.monitor("info lapic") + self.monitor("info pic")
        except OSError as error:
            text = f"the monitor did not answer: {error}\n"
        target.write_text(text)
        return target


def _until_prompt(link):
    data = b""
    while not data.endswith(b"(qemu) "):
        chunk = link.recv(65536)
        if not chunk:
            break
        data += chunk
    return data
