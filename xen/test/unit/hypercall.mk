# SPDX-License-Identifier: GPL-2.0-only
TESTS += hypercall
hypercall_SRCS := common/hypercall/dispatch.c common/hypercall/runstate.c \
                  common/hypercall/sched_op.c common/hypercall/console_io.c
hypercall_EXTRA := guest_fake.c
hypercall_CFLAGS := -DGUEST_FAKE_NO_CONTINUE
