/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exits, in one table. An exit that is not in it was forgotten: the domain crashes with
 * its registers in the log. One that is refused says so and gets its exception (I7).
 */
#include <xen/errno.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <asm/cpu.h>
#include <asm/emulate.h>
#include <asm/msr.h>
#include <asm/nospec.h>
#include <asm/p2m.h>
#include <public/sched.h>
#include "svm.h"

typedef void exit_handler(struct vcpu *v, struct vmcb *c);

/* Step over the instruction that exited. false: its bytes are another's; #UD or so. */
static bool skip(struct vcpu *v, struct vmcb *c, enum insn_id id)
{
    unsigned int len = 0;

    if (hvm->nrips && c->nrip > v->arch.regs.rip)
        len = (unsigned int)(c->nrip - v->arch.regs.rip);
    if (!len || len > INSN_MAX_BYTES)
        len = hvm_insn_length_of(v, id);
    if (!len)
        return false;
    c->shadow &= ~1UL;
    hvm_skip_insn(v, len);
    return true;
}

static void emulate(struct vcpu *v, struct vmcb *c, paddr_t gpa, bool gpa_valid)
{
    uint64_t rip = v->arch.regs.rip;

    if (hvm_emulate_one(v, gpa, gpa_valid) && v->arch.regs.rip != rip)
        c->shadow &= ~1UL;
}

/* --- instructions ------------------------------------------------------------------ */

static void on_cpuid(struct vcpu *v, struct vmcb *c)
{
    struct cpu_user_regs *r = &v->arch.regs;
    uint32_t out[4];

    hvm_cpuid(v, (uint32_t)r->rax, (uint32_t)r->rcx, out);
    if (!skip(v, c, INSN_ID_CPUID))
        return;
    r->rax = out[0];
    r->rbx = out[1];
    r->rcx = out[2];
    r->rdx = out[3];
}

static void on_msr(struct vcpu *v, struct vmcb *c)
{
    struct cpu_user_regs *r = &v->arch.regs;
    uint64_t val = (uint32_t)r->rax | r->rdx << 32;
    bool write = c->exitinfo1 & 1;
    int rc = write ? hvm_msr_write(v, (uint32_t)r->rcx, val)
                   : hvm_msr_read(v, (uint32_t)r->rcx, &val);

    if (rc) {
        hvm_inject_exception(v, EXC_GP, 0);
        return;
    }
    if (!skip(v, c, write ? INSN_ID_WRMSR : INSN_ID_RDMSR) || write)
        return;
    r->rax = (uint32_t)val;
    r->rdx = val >> 32;
}

static void on_hlt(struct vcpu *v, struct vmcb *c)
{
    if (skip(v, c, INSN_ID_HLT))
        hvm_hlt(v);
}

static void on_vmmcall(struct vcpu *v, struct vmcb *c)
{
    /* Decide first: what the call does to RIP (a context set) is not to be undone. */
    if (hvm_do_hypercall(v))
        skip(v, c, INSN_ID_VMMCALL);
}

static void on_xsetbv(struct vcpu *v, struct vmcb *c)
{
    struct cpu_user_regs *r = &v->arch.regs;
    uint64_t val = (uint32_t)r->rax | r->rdx << 32;

    if (hvm_cpl(v) || hvm_set_xcr0(v, (uint32_t)r->rcx, val))
        hvm_inject_exception(v, EXC_GP, 0);
    else
        skip(v, c, INSN_ID_XSETBV);
}

/* Caches matter to whoever has real devices; others are told that it was done. */
static void on_wbinvd(struct vcpu *v, struct vmcb *c)
{
    if (v->domain->is_privileged)
        wbinvd();
    skip(v, c, INSN_ID_WBINVD);
}

static void on_invd(struct vcpu *v, struct vmcb *c)
{
    if (v->domain->is_privileged)
        wbinvd();
    skip(v, c, INSN_ID_INVD);
}

