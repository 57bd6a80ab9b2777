# SPDX-License-Identifier: GPL-2.0-only
TESTS += vpci
vpci_SRCS := drivers/vpci/vpci.c drivers/vpci/header.c drivers/vpci/map.c \
             drivers/vpci/intx.c drivers/vpci/msi.c drivers/vpci/msix.c drivers/vpci/mmio.c \
             drivers/vpci/reset.c common/rangeset.c
vpci_EXTRA := fake_core.c fake_charge.c fake_rwlock.c vpci_world.c
vpci_CFLAGS = -include $(T)/mmio_fake.h
