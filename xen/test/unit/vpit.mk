# SPDX-License-Identifier: GPL-2.0-only
TESTS += vpit
vpit_SRCS = $(VDEV_SRCS)
vpit_EXTRA := vdev_fake.c
vpit_CFLAGS = $(VDEV_CFLAGS)