static void on_ioio(struct vcpu *v, struct vmcb *c)
{
    struct cpu_user_regs *r = &v->arch.regs;
    uint32_t info = (uint32_t)c->exitinfo1;
    unsigned int size = IOIO_SIZE(info);
    bool in = info & IOIO_IN;
    uint64_t mask = (1UL << (size * 8)) - 1, val = in ? mask : r->rax & mask;

    if (info & IOIO_STRING) {
        emulate(v, c, 0, false);
        return;
    }
    if (hvm_port_io(v, IOIO_PORT(info), size, !in, &val) == IO_RETRY)
        return;
    if (in && size == 4)
        r->rax = (uint32_t)val;
    else if (in)
        r->rax = (r->rax & ~mask) | (val & mask);
    c->shadow &= ~1UL;
    hvm_skip_insn(v, (unsigned int)(c->exitinfo2 - r->rip));
}

static uint64_t gpr(const struct cpu_user_regs *r, unsigned int n)
{
    const uint64_t regs[16] = {
        r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
        r->r8, r->r9, r->r10, r->r11, r->r12, r->r13, r->r14, r->r15,
    };

    return regs[n & 15];
}

static int write_cr(struct vcpu *v, uint64_t exitcode, uint64_t val)
{
    switch (exitcode) {
    case EXIT_CR4_WRITE:
        return hvm_set_cr4(v, val);
    case EXIT_CR8_WRITE:
        if (val > 0xf)
            return -EPERM;
        vlapic_set_cr8(v, (uint8_t)val);
        return 0;
    default:
        return hvm_set_cr0(v, val);
    }
}

/* With decode assists the register is given; LMSW and old CPUs need the decoder. */
static void on_cr_write(struct vcpu *v, struct vmcb *c)
{
    uint64_t val;

    if (!(svm_features & SVM_FEATURE_DECODE) || !(c->exitinfo1 & CR_DECODED)) {
        emulate(v, c, 0, false);
        return;
    }
    val = gpr(&v->arch.regs, (unsigned int)c->exitinfo1);
    if (hvm_code_bytes(v) != 8)
        val = (uint32_t)val;
    if (write_cr(v, c->exitcode, val))
        hvm_inject_exception(v, EXC_GP, 0);
    else
        skip(v, c, INSN_ID_MOV_TO_CR);
}

static void on_dr(struct vcpu *v, struct vmcb *c)
{
    (void)c;
    /* Nothing emulated: the instruction runs again, on the real registers. */
    svm_take_debug_registers(v);
}

/* Offered to no guest by CPUID, so #UD is what the architecture says. */
static void refuse_ud(struct vcpu *v, struct vmcb *c)
{
    gprintk(XENLOG_DEBUG, "instruction refused: exit %#lx at %#lx\n", c->exitcode,
            v->arch.regs.rip);
    hvm_inject_exception(v, EXC_UD, -1);
}

/* No performance counters (CR4.PCE or not, there is none to be named). */
static void refuse_gp(struct vcpu *v, struct vmcb *c)
{
    gprintk(XENLOG_DEBUG, "instruction refused: exit %#lx at %#lx\n", c->exitcode,
            v->arch.regs.rip);
    hvm_inject_exception(v, EXC_GP, 0);
}

/* --- events ------------------------------------------------------------------------ */

/*
 * The host's own events were taken when interrupts or GIF came on again; after a window
 * svm_prepare_events() looks again at what was held up.
 */
static void on_nothing(struct vcpu *v, struct vmcb *c)
{
    (void)v;
    (void)c;
}

/* The handler of an NMI ends: the next one may come after this instruction. */
static void on_iret(struct vcpu *v, struct vmcb *c)
{
    (void)c;
    svm_begin_step(v);
}

/* What hvm_dump_vcpu() does not know: how the vCPU was entered last. */
static void dump_vmcb(struct vcpu *v, const struct vmcb *c)
{
    printk(
        XENLOG_GUEST XENLOG_WARNING
        "%pv exit %#lx info %#lx %#lx intinfo %#lx vintr %#lx shadow %#lx\n"
        "  np %#lx ncr3 %#lx asid %u tlb %u cpl %u cs %04x/%03x idt %#lx/%#x gdt %#lx\n",
        v, c->exitcode, c->exitinfo1, c->exitinfo2, c->exitintinfo, c->vintr, c->shadow,
        c->np_enable, c->n_cr3, c->asid, c->tlb_control, c->cpl, c->cs.sel, c->cs.attr,
        c->idtr.base, c->idtr.limit, c->gdtr.base);
}

static void on_shutdown(struct vcpu *v, struct vmcb *c)
{
    dump_vmcb(v, c);
    hvm_triple_fault(v);
}

