# SPDX-License-Identifier: GPL-2.0-only
TESTS += acpi
acpi_SRCS := drivers/acpi/tables.c drivers/acpi/madt.c drivers/acpi/fadt.c \
             drivers/acpi/aml.c drivers/acpi/misc.c drivers/acpi/ivrs.c \
             drivers/acpi/dmar.c
