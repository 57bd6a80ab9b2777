/* SPDX-License-Identifier: GPL-2.0-only */
/* hvm_op: what hardware-assisted guests and their toolstack ask for. */
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <asm/current.h>
#include <asm/p2m.h>
#include <public/hvm/hvm_op.h>

#include "private.h"

struct domain *hypercall_target(domid_t id)
{
    struct domain *d = domain_get_by_id(id);

    if (!d)
        return ERR_PTR(-ESRCH);
    if (d == current->domain || current->domain->is_privileged)
        return d;
    domain_put(d);
    return ERR_PTR(-EPERM);
}

static long set_upcall_vector(uint64_t arg)
{
    struct xen_hvm_evtchn_upcall_vector op;
    struct domain *d = current->domain;
    struct vcpu *v;

    if (arg_read(&op, arg))
        return -EFAULT;
    if (op.vector < 0x10)
        return -EINVAL;
    v = domain_vcpu(d, op.vcpu);
    if (!v)
        return -ENOENT;
    write_once(v->arch.hvm.evtchn_upcall_vector, op.vector);
    /* What came before there was a vector must not be lost. */
    if (evtchn_upcall_wanted(v))
        arch_evtchn_inject(v);
    return 0;
}

static long flush_tlbs(uint64_t arg)
{
    if (arg)
        return -EINVAL;
    p2m_flush_tlbs(current->domain);
    return 0;
}

static long get_mem_type(uint64_t arg)
{
    static const uint8_t as_seen[P2M_TYPES] = {
        [P2M_NONE] = HVMMEM_mmio_dm,       [P2M_RAM_RW] = HVMMEM_ram_rw,
        [P2M_RAM_RO] = HVMMEM_ram_ro,      [P2M_LOGDIRTY] = HVMMEM_ram_rw,
        [P2M_MMIO_DIRECT] = HVMMEM_mmio_dm, [P2M_GRANT_RW] = HVMMEM_ram_rw,
        [P2M_GRANT_RO] = HVMMEM_ram_ro,    [P2M_FOREIGN] = HVMMEM_ram_rw,
    };
    struct xen_hvm_get_mem_type op;
    enum p2m_type t = P2M_NONE;
    struct domain *d;

    if (arg_read(&op, arg))
        return -EFAULT;
    d = hypercall_target(op.domid);
    if (IS_ERR(d))
        return PTR_ERR(d);
    p2m_lookup(d, _gfn(op.pfn), &t, NULL);
    domain_put(d);
    op.mem_type = as_seen[t];
    return arg_write_field(arg, &op, mem_type);
}

static long get_time(uint64_t arg)
{
    struct xen_hvm_get_time op = {.now = (uint64_t)NOW()};

    return arg_write(arg, &op);
}

/* A hint for shadow paging, which is not in use: clients take -EINVAL for "no need". */
static long pagetable_dying(uint64_t arg)
{
    struct xen_hvm_pagetable_dying op;

    return arg_read(&op, arg) ? -EFAULT : -EINVAL;
}

long hypercall_hvm_op(const unsigned long *a)
{
    uint64_t arg = a[1];

    switch (a[0]) {
    case HVMOP_set_param:
        return hvm_op_set_param(arg);
    case HVMOP_get_param:
        return hvm_op_get_param(arg);
    case HVMOP_set_evtchn_upcall_vector:
        return set_upcall_vector(arg);
    case HVMOP_flush_tlbs:
        return flush_tlbs(arg);
    case HVMOP_pagetable_dying:
        return pagetable_dying(arg);
    case HVMOP_get_time:
        return get_time(arg);
    case HVMOP_get_mem_type:
        return get_mem_type(arg);
    case HVMOP_altp2m:
        return -EOPNOTSUPP;
    default:
        return -ENOSYS;
    }
}
