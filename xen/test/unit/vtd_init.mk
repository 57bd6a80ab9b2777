# SPDX-License-Identifier: GPL-2.0-only
TESTS += vtd_init
vtd_init_SRCS := drivers/acpi/registers.c drivers/passthrough/vtd/init.c
vtd_init_EXTRA := fake_core.c fake_charge.c iommu_init_fake.c vtd_init_fake.c
