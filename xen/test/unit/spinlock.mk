# SPDX-License-Identifier: GPL-2.0-only
TESTS += spinlock
spinlock_SRCS := common/sync/spinlock.c common/sync/lock_check.c
spinlock_EXTRA :=
