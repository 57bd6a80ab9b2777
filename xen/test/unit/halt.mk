# SPDX-License-Identifier: GPL-2.0-only
TESTS += halt
halt_SRCS = $(VDEV_SRCS) arch/x86/hypercall/event.c
halt_EXTRA := vdev_fake.c
halt_CFLAGS = $(VDEV_CFLAGS)
