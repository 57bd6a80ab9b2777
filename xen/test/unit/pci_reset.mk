# SPDX-License-Identifier: GPL-2.0-only
TESTS += pci_reset
pci_reset_SRCS := drivers/pci/reset.c
pci_reset_EXTRA := fake_core.c
