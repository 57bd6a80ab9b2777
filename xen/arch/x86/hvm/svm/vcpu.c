/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's control block: creation, segments, control and debug registers. */
#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/cpu.h>
#include <asm/cpu_policy.h>
#include <asm/msr.h>
#include <asm/p2m.h>
#include "svm.h"

#define DR_ALL 0xffff

static void set_intercepts(struct vmcb *c)
{
    c->cr_write = INTERCEPT_CR4;
    c->dr_read = c->dr_write = DR_ALL;
    c->exceptions = SVM_EXCEPTIONS;
    c->intercept3 = INTERCEPT_INTR | INTERCEPT_NMI | INTERCEPT_SMI | INTERCEPT_INIT |
                    INTERCEPT_CR0_SEL | INTERCEPT_RDPMC | INTERCEPT_CPUID |
                    INTERCEPT_INVD | INTERCEPT_HLT | INTERCEPT_INVLPGA |
                    INTERCEPT_IOIO | INTERCEPT_MSR | INTERCEPT_FERR |
                    INTERCEPT_SHUTDOWN;
    c->intercept4 = INTERCEPT_VMRUN | INTERCEPT_VMMCALL | INTERCEPT_VMLOAD |
                    INTERCEPT_VMSAVE | INTERCEPT_STGI | INTERCEPT_CLGI |
                    INTERCEPT_SKINIT | INTERCEPT_WBINVD | INTERCEPT_MONITOR |
                    INTERCEPT_MWAIT | INTERCEPT_MWAIT_ARM | INTERCEPT_XSETBV |
                    INTERCEPT_RDPRU;
}

int svm_vcpu_init(struct vcpu *v)
{
    struct charge *charge = &v->domain->charge;
    struct svm_vcpu *s = charge_alloc(charge, CHARGE_VCPU, sizeof(*s));
    struct vmcb *c;

    if (!s)
        return -ENOMEM;
    c = charge_alloc_pages(charge, CHARGE_VMCB, 0);
    if (!c) {
        charge_free(s);
        return -ENOMEM;
    }
    s->vmcb = c;
    s->vmcb_pa = virt_to_paddr(c);
    v->arch.hvm.vendor = s;

    set_intercepts(c);
    c->iopm_pa = virt_to_paddr(svm_iopm);
    c->msrpm_pa = virt_to_paddr(svm_msrpm);
    c->vintr = VINTR_MASKING;
    c->np_enable = 1;
    c->n_cr3 = p2m_root(v->domain);
    c->g_pat = v->arch.hvm.pat;
    c->tsc_offset = (uint64_t)v->arch.hvm.tsc_offset;
    c->efer = EFER_SVME;
    return 0;
}

void svm_vcpu_destroy(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);

    if (!s)
        return;
    v->arch.hvm.vendor = NULL;
    charge_free_pages(s->vmcb, 0);
    charge_free(s);
}

static struct vmcb_seg *find_seg(struct vmcb *c, enum hvm_seg seg)
{
    switch (seg) {
    case SEG_CS: return &c->cs;
    case SEG_DS: return &c->ds;
    case SEG_ES: return &c->es;
    case SEG_FS: return &c->fs;
    case SEG_GS: return &c->gs;
    case SEG_SS: return &c->ss;
    case SEG_TR: return &c->tr;
    case SEG_LDTR: return &c->ldtr;
    case SEG_GDTR: return &c->gdtr;
    case SEG_IDTR: return &c->idtr;
    }
    BUG();
}

void svm_get_segment(struct vcpu *v, enum hvm_seg seg, struct segment_reg *r)
{
    struct vmcb *c = vmcb_of(v);
    const struct vmcb_seg *s = find_seg(c, seg);

    *r = (struct segment_reg){ s->sel, s->attr & 0xfff, s->limit, s->base };
    /* The privilege level is kept apart, and is what counts (APM vol. 2 15.5.1). */
    if (seg == SEG_SS)
        r->attr = (r->attr & ~0x60) | (c->cpl & 3) << 5;
}

unsigned int svm_code_attr(struct vcpu *v)
{
    return vmcb_of(v)->cs.attr;
}

unsigned int svm_cpl(struct vcpu *v)
{
    return vmcb_of(v)->cpl & 3;
}

void svm_set_segment(struct vcpu *v, enum hvm_seg seg, const struct segment_reg *r)
{
    struct vmcb *c = vmcb_of(v);

    *find_seg(c, seg) = (struct vmcb_seg){ r->sel, r->attr & 0xfff, r->limit, r->base };
    if (seg == SEG_SS)
        c->cpl = (r->attr >> 5) & 3;
}

void svm_update_cr(struct vcpu *v, unsigned int cr)
{
    struct vmcb *c = vmcb_of(v);
    uint64_t val = v->arch.hvm.guest_cr[cr];

    switch (cr) {
    case 0:
        c->cr0 = val;
        break;
    case 2:
        c->cr2 = val;
        break;
    case 3:
        c->cr3 = val;
        break;
    case 4:
        c->cr4 = val;
        break;
    }
}

/* VMRUN insists on SVME; guests are never shown it. */
void svm_update_efer(struct vcpu *v)
{
    vmcb_of(v)->efer = v->arch.hvm.efer | EFER_SVME;
}

#define DR_ACCESS(n)                                                            \
    static uint64_t read_dr##n(void)                                            \
    {                                                                           \
        uint64_t val;                                                           \
        __asm__ volatile("mov %%db" #n ", %0" : "=r"(val));                     \
        return val;                                                             \
    }                                                                           \
    static void write_dr##n(uint64_t val)                                       \
    {                                                                           \
        __asm__ volatile("mov %0, %%db" #n ::"r"(val));                         \
    }
DR_ACCESS(0)
DR_ACCESS(1)
DR_ACCESS(2)
DR_ACCESS(3)

/* DR6 and DR7 are in the VMCB; these four are not. */
void svm_take_debug_registers(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);

    write_dr0(v->arch.hvm.dr[0]);
    write_dr1(v->arch.hvm.dr[1]);
    write_dr2(v->arch.hvm.dr[2]);
    write_dr3(v->arch.hvm.dr[3]);
    s->vmcb->dr_read = s->vmcb->dr_write = 0;
    s->dr_loaded = true;
}

static void return_debug_registers(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);

    v->arch.hvm.dr[0] = read_dr0();
    v->arch.hvm.dr[1] = read_dr1();
    v->arch.hvm.dr[2] = read_dr2();
    v->arch.hvm.dr[3] = read_dr3();
    s->vmcb->dr_read = s->vmcb->dr_write = DR_ALL;
    s->dr_loaded = false;
}

void svm_switch_out(struct vcpu *v)
{
    if (svm_of(v)->dr_loaded)
        return_debug_registers(v);
}

void svm_switch_in(struct vcpu *v)
{
    /* Armed breakpoints must hit without the guest touching the registers again. */
    if (v->arch.hvm.dr7 & 0xff)
        svm_take_debug_registers(v);
    if (cpu_has(X86_FEATURE_RDTSCP) || cpu_has(X86_FEATURE_RDPID))
        wrmsr(MSR_TSC_AUX, v->arch.hvm.tsc_aux);
}
