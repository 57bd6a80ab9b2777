/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI and MSI-X, host side (PCI 3.0, section 6.8). Domains never write a real message:
 * they ask for a vector, the host chooses what the device sends.
 */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/iommu.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/cpu.h>

#include "pci_private.h"

struct vector {
    struct msi_source src;
    struct domain *d;
    int irq;                    /* 0: not bound */
    bool masked;
    volatile uint8_t *slot;     /* MSI-X: this entry in the table */
};

struct vectors {
    struct vector *v;           /* NULL until the first one is bound */
    unsigned int count;
};

/* pdev->msi. The owner's vpci_lock serialises all but write_msg and set_mask, which
 * touch only their own vector, and the mask that MSI's vectors have in common. */
struct msi_state {
    struct vectors of[2];       /* MSI, MSI-X */
    uint32_t msi_mask;          /* a bit a vector [mask_lock] */
    void *table;
    uint64_t table_pa;          /* where table was mapped from */
};

static DEFINE_SPINLOCK(mask_lock, LOCK_MSI);

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
        /* Several differ in the low bits of one message: the IOMMU tells them apart. */
        if (iommu_intremap && !pdev->msi_single)
            info->vectors <<= MIN((control & PCI_MSI_COUNT_CAPABLE) >>
                                      PCI_MSI_CAPABLE_SHIFT,
                                  (uint32_t)PCI_MSI_MAX_ORDER);
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

    /* The device adds a vector's number to the message of the first. */
    if (src->entry)
        return;
    pci_conf_write(pdev->sbdf, pos + PCI_MSI_ADDRESS, 4, (uint32_t)msg->address);
    if (control & PCI_MSI_64BIT)
        pci_conf_write(pdev->sbdf, pos + PCI_MSI_ADDRESS + 4, 4,
                       (uint32_t)(msg->address >> 32));
    pci_conf_write(pdev->sbdf, pos + data_offset(control), 2, msg->data);
}

static void msi_set_mask(struct msi_source *src, bool masked)
{
    struct pci_dev *pdev = src->pdev;
    struct msi_state *state = pdev->msi;
    unsigned int pos = pdev->msi_pos;
    uint32_t control = pci_conf_read(pdev->sbdf, pos + PCI_MSI_CONTROL, 2);
    uint64_t flags;

    /* Without mask bits the enable bit is all there is, and that is the guest's. */
    if (!(control & PCI_MSI_MASKABLE))
        return;
    flags = spin_lock_irqsave(&mask_lock);
    if (masked)
        state->msi_mask |= 1U << src->entry;
    else
        state->msi_mask &= ~(1U << src->entry);
    pci_conf_write(pdev->sbdf, pos + data_offset(control) + 4, 4, state->msi_mask);
    spin_unlock_irqrestore(&mask_lock, flags);
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

/* A guest decides how many there are: they are charged to whoever has the device. */
static struct charge *charge_of(const struct pci_dev *pdev)
{
    return pdev->domain ? &pdev->domain->charge : NULL;
}

static int make_vectors(struct pci_dev *pdev, struct vectors *of, unsigned int count)
{
    of->v = charge_alloc_array(charge_of(pdev), CHARGE_IRQ, count, sizeof(*of->v));
    of->count = of->v ? count : 0;
    return of->v ? 0 : -ENOMEM;
}

static void drop_vectors(struct vectors *of)
{
    for (unsigned int i = 0; i < of->count; i++)
        drop(&of->v[i]);
    charge_free(of->v);
    *of = (struct vectors){ NULL, 0 };
}

static void unmap_table(struct msi_state *state)
{
    drop_vectors(&state->of[true]);
    if (state->table)
        iounmap(state->table);
    state->table = NULL;
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
    if (state->table && state->table_pa == bar->addr + info.table_offset)
        return 0;
    /* The BAR moved: what was programmed through the old place is void. */
    unmap_table(state);
    state->table_pa = bar->addr + info.table_offset;
    if (make_vectors(pdev, &state->of[true], info.vectors))
        return -ENOMEM;
    state->table = ioremap_for(charge_of(pdev), CHARGE_IRQ, state->table_pa, len);
    if (!state->table)
        drop_vectors(&state->of[true]);
    return state->table ? 0 : -ENOMEM;
}

static int make_msi(struct pci_dev *pdev, struct msi_state *state)
{
    struct pci_msi_info info;

    if (state->of[false].v)
        return 0;
    if (!pci_msi_info(pdev, false, &info))
        return -EINVAL;
    state->msi_mask = (uint32_t)((1ULL << info.vectors) - 1);
    return make_vectors(pdev, &state->of[false], info.vectors);
}

/* The vector's slot, made on first use. */
static int get_vector(struct pci_dev *pdev, bool msix, unsigned int entry,
                      struct vector **out)
{
    struct msi_state *state = pdev->msi;
    int err;

    if (!state) {
        state = charge_alloc(charge_of(pdev), CHARGE_IRQ, sizeof(*state));
        if (!state)
            return -ENOMEM;
        pdev->msi = state;
    }
    err = msix ? map_table(pdev, state) : make_msi(pdev, state);
    if (err)
        return err;
    if (entry >= state->of[msix].count)
        return -EINVAL;
    *out = &state->of[msix].v[entry];
    if (msix)
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

    if (state && entry < state->of[msix].count)
        v = &state->of[msix].v[entry];
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

static void change_control(const struct pci_dev *pdev, unsigned int pos, uint32_t clear,
                           uint32_t set)
{
    uint32_t control;

    if (!pos)
        return;
    control = pci_conf_read(pdev->sbdf, pos + PCI_MSI_CONTROL, 2);
    pci_conf_write(pdev->sbdf, pos + PCI_MSI_CONTROL, 2, (control & ~clear) | set);
}

void pci_msi_enable(struct pci_dev *pdev, unsigned int vectors)
{
    uint32_t set = 0;

    if (vectors)
        set = PCI_MSI_ENABLE | (uint32_t)__builtin_ctz(vectors) << PCI_MSI_ENABLED_SHIFT;
    change_control(pdev, pdev->msi_pos, PCI_MSI_ENABLE | PCI_MSI_COUNT_ENABLED, set);
}

void pci_msix_enable(struct pci_dev *pdev, bool enable, bool mask_all)
{
    change_control(pdev, pdev->msix_pos, PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL,
                   (enable ? PCI_MSIX_ENABLE : 0) | (mask_all ? PCI_MSIX_MASK_ALL : 0));
}

void pci_msi_release(struct pci_dev *pdev)
{
    struct msi_state *state = pdev->msi;

    pci_msi_enable(pdev, 0);
    pci_msix_enable(pdev, false, false);
    if (!state)
        return;
    drop_vectors(&state->of[false]);
    unmap_table(state);
    charge_free(state);
    pdev->msi = NULL;
}
