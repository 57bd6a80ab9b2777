/* SPDX-License-Identifier: GPL-2.0-only */
/* XEN_DOMCTL: what is particular to x86 guests. */
#include <xen/ctl.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/vpci.h>
#include <asm/cpu_policy.h>
#include <asm/current.h>
#include <asm/hvm.h>
#include <asm/p2m.h>

#include "domctl.h"

static long get_context(struct domain *d, struct xen_domctl_hvmcontext *c)
{
    uint32_t size = hvm_save_size(d), used;
    void *buf;
    long rc;

    if (guest_handle_is_null(c->buffer)) {
        c->size = size;
        return 0;
    }
    if (c->size < size)
        return -ENOSPC;
    buf = charge_alloc(NULL, CHARGE_MISC, size);
    if (!buf)
        return -ENOMEM;
    domain_pause(d);
    rc = hvm_save_all(d, buf, size, &used);
    domain_unpause(d);
    c->size = rc ? 0 : used;
    if (!rc && copy_to_guest_va(guest_handle_addr(c->buffer), buf, used))
        rc = -EFAULT;
    charge_free(buf);
    return rc;
}

/* No context that we can load is larger than the one we would save. */
static long set_context(struct domain *d, const struct xen_domctl_hvmcontext *c)
{
    void *buf;
    long rc;

    if (c->size > 2 * hvm_save_size(d))
        return -EINVAL;
    buf = charge_alloc(NULL, CHARGE_MISC, MAX(c->size, 1U));
    if (!buf)
        return -ENOMEM;
    if (copy_from_guest_va(buf, guest_handle_addr(c->buffer), c->size)) {
        rc = -EFAULT;
    } else {
        domain_pause(d);
        rc = hvm_load_all(d, buf, c->size);
        domain_unpause(d);
    }
    charge_free(buf);
    return rc;
}

static long get_partial(struct domain *d, struct xen_domctl_hvmcontext_partial *c)
{
    uint32_t size = hvm_save_size(d), used;
    void *buf = charge_alloc(NULL, CHARGE_MISC, size);
    long rc;

    if (!buf)
        return -ENOMEM;
    domain_pause(d);
    rc = hvm_save_one(d, (uint16_t)c->type, (uint16_t)c->instance, buf, size, &used);
    domain_unpause(d);
    if (!rc && !guest_handle_is_null(c->buffer)) {
        if (c->bufsz < used)
            rc = -ENOSPC;
        else if (copy_to_guest_va(guest_handle_addr(c->buffer), buf, used))
            rc = -EFAULT;
    }
    if (!rc)
        c->bufsz = used;
    charge_free(buf);
    return rc;
}

/* --- CPU policy -------------------------------------------------------------------- */

static long read_policy(struct cpu_policy *p, const struct xen_domctl_cpu_policy *c,
                        struct cpu_policy_error *err)
{
    xen_cpuid_leaf_t *leaves;
    xen_msr_entry_t msrs[CPU_POLICY_MAX_MSRS];
    long rc = 0;

    if (c->nr_leaves > CPU_POLICY_MAX_LEAVES || c->nr_msrs > CPU_POLICY_MAX_MSRS)
        return -E2BIG;
    leaves = xalloc_array(xen_cpuid_leaf_t, MAX(c->nr_leaves, 1U));
    if (!leaves)
        return -ENOMEM;
    if ((c->nr_leaves && copy_from_guest_va(leaves, guest_handle_addr(c->leaves),
                                            c->nr_leaves * sizeof(*leaves))) ||
        (c->nr_msrs && copy_from_guest_va(msrs, guest_handle_addr(c->msrs),
                                          c->nr_msrs * sizeof(*msrs))))
        rc = -EFAULT;
    if (!rc)
        rc = cpu_policy_from_leaves(p, leaves, c->nr_leaves, err);
    if (!rc)
        rc = cpu_policy_from_msrs(p, msrs, c->nr_msrs, err);
    xfree(leaves);
    return rc;
}

