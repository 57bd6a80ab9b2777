# SPDX-License-Identifier: GPL-2.0-only
TESTS += iommu_vtd
iommu_vtd_SRCS := drivers/passthrough/tables.c \
                  drivers/passthrough/map.c drivers/passthrough/vtd/queue.c \
                  drivers/passthrough/vtd/map.c \
                  $(addprefix arch/x86/mm/,pt.c pt_range.c pt_fmt_vtd.c) \
                  $(addprefix common/mem/,heap.c alloc.c charge.c table_pool.c)
iommu_vtd_EXTRA := iommu_cases.c iommu_lost_cases.c fake_ram.c fake_core.c
iommu_vtd_CFLAGS = -include $(T)/mmio_fake.h
