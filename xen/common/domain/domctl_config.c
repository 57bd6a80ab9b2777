/* SPDX-License-Identifier: GPL-2.0-only */
/* XEN_DOMCTL: a domain's limits, permissions and parameters. */
#include <xen/irq.h>
#include <asm/p2m.h>

#include "private.h"

static long set_max_mem(struct domain *d, const struct xen_domctl_max_mem *m)
{
    uint64_t pages = m->max_memkb >> (PAGE_SHIFT - 10);

    if (pages >= 1UL << 40)
        return -EINVAL;
    spin_lock(&d->page_lock);
    /* Lower than what it has is fine: it cannot grow until it has shrunk. */
    d->max_pages = pages;
    spin_unlock(&d->page_lock);
    return 0;
}

static long permit(struct rangeset *mine, struct rangeset *theirs, unsigned long first,
                   unsigned long nr, bool allow)
{
    if (nr == 0 || first + nr - 1 < first)
        return -EINVAL;
    /* Nobody gives away what he has not got. */
    if (allow && !rangeset_contains(mine, first, first + nr - 1))
        return -EPERM;
    return allow ? rangeset_add(theirs, first, first + nr - 1)
                 : rangeset_remove(theirs, first, first + nr - 1);
}

static long irq_permission(struct domain *d, const struct xen_domctl_irq_permission *p)
{
    if (p->pirq >= nr_irqs)
        return -EINVAL;
    return permit(&current->domain->irq_caps, &d->irq_caps, p->pirq, 1, p->allow_access);
}

#define MAPPING_CHUNK 64UL /* frames a call: the toolstack splits -E2BIG requests */

static long memory_mapping(struct domain *d, const struct xen_domctl_memory_mapping *m)
{
    unsigned long gfn = m->first_gfn, mfn = m->first_mfn, nr = m->nr_mfns;

    if (nr == 0 || mfn + nr - 1 < mfn || gfn + nr - 1 < gfn)
        return -EINVAL;
    if (nr > MAPPING_CHUNK)
        return -E2BIG;
    if (!rangeset_contains(&current->domain->iomem_caps, mfn, mfn + nr - 1) ||
        !rangeset_contains(&d->iomem_caps, mfn, mfn + nr - 1))
        return -EPERM;
    if (d->dying)
        return -ESRCH;
    return m->add_mapping ? p2m_map_mmio(d, _gfn(gfn), _mfn(mfn), nr)
                          : p2m_unmap_mmio(d, _gfn(gfn), _mfn(mfn), nr);
}

/* There is one node. */
static long node_affinity(const struct xen_domctl_nodeaffinity *n, bool set)
{
    unsigned long node0 = 1, map = 0;
    int rc;

    if (!set)
        return bitmap_to_guest(&n->nodemap, &node0, 1);
    rc = bitmap_from_guest(&map, &n->nodemap, 1);
    if (rc)
        return rc;
    return map ? 0 : -EINVAL;
}

long domctl_config(struct xen_domctl *op, struct domain *d, bool *copyback)
{
    switch (op->cmd) {
    case XEN_DOMCTL_max_mem:
        return set_max_mem(d, &op->u.max_mem);
    case XEN_DOMCTL_setdomainhandle:
        memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
        return 0;
    case XEN_DOMCTL_scheduler_op:
        *copyback = true;
        return sched_domctl(d, &op->u.scheduler_op);
    case XEN_DOMCTL_irq_permission:
        return irq_permission(d, &op->u.irq_permission);
    case XEN_DOMCTL_iomem_permission:
        return permit(&current->domain->iomem_caps, &d->iomem_caps,
                      op->u.iomem_permission.first_mfn, op->u.iomem_permission.nr_mfns,
                      op->u.iomem_permission.allow_access);
    case XEN_DOMCTL_ioport_permission:
        if (op->u.ioport_permission.first_port + op->u.ioport_permission.nr_ports >
            0x10000)
            return -EINVAL;
        return permit(&current->domain->arch.ioport_caps, &d->arch.ioport_caps,
                      op->u.ioport_permission.first_port,
                      op->u.ioport_permission.nr_ports,
                      op->u.ioport_permission.allow_access);
    case XEN_DOMCTL_memory_mapping:
        return memory_mapping(d, &op->u.memory_mapping);
    case XEN_DOMCTL_settimeoffset:
        d->time_offset_seconds = op->u.settimeoffset.time_offset_seconds;
        update_domain_wallclock(d);
        return 0;
    case XEN_DOMCTL_setnodeaffinity:
        return node_affinity(&op->u.nodeaffinity, true);
    case XEN_DOMCTL_getnodeaffinity:
        return node_affinity(&op->u.nodeaffinity, false);
    case XEN_DOMCTL_set_virq_handler:
        return set_global_virq_handler(d, op->u.set_virq_handler.virq);
    default:
        return -ENOSYS;
    }
}
