# SPDX-License-Identifier: GPL-2.0-only
TESTS += vpci_steps
vpci_steps_SRCS = $(vpci_SRCS)
vpci_steps_EXTRA = $(vpci_EXTRA)
vpci_steps_CFLAGS = $(vpci_CFLAGS)
