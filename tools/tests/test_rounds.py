# SPDX-License-Identifier: GPL-2.0-only
"""Creation and destruction, again and again: free memory comes back to the page."""

import pytest
from xlab import job
from xlab.machine import Machine

pytestmark = pytest.mark.long


@pytest.mark.parametrize("kind, rounds, memory", [
    ("tiny", 20, 16), ("running", 3, 128), ("killed", 50, 128), ("toobig", 5, 128)])
def test_rounds(hypervisor, kind, rounds, memory):
    options = job.Options(hypervisor=hypervisor, machine=Machine(cpus=2), guest_memory=memory,
                          timeout=1200)
    result = job.run_rounds(options, rounds, kind)
    assert result.ok, result.report()
