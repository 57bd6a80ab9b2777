/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which domain a device belongs to. A device without one is in quarantine: whatever it
 * does on the bus is refused. All under pcidevs_lock.
 */
#include <xen/domain.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/pci.h>
#include <xen/vpci.h>

#include "private.h"

/*
 * May d have pdev? Not while another domain has a device that the IOMMU cannot tell from
 * it: what either does would go through the tables of whoever came last.
 */
static int check_group(const struct domain *d, const struct pci_dev *pdev)
{
    struct pci_dev *other;

    list_for_each(other, &pci_devices, link) {
        if (other == pdev || other->is_bridge || !other->domain || other->domain == d ||
            !iommu_share_requester(pdev, other))
            continue;
        printk(XENLOG_WARNING "%pd: %pp shares a requester id with %pp of %pd\n", d,
               &pdev->sbdf.v, &other->sbdf.v, other->domain);
        return -EBUSY;
    }
    return 0;
}

/* What such a device writes could be any of the I/O APIC's interrupts. */
static bool poses_as_ioapic(const struct pci_dev *pdev)
{
    uint16_t rid[IOMMU_MAX_RIDS];
    unsigned int n = iommu_requesters(pdev, rid);

    for (unsigned int i = 0; i < n; i++) {
        if (iommu->is_ioapic(PCI_SEG(pdev->sbdf), rid[i]))
            return true;
    }
    return false;
}

static int refuse_reserved(paddr_t start, paddr_t end, unsigned int flags, void *arg)
{
    (void)start;
    (void)end;
    (void)flags;
    (void)arg;
    return -EPERM;
}

/* The largest block for iommu_map() at frame f, of at most n frames. */
static unsigned int block_order(unsigned long f, unsigned long n)
{
    unsigned int order = IOMMU_MAX_ORDER;

    while (order && ((f & ((1UL << order) - 1)) || !(n >> order)))
        order--;
    return order;
}

/*
 * Domain 0 alone gets the regions that firmware asked for, if domain 0 may reach them:
 * firmware that reserves RAM would open other domains' memory and ours to a device. In
 * large blocks: how much there is to map is firmware's word only.
 */
static int map_reserved(paddr_t start, paddr_t end, unsigned int flags, void *arg)
{
    unsigned long first = start >> PAGE_SHIFT, last = end >> PAGE_SHIFT;
    struct iommu_range r = { .start = _dfn(first), .count = last - first + 1 };
    struct domain *d = arg;
    unsigned int order;
    int err = 0;

    if (!rangeset_contains(&d->iomem_caps, first, last)) {
        printk(XENLOG_ERR "%s: firmware reserves %#lx-%#lx for devices, which is not "
                          "domain 0's to reach\n", iommu->name, start, end);
        return -EPERM;
    }
    for (unsigned long f = first; !err && f <= last; f += 1UL << order) {
        paddr_t same = end;

        /* Domain 0's devices share one map: what any region says of the page counts. */
        flags = iommu_reserved_rights((paddr_t)f << PAGE_SHIFT, &same);
        order = block_order(f, (same >> PAGE_SHIFT) - f + 1);
        err = iommu_map(d, _dfn(f), _mfn(f), order, flags);
    }
    return err ? err : iommu_flush(d, &r, 1);
}

/*
 * From d to nobody: no access from either side any more. -ERESTART: it is d's yet, and
 * out of its sight; call again.
 */
static int take(struct domain *d, struct pci_dev *pdev)
{
    int err;

    ASSERT(pdev->domain == d);
    if (pdev->vpci && vpci_remove(pdev))
        return -ERESTART;
    pci_msi_release(pdev);
    err = iommu->detach(d, pdev);
    if (err) {
        spin_lock(&d->iommu.lock);
        d->iommu.poisoned = true;
        spin_unlock(&d->iommu.lock);
    }
    list_del(&pdev->domain_link);
    pdev->nr_rids = 0;
    pdev->domain = NULL;
    pdev->quarantined = true;
    return err;
}

/* pdev is nobody's; give it to d with its virtual config space. */
static int give(struct domain *d, struct pci_dev *pdev)
{
    uint16_t rid[IOMMU_MAX_RIDS] = { 0 };
    int err = 0;

    pdev->nr_rids = (uint8_t)iommu_requesters(pdev, rid);
    memcpy(pdev->rid, rid, sizeof(rid));
    if (!d->is_privileged)
        pci_reset_save(pdev);
    else
        err = iommu->reserved(pdev, map_reserved, d);
    if (!err)
        err = iommu->attach(d, pdev);
    if (err) {
        pdev->nr_rids = 0;
        return err;
    }
    pdev->domain = d;
    pdev->quarantined = false;
    pdev->fault_burst = 0;
    list_add_tail(&d->iommu.devices, &pdev->domain_link);
    err = d->arch.vpci ? vpci_add(pdev) : 0;
    if (err)
        (void)take(d, pdev);
    return err;
}

