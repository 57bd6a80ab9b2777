# SPDX-License-Identifier: GPL-2.0-only
TESTS += emulate_host
emulate_host_SRCS = $(EMULATE_SRCS)
emulate_host_EXTRA :=
