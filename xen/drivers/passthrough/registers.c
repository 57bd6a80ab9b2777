/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a unit's registers may be. */
#include <xen/init.h>
#include <xen/lib.h>
#include <asm/boot.h>

#include "private.h"

int __init iommu_check_registers(const char *vendor, paddr_t base, size_t len)
{
    for (paddr_t at = base; at < base + len; at += PAGE_SIZE) {
        if (memory_map_type(at, PAGE_SIZE) != E820_RAM)
            continue;
        printk(XENLOG_ERR "%s: firmware places registers of a unit at %#lx, which is "
                          "RAM\n", vendor, (unsigned long)at);
        return -EINVAL;
    }
    return 0;
}
