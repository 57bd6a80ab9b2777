/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt remapping (5.1). A source sends an index into its unit's table; the entry
 * says which vector and processor that means and which requester may use it. Messages in
 * the old format are blocked.
 */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/cpu.h>

#include "hw.h"

#define PINS            256U
#define NO_INDEX        (-1)
#define MSI_REMAPPABLE  (1ULL << 4)
#define MSI_SUBHANDLE   (1ULL << 3)     /* the data is added to the index (5.1.5.2) */
#define RTE_KEEP        0x1b0ffULL      /* vector, status, polarity, trigger, mask */
#define RTE_REMAPPABLE  (1ULL << 48)
#define RTE_LOGICAL     (1ULL << 11)
#define RTE_LEVEL       (1ULL << 15)

struct ioapic {
    uint8_t id;
    uint16_t rid;
    struct vtd_unit *unit;
    int16_t index[PINS];        /* by pin, NO_INDEX: none [vtd_hw_lock] */
};

static struct ioapic ioapics[ACPI_MAX_IOAPICS];
static unsigned int nr_ioapics;

/* All units must be able to, and every I/O APIC must be behind one. */
int __init vtd_intremap_init(void)
{
    const struct acpi_madt *madt = &acpi_host.madt;

    if (!(vtd_dmar.flags & ACPI_DMAR_INTR_REMAP))
        return -ENODEV;
    for (unsigned int i = 0; i < vtd_nr_units; i++) {
        if (!vtd_units[i]->ring || !(vtd_units[i]->ecap & ECAP_INTREMAP))
            return -ENODEV;
    }
    for (unsigned int i = 0; i < madt->ioapics; i++) {
        struct ioapic *io = &ioapics[i];

        io->id = madt->ioapic[i].id;
        io->unit = vtd_unit_of_ioapic(io->id, &io->rid);
        if (!io->unit)
            return -ENODEV;
        for (unsigned int pin = 0; pin < PINS; pin++)
            io->index[pin] = NO_INDEX;
    }
    nr_ioapics = madt->ioapics;
    return 0;
}

bool vtd_is_ioapic(uint16_t segment, uint16_t rid)
{
    for (unsigned int i = 0; iommu_intremap && i < nr_ioapics; i++) {
        if (ioapics[i].unit->segment == segment && ioapics[i].rid == rid)
            return true;
    }
    return false;
}

/* The queue runs: hand the unit its table and switch remapping on. */
int __init vtd_intremap_start(struct vtd_unit *u)
{
    int err;

    u->irt = charge_alloc_pages(NULL, CHARGE_MISC, IRT_ORDER);
    u->irt_used = xalloc_array(unsigned long, BITS_TO_LONGS(IRT_ENTRIES));
    if (!u->irt || !u->irt_used)
        return -ENOMEM;
    vtd_sync(u, u->irt, IRT_ENTRIES * sizeof(*u->irt));
    mmio_write64(u->regs + REG_IRTA, virt_to_paddr(u->irt) | IRT_SIZE_CODE);
    err = vtd_global(u, G_IRT_POINTER, true);
    if (!err)
        err = vtd_run(u, vtd_cmd_all_interrupts());
    if (!err)
        err = vtd_global(u, G_COMPATIBILITY, false);
    return err ? err : vtd_global(u, G_INTREMAP, true);
}

/* n successive entries, taken: the first of them. [vtd_hw_lock] */
static int take_indices(struct vtd_unit *u, unsigned int n)
{
    unsigned int run = 0, i;

    for (i = 0; i < IRT_ENTRIES && run < n; i++)
        run = test_bit(i, u->irt_used) ? 0 : run + 1;
    if (run < n)
        return -ENOSPC;
    for (unsigned int j = i - n; j < i; j++)
        __set_bit(j, u->irt_used);
    return (int)(i - n);
}

/* false: there are not n free ones in a row, and msi is as it was. */
static bool take_block(struct vtd_msi *msi, unsigned int n)
{
    uint64_t flags = spin_lock_irqsave(&vtd_hw_lock);
    int first = take_indices(msi->unit, n);

    for (unsigned int i = 0; first >= 0 && i < n; i++)
        msi->index[i] = (int16_t)(first + (int)i);
    spin_unlock_irqrestore(&vtd_hw_lock, flags);
    msi->block = first < 0 ? 0 : n;
    return first >= 0;
}

/*
 * With remapping on, a device that can signal messages gets a place to note them. Several
 * vectors of MSI are one message, so their entries follow each other; a device for which
 * there is no such run of entries has to do with one vector of MSI.
 */
int vtd_intremap_attach(struct domain *d, struct pci_dev *pdev)
{
    unsigned int count = 0, block = 0;
    struct pci_msi_info info;
    struct vtd_msi *msi;

    if (pci_msi_info(pdev, false, &info))
        count = block = info.vectors;
    if (pci_msi_info(pdev, true, &info))
        count = MAX(count, info.vectors);
    if (!iommu_intremap || pdev->iommu_priv || !count)
        return 0;
    msi = charge_alloc(&d->charge, CHARGE_IOMMU,
                       sizeof(*msi) + count * sizeof(msi->index[0]));
    if (!msi)
        return -ENOMEM;
    msi->unit = vtd_units[pdev->iommu_unit];
    msi->count = count;
    for (unsigned int i = 0; i < count; i++)
        msi->index[i] = NO_INDEX;
    if (block > 1)
        pdev->msi_single = !take_block(msi, block);
    pdev->iommu_priv = msi;
    return 0;
}

