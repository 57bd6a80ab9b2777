# SPDX-License-Identifier: GPL-2.0-only
TESTS += sched_fair
sched_fair_SRCS := $(sched_SRCS)
sched_fair_EXTRA := sched_world.c
sched_fair_CFLAGS := -DCPUS=8
