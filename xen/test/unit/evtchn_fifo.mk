# SPDX-License-Identifier: GPL-2.0-only
TESTS += evtchn_fifo
evtchn_fifo_SRCS = $(evtchn_SRCS)
evtchn_fifo_EXTRA = $(evtchn_EXTRA)
