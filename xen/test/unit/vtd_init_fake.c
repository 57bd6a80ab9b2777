/* SPDX-License-Identifier: GPL-2.0-only */
/* The rest of the VT-d driver, for tests of its start-up. */
#include <xen/iommu.h>
#include "../../drivers/passthrough/vtd/hw.h"
#include "iommu_init_fake.h"

const char *vendors_table = "DMAR";
struct iommu_options iommu_options;
struct iommu_model vtd_model;

int vtd_fault_init(struct vtd_unit *u)
{
    (void)u;
    return 0;
}

NOT_YET(int, vtd_attach, struct domain *, struct pci_dev *)
NOT_YET(int, vtd_detach, struct domain *, struct pci_dev *)
NOT_YET(bool, vtd_owns, const struct pci_dev *)
NOT_YET(int, vtd_reserved, const struct pci_dev *,
        int (*)(paddr_t, paddr_t, unsigned int, void *), void *)
NOT_YET(int, vtd_intremap_init, void)
NOT_YET(int, vtd_remap_msi, struct pci_dev *, unsigned int, struct msi_msg *)
NOT_YET(void, vtd_unmap_msi, struct pci_dev *, unsigned int)
NOT_YET(int, vtd_remap_ioapic, unsigned int, unsigned int, uint64_t *)
NOT_YET(bool, vtd_is_ioapic, uint16_t, uint16_t)
NOT_YET(void, vtd_dump, void)