static long set_policy(struct domain *d, struct xen_domctl_cpu_policy *c)
{
    struct cpu_policy_error err = CPU_POLICY_NO_ERROR;
    struct cpu_policy *p;
    long rc;

    if (d->creation_finished || d == current->domain)
        return -EEXIST;
    p = xalloc(struct cpu_policy);
    if (!p)
        return -ENOMEM;
    *p = *d->arch.policy;
    rc = read_policy(p, c, &err);
    if (!rc)
        rc = cpu_policy_check(&cpu_policy_hvm_max, p, &err);
    if (!rc) {
        cpu_policy_clamp(&cpu_policy_hvm_max, p);
        rc = domain_set_cpu_policy(d, p);
    }
    c->err_leaf = err.leaf;
    c->err_subleaf = err.subleaf;
    c->err_msr = err.msr;
    xfree(p);
    return rc;
}

/* --- memory ------------------------------------------------------------------------ */

/*
 * What kind of frame the migration code finds at a gfn: types are 32 bits in 64-bit
 * slots.
 */
static uint64_t frame_type(struct domain *d, gfn_t gfn)
{
    enum p2m_type t;

    if (mfn_eq(p2m_lookup(d, gfn, &t, NULL), INVALID_MFN))
        return XEN_DOMCTL_PFINFO_XTAB;
    if (p2m_type_is_ram(t))
        return XEN_DOMCTL_PFINFO_NOTAB;
    return XEN_DOMCTL_PFINFO_XTAB;
}

static long page_frame_info(struct domain *d, struct xen_domctl_getpageframeinfo3 *i)
{
    if (i->num > 1024)
        return -E2BIG;
    for (uint64_t n = 0; n < i->num; n++) {
        xen_pfn_t gfn;

        if (guest_read_at(&gfn, i->array, n))
            return -EFAULT;
        gfn = frame_type(d, _gfn(gfn));
        if (guest_write_at(i->array, n, &gfn))
            return -EFAULT;
    }
    return 0;
}

/* Log-dirty is not there; turning off what is off is what the tools do after a save. */
static long shadow_op(struct domain *d, struct xen_domctl_shadow_op *s)
{
    switch (s->op) {
    case XEN_DOMCTL_SHADOW_OP_OFF:
        return 0;
    case XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION:
        s->mb = (uint32_t)(p2m_get_pool(d) >> 20);
        return 0;
    case XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION:
        return p2m_set_pool(d, (uint64_t)s->mb << 20);
    case XEN_DOMCTL_SHADOW_OP_ENABLE_TEST:
    case XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY:
    case XEN_DOMCTL_SHADOW_OP_ENABLE:
    case XEN_DOMCTL_SHADOW_OP_CLEAN:
    case XEN_DOMCTL_SHADOW_OP_PEEK:
        return -EOPNOTSUPP;
    default:
        return -EINVAL;
    }
}

static long ioport_mapping(struct domain *d, const struct xen_domctl_ioport_mapping *m)
{
    uint32_t last = m->first_mport + m->nr_ports - 1;

    if (m->nr_ports == 0 || m->first_mport > 0xffff || m->nr_ports > 0x10000 ||
        last > 0xffff || m->first_gport > 0xffff ||
        m->first_gport + m->nr_ports - 1 > 0xffff)
        return -EINVAL;
    if (!rangeset_contains(&current->domain->arch.ioport_caps, m->first_mport, last) ||
        !rangeset_contains(&d->arch.ioport_caps, m->first_mport, last))
        return -EPERM;
    /* A guest reaches the ports it is permitted at their own numbers. */
    return m->first_gport == m->first_mport ? 0 : -EOPNOTSUPP;
}

