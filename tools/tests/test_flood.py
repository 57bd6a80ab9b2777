# SPDX-License-Identifier: GPL-2.0-only
"""A guest that floods the hypervisor (event channels, exits with a log line each, console
lines): dom0 answers as ever, and the log grows by a bounded number of lines."""

import re

import pytest
from xlab import compare, job, paths
from xlab.machine import Machine

pytestmark = pytest.mark.long

KINDS = ["events", "exits", "lines"]
SECONDS = 4
# Of both limits together (common/ratelimit.c, console_guest.c): 4 and 10 a second, 20 and 30
# at once, each with a line that tells what was lost.
LINES_A_SECOND = 28
BURST = 100

COMMANDS = """
xl create /run/lab/guest.cfg 'kernel="/run/lab/flood.elf"' 'ramdisk=""' 'extra="forever {kind}"' memory=32 vcpus=1
sleep 2
xl list lab
xl dmesg -c | wc -l; cat /proc/uptime
sleep {seconds}
timeout 10 xl info
timeout 10 xl list lab
xl dmesg -c | wc -l; cat /proc/uptime
timeout 20 xl destroy lab
sleep 1
timeout 10 xl list lab
"""


@pytest.fixture(scope="module")
def transcript(hypervisor):
    kernel = paths.BUILD / "guest/flood.elf"
    # The lab asks for all of guests' lines; here all of them, as far as the rate allows.
    # One processor: dom0 has to be given its share of it.
    options = job.Options(hypervisor=hypervisor, machine=Machine(cpus=1), timeout=600,
                          xen_append="guest_loglvl=none/all")
    options.extra_files["flood.elf"] = kernel.read_bytes()
    lines = "".join(COMMANDS.format(kind=kind, seconds=SECONDS) for kind in KINDS)
    result, entries = compare.record(options, lines)
    assert result.ok, result.report()
    return entries


def seconds_of(entry):
    """Processor time in the last column of xl list."""
    return float(entry.lines[-1].split()[-1])


def lines_at(entry):
    """Lines of the log, and dom0's clock."""
    return [float(re.search(r"[\d.]+", line)[0]) for line in entry.lines[:2]]


@pytest.mark.parametrize("number", range(len(KINDS)), ids=KINDS)
def test_dom0_answers(transcript, number):
    step = len(transcript) // len(KINDS)
    create, _, early, first, _, info, late, log, destroy, _, gone = \
        transcript[number * step:(number + 1) * step]
    for entry in (create, early, info, late, log, destroy):
        assert entry.status == "0", (entry.command, entry.lines)
    assert gone.status != "0", gone.lines
    # It did run, or dom0 had it easy.
    assert seconds_of(late) > seconds_of(early) + 1, (early.lines, late.lines)
    lines, now = lines_at(log)
    seconds = now - lines_at(first)[1]
    assert lines <= BURST + LINES_A_SECOND * seconds, (lines, seconds)