/*
 * The upper word names the source and does not change while the entry is in use; the
 * lower one holds the present bit and is replaced in one write.
 */
static int set_irte(struct vtd_unit *u, unsigned int index, uint64_t low, uint16_t rid)
{
    struct vtd_irte *e = &u->irt[index];

    if (e->word[0] == low)
        return 0;
    if (low)
        write_once(e->word[1], IRTE1_VERIFY_SOURCE | rid);
    smp_wmb();
    write_once(e->word[0], low);
    vtd_sync(u, e, sizeof(*e));
    return vtd_run(u, vtd_cmd_interrupts(index));
}

/*
 * An entry the unit may still use is not given to anyone else. That it is clear says
 * nothing of a lost unit, which may not have been told.
 */
static void drop_index(struct vtd_unit *u, unsigned int index)
{
    if (!set_irte(u, index, 0, 0) && !u->dead)
        __clear_bit(index, u->irt_used);
}

/* Of a lost unit, too: it never reads struct vtd_msi, and its entries stay taken. */
void vtd_intremap_detach(struct pci_dev *pdev)
{
    struct vtd_msi *msi = pdev->iommu_priv;

    if (!msi)
        return;
    msi->block = 0;
    for (unsigned int i = 0; i < msi->count; i++)
        vtd_unmap_msi(pdev, i);
    pdev->iommu_priv = NULL;
    pdev->msi_single = false;
    charge_free(msi);
}

static uint64_t make_irte(uint8_t vector, unsigned int mode, bool logical, bool level,
                          uint8_t dest)
{
    return IRTE_PRESENT | (logical ? IRTE_LOGICAL : 0) | (level ? IRTE_LEVEL : 0) |
           (uint64_t)mode << IRTE_MODE_SHIFT | (uint64_t)vector << IRTE_VECTOR_SHIFT |
           (uint64_t)dest << IRTE_DEST_SHIFT;
}

int vtd_remap_msi(struct pci_dev *pdev, unsigned int entry, struct msi_msg *msg)
{
    struct vtd_msi *msi = pdev->iommu_priv;
    unsigned int mode = (msg->data >> 8) & 7;
    uint16_t rid[IOMMU_MAX_RIDS];
    unsigned int n;
    uint64_t flags;
    int index, err;

    if (!iommu_intremap)
        return 0;
    if (!msi || entry >= msi->count)
        return -ENODEV;
    if (mode > 1)
        return -EINVAL;
    /* Behind a bridge the message carries the outermost name. */
    n = iommu_requesters(pdev, rid);
    flags = spin_lock_irqsave(&vtd_hw_lock);
    index = msi->index[entry];
    if (index == NO_INDEX)
        index = take_indices(msi->unit, 1);
    err = index;
    if (index >= 0) {
        msi->index[entry] = (int16_t)index;
        err = set_irte(msi->unit, (unsigned int)index,
                       make_irte((uint8_t)msg->data, mode, msg->address & 4, false,
                                 (uint8_t)(msg->address >> 12)),
                       rid[n - 1]);
    }
    spin_unlock_irqrestore(&vtd_hw_lock, flags);
    if (err)
        return err;
    msg->data = entry < msi->block ? entry : 0;
    index -= (int)msg->data;
    msg->address = 0xfee00000ULL | (uint64_t)index << 5 | MSI_REMAPPABLE |
                   (entry < msi->block ? MSI_SUBHANDLE : 0);
    return 0;
}

void vtd_unmap_msi(struct pci_dev *pdev, unsigned int entry)
{
    struct vtd_msi *msi = pdev->iommu_priv;
    uint64_t flags;

    if (!iommu_intremap || !msi || entry >= msi->count)
        return;
    flags = spin_lock_irqsave(&vtd_hw_lock);
    if (entry < msi->block) {
        (void)set_irte(msi->unit, (unsigned int)msi->index[entry], 0, 0);
    } else if (msi->index[entry] != NO_INDEX) {
        drop_index(msi->unit, (unsigned int)msi->index[entry]);
        msi->index[entry] = NO_INDEX;
    }
    spin_unlock_irqrestore(&vtd_hw_lock, flags);
}

int vtd_remap_ioapic(unsigned int apic_id, unsigned int pin, uint64_t *rte)
{
    unsigned int mode = (*rte >> 8) & 7;
    uint8_t vector = (uint8_t)*rte;
    struct ioapic *io = NULL;
    uint64_t flags;
    int index, err;

    for (unsigned int i = 0; i < nr_ioapics; i++) {
        if (ioapics[i].id == apic_id)
            io = &ioapics[i];
    }
    if (!iommu_intremap)
        return 0;
    if (!io || pin >= PINS)
        return -ENODEV;
    /* Entries of other kinds stay as they are: the unit blocks them. */
    if (mode > 1 || vector < 16)
        return 0;

    flags = spin_lock_irqsave(&vtd_hw_lock);
    index = io->index[pin];
    if (index == NO_INDEX)
        index = take_indices(io->unit, 1);
    err = index;
    if (index >= 0) {
        io->index[pin] = (int16_t)index;
        err = set_irte(io->unit, (unsigned int)index,
                       make_irte(vector, mode, *rte & RTE_LOGICAL, *rte & RTE_LEVEL,
                                 (uint8_t)(*rte >> 56)),
                       io->rid);
    }
    spin_unlock_irqrestore(&vtd_hw_lock, flags);
    /* The vector stays: the end of a level interrupt is compared with it. */
    if (!err)
        *rte = (*rte & RTE_KEEP) | RTE_REMAPPABLE | (uint64_t)index << 49;
    return err;
}
