# SPDX-License-Identifier: GPL-2.0-only
TESTS += vpci_line
vpci_line_SRCS = $(vpci_SRCS)
vpci_line_EXTRA = $(vpci_EXTRA)
vpci_line_CFLAGS = $(vpci_CFLAGS)
