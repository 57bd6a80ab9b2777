/* SPDX-License-Identifier: GPL-2.0-only */
/* XENMEM_*: dispatch and the commands that only ask or set a number. */
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/current.h>

#include "memory_op.h"

long memop_continue(const struct memop *op, unsigned long done)
{
    unsigned long regs[6];

    memcpy(regs, op->regs, sizeof(regs));
    regs[0] = op->cmd | (done << MEMOP_SHIFT);
    return hypercall_continue(regs);
}

int memop_domain(domid_t id, struct domain **out)
{
    struct domain *d = domain_get_by_id(id);

    if (!d)
        return -ESRCH;
    if (d != current->domain && !current->domain->is_privileged) {
        domain_put(d);
        return -EPERM;
    }
    *out = d;
    return 0;
}

/* What a guest may ask for at once is bounded by what a step without preemption costs. */
unsigned int memop_max_order(void)
{
    return current->domain->is_privileged ? PAGE_ORDER_1G : PAGE_ORDER_2M;
}

static long ask_domain(const struct memop *op)
{
    struct xen_memory_domain who;
    struct domain *d;
    long rc;

    if (arg_read(&who, op->arg))
        return -EFAULT;
    rc = memop_domain(who.domid, &d);
    if (rc)
        return rc;
    switch (op->cmd) {
    case XENMEM_current_reservation:
        rc = read_once(d->tot_pages);
        break;
    case XENMEM_maximum_reservation:
        rc = MIN(read_once(d->max_pages), (unsigned long)LONG_MAX);
        break;
    default:
        rc = gfn_x(p2m_max_gfn(d));
        break;
    }
    domain_put(d);
    return rc;
}

static long claim_pages(const struct memop *op)
{
    struct xen_memory_reservation r;
    struct domain *d;
    long rc;

    if (!current->domain->is_privileged)
        return -EPERM;
    if (arg_read(&r, op->arg))
        return -EFAULT;
    if (op->start || !guest_handle_is_null(r.extent_start) || r.extent_order ||
        r.mem_flags)
        return -EINVAL;
    rc = memop_domain(r.domid, &d);
    if (rc)
        return rc;
    rc = domain_set_claim(d, r.nr_extents);
    domain_put(d);
    return rc;
}

/*
 * Nothing is populated on demand, so a target has no cache to fill or drain: the
 * guest's balloon driver does the work. Setting one reports the truth about that.
 */
static long pod_target(const struct memop *op)
{
    struct xen_pod_target t;
    struct domain *d;
    long rc;

    if (!current->domain->is_privileged)
        return -EPERM;
    if (arg_read(&t, op->arg))
        return -EFAULT;
    rc = memop_domain(t.domid, &d);
    if (rc)
        return rc;
    t.tot_pages = read_once(d->tot_pages);
    t.pod_cache_pages = 0;
    t.pod_entries = 0;
    domain_put(d);
    return arg_write(op->arg, &t);
}

static long vnuma(const struct memop *op)
{
    struct xen_vnuma_topology_info info;
    struct domain *d;
    long rc;

    if (arg_read(&info, op->arg))
        return -EFAULT;
    if (info.pad)
        return -EINVAL;
    rc = memop_domain(info.domid, &d);
    if (rc)
        return rc;
    domain_put(d);
    return -EOPNOTSUPP;     /* no domain has a virtual NUMA topology */
}

HYPERCALL(memory_op)
{
    struct memop op = {
        .cmd = (unsigned int)(a[0] & MEMOP_MASK),
        .start = (uint32_t)a[0] >> MEMOP_SHIFT,
        .arg = a[1],
        .regs = a,
    };

    switch (op.cmd) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return memop_reservation(&op);
    case XENMEM_exchange:
        return memop_exchange(&op);
    case XENMEM_maximum_ram_page:
        return max_page;
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return ask_domain(&op);
    case XENMEM_add_to_physmap:
        return memop_add_to_physmap(&op);
    case XENMEM_add_to_physmap_batch:
        return memop_add_to_physmap_batch(&op);
    case XENMEM_remove_from_physmap:
        return memop_remove_from_physmap(&op);
    case XENMEM_memory_map:
        return memop_memory_map(&op);
    case XENMEM_set_memory_map:
        return memop_set_memory_map(&op);
    case XENMEM_machine_memory_map:
        return memop_machine_memory_map(&op);
    case XENMEM_reserved_device_memory_map:
        return memop_reserved_device_memory_map(&op);
    case XENMEM_claim_pages:
        return claim_pages(&op);
    case XENMEM_set_pod_target:
    case XENMEM_get_pod_target:
        return pod_target(&op);
    case XENMEM_get_sharing_freed_pages:
    case XENMEM_get_sharing_shared_pages:
        return 0;           /* no page is ever shared between domains */
    case XENMEM_get_vnumainfo:
        return vnuma(&op);
    case XENMEM_acquire_resource:
        return memop_acquire_resource(&op);
    default:
        return -ENOSYS;
    }
}
