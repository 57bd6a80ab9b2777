/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt remapping (2.2.5). A source sends an index, the requester's table says which
 * vector and processor that means; nothing else a device writes becomes an interrupt.
 *
 * MSI: the index is the number of the source's vector. I/O APIC: the low eight bits of
 * the index are the vector itself, because the EOI broadcast of a level interrupt is
 * compared with the RTE's vector field; the ninth tells two pins with one vector apart.
 */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/pci_regs.h>

#include "hw.h"

#define PINS            256U
#define NO_INDEX        (-1)
#define RTE_INDEX_MASK  0x7ffULL
#define RTE_LOGICAL     (1ULL << 11)

struct ioapic {
    uint8_t id;
    struct amd_irt *irt;
    int16_t index[PINS];        /* by pin, NO_INDEX: none [amd_hw_lock] */
};

static struct ioapic ioapics[ACPI_MAX_IOAPICS];
static unsigned int nr_ioapics;

static struct amd_irt *new_irt(struct charge *c, uint16_t segment, uint16_t rid,
                               struct amd_unit *u)
{
    struct amd_irt *irt = charge_alloc(c, CHARGE_IOMMU, sizeof(*irt));

    if (!irt)
        return NULL;
    irt->segment = segment;
    irt->rid = rid;
    irt->unit = u;
    /* A page where half of one would do: the table wants alignment. */
    irt->entry = charge_alloc(c, CHARGE_IOMMU, PAGE_SIZE);
    if (!irt->entry) {
        charge_free(irt);
        return NULL;
    }
    return irt;
}

uint64_t amd_dte_interrupts(const struct amd_irt *irt, uint8_t settings)
{
    uint64_t word = 0;

    if (!iommu_intremap)
        return 0;
    if (irt)
        word = DTE2_REMAP | IRT_LEN_CODE << DTE2_LEN_SHIFT | virt_to_paddr(irt->entry);
    return word | DTE2_IV | (settings & IVHD_SET_INIT ? DTE2_INIT_PASS : 0) |
           (settings & IVHD_SET_EXTINT ? DTE2_EXTINT_PASS : 0) |
           (settings & IVHD_SET_NMI ? DTE2_NMI_PASS : 0) |
           (settings & IVHD_SET_LINT0 ? DTE2_LINT0_PASS : 0) |
           (settings & IVHD_SET_LINT1 ? DTE2_LINT1_PASS : 0);
}

static const struct acpi_ivrs_special *special_of(uint8_t apic_id)
{
    for (unsigned int i = 0; i < amd_ivrs.specials; i++) {
        const struct acpi_ivrs_special *s = &amd_ivrs.special[i];

        if (s->variety == ACPI_SPECIAL_IOAPIC && s->handle == apic_id)
            return s;
    }
    return NULL;
}

/* Every I/O APIC must be named, or its interrupts would be lost. */
int __init amd_intremap_init(void)
{
    const struct acpi_madt *madt = &acpi_host.madt;

    for (unsigned int i = 0; i < madt->ioapics; i++) {
        if (!special_of(madt->ioapic[i].id))
            return -ENODEV;
    }
    return 0;
}

/* The units exist: give each I/O APIC's requester id a table. */
int __init amd_intremap_start(void)
{
    const struct acpi_madt *madt = &acpi_host.madt;

    for (unsigned int i = 0; iommu_intremap && i < madt->ioapics; i++) {
        const struct acpi_ivrs_special *s = special_of(madt->ioapic[i].id);
        struct amd_unit *u = amd_units[s->unit];
        struct ioapic *io = &ioapics[nr_ioapics];

        io->id = madt->ioapic[i].id;
        for (unsigned int j = 0; j < nr_ioapics; j++) {
            if (ioapics[j].irt->rid == s->devid && ioapics[j].irt->unit == u)
                io->irt = ioapics[j].irt;
        }
        if (!io->irt)
            io->irt = new_irt(NULL, PCI_SEG(u->sbdf), s->devid, u);
        if (!io->irt)
            return -ENOMEM;
        for (unsigned int pin = 0; pin < PINS; pin++)
            io->index[pin] = NO_INDEX;
        amd_dte(PCI_SEG(u->sbdf), s->devid)[2] =
            amd_dte_interrupts(io->irt, s->settings);
        nr_ioapics++;
    }
    return 0;
}

void __init amd_intremap_stop(void)
{
    while (nr_ioapics) {
        struct ioapic *io = &ioapics[--nr_ioapics];
        bool shared = false;

        /* Several have one table when they have one requester id. */
        for (unsigned int i = 0; i < nr_ioapics; i++)
            shared |= ioapics[i].irt == io->irt;
        if (!shared) {
            charge_free(io->irt->entry);
            charge_free(io->irt);
        }
        io->irt = NULL;
    }
}

bool amd_is_ioapic(uint16_t segment, uint16_t rid)
{
    for (unsigned int i = 0; i < nr_ioapics; i++) {
        if (ioapics[i].irt->segment == segment && ioapics[i].irt->rid == rid)
            return true;
    }
    return false;
}

/*
 * With remapping on, a device that can signal messages gets a table; not one that stands
 * where the table of an I/O APIC is, as southbridges have it.
 */
