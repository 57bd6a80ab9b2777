/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Root and context entries (9.1, 9.3). A requester without a domain has no context entry:
 * its accesses fault and are reported.
 */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/mm.h>

#include "hw.h"

bool vtd_owns(const struct pci_dev *pdev)
{
    /* Units are not PCI functions. */
    (void)pdev;
    return false;
}

static bool region_has(const struct acpi_rmrr *r, const struct pci_dev *pdev)
{
    uint16_t rid[IOMMU_MAX_RIDS];
    unsigned int n = iommu_requesters(pdev, rid);

    if (r->segment != PCI_SEG(pdev->sbdf))
        return false;
    for (unsigned int i = 0; i < r->scopes; i++) {
        for (unsigned int j = 0; j < n; j++) {
            if (vtd_scope_has(&vtd_dmar.scope[r->first_scope + i], r->segment, rid[j]))
                return true;
        }
    }
    return false;
}

int vtd_reserved(const struct pci_dev *pdev,
                 int (*fn)(paddr_t start, paddr_t end, unsigned int flags, void *arg),
                 void *arg)
{
    int err = 0;

    for (unsigned int i = 0; i < vtd_dmar.rmrrs && !err; i++) {
        const struct acpi_rmrr *r = &vtd_dmar.rmrr[i];

        if (!pdev || region_has(r, pdev))
            err = fn(r->base, r->last, IOMMU_READ | IOMMU_WRITE, arg);
    }
    return err;
}

/* The context entry of rid; a bus gets its table when its first device is attached. */
static uint64_t *context(struct vtd_unit *u, uint16_t rid)
{
    uint64_t root = u->root[2 * (rid >> 8)];

    if (!(root & ENTRY_PRESENT))
        return NULL;
    return (uint64_t *)paddr_to_virt(root & ENTRY_ADDR) + 2 * (rid & 0xff);
}

static int prepare_bus(struct vtd_unit *u, uint16_t rid)
{
    uint64_t *root = &u->root[2 * (rid >> 8)], flags;
    void *table;

    if (*root & ENTRY_PRESENT)
        return 0;
    table = charge_alloc_pages(NULL, CHARGE_MISC, 0);
    if (!table)
        return -ENOMEM;
    vtd_sync(u, table, PAGE_SIZE);
    /* pcidevs_lock is held: nobody else is about to do the same. */
    flags = spin_lock_irqsave(&vtd_hw_lock);
    write_once(*root, virt_to_paddr(table) | ENTRY_PRESENT);
    vtd_sync(u, root, sizeof(*root));
    spin_unlock_irqrestore(&vtd_hw_lock, flags);
    return 0;
}

/*
 * The two words cannot be written at once: the one with the present bit changes last on
 * the way in and first on the way out.
 */
static void open_entry(struct vtd_unit *u, uint16_t rid, const struct iommu_space *s)
{
    uint64_t *entry = context(u, rid);
    uint64_t root = mfn_to_paddr(_mfn(s->tables.pt.root));

    write_once(entry[1], (uint64_t)s->id << CONTEXT_DOMAIN_SHIFT |
                             (s->tables.pt.levels - 2));
    smp_wmb();
    write_once(entry[0], root | ENTRY_PRESENT);
    vtd_sync(u, entry, 16);
}

static void close_entry(struct vtd_unit *u, uint16_t rid)
{
    uint64_t *entry = context(u, rid);

    if (!entry)
        return;
    write_once(entry[0], 0);
    smp_wmb();
    write_once(entry[1], 0);
    vtd_sync(u, entry, 16);
}

static int flush_entries(struct vtd_unit *u, uint16_t domain, const uint16_t *rid,
                         unsigned int n)
{
    struct iommu_command cmds[IOMMU_MAX_RIDS + 1];
    unsigned int used = 0;

    for (unsigned int i = 0; i < n; i++)
        cmds[used++] = vtd_cmd_device(domain, rid[i]);
    cmds[used++] = vtd_cmd_domain(domain);
    return vtd_wait(u, vtd_post(u, cmds, used));
}

int vtd_attach(struct domain *d, struct pci_dev *pdev)
{
    struct iommu_space *s = d->iommu.priv;
    uint16_t segment = PCI_SEG(pdev->sbdf), rid[IOMMU_MAX_RIDS];
    unsigned int n = iommu_requesters(pdev, rid);
    struct vtd_unit *u = vtd_unit_of(segment, rid[0]);
    uint64_t flags;
    int err = 0;

    if (!s->tables.pt.root)
        return -EINVAL;
    if (!u)
        return -ENODEV;
    if (u->dead)
        return -ETIMEDOUT;
    pdev->iommu_unit = (uint8_t)u->index;
    for (unsigned int i = 0; i < n && !err; i++)
        err = prepare_bus(u, rid[i]);
    if (!err)
        err = vtd_intremap_attach(d, pdev);
    if (err)
        return err;

    iommu_space_join(d, u->index);
    flags = spin_lock_irqsave(&vtd_hw_lock);
    for (unsigned int i = 0; i < n; i++)
        open_entry(u, rid[i], s);
    spin_unlock_irqrestore(&vtd_hw_lock, flags);
    /* An absent entry that was cached carries tag 0. */
    err = flush_entries(u, 0, rid, n);
    if (err)
        (void)vtd_detach(d, pdev);
    return err;
}

int vtd_detach(struct domain *d, struct pci_dev *pdev)
{
    struct iommu_space *s = d->iommu.priv;
    /* Not by its bus: buses may have other numbers than when it was attached. */
    struct vtd_unit *u = vtd_units[pdev->iommu_unit];
    uint16_t rid[IOMMU_MAX_RIDS];
    unsigned int n = iommu_requesters(pdev, rid);
    uint64_t flags;
    int err, err2;

    flags = spin_lock_irqsave(&vtd_hw_lock);
    /* Its own name, too, may be that of others of d behind the same bridge. */
    for (unsigned int i = 0; i < n; i++) {
        if (!iommu_rid_in_use(d, pdev, rid[i]))
            close_entry(u, rid[i]);
    }
    spin_unlock_irqrestore(&vtd_hw_lock, flags);
    err = flush_entries(u, s->id, rid, n);

    err2 = iommu_space_leave(d, u->index);
    vtd_intremap_detach(pdev);
    return err ? err : err2;
}

/* Fault processing disable (9.3, FPD). */
void vtd_suppress_faults(struct vtd_unit *u, uint16_t rid)
{
    uint64_t *entry, flags;

    flags = spin_lock_irqsave(&vtd_hw_lock);
    entry = context(u, rid);
    if (entry) {
        write_once(entry[0], entry[0] | 2);
        vtd_sync(u, entry, 16);
    }
    spin_unlock_irqrestore(&vtd_hw_lock, flags);
    (void)vtd_run(u, vtd_cmd_all_devices());
}