int iommu_release_device(struct domain *d, struct pci_dev *pdev)
{
    int err = take(d, pdev);

    /* Also if a unit did not answer: a device that was reset no longer uses anything. */
    if (err != -ERESTART && !d->is_privileged)
        pci_reset_start(pdev);
    return err;
}

static int check_assign(struct domain *d, struct pci_dev *pdev, bool relaxed)
{
    int err;

    if (pdev->is_hidden || pdev->is_bridge)
        return -EPERM;
    if (pdev->domain && !pdev->domain->is_privileged)
        return -EBUSY;
    if (!d)
        return 0;
    if (!d->iommu.enabled)
        return -EOPNOTSUPP;
    if (d->dying != DOMDYING_ALIVE)
        return -EINVAL;
    if (!d->is_privileged && poses_as_ioapic(pdev))
        return -EPERM;
    err = check_group(d, pdev);
    if (!err && !relaxed && !d->is_privileged)
        err = iommu->reserved(pdev, refuse_reserved, NULL);
    return err;
}

int iommu_assign(struct domain *d, sbdf_t s, bool relaxed)
{
    struct pci_dev *pdev;
    struct domain *old;
    int err;

    if (!iommu)
        return -EOPNOTSUPP;
    spin_lock(&pcidevs_lock);
    pdev = pci_find(s);
    err = pdev ? check_assign(d, pdev, relaxed) : -ENODEV;
    old = pdev ? pdev->domain : NULL;
    if (!err && d)
        err = pci_reset_finish(pdev);
    if (!err && old)
        err = iommu_release_device(old, pdev);
    if (!err && !d)
        pdev->quarantined = true;
    if (!err && d) {
        err = give(d, pdev);
        if (!err && !d->is_privileged && !iommu_intremap)
            printk(XENLOG_WARNING "%pp: given to %pd without interrupt remapping: it can "
                                  "raise any interrupt\n",
                   &pdev->sbdf.v, d);
        /* Back to where it was; if even that fails it stays blocked. */
        if (err && old && give(old, pdev))
            printk(XENLOG_ERR "%pp: stays in quarantine\n", &pdev->sbdf.v);
    }
    spin_unlock(&pcidevs_lock);
    return err;
}

/* On its way from domain 0 to a guest that died meanwhile: as good as in quarantine. */
static bool is_stranded(const struct pci_dev *pdev)
{
    return pdev->domain->is_privileged && vpci_leaves(pdev);
}

int iommu_deassign(struct domain *d, sbdf_t s)
{
    struct pci_dev *pdev;
    int err = -ENODEV;

    if (!iommu)
        return -EOPNOTSUPP;
    spin_lock(&pcidevs_lock);
    pdev = pci_find(s);
    if (pdev && pdev->domain && (d ? pdev->domain == d : is_stranded(pdev)))
        err = iommu_release_device(pdev->domain, pdev);
    if (pdev && !d && !pdev->domain && pdev->quarantined && dom0) {
        err = check_group(dom0, pdev);
        if (!err)
            err = pci_reset_finish(pdev);
        if (!err)
            err = give(dom0, pdev);
    }
    spin_unlock(&pcidevs_lock);
    return err;
}

int iommu_device_arrived(struct pci_dev *pdev)
{
    ASSERT_LOCKED(&pcidevs_lock);
    if (iommu && iommu->owns(pdev))
        pdev->is_hidden = true;
    if (!iommu || !dom0 || !dom0->iommu.enabled || pdev->is_hidden)
        return 0;
    if (check_group(dom0, pdev)) {
        /* It waits for domain 0 to take it once the others are back. */
        pdev->quarantined = true;
        return 0;
    }
    return give(dom0, pdev);
}

int iommu_device_leaves(struct pci_dev *pdev)
{
    ASSERT_LOCKED(&pcidevs_lock);
    if (pdev->is_hidden || (pdev->domain && !pdev->domain->is_privileged))
        return -EBUSY;
    /* Found anew it would be without what the reset clears. */
    if (pci_reset_finish(pdev) == -ERESTART)
        return -ERESTART;
    return iommu && pdev->domain ? iommu_release_device(pdev->domain, pdev) : 0;
}

int __init iommu_setup_dom0(struct domain *d)
{
    struct pci_dev *pdev;
    unsigned int n = 0;

    int err;

    if (!d->iommu.enabled)
        return -ENODEV;
    err = iommu->deny(d);
    if (err)
        return err;
    spin_lock(&pcidevs_lock);
    (void)iommu_reserved_overlaps();
    list_for_each(pdev, &pci_devices, link) {

        if (iommu->owns(pdev))
            pdev->is_hidden = true;
        err = pdev->is_hidden ? vpci_show(d, pdev) : give(d, pdev);
        if (err)
            printk(XENLOG_WARNING "%pd does not get %pp: error %d\n", d, &pdev->sbdf.v,
                   err);
        else if (!pdev->is_hidden)
            n++;
    }
    spin_unlock(&pcidevs_lock);
    printk(XENLOG_INFO "%pd: %u PCI functions assigned\n", d, n);
    return 0;
}
