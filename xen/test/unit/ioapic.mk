# SPDX-License-Identifier: GPL-2.0-only
TESTS += ioapic
ioapic_SRCS := arch/x86/intr/ioapic.c
ioapic_EXTRA := fake_core.c fake_charge.c
ioapic_CFLAGS = -include $(T)/mmio_fake.h -include $(T)/port_fake.h
