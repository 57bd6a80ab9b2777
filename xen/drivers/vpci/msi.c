/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MSI capability (PCI 3.0, section 6.8.1). What the guest writes says what it wants
 * to receive; the device sends what the host chose. One message is offered.
 */
#include <xen/lib.h>
#include <asm/hvm.h>

#include "private.h"

static void arrived(unsigned int irq, void *data)
{
    struct vpci *v = data;

    (void)irq;
    hvm_deliver_msi(v->d, read_once(v->msi.address), read_once(v->msi.data));
}

static uint32_t control_read(struct vpci *v, const struct vpci_field *f)
{
    uint32_t hw = vpci_hw_read(v, f);

    hw &= ~(uint32_t)(PCI_MSI_ENABLE | PCI_MSI_COUNT_CAPABLE | PCI_MSI_COUNT_ENABLED);
    return hw | (v->msi.enabled ? PCI_MSI_ENABLE : 0);
}

static void switch_off(struct vpci *v)
{
    pci_msi_enable(v->pdev, false, false, false);
    if (v->msi.bound)
        pci_msi_unbind(v->pdev, false, 0);
    v->msi.bound = false;
    v->msi.enabled = false;
}

static void control_write(struct vpci *v, const struct vpci_field *f, uint32_t val)
{
    bool on = val & PCI_MSI_ENABLE;
    int err;

    (void)f;
    if (on == v->msi.enabled)
        return;
    if (!on) {
        switch_off(v);
        return;
    }
    err = pci_msi_bind(v->pdev, false, 0, v->d, arrived, v);
    if (err) {
        /* The bit stays clear: the guest sees that it did not work. */
        gprintk(XENLOG_WARNING, "%pp: no MSI: error %d\n", &v->pdev->sbdf.v, err);
        return;
    }
    v->msi.bound = true;
    v->msi.enabled = true;
    pci_msi_mask(v->pdev, false, 0, v->msi.mask & 1);
    pci_msi_enable(v->pdev, false, true, false);
}

static uint32_t address_read(struct vpci *v, const struct vpci_field *f)
{
    return (uint32_t)(v->msi.address >> (f->arg ? 32 : 0));
}

static void address_write(struct vpci *v, const struct vpci_field *f, uint32_t val)
{
    uint64_t address = v->msi.address;

    if (f->arg)
        address = (uint64_t)val << 32 | (uint32_t)address;
    else
        address = (address & ~0xffffffffULL) | (val & ~3U);
    write_once(v->msi.address, address);
}

static uint32_t data_read(struct vpci *v, const struct vpci_field *f)
{
    (void)f;
    return v->msi.data;
}

static void data_write(struct vpci *v, const struct vpci_field *f, uint32_t val)
{
    (void)f;
    write_once(v->msi.data, (uint16_t)val);
}

static uint32_t mask_read(struct vpci *v, const struct vpci_field *f)
{
    (void)f;
    return v->msi.mask;
}

static void mask_write(struct vpci *v, const struct vpci_field *f, uint32_t val)
{
    (void)f;
    v->msi.mask = val & 1;
    if (v->msi.bound)
        pci_msi_mask(v->pdev, false, 0, val & 1);
}

int vpci_msi_init(struct vpci *v)
{
    unsigned int pos = v->pdev->msi_pos, data;
    struct pci_msi_info info;
    int err;

    if (!pci_msi_info(v->pdev, false, &info))
        return 0;
    pci_msi_enable(v->pdev, false, false, false);
    v->msi.is_64 = info.is_64;
    v->msi.maskable = info.maskable;
    data = pos + PCI_MSI_ADDRESS + (info.is_64 ? 8 : 4);
    err = vpci_add_field(v, pos + PCI_MSI_CONTROL, 2, 0, control_read, control_write);
    if (!err)
        err = vpci_add_field(v, pos + PCI_MSI_ADDRESS, 4, 0, address_read, address_write);
    if (!err && info.is_64)
        err = vpci_add_field(v, pos + PCI_MSI_ADDRESS + 4, 4, 1, address_read,
                             address_write);
    if (!err)
        err = vpci_add_field(v, data, 2, 0, data_read, data_write);
    if (!err && info.maskable)
        err = vpci_add_field(v, data + 4, 4, 0, mask_read, mask_write);
    if (!err && info.maskable)
        err = vpci_add_field(v, data + 8, 4, 0, vpci_hw_read, NULL);
    return err;
}

void vpci_msi_reset(struct vpci *v)
{
    if (v->msi.enabled)
        switch_off(v);
    v->msi.address = v->msi.data = v->msi.mask = 0;
}