int amd_intremap_attach(struct domain *d, struct pci_dev *pdev)
{
    uint16_t segment = PCI_SEG(pdev->sbdf), rid = PCI_RID(pdev->sbdf);
    struct amd_device_info info;

    if (!iommu_intremap || pdev->iommu_priv || (!pdev->msi_pos && !pdev->msix_pos) ||
        amd_is_ioapic(segment, rid))
        return 0;
    if (!amd_device_info(segment, rid, &info))
        return -ENODEV;
    pdev->iommu_priv = new_irt(&d->charge, segment, rid, info.unit);
    return pdev->iommu_priv ? 0 : -ENOMEM;
}

void amd_intremap_detach(struct pci_dev *pdev)
{
    struct amd_irt *irt = pdev->iommu_priv;

    if (!irt)
        return;
    pdev->iommu_priv = NULL;
    charge_free(irt->entry);
    charge_free(irt);
}

void amd_intremap_lost(struct pci_dev *pdev)
{
    struct amd_irt *irt = pdev->iommu_priv;

    if (!irt)
        return;
    charge_disown(irt->entry);
    charge_disown(irt);
}

static uint32_t make_irte(uint8_t vector, unsigned int type, bool logical, uint8_t dest)
{
    return IRTE_ENABLE | type << IRTE_TYPE_SHIFT | (logical ? IRTE_LOGICAL : 0) |
           (uint32_t)dest << IRTE_DEST_SHIFT | (uint32_t)vector << IRTE_VECTOR_SHIFT;
}

/* An entry is one aligned word: the unit sees the old one or the new one. */
static int set_irte(struct amd_irt *irt, unsigned int index, uint32_t irte)
{
    if (irt->entry[index] == irte)
        return 0;
    write_once(irt->entry[index], irte);
    return amd_run(irt->unit, amd_cmd_interrupts(irt->rid));
}

int amd_remap_msi(struct pci_dev *pdev, unsigned int entry, struct msi_msg *msg)
{
    struct amd_irt *irt = pdev->iommu_priv;
    unsigned int type = (msg->data >> 8) & 7;
    uint16_t rid[IOMMU_MAX_RIDS];
    uint64_t flags;
    int err;

    if (!iommu_intremap)
        return 0;
    if (!irt)
        return -ENODEV;
    /* Behind a bridge several devices would need one table: not done. */
    if (iommu_requesters(pdev, rid) > 1)
        return -EOPNOTSUPP;
    if (entry >= IRT_ENTRIES)
        return -ENOSPC;
    if (type > 1)
        return -EINVAL;
    flags = spin_lock_irqsave(&amd_hw_lock);
    err = set_irte(irt, entry, make_irte((uint8_t)msg->data, type, msg->address & 4,
                                         (uint8_t)(msg->address >> 12)));
    spin_unlock_irqrestore(&amd_hw_lock, flags);
    if (!err)
        msg->data = entry;
    return err;
}

void amd_unmap_msi(struct pci_dev *pdev, unsigned int entry)
{
    struct amd_irt *irt = pdev->iommu_priv;
    uint64_t flags;

    if (!iommu_intremap || !irt || entry >= IRT_ENTRIES)
        return;
    flags = spin_lock_irqsave(&amd_hw_lock);
    /* A unit that does not answer any more is known to be dead already. */
    (void)set_irte(irt, entry, 0);
    spin_unlock_irqrestore(&amd_hw_lock, flags);
}

/* A free index whose low byte is the vector. [amd_hw_lock] */
static int choose_index(struct ioapic *io, unsigned int pin, uint8_t vector)
{
    int old = io->index[pin];

    if (old != NO_INDEX && (old & 0xff) == vector)
        return old;
    for (unsigned int index = vector; index < IRT_ENTRIES; index += 256) {
        if (!(io->irt->entry[index] & IRTE_ENABLE))
            return (int)index;
    }
    return -ENOSPC;
}

int amd_remap_ioapic(unsigned int apic_id, unsigned int pin, uint64_t *rte)
{
    unsigned int type = (*rte >> 8) & 7;
    uint8_t vector = (uint8_t)*rte;
    struct ioapic *io = NULL;
    uint64_t flags;
    int index, old, err;

    for (unsigned int i = 0; i < nr_ioapics; i++) {
        if (ioapics[i].id == apic_id)
            io = &ioapics[i];
    }
    /* NMI, ExtINT and the like are not remapped but passed or not, as the IVRS says. */
    if (!iommu_intremap || type > 1 || vector < 16)
        return 0;
    if (!io || pin >= PINS)
        return -ENODEV;

    flags = spin_lock_irqsave(&amd_hw_lock);
    index = choose_index(io, pin, vector);
    err = index;
    if (index >= 0) {
        old = io->index[pin];
        err = set_irte(io->irt, (unsigned int)index,
                       make_irte(vector, type, *rte & RTE_LOGICAL,
                                 (uint8_t)(*rte >> 56)));
        io->index[pin] = (int16_t)index;
        if (!err && old != NO_INDEX && old != index)
            err = set_irte(io->irt, (unsigned int)old, 0);
    }
    spin_unlock_irqrestore(&amd_hw_lock, flags);
    if (!err)
        *rte = (*rte & ~(RTE_INDEX_MASK | RTE_LOGICAL)) | (uint64_t)index;
    return err;
}
