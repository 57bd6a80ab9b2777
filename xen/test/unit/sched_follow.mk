# SPDX-License-Identifier: GPL-2.0-only
TESTS += sched_follow
sched_follow_SRCS := common/sched/core.c common/sched/cpupool.c common/sched/fair.c \
                     common/sched/null.c common/sched/params.c common/sched/pool_op.c \
                     common/sched/runq.c common/sched/vcpu.c common/timer.c \
                     common/softirq.c common/tasklet.c common/sync/spinlock.c \
                     common/sync/lock_check.c
sched_follow_EXTRA := sched_pools.c sched_world.c
