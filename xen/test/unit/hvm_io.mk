# SPDX-License-Identifier: GPL-2.0-only
TESTS += hvm_io
hvm_io_SRCS := arch/x86/hvm/io.c arch/x86/hvm/dev/ports.c common/rangeset.c \
               common/sync/spinlock.c common/sync/lock_check.c
hvm_io_EXTRA :=
hvm_io_CFLAGS = -include $(T)/port_fake.h
