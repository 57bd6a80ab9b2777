/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose name a device's DMA carries (PCI Express to PCI Bridge 1.0, section 2.3). */
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/pci_regs.h>
#include <xen/string.h>

#include "private.h"

enum { EXP_TYPE_PCI_BRIDGE = 7 };

/* The bridge whose secondary side is this bus. [pcidevs_lock] */
static struct pci_dev *bridge_above(uint16_t segment, uint8_t bus)
{
    struct pci_dev *pdev;

    list_for_each(pdev, &pci_devices, link) {
        if (pdev->is_bridge && PCI_SEG(pdev->sbdf) == segment &&
            pci_conf_read(pdev->sbdf, PCI_SECONDARY_BUS, 1) == bus)
            return pdev;
    }
    return NULL;
}

static bool is_exp_to_pci(const struct pci_dev *bridge)
{
    uint32_t flags = pci_conf_read(bridge->sbdf, bridge->pcie_pos + PCI_EXP_FLAGS, 2);

    return ((flags >> PCI_EXP_TYPE_SHIFT) & 0xf) == EXP_TYPE_PCI_BRIDGE;
}

unsigned int iommu_requesters(const struct pci_dev *pdev, uint16_t rid[IOMMU_MAX_RIDS])
{
    uint16_t segment = PCI_SEG(pdev->sbdf);
    uint8_t bus = PCI_BUS(pdev->sbdf);
    unsigned int n = 0;
    uint16_t alias;

    if (pdev->nr_rids) {
        memcpy(rid, pdev->rid, sizeof(pdev->rid));
        return pdev->nr_rids;
    }
    rid[n++] = PCI_RID(pdev->sbdf);
    alias = iommu && iommu->alias ? iommu->alias(segment, rid[0]) : rid[0];
    if (alias != rid[0])
        rid[n++] = alias;
    /* Up to the root: each conventional bridge on the way may put its own name on. */
    for (unsigned int depth = 0; bus && depth < 256; depth++) {
        struct pci_dev *bridge = bridge_above(segment, bus);

        if (!bridge || PCI_BUS(bridge->sbdf) >= bus)
            break;
        if (!bridge->pcie_pos && n < IOMMU_MAX_RIDS)
            rid[n++] = PCI_RID(bridge->sbdf);
        else if (bridge->pcie_pos && is_exp_to_pci(bridge) && n < IOMMU_MAX_RIDS)
            rid[n++] = (uint16_t)(bus << 8);
        bus = PCI_BUS(bridge->sbdf);
    }
    return n;
}

bool iommu_share_requester(const struct pci_dev *a, const struct pci_dev *b)
{
    uint16_t ra[IOMMU_MAX_RIDS], rb[IOMMU_MAX_RIDS];
    unsigned int na = iommu_requesters(a, ra), nb = iommu_requesters(b, rb);

    if (PCI_SEG(a->sbdf) != PCI_SEG(b->sbdf))
        return false;
    for (unsigned int i = 0; i < na; i++) {
        for (unsigned int j = 0; j < nb; j++) {
            if (ra[i] == rb[j])
                return true;
        }
    }
    return false;
}

static bool carries(const struct pci_dev *pdev, uint16_t segment, uint16_t rid)
{
    uint16_t rids[IOMMU_MAX_RIDS];
    unsigned int n = 0;

    if (!pdev->is_bridge && PCI_SEG(pdev->sbdf) == segment)
        n = iommu_requesters(pdev, rids);
    for (unsigned int i = 0; i < n; i++) {
        if (rids[i] == rid)
            return true;
    }
    return false;
}

bool iommu_rid_in_use(const struct domain *d, const struct pci_dev *pdev, uint16_t rid)
{
    struct pci_dev *other;

    list_for_each(other, &d->iommu.devices, domain_link) {
        if (other != pdev && carries(other, PCI_SEG(pdev->sbdf), rid))
            return true;
    }
    return false;
}

struct pci_dev *iommu_next_owned(uint16_t segment, uint16_t rid,
                                 const struct pci_dev *after)
{
    bool passed = !after;
    struct pci_dev *pdev;

    ASSERT_LOCKED(&pcidevs_lock);
    list_for_each(pdev, &pci_devices, link) {
        /* What ids an owned one has is known: no config space is read here. */
        if (passed && pdev->domain && pdev->nr_rids && carries(pdev, segment, rid))
            return pdev;
        passed |= pdev == after;
    }
    return NULL;
}
