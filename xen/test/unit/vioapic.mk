# SPDX-License-Identifier: GPL-2.0-only
TESTS += vioapic
# Shared by the tests of the emulated devices.
VDEV_SRCS := arch/x86/hvm/dev/vlapic.c arch/x86/hvm/dev/vlapic_irq.c \
    arch/x86/hvm/dev/vlapic_timer.c arch/x86/hvm/dev/vlapic_start.c \
    arch/x86/hvm/dev/vlapic_save.c arch/x86/hvm/dev/vioapic.c \
    arch/x86/hvm/dev/vioapic_host.c arch/x86/hvm/dev/vioapic_save.c \
    arch/x86/hvm/dev/vpit.c arch/x86/hvm/dev/vpit_host.c arch/x86/hvm/irq.c arch/x86/hvm/halt.c \
    common/sync/spinlock.c common/sync/lock_check.c
vioapic_SRCS = $(VDEV_SRCS)
vioapic_EXTRA := vdev_fake.c
VDEV_CFLAGS = -include $(T)/port_fake.h
vioapic_CFLAGS = $(VDEV_CFLAGS)
