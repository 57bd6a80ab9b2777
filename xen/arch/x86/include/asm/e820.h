/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest's memory map as the guest sees it (ACPI 15, INT 15h E820). */
#ifndef ASM_E820_H
#define ASM_E820_H

#include <xen/compiler.h>
#include <xen/types.h>

#define E820_GUEST_MAX 128

struct e820entry {
    uint64_t addr;
    uint64_t size;
    uint32_t type;
} __packed;

#endif
