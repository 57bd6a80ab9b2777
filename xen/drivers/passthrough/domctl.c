/* SPDX-License-Identifier: GPL-2.0-only */
/* The toolstack's way to assign devices. */
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/lib.h>
#include <xen/pci.h>
#include <public/domctl.h>

#include "private.h"

/* The nth device that is inseparable from s, s included. [takes pcidevs_lock] */
static bool group_member(sbdf_t s, unsigned int nth, uint32_t *sbdf)
{
    struct pci_dev *pdev, *other;
    bool found = false;

    spin_lock(&pcidevs_lock);
    pdev = pci_find(s);
    if (pdev) {
        list_for_each(other, &pci_devices, link) {
            if (!other->is_bridge && iommu_share_requester(pdev, other) && nth-- == 0) {
                *sbdf = other->sbdf.v;
                found = true;
                break;
            }
        }
    }
    spin_unlock(&pcidevs_lock);
    return found;
}

/* Guest memory is written with no lock held, so members are looked up one at a time. */
static long get_group(struct xen_domctl_get_device_group *op)
{
    unsigned int max = op->max_sdevs, n = 0;
    sbdf_t s = { op->machine_sbdf };
    uint32_t member;

    while (n < max && n < 256 && group_member(s, n, &member)) {
        if (guest_write_at(op->sdev_array, n, &member))
            return -EFAULT;
        n++;
    }
    op->num_sdevs = n;
    return n || max == 0 ? 0 : -ENODEV;
}

/* Free to be assigned: domain 0's or in quarantine. */
static long test_assign(sbdf_t s)
{
    struct pci_dev *pdev;
    long err = 0;

    spin_lock(&pcidevs_lock);
    pdev = pci_find(s);
    if (!pdev || pdev->is_hidden || (pdev->domain && !pdev->domain->is_privileged))
        err = -EINVAL;
    spin_unlock(&pcidevs_lock);
    return err;
}

long iommu_domctl(struct xen_domctl *op, struct domain *d, bool *copyback)
{
    struct xen_domctl_assign_device *dev = &op->u.assign_device;
    bool quarantine = op->domain == DOMID_IO;
    sbdf_t s;

    if (op->cmd == XEN_DOMCTL_get_device_group) {
        *copyback = true;
        return get_group(&op->u.get_device_group);
    }
    if (op->cmd != XEN_DOMCTL_assign_device && op->cmd != XEN_DOMCTL_deassign_device &&
        op->cmd != XEN_DOMCTL_test_assign_device)
        return -ENOSYS;
    if (!iommu)
        return -EOPNOTSUPP;
    if (dev->dev != XEN_DOMCTL_DEV_PCI)
        return -EINVAL;
    if (dev->flags & ~XEN_DOMCTL_DEV_RDM_RELAXED)
        return -EINVAL;
    if (!d && !quarantine)
        return -ESRCH;

    s.v = dev->u.pci.machine_sbdf;
    switch (op->cmd) {
    case XEN_DOMCTL_test_assign_device:
        return test_assign(s);
    case XEN_DOMCTL_assign_device:
        return iommu_assign(quarantine ? NULL : d, s,
                            dev->flags & XEN_DOMCTL_DEV_RDM_RELAXED);
    default:
        return iommu_deassign(quarantine ? NULL : d, s);
    }
}
