# SPDX-License-Identifier: GPL-2.0-only
"""What a guest does with all its might must not stop dom0; a guest may be saved and come back."""

import pytest
from verdict import check
from xlab import compare, job
from xlab.machine import Machine

pytestmark = pytest.mark.long

# No fixed times: a busy host takes its own. Each line may take ten minutes (jobs/script).
GONE = "until [ $(xl list | wc -l) = 2 ]; do sleep 0.5; done"
FLOOD = [
    "xl create /run/lab/guest.cfg",
    "/run/lab/wait-ready lab",
    '(echo flood; sleep 3600) | script -q -f -c "xl console lab" /tmp/flood >/dev/null &',
    "until [ $(wc -c </tmp/flood) -gt 1000 ]; do sleep 0.5; done",
    "wc -c </tmp/flood | tee /tmp/size",
    "timeout 60 xl list lab",
    "timeout 60 xl vcpu-list lab",
    "timeout 60 xl info",
    "until [ $(wc -c </tmp/flood) -gt $(cat /tmp/size) ]; do sleep 0.5; done",
    "timeout 60 xl destroy lab",
    GONE,
    "xl list",
]

SAVE = [
    "xl create /run/lab/guest.cfg",
    "/run/lab/wait-ready lab",
    "xl save lab /tmp/lab.save",
    "xl list lab",
    "xl restore /tmp/lab.save",
    "xl list lab",
    # The guest's init ends, and the guest with it, at the end of what it reads.
    "(sleep 1; echo multiply 127 31; sleep 3600) | "
    'script -q -f -c "xl console lab" /tmp/talk >/dev/null &',
    "until grep 'product 3937' /tmp/talk; do sleep 1; done",
    "xl shutdown -w lab",
    GONE,
    "xl list",
]


def transcript(hypervisor, commands, **changes):
    options = job.Options(hypervisor=hypervisor, machine=Machine(cpus=1, cpu="steady"),
                          timeout=1500, **changes)
    result, entries = compare.record(options, "\n".join(commands) + "\n")
    check(result)
    return entries


def only_dom0(entry):
    """What `xl list` shows when the guest is gone, memory and all."""
    names = [line.split()[1] for line in entry.lines if line.startswith("out")]
    return entry.status == "0" and names == ["Name", "Domain-0"]


def good(entries):
    """What was to succeed did."""
    for entry in entries:
        assert entry.status == "0", (entry.command, entry.lines)


def test_console_flood(hypervisor):
    entries = transcript(hypervisor, FLOOD)
    good(entries)
    assert only_dom0(entries[-1]), entries[-1].lines


def test_save_and_restore(hypervisor):
    entries = transcript(hypervisor, SAVE)
    gone = entries.pop(3)
    assert gone.command == "xl list lab" and gone.status != "0", gone.lines
    good(entries)
    assert only_dom0(entries[-1]), entries[-1].lines
