/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device table entries (2.2.2). A requester without a domain has a valid entry that
 * permits nothing, so that its accesses fault and are reported.
 */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>

#include "hw.h"

static uint64_t blocked_root;

int amd_device_init(void)
{
    uint64_t *table = charge_alloc_pages(NULL, CHARGE_MISC, 0);

    if (!table)
        return -ENOMEM;
    fill_words(table, AMD_ABSENT, PT_ENTRIES);
    blocked_root = virt_to_paddr(table);
    return 0;
}

/* Start-up failed: no entry refers to it any more. */
void __init amd_device_fini(void)
{
    if (blocked_root)
        charge_free_pages(paddr_to_virt(blocked_root), 0);
    blocked_root = 0;
}

static uint64_t blocked_word0(void)
{
    return DTE_V | DTE_TV | blocked_root | (uint64_t)AMD_LEVELS << DTE_MODE_SHIFT;
}

/* With remapping, a device without a table has its interrupts aborted. */
static uint64_t blocked_word2(void)
{
    return iommu_intremap ? DTE2_IV : 0;
}

void amd_block_all(uint64_t *table)
{
    for (unsigned int i = 0; i < AMD_DEVICES; i++, table += 4) {
        table[0] = blocked_word0();
        table[2] = blocked_word2();
    }
}

uint16_t amd_alias(uint16_t segment, uint16_t rid)
{
    struct amd_device_info info;

    return amd_device_info(segment, rid, &info) ? info.alias : rid;
}

bool amd_owns(const struct pci_dev *pdev)
{
    for (unsigned int i = 0; i < amd_nr_units; i++) {
        if (amd_units[i]->sbdf.v == pdev->sbdf.v)
            return true;
    }
    return false;
}

static bool region_has(const struct acpi_unity *u, const struct pci_dev *pdev)
{
    uint16_t rid[IOMMU_MAX_RIDS];
    unsigned int n = iommu_requesters(pdev, rid);

    for (unsigned int i = 0; i < n && u->segment == PCI_SEG(pdev->sbdf); i++) {
        if (rid[i] >= u->first && rid[i] <= u->last)
            return true;
    }
    return false;
}

int amd_reserved(const struct pci_dev *pdev,
                 int (*fn)(paddr_t start, paddr_t end, unsigned int flags, void *arg),
                 void *arg)
{
    int err = 0;

    for (unsigned int i = 0; i < amd_ivrs.unities && !err; i++) {
        const struct acpi_unity *u = &amd_ivrs.unity[i];

        /* An exclusion range is served as an ordinary one-to-one mapping. */
        if (!pdev || region_has(u, pdev))
            err = fn(u->base, u->base + u->len - 1,
                     (u->read || u->exclusion ? IOMMU_READ : 0) |
                         (u->write || u->exclusion ? IOMMU_WRITE : 0), arg);
    }
    return err;
}

/*
 * The half of an entry that says whose memory it is, written as one (2.2.2): a unit reads
 * entries whole, and must never see a domain's tag with tables that are not that
 * domain's. The other half is of the device that has this requester id for its own: who
 * only borrows it leaves it. [amd_hw_lock]
 */
static void write_half(uint64_t *dte, uint64_t word0, uint64_t word1)
{
    uint64_t old0 = dte[0], old1 = dte[1];

    /* With the lock held nobody else writes, so that the comparison succeeds. */
    asm volatile("lock cmpxchg16b %0"
                 : "+m"(*(uint64_t(*)[2])dte), "+a"(old0), "+d"(old1)
                 : "b"(word0), "c"(word1)
                 : "cc", "memory");
}

static void open_entry(uint64_t *dte, const struct iommu_space *s, uint8_t settings)
{
    uint64_t root = mfn_to_paddr(_mfn(s->tables.pt.root));

    write_half(dte,
               DTE_V | DTE_TV | DTE_IR | DTE_IW | root |
                   (uint64_t)AMD_LEVELS << DTE_MODE_SHIFT,
               s->id | (uint64_t)(settings & IVHD_SET_SYSMGT) << 36);
}

