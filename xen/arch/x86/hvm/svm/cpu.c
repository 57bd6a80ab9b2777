/* SPDX-License-Identifier: GPL-2.0-only */
/* Detecting SVM, and switching it on per CPU (APM vol. 2 15.4). */
#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/cpu.h>
#include <asm/cpu_policy.h>
#include <asm/msr.h>
#include "svm.h"

uint32_t svm_features, svm_max_asid;
DEFINE_PER_CPU(paddr_t, svm_host_vmcb);
static DEFINE_PER_CPU(void *, host_save_area);

static const struct hvm_ops svm_ops;
static struct hvm_ops ops_of_machine;

static bool missing(const char *what)
{
    printk(XENLOG_ERR "HVM: SVM cannot be used: %s\n", what);
    return true;
}

static bool unusable(void)
{
    const struct cpuid_leaf *leaf = &cpu_policy_host.extd[0xa];
    uint64_t vm_cr;

    if (!cpu_has(X86_FEATURE_SVM))
        return missing("the CPU has no SVM (CPUID 0x80000001 ECX bit 2)");
    if (!(leaf->d & SVM_FEATURE_NPT))
        return missing("the CPU has no nested paging");
    if (leaf->b < 2)
        return missing("the CPU has no address space ids");
    if (!rdmsr_safe(MSR_VM_CR, &vm_cr) && (vm_cr & VM_CR_SVM_DISABLE))
        return missing("the firmware has disabled it");
    return false;
}

const struct hvm_ops *svm_probe(void)
{
    if (unusable())
        return NULL;
    svm_features = cpu_policy_host.extd[0xa].d;
    svm_max_asid = cpu_policy_host.extd[0xa].b - 1;
    if (svm_maps_init()) {
        missing("no memory for permission maps");
        return NULL;
    }
    ops_of_machine = svm_ops;
    ops_of_machine.nrips = svm_features & SVM_FEATURE_NRIPS;
    printk(XENLOG_INFO "SVM: %u ASIDs%s%s%s\n", svm_max_asid,
           svm_features & SVM_FEATURE_NRIPS ? ", next RIP" : "",
           svm_features & SVM_FEATURE_DECODE ? ", decode assists" : "",
           svm_features & SVM_FEATURE_FLUSHASID ? ", flush by ASID" : "");
    return &ops_of_machine;
}

int svm_cpu_up(void)
{
    void *area = this_cpu(host_save_area);

    if (!area) {
        void *vmcb = charge_alloc_pages(NULL, CHARGE_VMCB, 0);

        area = charge_alloc_pages(NULL, CHARGE_VMCB, 0);
        if (!area || !vmcb) {
            if (area)
                charge_free_pages(area, 0);
            if (vmcb)
                charge_free_pages(vmcb, 0);
            return -ENOMEM;
        }
        this_cpu(host_save_area) = area;
        this_cpu(svm_host_vmcb) = virt_to_paddr(vmcb);
    }
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
    wrmsr(MSR_VM_HSAVE_PA, virt_to_paddr(area));
    svm_asid_cpu_init();
    /*
     * FS, GS, TR and the like as the hypervisor has them on this CPU, once and for all.
     */
    __asm__ volatile("vmsave %%rax" ::"a"(this_cpu(svm_host_vmcb)) : "memory");
    return 0;
}

void svm_cpu_down(void)
{
    wrmsr(MSR_VM_HSAVE_PA, 0);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~(uint64_t)EFER_SVME);
}

static void set_tsc_offset(struct vcpu *v, int64_t offset)
{
    vmcb_of(v)->tsc_offset = (uint64_t)offset;
}

/* MOV SS and STI hold interrupts back for one instruction. */
static unsigned int interrupt_shadow(struct vcpu *v)
{
    return vmcb_of(v)->shadow & 1;
}

static void clear_interrupt_shadow(struct vcpu *v)
{
    vmcb_of(v)->shadow &= ~1UL;
}

