/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI and MSI-X, host side (PCI 3.0, section 6.8). Domains never write a real message:
 * they ask for a vector, the host chooses what the device sends.
 */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/cpu.h>

#include "pci_private.h"

struct vector {
    struct msi_source src;
    struct domain *d;
    int irq;                    /* 0: not bound */
    bool msix;
    bool masked;
    volatile uint8_t *slot;     /* MSI-X: this entry in the table */
};

/* pdev->msi. The owner's vpci_lock serialises all but write_msg and set_mask, which
 * touch only their own vector. */
struct msi_state {
    struct vector msi;
    struct vector *msix;        /* NULL until the first one is bound */
    unsigned int msix_count;
    void *table;
    uint64_t table_pa;          /* where table was mapped from */
};

bool pci_msi_info(const struct pci_dev *pdev, bool msix, struct pci_msi_info *info)
{
    unsigned int pos = msix ? pdev->msix_pos : pdev->msi_pos;
    uint32_t control, where;

    memset(info, 0, sizeof(*info));
    if (!pos)
        return false;
    control = pci_conf_read(pdev->sbdf, pos + PCI_MSI_CONTROL, 2);
    if (!msix) {
        info->vectors = 1;
        info->is_64 = control & PCI_MSI_64BIT;
        info->maskable = control & PCI_MSI_MASKABLE;
        return true;
    }
    info->vectors = (control & PCI_MSIX_SIZE_MASK) + 1;
    where = pci_conf_read(pdev->sbdf, pos + PCI_MSIX_TABLE, 4);
    info->table_bar = where & PCI_MSIX_BIR_MASK;
    info->table_offset = where & ~PCI_MSIX_BIR_MASK;
    where = pci_conf_read(pdev->sbdf, pos + PCI_MSIX_PBA, 4);
    info->pba_bar = where & PCI_MSIX_BIR_MASK;
    info->pba_offset = where & ~PCI_MSIX_BIR_MASK;
    return info->table_bar < 6 && info->pba_bar < 6;
}

/* ---- MSI registers: the layout depends on two capability flags ---- */

static unsigned int data_offset(uint32_t control)
{
    return PCI_MSI_ADDRESS + (control & PCI_MSI_64BIT ? 8 : 4);
}

static void msi_write_msg(struct msi_source *src, const struct msi_msg *msg)
{
    struct pci_dev *pdev = src->pdev;
    unsigned int pos = pdev->msi_pos;
    uint32_t control = pci_conf_read(pdev->sbdf, pos + PCI_MSI_CONTROL, 2);

    pci_conf_write(pdev->sbdf, pos + PCI_MSI_ADDRESS, 4, (uint32_t)msg->address);
    if (control & PCI_MSI_64BIT)
        pci_conf_write(pdev->sbdf, pos + PCI_MSI_ADDRESS + 4, 4,
                       (uint32_t)(msg->address >> 32));
    pci_conf_write(pdev->sbdf, pos + data_offset(control), 2, msg->data);
}

static void msi_set_mask(struct msi_source *src, bool masked)
{
    struct pci_dev *pdev = src->pdev;
    unsigned int pos = pdev->msi_pos;
    uint32_t control = pci_conf_read(pdev->sbdf, pos + PCI_MSI_CONTROL, 2);

    /* Without mask bits the enable bit is all there is, and that is the guest's. */
    if (control & PCI_MSI_MASKABLE)
        pci_conf_write(pdev->sbdf, pos + data_offset(control) + 4, 4, masked);
}

static void msix_write_msg(struct msi_source *src, const struct msi_msg *msg)
{
    struct vector *v = src->priv;

    /* An entry may be changed only while it is masked (6.8.3.5). */
    mmio_write32(v->slot + 12, PCI_MSIX_VECTOR_MASKED);
    mmio_write32(v->slot, (uint32_t)msg->address);
    mmio_write32(v->slot + 4, (uint32_t)(msg->address >> 32));
    mmio_write32(v->slot + 8, msg->data);
    if (!v->masked)
        mmio_write32(v->slot + 12, 0);
}

static void msix_set_mask(struct msi_source *src, bool masked)
{
    struct vector *v = src->priv;

    v->masked = masked;
    mmio_write32(v->slot + 12, masked ? PCI_MSIX_VECTOR_MASKED : 0);
    (void)mmio_read32(v->slot + 12);    /* posted: force it out */
}

static void drop(struct vector *v);

static void unmap_table(struct msi_state *state)
{
    for (unsigned int i = 0; i < state->msix_count; i++)
        drop(&state->msix[i]);
    if (state->table)
        iounmap(state->table);
    xfree(state->msix);
    state->msix = NULL;
    state->table = NULL;
    state->msix_count = 0;
}

