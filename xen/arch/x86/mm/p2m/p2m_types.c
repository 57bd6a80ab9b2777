/* SPDX-License-Identifier: GPL-2.0-only */
/* What the types mean to CPUs and to devices. */
#include <xen/lib.h>
#include <xen/mm.h>

#include "p2m_internal.h"

/*
 * Frames that only stay for a while carry no code. Device memory is uncached unless the
 * guest's PAT asks for write combining; "device" frames that are RAM
 * (ACPI tables, reserved regions) are what the host's MTRRs say (APM vol. 2 15.25.8).
 */
pt_attr_t p2m_attr(enum p2m_type t, mfn_t mfn)
{
    pt_attr_t soft = PT_SOFT(t);

    switch (t) {
    case P2M_RAM_RW:
        return soft | PT_RWX | PT_WB;
    case P2M_RAM_RO:
    case P2M_LOGDIRTY:
        return soft | PT_R | PT_X | PT_WB;
    case P2M_MMIO_DIRECT:
        return soft | PT_RWX | (mfn_valid(mfn) ? PT_WB : PT_UC_MINUS);
    case P2M_GRANT_RW:
    case P2M_FOREIGN:
        return soft | PT_RW | PT_WB;
    case P2M_GRANT_RO:
        return soft | PT_R | PT_WB;
    default:
        return 0;
    }
}

unsigned int p2m_iommu_flags(enum p2m_type t)
{
    switch (t) {
    case P2M_RAM_RW:
    case P2M_LOGDIRTY:
    case P2M_GRANT_RW:
    case P2M_FOREIGN:
        return IOMMU_READ | IOMMU_WRITE;
    case P2M_RAM_RO:
    case P2M_GRANT_RO:
        return IOMMU_READ;
    default:
        return 0;
    }
}