static void on_ferr(struct vcpu *v, struct vmcb *c)
{
    (void)c;
    gprintk(XENLOG_WARNING, "FERR freeze\n");
    hvm_triple_fault(v);
}

static void on_db(struct vcpu *v, struct vmcb *c)
{
    /* The VMCB has DR6 and DR7 as the handler is to see them (APM vol. 2 15.12.2). */
    (void)c;
    hvm_inject_exception(v, EXC_DB, -1);
}

static void on_ac(struct vcpu *v, struct vmcb *c)
{
    (void)c;
    hvm_inject_exception(v, EXC_AC, 0);
}

static void on_mc(struct vcpu *v, struct vmcb *c)
{
    (void)v;
    (void)c;
    /* It is the machine's, whoever was running. */
    __asm__ volatile("int $18");
}

static void on_npf(struct vcpu *v, struct vmcb *c)
{
    paddr_t gpa = c->exitinfo2;
    bool write = c->exitinfo1 & NPF_WRITE, fetch = c->exitinfo1 & NPF_FETCH;

    if (p2m_fault(v, gpa, write, fetch))
        return;
    emulate(v, c, gpa, true);
}

/* --- the table --------------------------------------------------------------------- */

static exit_handler *const handlers[EXIT_TABLE_SIZE] = {
    [EXIT_CR4_WRITE] = on_cr_write,
    [EXIT_CR8_WRITE] = on_cr_write,
    [EXIT_CR0_SEL] = on_cr_write,
    [EXIT_DR0_READ ... EXIT_DR0_READ + 15] = on_dr,
    [EXIT_DR0_WRITE ... EXIT_DR0_WRITE + 15] = on_dr,
    [EXIT_EXCEPTION + EXC_DB] = on_db,
    [EXIT_EXCEPTION + EXC_AC] = on_ac,
    [EXIT_EXCEPTION + EXC_MC] = on_mc,
    [EXIT_INTR] = on_nothing,
    [EXIT_NMI] = on_nothing,
    [EXIT_SMI] = on_nothing,
    [EXIT_INIT] = on_nothing,
    [EXIT_VINTR] = on_nothing,
    [EXIT_RDPMC] = refuse_gp,
    [EXIT_CPUID] = on_cpuid,
    [EXIT_IRET] = on_iret,
    [EXIT_INVD] = on_invd,
    [EXIT_HLT] = on_hlt,
    [EXIT_INVLPGA] = refuse_ud,
    [EXIT_IOIO] = on_ioio,
    [EXIT_MSR] = on_msr,
    [EXIT_FERR] = on_ferr,
    [EXIT_SHUTDOWN] = on_shutdown,
    [EXIT_VMRUN] = refuse_ud,
    [EXIT_VMMCALL] = on_vmmcall,
    [EXIT_VMLOAD] = refuse_ud,
    [EXIT_VMSAVE] = refuse_ud,
    [EXIT_STGI] = refuse_ud,
    [EXIT_CLGI] = refuse_ud,
    [EXIT_SKINIT] = refuse_ud,
    [EXIT_WBINVD] = on_wbinvd,
    [EXIT_MONITOR] = refuse_ud,
    [EXIT_MWAIT] = refuse_ud,
    [EXIT_MWAIT_ARMED] = refuse_ud,
    [EXIT_XSETBV] = on_xsetbv,
    [EXIT_RDPRU] = refuse_ud,
};

void svm_handle_exit(struct vcpu *v)
{
    struct vmcb *c = vmcb_of(v);
    exit_handler *handler = NULL;

    if (unlikely(svm_of(v)->stepping) && svm_step_exit(v))
        return;
    if (c->exitcode == EXIT_NPF) {
        on_npf(v, c);
        return;
    }
    if (c->exitcode < EXIT_TABLE_SIZE)
        handler = handlers[array_index_nospec(c->exitcode, EXIT_TABLE_SIZE)];
    if (handler) {
        handler(v, c);
        return;
    }
    hvm_dump_vcpu(v);
    dump_vmcb(v, c);
    domain_crash(v->domain, "%pv: exit %#lx (info %#lx %#lx) has no handler", v,
                 c->exitcode, c->exitinfo1, c->exitinfo2);
}
