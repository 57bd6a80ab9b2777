# SPDX-License-Identifier: GPL-2.0-only
TESTS += acpi_iommu
acpi_iommu_SRCS := drivers/acpi/tables.c drivers/acpi/ivrs.c drivers/acpi/dmar.c
