/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The saved context of a vCPU: what is loaded comes back, the registers of SYSENTER and
 * SYSCALL among it. Broken, a guest that was saved dies at its first system call after
 * the restore. Records that Xen writes of state that vCPUs here do not have are taken if
 * they are in their reset state.
 */
#include "domctl.h"
#include <public/hvm/save.h>

static uint8_t row[32768], back[32768];
static uint32_t used;
static domid_t guest;

static void *record(uint16_t type, uint32_t length, const void *data)
{
    struct hvm_save_descriptor desc = { type, 0, length };
    uint8_t *at = row + used;

    memcpy(at, &desc, sizeof(desc));
    if (data)
        memcpy(at + sizeof(desc), data, length);
    used += sizeof(desc) + length;
    return at + sizeof(desc);
}

static void begin(void)
{
    struct hvm_save_header header = { .magic = HVM_FILE_MAGIC,
                                      .version = HVM_FILE_VERSION };

    used = 0;
    record(HVM_SAVE_CODE(HEADER), sizeof(header), &header);
}

static long load(void)
{
    struct xen_domctl op = {0};

    record(HVM_SAVE_CODE(END), 0, NULL);
    op.u.hvmcontext.size = used;
    set_xen_guest_handle(op.u.hvmcontext.buffer, row);
    return domctl(&op, XEN_DOMCTL_sethvmcontext, guest);
}

/* The record of that type in what the domain is saved to. */
static const void *saved(uint16_t type)
{
    struct xen_domctl op = {0};
    struct hvm_save_descriptor desc;
    uint32_t at = 0;

    op.u.hvmcontext.size = sizeof(back);
    set_xen_guest_handle(op.u.hvmcontext.buffer, back);
    if (domctl(&op, XEN_DOMCTL_gethvmcontext, guest))
        return NULL;
    for (; at + sizeof(desc) <= op.u.hvmcontext.size; at += sizeof(desc) + desc.length) {
        memcpy(&desc, back + at, sizeof(desc));
        if (desc.typecode == type)
            return back + at + sizeof(desc);
    }
    return NULL;
}

/* A vCPU in 64-bit code in the middle of a life. */
static struct hvm_hw_cpu cpu = {
    .rip = 0x401000, .rsp = 0x7ffe1000, .rflags = 0x246, .rax = 1, .r15 = 15,
    .cr0 = 0x80050033, .cr2 = 0x1234, .cr3 = 0x5000, .cr4 = 0x20,
    .dr6 = 0xffff0ff0, .dr7 = 0x400,
    .cs_sel = 0x10, .cs_limit = ~0u, .cs_arbytes = 0xa9b,
    .ss_sel = 0x18, .ss_limit = ~0u, .ss_arbytes = 0xc93,
    .tr_sel = 0x40, .tr_limit = 0x67, .tr_arbytes = 0x8b, .tr_base = 0x7000,
    .fs_base = 0x7f0011223344, .gs_base = 0xffff888000001000,
    .sysenter_cs = 0x10, .sysenter_esp = 0xffffc90000002000,
    .sysenter_eip = 0xffffffff81001000, .shadow_gs = 0x7f5566778899,
    .msr_star = 0x23001000000000, .msr_lstar = 0xffffffff81002000,
    .msr_cstar = 0xffffffff81003000, .msr_syscall_mask = 0x47700,
    .msr_efer = 0xd01,
};

TEST(registers_come_back)
{
    const struct hvm_hw_cpu *r;

    CHECK_EQ(create(1, &guest), 0);
    CHECK_EQ(max_vcpus(guest, 1), 0);
    begin();
    record(HVM_SAVE_CODE(CPU), sizeof(cpu), &cpu);
    CHECK_EQ(load(), 0);
    r = saved(HVM_SAVE_CODE(CPU));
    CHECK(r);
    CHECK(r->rip == cpu.rip && r->rsp == cpu.rsp && r->rax == 1 && r->r15 == 15);
    CHECK(r->cr0 == cpu.cr0 && r->cr3 == cpu.cr3 && r->cr4 == cpu.cr4);
    CHECK_EQ(r->msr_efer, cpu.msr_efer);
    CHECK_EQ(r->sysenter_cs, cpu.sysenter_cs);
    CHECK_EQ(r->sysenter_esp, cpu.sysenter_esp);
    CHECK_EQ(r->sysenter_eip, cpu.sysenter_eip);
    CHECK_EQ(r->shadow_gs, cpu.shadow_gs);
    CHECK_EQ(r->msr_star, cpu.msr_star);
    CHECK_EQ(r->msr_lstar, cpu.msr_lstar);
    CHECK_EQ(r->msr_cstar, cpu.msr_cstar);
    CHECK_EQ(r->msr_syscall_mask, cpu.msr_syscall_mask);
    CHECK(r->fs_base == cpu.fs_base && r->gs_base == cpu.gs_base);
}

static long load_one(uint16_t type, uint32_t length, const void *data)
{
    begin();
    record(type, length, data);
    return load();
}

TEST(records_of_others)
{
    struct hvm_vmce_vcpu mce = { .caps = 2 };
    struct hvm_tsc_adjust adjust = { 0 };

    CHECK_EQ(load_one(HVM_SAVE_CODE(VMCE_VCPU), sizeof(mce), &mce), 0);
    CHECK_EQ(load_one(HVM_SAVE_CODE(TSC_ADJUST), sizeof(adjust), &adjust), 0);
    adjust.tsc_adjust = 5;
    CHECK_EQ(load_one(HVM_SAVE_CODE(TSC_ADJUST), sizeof(adjust), &adjust),
             -XEN_EOPNOTSUPP);
    mce.mci_ctl2_bank0 = 1;
    CHECK_EQ(load_one(HVM_SAVE_CODE(VMCE_VCPU), sizeof(mce), &mce), -XEN_EOPNOTSUPP);
    CHECK_EQ(load_one(3, 4, &mce), -XEN_EINVAL);    /* a PIC: nobody has one */
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, guest), 0);
}