/* Messages of devices come through their vPCI; lines are the only thing to bind. */
static long pt_irq(struct domain *d, const struct xen_domctl_bind_pt_irq *b, bool bind)
{
    /* The ABI has no segment there. */
    struct vpci_line l = {
        .bus = b->u.pci.bus, .dev = b->u.pci.device, .intx = b->u.pci.intx,
    };
    unsigned int gsi = b->machine_irq;

    if (b->irq_type != PT_IRQ_TYPE_PCI)
        return -EOPNOTSUPP;
    if (b->machine_irq >= nr_gsis)
        return -EINVAL;
    if (!rangeset_contains(&current->domain->irq_caps, b->machine_irq, b->machine_irq))
        return -EPERM;
    if (!vpci_name_line(d, &l, bind ? NULL : &gsi))
        return -EINVAL;
    if (!bind)
        return vpci_unbind_intx(d, &l, gsi);
    return d->dying ? -ESRCH : vpci_bind_intx(d, &l, gsi);
}

static long send_trigger(struct domain *d, const struct xen_domctl_sendtrigger *t)
{
    struct vcpu *v;

    if (!(v = domain_vcpu(d, t->vcpu)))
        return -ESRCH;
    if (t->trigger != XEN_DOMCTL_SENDTRIGGER_NMI)
        return -EOPNOTSUPP;
    hvm_post_nmi(v);
    return 0;
}

long arch_domctl(struct xen_domctl *op, struct domain *d, uint64_t u_domctl,
                 bool *copyback)
{
    *copyback = true;
    switch (op->cmd) {
    case XEN_DOMCTL_gethvmcontext:
        return d == current->domain ? -EINVAL : get_context(d, &op->u.hvmcontext);
    case XEN_DOMCTL_sethvmcontext:
        return d == current->domain ? -EINVAL : set_context(d, &op->u.hvmcontext);
    case XEN_DOMCTL_gethvmcontext_partial:
        return d == current->domain ? -EINVAL : get_partial(d, &op->u.hvmcontext_partial);
    case XEN_DOMCTL_get_cpu_policy:
        return policy_to_guest(d->arch.policy, &op->u.cpu_policy.nr_leaves,
                               guest_handle_addr(op->u.cpu_policy.leaves),
                               &op->u.cpu_policy.nr_msrs,
                               guest_handle_addr(op->u.cpu_policy.msrs));
    case XEN_DOMCTL_set_cpu_policy:
        return set_policy(d, &op->u.cpu_policy);
    case XEN_DOMCTL_settscinfo:
        return d == current->domain ? -EINVAL : hvm_set_tsc_info(d, &op->u.tsc_info);
    case XEN_DOMCTL_gettscinfo:
        hvm_get_tsc_info(d, &op->u.tsc_info);
        return 0;
    case XEN_DOMCTL_set_paging_mempool_size:
        return p2m_set_pool(d, op->u.paging_mempool.size);
    case XEN_DOMCTL_get_paging_mempool_size:
        op->u.paging_mempool.size = p2m_get_pool(d);
        return 0;
    case XEN_DOMCTL_getpageframeinfo3:
        return page_frame_info(d, &op->u.getpageframeinfo3);
    case XEN_DOMCTL_ioport_mapping:
        return ioport_mapping(d, &op->u.ioport_mapping);
    case XEN_DOMCTL_bind_pt_irq:
    case XEN_DOMCTL_unbind_pt_irq:
        *copyback = false;
        return pt_irq(d, &op->u.bind_pt_irq, op->cmd == XEN_DOMCTL_bind_pt_irq);
    case XEN_DOMCTL_shadow_op:
        return d == current->domain ? -EINVAL : shadow_op(d, &op->u.shadow_op);
    case XEN_DOMCTL_getvcpucontext:
        return domctl_get_context(d, &op->u.vcpucontext);
    case XEN_DOMCTL_setvcpucontext:
        return domctl_set_context(d, &op->u.vcpucontext);
    case XEN_DOMCTL_sendtrigger:
        return send_trigger(d, &op->u.sendtrigger);
    default:
        *copyback = false;
        return -ENOSYS;
    }
}
