# SPDX-License-Identifier: GPL-2.0-only
TESTS += amd_init
amd_init_SRCS := drivers/acpi/registers.c \
    $(addprefix drivers/passthrough/amd/,init.c intremap.c device.c)
amd_init_EXTRA := fake_core.c fake_charge.c iommu_init_fake.c
amd_init_CFLAGS = -include $(T)/mmio_fake.h
