# SPDX-License-Identifier: GPL-2.0-only
"""How a machine's verdict becomes a test's: the report is printed once, and is all that
is left of the machine when the tests ran on another one."""

import pytest


def check(outcome):
    """Fails with the report if it is not ok."""
    if not outcome.ok:
        pytest.fail(outcome.report(), pytrace=False)
