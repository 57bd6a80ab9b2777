# SPDX-License-Identifier: GPL-2.0-only
"""A guest that floods the hypervisor (event channels, exits with a log line each, console
lines): dom0 answers as ever, and the log grows by a bounded number of lines."""

import re

import pytest
from verdict import check
from xlab import compare, job, paths
from xlab.machine import Machine

pytestmark = pytest.mark.long

KINDS = ["events", "exits", "lines"]
SECONDS = 4
# Of both limits together (common/ratelimit.c, console_guest.c): 4 and 10 a second, 20 and 30
# at once, each with a line that tells what was lost.
LINES_A_SECOND = 28
BURST = 100

# A host may stop for a while between any two commands. So the flood is known by the time that
# the guest ran, the lines are counted inside of what the clock brackets, and the limits
# on an answer are far above what it takes: who starves dom0 does not answer at all.
RAN = "xl list lab | awk 'NR == 2 { print int($6) }'"
COMMANDS = """
xl create /run/lab/guest.cfg 'kernel="/run/lab/flood.elf"' 'ramdisk=""' 'extra="forever {kind}"' memory=32 vcpus=1
until [ "$({ran})" -ge 1 ]; do sleep 0.5; done
cat /proc/uptime; xl dmesg -c | wc -l
until [ "$({ran})" -ge {seconds} ]; do sleep 0.5; done
timeout 60 xl info
timeout 60 xl list lab
xl dmesg -c | wc -l; cat /proc/uptime
timeout 60 xl destroy lab
xl list lab
"""


@pytest.fixture(scope="module")
def transcript(hypervisor):
    kernel = paths.BUILD / "guest/flood.elf"
    # The lab asks for all of guests' lines; here all of them, as far as the rate allows.
    # One processor: dom0 has to be given its share of it.
    options = job.Options(hypervisor=hypervisor, machine=Machine(cpus=1), timeout=1500,
                          xen_append="guest_loglvl=none/all")
    options.extra_files["flood.elf"] = kernel.read_bytes()
    lines = "".join(COMMANDS.format(kind=kind, seconds=SECONDS, ran=RAN)
                    for kind in KINDS)
    result, entries = compare.record(options, lines)
    check(result)
    return entries


def numbers(entry):
    """The first one of each line."""
    return [float(re.search(r"[\d.]+", line)[0]) for line in entry.lines]


@pytest.mark.parametrize("number", range(len(KINDS)), ids=KINDS)
def test_dom0_answers(transcript, number):
    step = len(transcript) // len(KINDS)
    entries = transcript[number * step:(number + 1) * step]
    create, floods, first, goes_on, info, late, log, destroy, gone = entries
    for entry in (create, floods, first, goes_on, info, late, log, destroy):
        assert entry.status == "0", (entry.command, entry.lines)
    assert gone.status != "0", gone.lines
    lines, now = numbers(log)
    seconds = now - numbers(first)[0]
    assert lines <= BURST + LINES_A_SECOND * seconds, (lines, seconds)
