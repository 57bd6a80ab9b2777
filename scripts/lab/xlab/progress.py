# SPDX-License-Identifier: GPL-2.0-only
"""What the person in front of the terminal sees. Everything goes to stderr, so
that stdout stays for results."""

import sys
import threading
import time


def say(text):
    print(text, file=sys.stderr, flush=True)


class Long:
    """`with Long("building"):` reports the start, a sign of life every while, and
    the time it took."""

    EVERY_SECONDS = 20

    def __init__(self, what):
        self.what = what
        self.stop = threading.Event()

    def __enter__(self):
        self.started = time.monotonic()
        say(f"lab: {self.what} ...")
        self.thread = threading.Thread(target=self._tick, daemon=True)
        self.thread.start()
        return self

    def _tick(self):
        while not self.stop.wait(self.EVERY_SECONDS):
            say(f"lab: {self.what} ... {time.monotonic() - self.started:.0f} s so far")

    def __exit__(self, kind, *_):
        self.stop.set()
        self.thread.join()
        verdict = "failed after" if kind else "done in"
        say(f"lab: {self.what}: {verdict} {time.monotonic() - self.started:.1f} s")
