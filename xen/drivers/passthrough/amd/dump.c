/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug keys: the state of the units and of a domain's tables. */
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/pci_regs.h>
#include <asm/cpu.h>

#include "hw.h"

void amd_dump(void)
{
    for (unsigned int i = 0; i < amd_nr_units; i++) {
        struct amd_unit *u = amd_units[i];

        /*
         * Bit 11: it has refused an access since the bit was last cleared (by us, here).
         */
        uint32_t pci_status = pci_conf_read(u->sbdf, PCI_STATUS, 2);

        pci_conf_write(u->sbdf, PCI_STATUS, 2, 0x0800);
        printk("  unit %u %pp: control %#lx status %#lx commands %#x/%#x events %#x/%#x, "
               "posted %lu done %lu, irq %d%s%s\n", i, &u->sbdf.v,
               (unsigned long)mmio_read64(u->regs + REG_CONTROL),
               (unsigned long)mmio_read64(u->regs + REG_STATUS),
               mmio_read32(u->regs + REG_COMMAND_HEAD),
               mmio_read32(u->regs + REG_COMMAND_TAIL),
               mmio_read32(u->regs + REG_EVENT_HEAD),
               mmio_read32(u->regs + REG_EVENT_TAIL), (unsigned long)u->posted,
               (unsigned long)read_once(*u->done), u->irq,
               pci_status & 0x0800 ? ", refused accesses" : "",
               u->dead ? ", given up" : "");
    }
}