/* Bring the table into reach, wherever its BAR is now. */
static int map_table(struct pci_dev *pdev, struct msi_state *state)
{
    struct pci_msi_info info;
    const struct pci_bar *bar;
    uint64_t len;

    if (!pci_msi_info(pdev, true, &info))
        return -EINVAL;
    bar = &pdev->bar[info.table_bar];
    len = (uint64_t)info.vectors * PCI_MSIX_ENTRY_LEN;
    if (bar->is_io || !bar->addr || info.table_offset + len > bar->size)
        return -ENXIO;
    if (state->msix && state->table_pa == bar->addr + info.table_offset)
        return 0;
    /* The BAR moved: what was programmed through the old place is void. */
    unmap_table(state);
    state->table_pa = bar->addr + info.table_offset;
    state->msix = xalloc_array(struct vector, info.vectors);
    state->table = state->msix ? ioremap(state->table_pa, len) : NULL;
    if (!state->table) {
        xfree(state->msix);
        state->msix = NULL;
        return -ENOMEM;
    }
    state->msix_count = info.vectors;
    return 0;
}

/* The vector's slot, made on first use. */
static int get_vector(struct pci_dev *pdev, bool msix, unsigned int entry,
                      struct vector **out)
{
    struct msi_state *state = pdev->msi;
    int err;

    if (!state) {
        state = xalloc(struct msi_state);
        if (!state)
            return -ENOMEM;
        pdev->msi = state;
    }
    if (!msix) {
        *out = &state->msi;
        return entry || !pdev->msi_pos ? -EINVAL : 0;
    }
    err = map_table(pdev, state);
    if (err)
        return err;
    if (entry >= state->msix_count)
        return -EINVAL;
    *out = &state->msix[entry];
    (*out)->slot = (uint8_t *)state->table + (size_t)entry * PCI_MSIX_ENTRY_LEN;
    return 0;
}

int pci_msi_bind(struct pci_dev *pdev, bool msix, unsigned int entry, struct domain *d,
                 irq_handler_t fn, void *data)
{
    struct vector *v;
    int irq, err = get_vector(pdev, msix, entry, &v);

    if (err)
        return err;
    if (v->irq)
        return -EBUSY;
    v->msix = msix;
    v->masked = true;
    v->src = (struct msi_source){
        .pdev = pdev, .entry = entry, .priv = v,
        .write_msg = msix ? msix_write_msg : msi_write_msg,
        .set_mask = msix ? msix_set_mask : msi_set_mask,
    };
    irq = irq_alloc_msi(&v->src);
    if (irq < 0)
        return irq;
    err = irq_bind_guest((unsigned int)irq, d, fn, data);
    if (err) {
        irq_free_msi((unsigned int)irq);
        return err;
    }
    v->irq = irq;
    v->d = d;
    return 0;
}

static void drop(struct vector *v)
{
    unsigned int irq = (unsigned int)v->irq;

    if (!v->irq)
        return;
    irq_unbind_guest(irq, v->d);
    irq_free_msi(irq);
    v->irq = 0;
    v->d = NULL;
}

static struct vector *find_vector(struct pci_dev *pdev, bool msix, unsigned int entry)
{
    struct msi_state *state = pdev->msi;
    struct vector *v = NULL;

    if (state && !msix && entry == 0)
        v = &state->msi;
    else if (state && msix && entry < state->msix_count)
        v = &state->msix[entry];
    return v && v->irq ? v : NULL;
}

void pci_msi_unbind(struct pci_dev *pdev, bool msix, unsigned int entry)
{
    struct vector *v = find_vector(pdev, msix, entry);

    if (v)
        drop(v);
}

void pci_msi_mask(struct pci_dev *pdev, bool msix, unsigned int entry, bool masked)
{
    struct vector *v = find_vector(pdev, msix, entry);

    if (!v)
        return;
    if (masked)
        irq_mask((unsigned int)v->irq);
    else
        irq_unmask((unsigned int)v->irq);
}

void pci_msi_enable(struct pci_dev *pdev, bool msix, bool enable, bool mask_all)
{
    unsigned int pos = msix ? pdev->msix_pos : pdev->msi_pos;
    uint32_t control;

    if (!pos)
        return;
    control = pci_conf_read(pdev->sbdf, pos + PCI_MSI_CONTROL, 2);
    if (msix) {
        control &= ~(uint32_t)(PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
        control |= (enable ? PCI_MSIX_ENABLE : 0) | (mask_all ? PCI_MSIX_MASK_ALL : 0);
    } else {
        control &= ~(uint32_t)(PCI_MSI_ENABLE | PCI_MSI_COUNT_ENABLED);
        control |= enable ? PCI_MSI_ENABLE : 0;
    }
    pci_conf_write(pdev->sbdf, pos + PCI_MSI_CONTROL, 2, control);
}

void pci_msi_release(struct pci_dev *pdev)
{
    struct msi_state *state = pdev->msi;

    pci_msi_enable(pdev, false, false, false);
    pci_msi_enable(pdev, true, false, false);
    if (!state)
        return;
    drop(&state->msi);
    unmap_table(state);
    xfree(state);
    pdev->msi = NULL;
}
