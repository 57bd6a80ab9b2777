/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command register and BARs (PCI 3.0, sections 6.2.2 and 6.2.5). The device's memory
 * appears in the guest's p2m while memory decoding is on. BARs are written to the device
 * only while decoding is off, so guest and device always agree on where it is mapped.
 */
#include <xen/lib.h>

#include "private.h"

static unsigned int bar_register(const struct vpci *v, unsigned int i)
{
    if (i == PCI_ROM_BAR)
        return v->pdev->is_bridge ? PCI_ROM_BRIDGE : PCI_ROM_NORMAL;
    return PCI_BAR0 + 4 * i;
}

/* Decoding is off: the device may move, for domain 0 only. */
static void write_bar_to_device(struct vpci *v, unsigned int i)
{
    const struct vpci_bar *bar = &v->bar[i];
    unsigned int reg = bar_register(v, i);

    if (!bar->size || !v->d->is_privileged)
        return;
    if (bar->is_rom) {
        pci_conf_write(v->pdev->sbdf, reg, 4,
                       (uint32_t)bar->addr | (bar->enabled ? PCI_ROM_ENABLE : 0));
        return;
    }
    pci_conf_write(v->pdev->sbdf, reg, 4, (uint32_t)bar->addr | bar->flags);
    if (bar->is_64)
        pci_conf_write(v->pdev->sbdf, reg + 4, 4, (uint32_t)(bar->addr >> 32));
}

/* ---- command ---- */

static void unmap_bars(struct vpci *v)
{
    for (unsigned int i = 0; i <= PCI_ROM_BAR; i++)
        vpci_unmap_bar(v, i);
}

/* What a domain other than 0 may set. */
#define COMMAND_GUEST (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | \
                       PCI_COMMAND_INTX_OFF)

static uint32_t command_read(struct vpci *v, const struct vpci_field *f)
{
    return v->d->is_privileged ? vpci_hw_read(v, f) : v->command;
}

void vpci_update_command(struct vpci *v)
{
    pci_conf_write(v->pdev->sbdf, PCI_COMMAND, 2,
                   v->command | (v->intx ? 0 : PCI_COMMAND_INTX_OFF));
}

/* Other domains than 0 do not see that the device's interrupt line is switched off. */
static void hw_command_write(struct vpci *v, uint32_t val)
{
    if (v->d->is_privileged) {
        pci_conf_write(v->pdev->sbdf, PCI_COMMAND, 2, val);
        return;
    }
    v->command = (uint16_t)(val & COMMAND_GUEST);
    if (v->no_master)
        v->command &= (uint16_t)~PCI_COMMAND_MASTER;
    vpci_update_command(v);
}

bool vpci_stop_dma(struct pci_dev *pdev)
{
    struct vpci *v = pdev->vpci;
    uint32_t command;

    ASSERT_LOCKED(&pcidevs_lock);
    if (!v) {
        command = pci_conf_read(pdev->sbdf, PCI_COMMAND, 2);
        pci_conf_write(pdev->sbdf, PCI_COMMAND, 2, command & ~PCI_COMMAND_MASTER);
        return command & PCI_COMMAND_MASTER;
    }
    spin_lock(&v->d->arch.vpci_lock);
    command = v->command;
    if (command & PCI_COMMAND_MASTER) {
        v->no_master = true;
        hw_command_write(v, command);
    }
    spin_unlock(&v->d->arch.vpci_lock);
    return command & PCI_COMMAND_MASTER;
}

static void command_write(struct vpci *v, const struct vpci_field *f, uint32_t val)
{
    bool on = val & PCI_COMMAND_MEMORY;

    (void)f;
    if (on && !v->memory_on) {
        for (unsigned int i = 0; i <= PCI_ROM_BAR; i++)
            write_bar_to_device(v, i);
        vpci_begin(v, VPCI_MAP);
    } else {
        hw_command_write(v, val);
        if (!on && v->memory_on) {
            v->memory_on = false;
            vpci_begin(v, VPCI_UNMAP);
        }
    }
}

/*
 * Decoding is off meanwhile, for the guest and the device, and is switched on by the
 * write that began this, after it.
 */
bool vpci_header_step(struct vpci *v)
{
    int err = v->job == VPCI_MAP ? vpci_map_step(v, v->at) : vpci_unmap_step(v, v->at);

    if (err == -ERESTART || ++v->at <= PCI_ROM_BAR)
        return false;
    v->memory_on = v->job == VPCI_MAP;
    for (unsigned int i = 0; !v->memory_on && !v->leaving && i <= PCI_ROM_BAR; i++)
        write_bar_to_device(v, i);
    return true;
}

