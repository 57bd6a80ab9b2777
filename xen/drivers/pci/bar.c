/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a device's memory and ports are, and how large (PCI 3.0, section 6.2.5). */
#include <xen/lib.h>

#include "pci_private.h"

/* Write all ones, read what sticks, put the old value back. */
static uint32_t probe(sbdf_t s, unsigned int reg, uint32_t ones, uint32_t old)
{
    uint32_t got;

    pci_conf_write(s, reg, 4, ones);
    got = pci_conf_read(s, reg, 4);
    pci_conf_write(s, reg, 4, old);
    return got;
}

/* One BAR; returns how many registers it took. */
static unsigned int size_bar(struct pci_dev *pdev, unsigned int i, unsigned int last)
{
    unsigned int reg = PCI_BAR0 + 4 * i;
    struct pci_bar *bar = &pdev->bar[i];
    uint32_t old = pci_conf_read(pdev->sbdf, reg, 4);
    uint64_t mask = probe(pdev->sbdf, reg, ~0U, old);

    if (mask == 0 || mask == 0xffffffff)
        return 1;
    if (mask & PCI_BAR_IO) {
        bar->is_io = true;
        bar->addr = old & ~PCI_BAR_IO_FLAGS;
        mask &= ~(uint64_t)PCI_BAR_IO_FLAGS;
        /* The upper half may be hardwired to zero: ports have 16 bits. */
        bar->size = -(mask | 0xffffffffffff0000ULL);
        return 1;
    }
    bar->prefetch = mask & PCI_BAR_PREFETCH;
    bar->is_64 = (mask & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64 && i + 1 < last;
    bar->addr = old & ~PCI_BAR_MEM_FLAGS;
    mask &= ~(uint64_t)PCI_BAR_MEM_FLAGS;
    if (bar->is_64) {
        uint32_t high = pci_conf_read(pdev->sbdf, reg + 4, 4);

        bar->addr |= (uint64_t)high << 32;
        mask |= (uint64_t)probe(pdev->sbdf, reg + 4, ~0U, high) << 32;
        bar->size = -mask;
        return 2;
    }
    bar->size = (uint32_t)-(uint32_t)mask;
    return 1;
}

static void size_rom(struct pci_dev *pdev, unsigned int reg)
{
    uint32_t old = pci_conf_read(pdev->sbdf, reg, 4);
    uint32_t mask = probe(pdev->sbdf, reg, ~PCI_ROM_FLAGS, old) & ~PCI_ROM_FLAGS;

    if (mask == 0)
        return;
    pdev->bar[PCI_ROM_BAR].addr = old & ~PCI_ROM_FLAGS;
    pdev->bar[PCI_ROM_BAR].size = (uint32_t)-mask;
}

void pci_size_bars(struct pci_dev *pdev)
{
    unsigned int kind = pci_conf_read(pdev->sbdf, PCI_HEADER_TYPE, 1) & PCI_HEADER_KIND;
    uint16_t command = (uint16_t)pci_conf_read(pdev->sbdf, PCI_COMMAND, 2);
    unsigned int bars;

    memset(pdev->bar, 0, sizeof(pdev->bar));
    if (kind != PCI_KIND_NORMAL && kind != PCI_KIND_BRIDGE)
        return;
    bars = kind == PCI_KIND_NORMAL ? 6 : 2;
    if (command & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY))
        pci_conf_write(pdev->sbdf, PCI_COMMAND, 2,
                       command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
    for (unsigned int i = 0; i < bars;)
        i += size_bar(pdev, i, bars);
    size_rom(pdev, kind == PCI_KIND_NORMAL ? PCI_ROM_NORMAL : PCI_ROM_BRIDGE);
    if (command & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY))
        pci_conf_write(pdev->sbdf, PCI_COMMAND, 2, command);
}
