/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The saved context of a vCPU: what is loaded comes back, the registers of SYSENTER and
 * SYSCALL among it. Broken, a guest that was saved dies at its first system call after
 * the restore. Records that Xen writes of state that vCPUs here do not have are taken if
 * they are in their reset state.
 */
#include "flat_guest.h"

static uint8_t row[32768], back[32768];
static uint32_t used, back_used;
static domid_t guest;

static void *record_of(uint16_t vcpu, uint16_t type, uint32_t length, const void *data)
{
    struct hvm_save_descriptor desc = { type, vcpu, length };
    uint8_t *at = row + used;

    memcpy(at, &desc, sizeof(desc));
    if (data)
        memcpy(at + sizeof(desc), data, length);
    used += sizeof(desc) + length;
    return at + sizeof(desc);
}

static void *record(uint16_t type, uint32_t length, const void *data)
{
    return record_of(0, type, length, data);
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

/* The first record of that type in what the domain is saved to. */
static const void *saved(uint16_t type)
{
    struct xen_domctl op = {0};
    struct hvm_save_descriptor desc;
    uint32_t at = 0;

    op.u.hvmcontext.size = sizeof(back);
    set_xen_guest_handle(op.u.hvmcontext.buffer, back);
    if (domctl(&op, XEN_DOMCTL_gethvmcontext, guest))
        return NULL;
    back_used = op.u.hvmcontext.size;
    for (; at + sizeof(desc) <= back_used; at += sizeof(desc) + desc.length) {
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

/* What no processor can be given to deliver is refused, and not met at the next entry. */
TEST(events)
{
    static const struct { uint8_t type; uint32_t reserved; long rc; } events[] = {
        { 0, 0, 0 }, { 2, 0, 0 }, { 3, 0, 0 }, { 4, 0, 0 },
        { 1, 0, -XEN_EINVAL }, { 5, 0, -XEN_EINVAL }, { 7, 0, -XEN_EINVAL },
        { 3, 1, -XEN_EINVAL },
    };
    struct hvm_hw_cpu r = cpu;

    CHECK_EQ(create(1, &guest), 0);
    CHECK_EQ(max_vcpus(guest, 1), 0);
    r.pending_valid = 1;
    for (unsigned int i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        r.pending_vector = events[i].type == 2 ? 2 : 13;
        r.pending_type = events[i].type & 7;
        r.pending_reserved = events[i].reserved & 0x7ffff;
        CHECK_EQ(load_one(HVM_SAVE_CODE(CPU), sizeof(r), &r), events[i].rc);
    }
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, guest), 0);
}

/* --- a halted vCPU ----------------------------------------------------------------- */

/* Flat 32-bit code: vCPU 0, its NMI handler, vCPU 1, which sends the NMI. */
extern const char halt_code[], halt_hlt[], halt_nmi[], halt_sender[], halt_end[];
__asm__(".pushsection .rodata\n"
        ".code32\n"
        "halt_code: movl $1, 0x3000\n"
        "halt_hlt: .byte 0x2e; hlt\n"
        "incl 0x3004\n"
        "1: pause; jmp 1b\n"
        "halt_nmi: incl 0x3008; 3: pause; cmpl $0, 0x3010; jne 3b; iret\n"
        "halt_sender: pause; cmpl $0, 0x300c; je halt_sender\n"
        "movl $0, 0xfee00310; movl $0x4400, 0xfee00300\n"
        "decl 0x300c; jmp halt_sender\n"
        "halt_end: .code64; .popsection");

struct halt_words {
    uint32_t there, woken, nmis, send, stay;
};
static volatile struct halt_words *const words =
    (void *)((REMOTE_VIEW << 12) + FLAT_WORDS);

static uint64_t in_code(const char *label)
{
    return FLAT_CODE + (uint64_t)(label - halt_code);
}

static long make_halting(void)
{
    long rc = flat_guest(&guest, halt_code, halt_end);

    if (!rc)
        flat_gate(2, in_code(halt_nmi));
    return rc;
}

static void flat_cpu(uint16_t vcpu, uint64_t rip)
{
    struct hvm_hw_cpu r = flat_state(rip);

    record_of(vcpu, HVM_SAVE_CODE(CPU), sizeof(r), &r);
}

/* vCPU 0 has said that it is there, and halted: an NMI before that would not wake it. */
static bool soon_halted(void)
{
    struct xen_domctl op = {0};

    return flat_soon(&words->there, 1) &&
           SOON(!domctl(&op, XEN_DOMCTL_getvcpuinfo, guest) && !op.u.getvcpuinfo.online);
}

/*
 * Halted with interrupts off is not the same as never started. Broken, a guest that comes
 * back has a processor less, or one that runs on before the NMI that it waits for.
 */
TEST(halted_stays_halted)
{
    const struct hvm_hw_cpu *r;
    struct halt_words before;

    CHECK_EQ(make_halting(), 0);
    begin();
    flat_cpu(0, in_code(halt_code));
    flat_cpu(1, in_code(halt_sender));
    CHECK_EQ(load(), 0);
    CHECK_EQ(simple(XEN_DOMCTL_unpausedomain, guest), 0);
    CHECK(soon_halted());
    delay_ns(20000000);
    CHECK_EQ(simple(XEN_DOMCTL_pausedomain, guest), 0);
    r = saved(HVM_SAVE_CODE(CPU));
    CHECK(r);
    CHECK_EQ(r->rip, in_code(halt_hlt) + 1);
    memcpy(&before, (void *)words, sizeof(before));
    CHECK(before.there == 1 && !before.woken && !before.nmis);
    remote_unsee();
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, guest), 0);
}

