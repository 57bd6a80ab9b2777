# SPDX-License-Identifier: GPL-2.0-only
TESTS += sched_race
sched_race_SRCS := $(sched_SRCS)
sched_race_EXTRA := sched_world.c
sched_race_LIBS := -Wl,--wrap=spin_unlock,--wrap=spin_trylock,--wrap=spin_lock