/* The word of an I/O APIC stays: a PCI function can have the same requester id. */
static void set_interrupts(uint16_t segment, uint16_t rid, uint64_t word)
{
    if (!amd_is_ioapic(segment, rid))
        write_once(amd_dte(segment, rid)[2], word);
    smp_wmb();
}

/* What was cached by way of the old entries carries `tag`. */
static int flush_entries(struct amd_unit *u, uint16_t tag, const uint16_t *rid,
                         unsigned int n)
{
    struct iommu_command cmds[2 * IOMMU_MAX_RIDS + 1];
    unsigned int used = 0;

    for (unsigned int i = 0; i < n; i++) {
        cmds[used++] = amd_cmd_device(rid[i]);
        if (iommu_intremap)
            cmds[used++] = amd_cmd_interrupts(rid[i]);
    }
    cmds[used++] = amd_cmd_domain(tag);
    return amd_wait(u, amd_post(u, cmds, used));
}

int amd_attach(struct domain *d, struct pci_dev *pdev)
{
    struct iommu_space *s = d->iommu.priv;
    uint16_t segment = PCI_SEG(pdev->sbdf), rid[IOMMU_MAX_RIDS];
    unsigned int n = iommu_requesters(pdev, rid);
    struct amd_device_info info;
    uint64_t flags;
    int err;

    if (!s->tables.pt.root)
        return -EINVAL;
    if (!amd_device_info(segment, rid[0], &info))
        return -ENODEV;
    if (info.unit->dead)
        return -ETIMEDOUT;
    err = amd_intremap_attach(d, pdev);
    if (err)
        return err;

    iommu_space_join(d, info.unit->index);
    flags = spin_lock_irqsave(&amd_hw_lock);
    set_interrupts(segment, rid[0], amd_dte_interrupts(pdev->iommu_priv, info.settings));
    for (unsigned int i = 0; i < n; i++)
        open_entry(amd_dte(segment, rid[i]), s, info.settings);
    spin_unlock_irqrestore(&amd_hw_lock, flags);
    /* Absent entries that were cached for a blocked device carry tag 0. */
    err = flush_entries(info.unit, 0, rid, n);
    if (err)
        (void)amd_detach(d, pdev);
    return err;
}

int amd_detach(struct domain *d, struct pci_dev *pdev)
{
    uint16_t segment = PCI_SEG(pdev->sbdf), rid[IOMMU_MAX_RIDS];
    unsigned int n = iommu_requesters(pdev, rid);
    struct amd_device_info info;
    uint64_t flags;
    int err, err2;

    if (!amd_device_info(segment, rid[0], &info))
        return -ENODEV;
    flags = spin_lock_irqsave(&amd_hw_lock);
    /* Its own name, too, may be that of others of d behind the same bridge. */
    for (unsigned int i = 0; i < n; i++) {
        if (!iommu_rid_in_use(d, pdev, rid[i]))
            write_half(amd_dte(segment, rid[i]), blocked_word0(), 0);
    }
    set_interrupts(segment, rid[0], blocked_word2());
    spin_unlock_irqrestore(&amd_hw_lock, flags);
    err = flush_entries(info.unit, d->iommu.priv->id, rid, n);

    /* What the device has used may sit in the IOTLB under d's tag. */
    err2 = iommu_space_leave(d, info.unit->index);
    if (err)
        amd_intremap_lost(pdev);
    else
        amd_intremap_detach(pdev);
    return err ? err : err2;
}

void amd_suppress_faults(uint16_t segment, uint16_t rid)
{
    uint64_t *dte = amd_dte(segment, rid);
    struct amd_device_info info;
    uint64_t flags;

    if (!dte || !amd_device_info(segment, rid, &info))
        return;
    flags = spin_lock_irqsave(&amd_hw_lock);
    write_once(dte[1], dte[1] | DTE1_SUPPRESS_ALL);
    spin_unlock_irqrestore(&amd_hw_lock, flags);
    (void)amd_run(info.unit, amd_cmd_device(rid));
}
