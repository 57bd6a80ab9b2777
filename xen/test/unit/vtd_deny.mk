# SPDX-License-Identifier: GPL-2.0-only
TESTS += vtd_deny
vtd_deny_SRCS := drivers/passthrough/vtd/init.c drivers/passthrough/vtd/unit.c \
    drivers/acpi/registers.c common/rangeset.c
vtd_deny_EXTRA := fake_core.c fake_charge.c fake_rwlock.c iommu_init_fake.c \
    vtd_init_fake.c
vtd_deny_CFLAGS = -include $(T)/mmio_fake.h
