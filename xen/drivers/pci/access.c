/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raw config space. The first 256 bytes of segment 0 go through the index and data
 * ports, which always work; everything else through memory-mapped windows, mapped a bus
 * at a time when a device is found on it.
 */
#include <xen/acpi.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/pci.h>
#include <xen/spinlock.h>
#include <asm/cpu.h>

#include "pci_private.h"

#define CF8_PORT        0xcf8
#define CFC_PORT        0xcfc
#define CF8_ENABLE      0x80000000U
#define BUS_BYTES       (1UL << 20)
#define LEGACY_SIZE     256U
#define CONFIG_SIZE     4096U

static DEFINE_SPINLOCK(cf8_lock, LOCK_PLATFORM);

/* bus[]: written once under pcidevs_lock or at boot, read without a lock. */
static struct window {
    struct acpi_mcfg_entry where;
    uint8_t *bus[256];
} windows[ACPI_MAX_MCFG];
static unsigned int nr_windows;

void pci_access_init(void)
{
    if (!acpi_host.have_mcfg)
        return;
    for (unsigned int i = 0; i < acpi_host.mcfg.count; i++)
        windows[nr_windows++].where = acpi_host.mcfg.entry[i];
}

static struct window *window_of(uint16_t segment, uint8_t bus)
{
    for (unsigned int i = 0; i < nr_windows; i++) {
        const struct acpi_mcfg_entry *e = &windows[i].where;

        if (e->segment == segment && bus >= e->first_bus && bus <= e->last_bus)
            return &windows[i];
    }
    return NULL;
}

bool pci_window_nth(unsigned int nth, struct acpi_mcfg_entry *where)
{
    if (nth >= nr_windows)
        return false;
    *where = windows[nth].where;
    return true;
}

int pci_map_bus(uint16_t segment, uint8_t bus)
{
    struct window *w = window_of(segment, bus);
    uint8_t *va;

    if (!w)
        return segment ? -ENODEV : 0;
    if (w->bus[bus])
        return 0;
    va = ioremap(w->where.base + bus * BUS_BYTES, BUS_BYTES);
    if (!va)
        return -ENOMEM;
    write_once(w->bus[bus], va);
    return 0;
}

static uint8_t *mapped_register(sbdf_t s, unsigned int reg)
{
    struct window *w = window_of(PCI_SEG(s), PCI_BUS(s));
    uint8_t *va = w ? read_once(w->bus[PCI_BUS(s)]) : NULL;

    return va ? va + ((unsigned long)PCI_DEVFN(s) << 12) + reg : NULL;
}

static bool use_ports(sbdf_t s, unsigned int reg)
{
    return PCI_SEG(s) == 0 && reg < LEGACY_SIZE;
}

static bool bad_access(unsigned int reg, unsigned int size)
{
    return (size != 1 && size != 2 && size != 4) || reg % size ||
           reg + size > CONFIG_SIZE;
}

static uint32_t cf8_address(sbdf_t s, unsigned int reg)
{
    return CF8_ENABLE | (uint32_t)PCI_RID(s) << 8 | (reg & 0xfc);
}

uint32_t pci_conf_read(sbdf_t s, unsigned int reg, unsigned int size)
{
    uint32_t val = ~0U;
    uint8_t *va;

    if (bad_access(reg, size))
        return val;
    if (use_ports(s, reg)) {
        uint64_t flags = spin_lock_irqsave(&cf8_lock);
        uint16_t port = (uint16_t)(CFC_PORT + (reg & 3));

        outl(cf8_address(s, reg), CF8_PORT);
        if (size == 1)
            val = inb(port);
        else
            val = size == 2 ? inw(port) : inl(port);
        spin_unlock_irqrestore(&cf8_lock, flags);
    } else if ((va = mapped_register(s, reg)) != NULL) {
        if (size == 1)
            val = mmio_read8(va);
        else
            val = size == 2 ? *(const volatile uint16_t *)va : mmio_read32(va);
    }
    return val;
}

void pci_conf_write(sbdf_t s, unsigned int reg, unsigned int size, uint32_t val)
{
    uint8_t *va;

    if (bad_access(reg, size))
        return;
    if (use_ports(s, reg)) {
        uint64_t flags = spin_lock_irqsave(&cf8_lock);
        uint16_t port = (uint16_t)(CFC_PORT + (reg & 3));

        outl(cf8_address(s, reg), CF8_PORT);
        if (size == 1)
            outb((uint8_t)val, port);
        else if (size == 2)
            outw((uint16_t)val, port);
        else
            outl(val, port);
        spin_unlock_irqrestore(&cf8_lock, flags);
    } else if ((va = mapped_register(s, reg)) != NULL) {
        if (size == 1)
            mmio_write8(va, (uint8_t)val);
        else if (size == 2)
            *(volatile uint16_t *)va = (uint16_t)val;
        else
            mmio_write32(va, val);
    }
}

/*
 * Domain 0 says whether its firmware tables reserve a window.  It may only confirm
 * what the MCFG says: a window is used from boot on or not at all.
 */
int pci_mmcfg_reserved(uint64_t address, uint16_t segment, uint8_t start, uint8_t end,
                       bool reserved)
{
    (void)reserved;
    if (end < start)
        return -EINVAL;
    for (unsigned int i = 0; i < nr_windows; i++) {
        const struct acpi_mcfg_entry *e = &windows[i].where;

        if (e->segment == segment && e->base == address && e->first_bus == start &&
            e->last_bus == end)
            return 0;
    }
    return -ENODEV;
}
