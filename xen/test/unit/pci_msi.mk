# SPDX-License-Identifier: GPL-2.0-only
TESTS += pci_msi
pci_msi_SRCS := drivers/pci/msi.c
pci_msi_EXTRA := fake_core.c fake_charge.c
pci_msi_CFLAGS = -include $(T)/mmio_fake.h
