# SPDX-License-Identifier: GPL-2.0-only
TESTS += irq_guest
irq_guest_SRCS := $(addprefix arch/x86/intr/,irq.c guest.c msi.c) common/rangeset.c
irq_guest_EXTRA := fake_core.c fake_charge.c fake_rwlock.c
