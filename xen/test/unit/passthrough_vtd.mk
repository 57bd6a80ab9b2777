# SPDX-License-Identifier: GPL-2.0-only
TESTS += passthrough_vtd
passthrough_vtd_SRCS := $(addprefix drivers/passthrough/,device.c requester.c reserved.c \
                                     vtd/device.c vtd/scope.c) \
                        drivers/acpi/dmar.c drivers/acpi/tables.c \
                        common/rangeset.c $(addprefix common/mem/,heap.c alloc.c charge.c)
passthrough_vtd_EXTRA := passthrough_cases.c fake_ram.c fake_core.c
