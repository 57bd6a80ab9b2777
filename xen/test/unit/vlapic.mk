# SPDX-License-Identifier: GPL-2.0-only
TESTS += vlapic
vlapic_SRCS = $(VDEV_SRCS)
vlapic_EXTRA := vdev_fake.c
vlapic_CFLAGS = $(VDEV_CFLAGS)
