# SPDX-License-Identifier: GPL-2.0-only
"""Not slower than Debian's Xen in the same machine, counted in instructions."""

import pytest
from verdict import check
from xlab import job, measure

LIMITS = {
    "reset to dom0's first program": 1.0,
    "reset to dom0's userland": 1.0,
    "xl create to the guest's first line": 1.0,
}


@pytest.mark.long
def test_instructions(hypervisor):
    result, reference = measure.measure_reference()
    if result:
        check(result)
    result, ours = measure.measure(job.Options(hypervisor=hypervisor))
    check(result)
    shown = measure.table(reference, ours)
    print(shown)
    for title, limit in LIMITS.items():
        assert ours[title] <= limit * reference[title], shown
