/* SPDX-License-Identifier: GPL-2.0-only */
/* What of the guest's physical addresses belongs to vPCI. */
#include <xen/acpi.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <asm/hvm.h>

#include "private.h"

/* Domain 0 has the machine's MMCFG windows where the machine has them. */
static bool config_address(struct domain *d, paddr_t gpa, sbdf_t *s, unsigned int *reg)
{
    struct acpi_mcfg_entry w;

    if (!d->is_privileged)
        return false;
    for (unsigned int i = 0; pci_window_nth(i, &w); i++) {
        uint64_t first = w.base + ((uint64_t)w.first_bus << 20);
        uint64_t end = w.base + (((uint64_t)w.last_bus + 1) << 20);

        if (gpa < first || gpa >= end)
            continue;
        s->v = (uint32_t)w.segment << 16 | (uint32_t)((gpa - w.base) >> 12);
        *reg = gpa & 0xfff;
        return true;
    }
    return false;
}

static int config_access(struct domain *d, sbdf_t s, unsigned int reg, unsigned int size,
                         bool write, uint64_t *val)
{
    if (reg % size || size > 8)
        return IO_UNHANDLED;
    if (!write)
        *val = 0;
    /* A qword is two config cycles, lower half first. */
    for (unsigned int done = 0, n; done < size; done += n) {
        n = MIN(size, 4U);
        if (write && !vpci_write(d, s, reg + done, n, (uint32_t)(*val >> (8 * done))))
            return IO_RETRY;
        if (!write)
            *val |= (uint64_t)vpci_read(d, s, reg + done, n) << (8 * done);
    }
    return IO_OK;
}

static struct vpci *msix_owner(struct domain *d, paddr_t gpa)
{
    struct vpci_domain *vd = d->arch.vpci;
    struct vpci *v;

    list_for_each(v, &vd->devices, link) {
        if (v->msix.count && vpci_msix_claims(v, gpa))
            return v;
    }
    return NULL;
}

bool vpci_mmio_claims(struct domain *d, paddr_t gpa)
{
    unsigned int reg;
    bool claimed;
    sbdf_t s;

    if (!d->arch.vpci)
        return false;
    if (config_address(d, gpa, &s, &reg))
        return true;
    spin_lock(&d->arch.vpci_lock);
    claimed = msix_owner(d, gpa) != NULL;
    spin_unlock(&d->arch.vpci_lock);
    return claimed;
}

int vpci_mmio(struct domain *d, paddr_t gpa, unsigned int size, bool write, uint64_t *val)
{
    int rc = IO_UNHANDLED;
    unsigned int reg;
    struct vpci *v;
    sbdf_t s;

    if (!d->arch.vpci)
        return rc;
    if (config_address(d, gpa, &s, &reg))
        return config_access(d, s, reg, size, write, val);
    spin_lock(&d->arch.vpci_lock);
    v = msix_owner(d, gpa);
    if (v)
        rc = vpci_msix_access(v, gpa, size, write, val);
    spin_unlock(&d->arch.vpci_lock);
    return rc;
}

int __init vpci_setup_dom0(struct domain *d)
{
    struct acpi_mcfg_entry w;
    int err = d->arch.vpci ? 0 : vpci_domain_init(d);

    for (unsigned int i = 0; !err && pci_window_nth(i, &w); i++)
        err = rangeset_remove(&d->iomem_caps,
                              (w.base >> PAGE_SHIFT) + ((unsigned long)w.first_bus << 8),
                              (w.base >> PAGE_SHIFT) +
                                  ((unsigned long)(w.last_bus + 1) << 8) - 1);
    return err;
}