/* ---- base addresses ---- */

static uint32_t bar_read(struct vpci *v, const struct vpci_field *f)
{
    const struct vpci_bar *bar = &v->bar[f->arg];

    if (f->reg != bar_register(v, f->arg))
        return (uint32_t)(bar->addr >> 32);
    return (uint32_t)bar->addr | bar->flags;
}

/* While decoding is on only the shadow changes: that is how sizes are probed. */
static void bar_write(struct vpci *v, const struct vpci_field *f, uint32_t val)
{
    struct vpci_bar *bar = &v->bar[f->arg];

    if (f->reg != bar_register(v, f->arg))
        bar->addr = (uint64_t)val << 32 | (uint32_t)bar->addr;
    else
        bar->addr = (bar->addr & ~0xffffffffULL) | (val & ~PCI_BAR_MEM_FLAGS);
    bar->addr &= ~(bar->size - 1);
    if (!bar->is_64)
        bar->addr &= 0xffffffff;
    if (!v->memory_on)
        write_bar_to_device(v, f->arg);
}

static uint32_t rom_read(struct vpci *v, const struct vpci_field *f)
{
    const struct vpci_bar *bar = &v->bar[f->arg];

    return (uint32_t)bar->addr | (bar->enabled ? PCI_ROM_ENABLE : 0);
}

static void rom_write(struct vpci *v, const struct vpci_field *f, uint32_t val)
{
    struct vpci_bar *bar = &v->bar[f->arg];
    uint64_t addr = val & ~PCI_ROM_FLAGS & ~(bar->size - 1);
    bool enable = val & PCI_ROM_ENABLE;

    /* The enable bit counts at once; a move only while the ROM is not mapped. */
    if (bar->mapped && (!enable || addr != bar->addr))
        vpci_unmap_bar(v, f->arg);
    bar->addr = addr;
    bar->enabled = enable;
    write_bar_to_device(v, f->arg);
    if (v->memory_on && enable)
        (void)vpci_map_bar(v, f->arg);
}

static int add_bars(struct vpci *v, unsigned int count)
{
    int err = 0;

    for (unsigned int i = 0; i < count && !err; i++) {
        const struct pci_bar *hw = &v->pdev->bar[i];
        struct vpci_bar *bar = &v->bar[i];
        unsigned int reg = PCI_BAR0 + 4 * i;

        if (!hw->size || hw->is_io)
            continue;
        bar->size = hw->size;
        bar->is_64 = hw->is_64;
        bar->enabled = true;
        bar->addr = pci_conf_read(v->pdev->sbdf, reg, 4);
        bar->flags = (uint32_t)bar->addr & PCI_BAR_MEM_FLAGS;
        bar->addr &= ~(uint64_t)PCI_BAR_MEM_FLAGS;
        err = vpci_add_field(v, reg, 4, (uint8_t)i, bar_read, bar_write);
        if (!err && bar->is_64) {
            bar->addr |= (uint64_t)pci_conf_read(v->pdev->sbdf, reg + 4, 4) << 32;
            err = vpci_add_field(v, reg + 4, 4, (uint8_t)i, bar_read, bar_write);
        }
        bar->host = bar->addr;
        /* A guest puts its devices where it wants them. */
        if (!v->d->is_privileged)
            bar->addr = 0;
        if (bar->is_64)
            i++;
    }
    return err;
}

static int add_rom(struct vpci *v)
{
    const struct pci_bar *hw = &v->pdev->bar[PCI_ROM_BAR];
    struct vpci_bar *bar = &v->bar[PCI_ROM_BAR];
    unsigned int reg = bar_register(v, PCI_ROM_BAR);
    uint32_t val;

    if (!hw->size)
        return 0;
    val = pci_conf_read(v->pdev->sbdf, reg, 4);
    bar->size = hw->size;
    bar->is_rom = true;
    bar->addr = val & ~PCI_ROM_FLAGS;
    bar->enabled = val & PCI_ROM_ENABLE;
    return vpci_add_field(v, reg, 4, PCI_ROM_BAR, rom_read, rom_write);
}

/* ---- what other domains than 0 see besides ---- */

static uint8_t first_cap(const struct vpci *v)
{
    return v->pdev->msi_pos ? v->pdev->msi_pos : v->pdev->msix_pos;
}

static uint32_t status_read(struct vpci *v, const struct vpci_field *f)
{
    (void)f;
    return first_cap(v) ? PCI_STATUS_CAP_LIST : 0;
}

