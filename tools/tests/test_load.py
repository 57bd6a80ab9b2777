# SPDX-License-Identifier: GPL-2.0-only
"""What a guest does with all its might must not stop dom0; a guest may be saved and come back."""

import re

import pytest
from xlab import compare, job
from xlab.machine import Machine

pytestmark = pytest.mark.long

FLOOD = [
    "xl create /run/lab/guest.cfg",
    "/run/lab/wait-ready lab",
    '(echo flood; sleep 40) | script -q -f -c "xl console lab" /tmp/flood >/dev/null &',
    "sleep 5",
    "wc -c </tmp/flood",
    "timeout 10 xl list lab",
    "timeout 10 xl vcpu-list lab",
    "timeout 10 xl info",
    "wc -c </tmp/flood",
    "timeout 20 xl destroy lab",
    "sleep 1",
    "xl list",
]

SAVE = [
    "xl create /run/lab/guest.cfg",
    "/run/lab/wait-ready lab",
    "xl save lab /tmp/lab.save",
    "xl list lab",
    "xl restore /tmp/lab.save",
    "sleep 2",
    "xl list lab",
    # The guest's init ends, and the guest with it, at the end of what it reads.
    "(sleep 1; echo multiply 127 31; sleep 600) | "
    'script -q -f -c "xl console lab" /tmp/talk >/dev/null &',
    "timeout 60 sh -c \"until grep 'product 3937' /tmp/talk; do sleep 1; done\"",
    "xl shutdown -w lab",
    "xl list",
]


def transcript(hypervisor, commands, **changes):
    options = job.Options(hypervisor=hypervisor, machine=Machine(cpus=1, cpu="steady"),
                          timeout=900, **changes)
    result, entries = compare.record(options, "\n".join(commands) + "\n")
    assert result.ok, result.report()
    return entries


def only_dom0(entry):
    """What `xl list` shows when the guest is gone, memory and all."""
    names = [line.split()[1] for line in entry.lines if line.startswith("out")]
    return entry.status == "0" and names == ["Name", "Domain-0"]


def test_console_flood(hypervisor):
    entries = transcript(hypervisor, FLOOD)
    sizes = [int(re.search(r"\d+", line)[0]) for e in entries if e.command.startswith("wc")
             for line in e.lines if line.startswith("out")]
    assert sizes[0] > 1000 and sizes[1] > sizes[0], sizes
    for entry in entries:
        if entry.command.startswith("timeout"):
            assert entry.status == "0", (entry.command, entry.lines)
    assert only_dom0(entries[-1]), entries[-1].lines


def test_save_and_restore(hypervisor):
    entries = transcript(hypervisor, SAVE)
    saved, gone, restored, _, back, _, talk, shut, after = entries[2:]
    assert gone.command == back.command == "xl list lab"
    for entry in (saved, restored, back, talk, shut):
        assert entry.status == "0", (entry.command, entry.lines)
    assert gone.status != "0", gone.lines
    assert only_dom0(after), after.lines
