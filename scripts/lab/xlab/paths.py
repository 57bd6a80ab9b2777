# SPDX-License-Identifier: GPL-2.0-only
"""Where things are. XLAB_CACHE moves the cache, e.g. to share it between clones."""

import contextlib
import os
import tempfile
import time
from pathlib import Path

LAB = Path(__file__).resolve().parents[1]
TREE = LAB.parents[1]
BUILD = TREE / "build"
CACHE = Path(os.environ.get("XLAB_CACHE", BUILD / "lab"))
GUESTS = LAB / "guests"

KEPT_RUNS = 40


def new_run_dir(name):
    """A fresh directory for the logs of one run; the oldest ones are dropped."""
    runs = CACHE / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%H%M%S")
    made = Path(tempfile.mkdtemp(prefix=f"{stamp}-{name}-", dir=runs))
    made.chmod(0o755)
    # Another run may be clearing up at the same moment: then let it.
    with contextlib.suppress(FileNotFoundError):
        old = sorted(runs.iterdir(), key=lambda p: p.stat().st_mtime)[:-KEPT_RUNS]
        for directory in old:
            if time.time() - directory.stat().st_mtime > 3600:
                for entry in directory.iterdir():
                    entry.unlink()
                directory.rmdir()
    return made