TEST(only_an_nmi_wakes_it)
{
    struct xen_domctl op = {0};

    CHECK_EQ(make_halting(), 0);
    op.u.hvmcontext.size = back_used;
    set_xen_guest_handle(op.u.hvmcontext.buffer, back);
    CHECK_EQ(domctl(&op, XEN_DOMCTL_sethvmcontext, guest), 0);
    CHECK_EQ(simple(XEN_DOMCTL_unpausedomain, guest), 0);
    delay_ns(50000000);
    CHECK_EQ(words->there, 0);
    CHECK_EQ(words->woken, 0);
    words->send = 1;
    CHECK(flat_soon(&words->nmis, 1));
    CHECK(flat_soon(&words->woken, 1));
    CHECK_EQ(words->nmis, 1);
    remote_unsee();
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, guest), 0);
}

/* Until vCPU 0 halts for an NMI, and has it. */
static bool halt_and_nmi(void)
{
    begin();
    flat_cpu(0, in_code(halt_code));
    flat_cpu(1, in_code(halt_sender));
    words->there = words->woken = words->nmis = words->send = 0;
    if (load() || simple(XEN_DOMCTL_unpausedomain, guest) || !soon_halted())
        return false;
    words->send = 1;
    return flat_soon(&words->nmis, 1);
}

/* A context loaded over a vCPU in an NMI's handler is not in that handler. */
TEST(loaded_out_of_an_nmi)
{
    CHECK_EQ(make_halting(), 0);
    words->stay = 1;
    CHECK(halt_and_nmi());
    CHECK_EQ(simple(XEN_DOMCTL_pausedomain, guest), 0);
    words->stay = 0;
    CHECK(halt_and_nmi());
    CHECK(flat_soon(&words->woken, 1));
    remote_unsee();
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, guest), 0);
}

/* Nor is the NMI that waited for the end of that handler one for the new context. */
TEST(loaded_over_a_waiting_nmi)
{
    CHECK_EQ(make_halting(), 0);
    words->stay = 1;
    CHECK(halt_and_nmi());
    words->send = 1;
    CHECK(flat_soon(&words->send, 0));
    CHECK_EQ(simple(XEN_DOMCTL_pausedomain, guest), 0);
    words->there = words->woken = words->nmis = words->stay = 0;
    begin();
    flat_cpu(0, in_code(halt_code));
    CHECK_EQ(load(), 0);
    CHECK_EQ(simple(XEN_DOMCTL_unpausedomain, guest), 0);
    CHECK(flat_soon(&words->there, 1));
    delay_ns(20000000);
    CHECK_EQ(words->nmis, 0);
    CHECK_EQ(words->woken, 0);
    remote_unsee();
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, guest), 0);
}
