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

static struct vcpu *find(struct domain *d, unsigned int id, long *rc)
{
    struct vcpu *v = id < d->max_vcpus ? d->vcpu[id] : NULL;

    *rc = id >= d->max_vcpus || d == current->domain ? -EINVAL : v ? 0 : -ESRCH;
    return *rc ? NULL : v;
}

long domctl_get_context(struct domain *d, const struct xen_domctl_vcpucontext *op)
{
    struct vcpu_guest_context *c;
    struct vcpu *v;
    long rc;

    v = find(d, op->vcpu, &rc);
    if (!v)
        return rc;
    if (!v->is_initialised)
        return -ENODATA;
    c = xalloc(struct vcpu_guest_context);
    if (!c)
        return -ENOMEM;
    vcpu_pause(v);
    fill_context(v, c);
    vcpu_unpause(v);
    rc = guest_write(op->ctxt, c);
    xfree(c);
    return rc;
}

/* Only what a toolstack changes: general registers, and whether the vCPU is up. */
long domctl_set_context(struct domain *d, const struct xen_domctl_vcpucontext *op)
{
    struct vcpu_guest_context *c;
    struct cpu_user_regs *r;
    struct vcpu *v;
    long rc;

    v = find(d, op->vcpu, &rc);
    if (!v)
        return rc;
    if (!v->is_initialised)
        return -EOPNOTSUPP;
    c = xalloc(struct vcpu_guest_context);
    if (!c)
        return -ENOMEM;
    rc = guest_read(c, op->ctxt);
    if (!rc) {
        vcpu_pause(v);
        r = &v->arch.regs;
        *r = c->user_regs;
        /* bits that exist (APM vol. 2 §3.1.6) */
        r->rflags = (r->rflags & 0x3f7fd7UL) | 2;
        vcpu_unpause(v);
        if (c->flags & VGCF_online)
            rc = vcpu_up(v);
    }
    xfree(c);
    return rc;
}
