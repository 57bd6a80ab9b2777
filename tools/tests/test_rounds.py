# SPDX-License-Identifier: GPL-2.0-only
"""Creation and destruction, again and again: free memory comes back to the page."""

import pytest
from verdict import check
from xlab import job
from xlab.machine import Machine

pytestmark = pytest.mark.long

# Kind, rounds, the guest's MiB; the longest first, as they run side by side.
RUNS = [("killed", 50, 128), ("tiny", 20, 16), ("running", 3, 128), ("toobig", 5, 128)]


def run(hypervisor, kind, rounds, memory):
    options = job.Options(hypervisor=hypervisor, machine=Machine(cpus=2), guest_memory=memory,
                          timeout=2400)
    return job.run_rounds(options, rounds, kind)


@pytest.fixture(scope="module")
def started(request, ahead, hypervisor):
    for item in request.session.items:
        if item.module is request.module:
            wanted = [item.callspec.params[name] for name in ("kind", "rounds", "memory")]
            ahead.start(("rounds", wanted[0]), run, hypervisor, *wanted)
    return ahead


@pytest.mark.parametrize("kind, rounds, memory", RUNS)
def test_rounds(started, kind, rounds, memory):
    result = started.result(("rounds", kind))
    check(result)