/* Not intercepted, but emulated instructions and saved contexts want them too. */
static uint64_t *msr_slot(struct vcpu *v, uint32_t msr)
{
    struct vmcb *c = vmcb_of(v);

    switch (msr) {
    case MSR_SYSENTER_CS: return &c->sysenter_cs;
    case MSR_SYSENTER_ESP: return &c->sysenter_esp;
    case MSR_SYSENTER_EIP: return &c->sysenter_eip;
    case MSR_STAR: return &c->star;
    case MSR_LSTAR: return &c->lstar;
    case MSR_CSTAR: return &c->cstar;
    case MSR_SYSCALL_MASK: return &c->sfmask;
    case MSR_FS_BASE: return &c->fs.base;
    case MSR_GS_BASE: return &c->gs.base;
    case MSR_KERNEL_GS_BASE: return &c->kernel_gs_base;
    case MSR_PAT: return &c->g_pat;
    default: return NULL;
    }
}

static int msr_read(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    const uint64_t *slot = msr_slot(v, msr);

    if (!slot)
        return 1;
    *val = *slot;
    return 0;
}

static int msr_write(struct vcpu *v, uint32_t msr, uint64_t val)
{
    uint64_t *slot = msr_slot(v, msr);
    bool address = msr != MSR_STAR && msr != MSR_SYSCALL_MASK && msr != MSR_PAT &&
                   msr != MSR_SYSENTER_CS;

    if (!slot)
        return 1;
    if (address && (uint64_t)((int64_t)(val << 16) >> 16) != val)
        return -EPERM;
    *slot = val;
    return 0;
}

static void save_msrs(struct vcpu *v, struct hvm_saved_msrs *m)
{
    const struct vmcb *c = vmcb_of(v);

    *m = (struct hvm_saved_msrs){
        .sysenter_cs = c->sysenter_cs,
        .sysenter_esp = c->sysenter_esp,
        .sysenter_eip = c->sysenter_eip,
        .shadow_gs = c->kernel_gs_base,
        .star = c->star,
        .lstar = c->lstar,
        .cstar = c->cstar,
        .syscall_mask = c->sfmask,
    };
}

static void load_msrs(struct vcpu *v, const struct hvm_saved_msrs *m)
{
    struct vmcb *c = vmcb_of(v);

    c->sysenter_cs = m->sysenter_cs;
    c->sysenter_esp = m->sysenter_esp;
    c->sysenter_eip = m->sysenter_eip;
    c->kernel_gs_base = m->shadow_gs;
    c->star = m->star;
    c->lstar = m->lstar;
    c->cstar = m->cstar;
    c->sfmask = m->syscall_mask;
    c->g_pat = v->arch.hvm.pat;
    c->dr6 = v->arch.hvm.dr6;
    c->dr7 = v->arch.hvm.dr7;
}

static void get_insn_bytes(struct vcpu *v, uint8_t *buf, unsigned int *len)
{
    const struct vmcb *c = vmcb_of(v);

    *len = 0;
    if (!(svm_features & SVM_FEATURE_DECODE))
        return;
    *len = MIN(c->insn_count & 0xf, 15);
    memcpy(buf, c->insn, *len);
}

static const struct hvm_ops svm_ops = {
    .name = "AMD SVM",
    .cpu_up = svm_cpu_up,
    .cpu_down = svm_cpu_down,
    .domain_init = svm_domain_init,
    .domain_destroy = svm_domain_destroy,
    .vcpu_init = svm_vcpu_init,
    .vcpu_destroy = svm_vcpu_destroy,
    .switch_out = svm_switch_out,
    .switch_in = svm_switch_in,
    .run = svm_run,
    .get_segment = svm_get_segment,
    .set_segment = svm_set_segment,
    .code_attr = svm_code_attr,
    .cpl = svm_cpl,
    .update_cr = svm_update_cr,
    .update_efer = svm_update_efer,
    .set_tsc_offset = set_tsc_offset,
    .interrupt_shadow = interrupt_shadow,
    .clear_interrupt_shadow = clear_interrupt_shadow,
    .msr_read = msr_read,
    .msr_write = msr_write,
    .get_insn_bytes = get_insn_bytes,
    .flush_guest_tlb = svm_flush_guest_tlb,
    .flush_vcpu_tlb = svm_flush_vcpu_tlb,
    .hypercall_insn = { 0x0f, 0x01, 0xd9 },
    .save_msrs = save_msrs,
    .load_msrs = load_msrs,
};
