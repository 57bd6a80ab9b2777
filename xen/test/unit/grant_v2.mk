# SPDX-License-Identifier: GPL-2.0-only
TESTS += grant_v2
grant_v2_SRCS = $(grant_SRCS)
grant_v2_EXTRA = $(grant_EXTRA)
grant_v2_CFLAGS = $(grant_CFLAGS)
grant_v2_LIBS = $(grant_LIBS)
