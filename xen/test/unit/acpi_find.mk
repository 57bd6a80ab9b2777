# SPDX-License-Identifier: GPL-2.0-only
TESTS += acpi_find
acpi_find_SRCS := drivers/acpi/tables.c drivers/acpi/madt.c drivers/acpi/fadt.c \
             drivers/acpi/aml.c drivers/acpi/misc.c drivers/acpi/ivrs.c \
             drivers/acpi/dmar.c drivers/acpi/acpi.c drivers/acpi/registers.c
acpi_find_CFLAGS := -Wno-unused-const-variable
