# SPDX-License-Identifier: GPL-2.0-only
TESTS += xstate
xstate_SRCS := arch/x86/cpu/xstate.c
xstate_EXTRA :=
xstate_CFLAGS := -include $(T)/cr_fake.h
