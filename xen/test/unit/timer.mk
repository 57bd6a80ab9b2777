# SPDX-License-Identifier: GPL-2.0-only
TESTS += timer
timer_SRCS := common/timer.c common/softirq.c common/tasklet.c \
              common/sync/spinlock.c common/sync/lock_check.c
timer_EXTRA :=