static uint32_t cap_pointer_read(struct vpci *v, const struct vpci_field *f)
{
    (void)f;
    return first_cap(v);
}

/* Id and next pointer; the list holds MSI and MSI-X, nothing else. */
static uint32_t cap_head_read(struct vpci *v, const struct vpci_field *f)
{
    if (f->arg == PCI_CAP_MSI)
        return PCI_CAP_MSI | (uint32_t)v->pdev->msix_pos << 8;
    return f->arg;
}

static int add_identity(struct vpci *v)
{
    static const uint16_t shown[] = { PCI_VENDOR_ID, PCI_CLASS_REVISION, 0x0c, 0x2c };
    unsigned int msi = v->pdev->msi_pos, msix = v->pdev->msix_pos;
    int err = vpci_add_field(v, PCI_STATUS, 2, 0, status_read, NULL);

    for (unsigned int i = 0; i < ARRAY_SIZE(shown) && !err; i++)
        err = vpci_add_field(v, shown[i], 4, 0, vpci_hw_read, NULL);
    if (!err)
        err = vpci_add_field(v, PCI_CAP_POINTER, 1, 0, cap_pointer_read, NULL);
    if (!err && msi)
        err = vpci_add_field(v, msi, 2, PCI_CAP_MSI, cap_head_read, NULL);
    if (!err && msix)
        err = vpci_add_field(v, msix, 2, PCI_CAP_MSIX, cap_head_read, NULL);
    if (!err && msix)
        err = vpci_add_field(v, msix + PCI_MSIX_TABLE, 4, 0, vpci_hw_read, NULL);
    if (!err && msix)
        err = vpci_add_field(v, msix + PCI_MSIX_PBA, 4, 0, vpci_hw_read, NULL);
    return err;
}

/* Bus mastering and decoding are off when a guest gets the device and when it goes. */
static void switch_off_device(struct vpci *v)
{
    pci_conf_write(v->pdev->sbdf, PCI_COMMAND, 2, PCI_COMMAND_INTX_OFF);
}

int vpci_header_init(struct vpci *v)
{
    unsigned int kind = pci_conf_read(v->pdev->sbdf, PCI_HEADER_TYPE, 1) &
                        PCI_HEADER_KIND;
    uint32_t command = pci_conf_read(v->pdev->sbdf, PCI_COMMAND, 2);
    int err = vpci_add_field(v, PCI_COMMAND, 2, 0, command_read, command_write);

    if (!err && kind == PCI_KIND_NORMAL)
        err = add_bars(v, 6);
    else if (!err && kind == PCI_KIND_BRIDGE)
        err = add_bars(v, 2);
    if (!err && kind != PCI_KIND_CARDBUS && v->d->is_privileged)
        err = add_rom(v);
    if (!v->d->is_privileged) {
        switch_off_device(v);
        command = 0;
        err = err ? err : kind == PCI_KIND_NORMAL ? add_identity(v) : -EOPNOTSUPP;
    }
    if (err)
        return err;
    /* Firmware left it on: domain 0 finds it as it was. */
    v->memory_on = command & PCI_COMMAND_MEMORY;
    for (unsigned int i = 0; v->memory_on && i <= PCI_ROM_BAR && err != -ENOMEM; i++)
        err = vpci_map_bar(v, i);
    /* A BAR that firmware put in the way of something: the rest is still of use. */
    return err == -ENOMEM ? err : 0;
}

static void stop_decoding(struct vpci *v)
{
    uint32_t command = pci_conf_read(v->pdev->sbdf, PCI_COMMAND, 2);

    command &= ~(uint32_t)PCI_COMMAND_MEMORY;
    pci_conf_write(v->pdev->sbdf, PCI_COMMAND, 2, command);
    v->memory_on = false;
}

void vpci_header_switch_off(struct vpci *v)
{
    stop_decoding(v);
    vpci_begin(v, VPCI_UNMAP);
}

/* Domain 0's device goes on as it is: what it does is up to whoever gets it. */
void vpci_header_leave(struct vpci *v)
{
    v->memory_on = false;
    v->command = 0;
    if (!v->d->is_privileged)
        switch_off_device(v);
    vpci_begin(v, VPCI_UNMAP);
}

void vpci_header_reset(struct vpci *v)
{
    stop_decoding(v);
    unmap_bars(v);
}

void vpci_header_release(struct vpci *v)
{
    unmap_bars(v);
    if (!v->d->is_privileged)
        switch_off_device(v);
}
