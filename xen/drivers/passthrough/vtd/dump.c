/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug keys: the state of the units and of a domain's tables. */
#include <xen/domain.h>
#include <xen/lib.h>
#include <asm/cpu.h>

#include "hw.h"

void vtd_dump(void)
{
    for (unsigned int i = 0; i < vtd_nr_units; i++) {
        struct vtd_unit *u = vtd_units[i];

        printk("  unit %u: cap %#lx ecap %#lx status %#x faults %#x", i,
               (unsigned long)u->cap, (unsigned long)u->ecap,
               mmio_read32(u->regs + REG_GSTS), mmio_read32(u->regs + REG_FSTS));
        if (u->ring)
            printk(" queue %#x/%#x", mmio_read32(u->regs + REG_IQH),
                   mmio_read32(u->regs + REG_IQT));
        printk(", posted %u done %u, irq %d%s\n", u->posted, read_once(*u->done), u->irq,
               u->dead ? ", given up" : "");
    }
}
