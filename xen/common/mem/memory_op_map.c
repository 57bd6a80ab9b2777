/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory maps: a guest's own, the one a toolstack gives it, the machine's. */
#include <xen/alloc.h>
#include <xen/guest_access.h>
#include <xen/lib.h>
#include <asm/boot.h>
#include <asm/current.h>
#include <asm/e820.h>

#include "memory_op.h"

long memop_memory_map(const struct memop *op)
{
    struct domain *d = current->domain;
    struct xen_memory_map m;
    long rc = 0;

    if (arg_read(&m, op->arg))
        return -EFAULT;
    spin_lock(&d->lock);
    if (!d->arch.e820.nr) {
        rc = -ENOSYS;
    } else {
        m.nr_entries = MIN(m.nr_entries, d->arch.e820.nr);
        rc = copy_to_guest_va(guest_handle_addr(m.buffer), d->arch.e820.entries,
                              m.nr_entries * sizeof(struct e820entry));
    }
    spin_unlock(&d->lock);
    return rc ? rc : arg_write_field(op->arg, &m, nr_entries);
}

long memop_set_memory_map(const struct memop *op)
{
    struct xen_foreign_memory_map f;
    struct domain *d;
    void *entries, *old;
    size_t bytes;
    long rc;

    if (arg_read(&f, op->arg))
        return -EFAULT;
    if (f.map.nr_entries > E820_GUEST_MAX)
        return -E2BIG;
    if (!current->domain->is_privileged)
        return -EPERM;
    rc = memop_domain(f.domid, &d);
    if (rc)
        return rc;

    bytes = f.map.nr_entries * sizeof(struct e820entry);
    entries = charge_alloc(&d->charge, CHARGE_MISC, MAX(bytes, 1ul));
    if (!entries)
        rc = -ENOMEM;
    else
        rc = copy_from_guest_va(entries, guest_handle_addr(f.map.buffer), bytes);
    if (rc) {
        charge_free(entries);
        domain_put(d);
        return rc;
    }
    spin_lock(&d->lock);
    old = d->arch.e820.entries;
    d->arch.e820.entries = entries;
    d->arch.e820.nr = f.map.nr_entries;
    spin_unlock(&d->lock);
    charge_free(old);
    domain_put(d);
    return 0;
}

long memop_machine_memory_map(const struct memop *op)
{
    struct xen_memory_map m;
    unsigned int i;

    if (!current->domain->is_privileged)
        return -EPERM;
    if (arg_read(&m, op->arg))
        return -EFAULT;
    if (m.nr_entries < boot_info.nr_e820)
        return -EINVAL;
    for (i = 0; i < boot_info.nr_e820; i++) {
        struct e820entry e = {
            .addr = boot_info.e820[i].start,
            .size = boot_info.e820[i].size,
            .type = boot_info.e820[i].type,
        };

        if (copy_to_guest_va(guest_handle_addr(m.buffer) + i * sizeof(e), &e, sizeof(e)))
            return -EFAULT;
    }
    m.nr_entries = i;
    return arg_write_field(op->arg, &m, nr_entries);
}

long memop_reserved_device_memory_map(const struct memop *op)
{
    struct xen_reserved_device_memory_map m;
    unsigned int used = 0;
    paddr_t start, last;
    bool full;
    sbdf_t s;

    if (!current->domain->is_privileged)
        return -EPERM;
    if (arg_read(&m, op->arg))
        return -EFAULT;
    if (m.flags & ~XENMEM_RDM_ALL)
        return -EINVAL;
    s = (sbdf_t){ (uint32_t)m.dev.pci.seg << 16 | m.dev.pci.bus << 8 | m.dev.pci.devfn };
    while (!iommu_reserved_nth(m.flags & XENMEM_RDM_ALL ? NULL : &s, used, &start,
                               &last)) {
        struct xen_reserved_device_memory r = {
            .start_pfn = start >> PAGE_SHIFT,
            .nr_pages = (last >> PAGE_SHIFT) - (start >> PAGE_SHIFT) + 1,
        };

        /* All are counted, so that the caller knows how much room it takes. */
        if (used < m.nr_entries &&
            copy_to_guest_va(guest_handle_addr(m.buffer) + used * sizeof(r), &r,
                             sizeof(r)))
            return -EFAULT;
        used++;
    }
    full = used > m.nr_entries;
    m.nr_entries = used;
    if (arg_write_field(op->arg, &m, nr_entries))
        return -EFAULT;
    return full ? -ENOBUFS : 0;
}
