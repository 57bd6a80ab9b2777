# SPDX-License-Identifier: GPL-2.0-only
"""Where things are. XLAB_CACHE moves the cache, e.g. to share it between clones."""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

LAB = Path(__file__).resolve().parents[1]
TREE = LAB.parents[1]
BUILD = TREE / "build"
CACHE = Path(os.environ.get("XLAB_CACHE", BUILD / "lab"))
GUESTS = LAB / "guests"

# Runs that are younger than that may still go on.
KEPT_RUNS, KEPT_SECONDS = 40, 3 * 3600


def new_run_dir(name):
    """A fresh directory for the logs of one run; the oldest ones are dropped."""
    runs = CACHE / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%H%M%S")
    made = Path(tempfile.mkdtemp(prefix=f"{stamp}-{name}-", dir=runs))
    made.chmod(0o755)
    # Another run may be clearing up at the same moment: then let it. One that was killed
    # may have left anything.
    with contextlib.suppress(FileNotFoundError):
        old = sorted(runs.iterdir(), key=lambda p: p.stat().st_mtime)[:-KEPT_RUNS]
        for directory in old:
            if time.time() - directory.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(directory, ignore_errors=True)
    return made


def appear(target, data):
    """Make a file of the cache: it is there as a whole or not at all, also for those who
    make it at the same moment. Returns target."""
    target.parent.mkdir(parents=True, exist_ok=True)
    number, partial = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    with open(number, "wb") as file:
        file.write(data)
    os.chmod(partial, 0o755)
    os.replace(partial, target)
    return target
