# SPDX-License-Identifier: GPL-2.0-only
TESTS += iommu_fault_vtd
iommu_fault_vtd_SRCS := drivers/passthrough/fault.c drivers/passthrough/vtd/fault.c \
                        drivers/passthrough/requester.c common/domain/format.c common/ratelimit.c \
                        lib/vsnprintf.c
iommu_fault_vtd_EXTRA := iommu_fault_cases.c
# The C library has functions of the same names, and the sanitizers use them.
iommu_fault_vtd_CFLAGS := -Dvsnprintf=xen_vsnprintf -Dsnprintf=xen_snprintf \
                          -include $(T)/mmio_fake.h
