# SPDX-License-Identifier: GPL-2.0-only
TESTS += passthrough_amd
passthrough_amd_SRCS := $(addprefix drivers/passthrough/,device.c requester.c reserved.c \
                                     amd/device.c) \
                        drivers/acpi/ivrs.c drivers/acpi/tables.c \
                        common/rangeset.c $(addprefix common/mem/,heap.c alloc.c charge.c)
passthrough_amd_EXTRA := passthrough_cases.c fake_ram.c fake_core.c store_watch.c
