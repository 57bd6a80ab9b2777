/* SPDX-License-Identifier: GPL-2.0-only */
/* XEN_DOMCTL_getvcpucontext and setvcpucontext of HVM vCPUs. */
#include <xen/ctl.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <asm/cr.h>
#include <asm/current.h>
#include <asm/hvm.h>
#include <asm/xstate.h>

#include "domctl.h"

static void read_segments(struct vcpu *v, struct vcpu_guest_context *c)
{
    struct segment_reg s;

    hvm->get_segment(v, SEG_CS, &s);
    c->user_regs.cs = s.sel;
    hvm->get_segment(v, SEG_SS, &s);
    c->user_regs.ss = s.sel;
    hvm->get_segment(v, SEG_DS, &s);
    c->user_regs.ds = s.sel;
    hvm->get_segment(v, SEG_ES, &s);
    c->user_regs.es = s.sel;
    hvm->get_segment(v, SEG_FS, &s);
    c->user_regs.fs = s.sel;
    c->fs_base = s.base;
    hvm->get_segment(v, SEG_GS, &s);
    c->user_regs.gs = s.sel;
    c->gs_base_user = s.base;
}

static void fill_context(struct vcpu *v, struct vcpu_guest_context *c)
{
    const struct hvm_vcpu *h = &v->arch.hvm;

    /* The legacy part of the XSAVE image has the layout of FXSAVE. */
    memcpy(&c->fpu_ctxt, v->arch.xsave, sizeof(c->fpu_ctxt));
    c->flags = VGCF_i387_valid;
    if (!(read_once(v->sched.pause_flags) & VPF_OFF))
        c->flags |= VGCF_online;
    c->user_regs = v->arch.regs;
    read_segments(v, c);
    for (unsigned int i = 0; i <= 4; i++)
        c->ctrlreg[i] = i == 1 ? 0 : h->guest_cr[i];
    for (unsigned int i = 0; i < 4; i++)
        c->debugreg[i] = h->dr[i];
    c->debugreg[6] = h->dr6;
    c->debugreg[7] = h->dr7;
}

typedef long context_fn(struct vcpu *v, const struct xen_domctl_vcpucontext *op,
                        struct vcpu_guest_context *c);

static long get_context(struct vcpu *v, const struct xen_domctl_vcpucontext *op,
                        struct vcpu_guest_context *c)
{
    vcpu_pause(v);
    fill_context(v, c);
    vcpu_unpause(v);
    return guest_write(op->ctxt, c);
}

/* Only what a toolstack changes: general registers, and whether the vCPU is up. */
static long set_context(struct vcpu *v, const struct xen_domctl_vcpucontext *op,
                        struct vcpu_guest_context *c)
{
    struct cpu_user_regs *r = &v->arch.regs;
    long rc = guest_read(c, op->ctxt);

    if (rc)
        return rc;
    vcpu_pause(v);
    *r = c->user_regs;
    /* bits that exist (APM vol. 2 §3.1.6) */
    r->rflags = (r->rflags & 0x3f7fd7UL) | 2;
    vcpu_unpause(v);
    return c->flags & VGCF_online ? vcpu_up(v) : 0;
}

/* fn with room for a context; not_started: what a vCPU without one answers. */
static long with_context(struct domain *d, const struct xen_domctl_vcpucontext *op,
                         long not_started, context_fn *fn)
{
    struct vcpu_guest_context *c;
    struct vcpu *v;
    long rc;

    if (op->vcpu >= d->max_vcpus || d == current->domain)
        return -EINVAL;
    v = domain_vcpu(d, op->vcpu);
    if (!v)
        return -ESRCH;
    if (!v->is_initialised)
        return not_started;
    c = xalloc(struct vcpu_guest_context);
    if (!c)
        return -ENOMEM;
    rc = fn(v, op, c);
    xfree(c);
    return rc;
}

long domctl_get_context(struct domain *d, const struct xen_domctl_vcpucontext *op)
{
    return with_context(d, op, -ENODATA, get_context);
}

long domctl_set_context(struct domain *d, const struct xen_domctl_vcpucontext *op)
{
    return with_context(d, op, -EOPNOTSUPP, set_context);
}
