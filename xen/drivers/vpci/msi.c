/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MSI capability (PCI 3.0, section 6.8.1). What the guest writes says what it wants
 * to receive; the device sends what the host chose. Several vectors are one message, in
 * whose low bits the device puts the vector's number.
 */
#include <xen/alloc.h>
#include <xen/lib.h>
#include <asm/hvm.h>

#include "private.h"

static void arrived(unsigned int irq, void *data)
{
    const struct vpci_msi_vector *e = data;
    struct vpci_msi *m = &e->owner->msi;

    (void)irq;
    hvm_deliver_msi(e->owner->d, read_once(m->address),
                    (read_once(m->data) & ~(m->bound - 1)) | e->n);
}

static uint32_t control_read(struct vpci *v, const struct vpci_field *f)
{
    uint32_t hw = vpci_hw_read(v, f);

    hw &= ~(uint32_t)(PCI_MSI_ENABLE | PCI_MSI_COUNT_CAPABLE | PCI_MSI_COUNT_ENABLED);
    return hw | (v->msi.enabled ? PCI_MSI_ENABLE : 0) |
           (uint32_t)v->msi.max << PCI_MSI_CAPABLE_SHIFT |
           (uint32_t)v->msi.order << PCI_MSI_ENABLED_SHIFT;
}

static void unbind(struct vpci *v, unsigned int n)
{
    while (n)
        pci_msi_unbind(v->pdev, false, --n);
    v->msi.bound = 0;
}

static void switch_off(struct vpci *v)
{
    pci_msi_enable(v->pdev, 0);
    unbind(v, v->msi.bound);
    v->msi.enabled = false;
}

static void switch_on(struct vpci *v)
{
    unsigned int n = 1U << v->msi.order, i;
    int err = 0;

    v->msi.bound = n;
    for (i = 0; i < n && !err; i += !err)
        err = pci_msi_bind(v->pdev, false, i, v->d, arrived, &v->msi.vector[i]);
    if (err) {
        /* The bit stays clear: the guest sees that it did not work. */
        unbind(v, i);
        gprintk(XENLOG_WARNING, "%pp: no MSI, %u vectors: error %d\n",
                &v->pdev->sbdf.v, n, err);
        return;
    }
    for (i = 0; i < n; i++)
        pci_msi_mask(v->pdev, false, i, v->msi.mask >> i & 1);
    v->msi.enabled = true;
    pci_msi_enable(v->pdev, n);
}

/* Another number of vectors while it is on is as if it had been off between. */
static void control_write(struct vpci *v, const struct vpci_field *f, uint32_t val)
{
    uint32_t order = (val & PCI_MSI_COUNT_ENABLED) >> PCI_MSI_ENABLED_SHIFT;
    bool on = val & PCI_MSI_ENABLE;

    (void)f;
    order = MIN(order, (uint32_t)v->msi.max);
    if (on && v->msi.enabled && order == v->msi.order)
        return;
    if (v->msi.enabled)
        switch_off(v);
    v->msi.order = (uint8_t)order;
    if (on)
        switch_on(v);
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
    uint32_t changed;

    (void)f;
    val &= (uint32_t)((1ULL << (1U << v->msi.max)) - 1);
    changed = v->msi.mask ^ val;
    v->msi.mask = val;
    for (unsigned int i = 0; i < v->msi.bound; i++) {
        if (changed >> i & 1)
            pci_msi_mask(v->pdev, false, i, val >> i & 1);
    }
}

static int make_vectors(struct vpci *v, unsigned int n)
{
    v->msi.vector = charge_alloc_array(&v->d->charge, CHARGE_VPCI, n,
                                       sizeof(*v->msi.vector));
    if (!v->msi.vector)
        return -ENOMEM;
    v->msi.max = (uint8_t)__builtin_ctz(n);
    for (unsigned int i = 0; i < n; i++)
        v->msi.vector[i] = (struct vpci_msi_vector){ .owner = v, .n = i };
    return 0;
}

int vpci_msi_init(struct vpci *v)
{
    unsigned int pos = v->pdev->msi_pos, data;
    struct pci_msi_info info;
    int err;

    if (!pci_msi_info(v->pdev, false, &info))
        return 0;
    pci_msi_enable(v->pdev, 0);
    err = make_vectors(v, info.vectors);
    if (err)
        return err;
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
    v->msi.order = 0;
    v->msi.address = v->msi.data = v->msi.mask = 0;
}

void vpci_msi_release(struct vpci *v)
{
    vpci_msi_reset(v);
    charge_free(v->msi.vector);
    v->msi.vector = NULL;
}
