/* SPDX-License-Identifier: GPL-2.0-only */
/* Starting processors by INIT and SIPI, IPIs, and the local APIC timer. */
#include <public/vcpu.h>
#include <public/hvm/hvm_vcpu.h>
#include "../guest.h"

extern uint64_t pml4_table[];

static volatile unsigned int ran[MAX_CPUS], ipis;
static volatile uint64_t fired;

static void on_ipi(struct frame *f)
{
    (void)f;
    __atomic_fetch_add(&ipis, 1, __ATOMIC_SEQ_CST);
    apic_eoi();
}

static void on_timer(struct frame *f)
{
    (void)f;
    fired++;
    apic_eoi();
}

static void secondary(unsigned int n)
{
    uint32_t r[4];

    cpuid(1, 0, r);
    ran[n] = r[1] >> 24;
    irq_on();
    while (!ipis)
        __asm__ volatile("pause");
    irq_off();
}

static bool wait_for(volatile unsigned int *what, unsigned int want)
{
    return SOON(*what == want);
}

static volatile unsigned int by_hypercall;
static char stack_of_last[4096] __attribute__((aligned(16)));

static void entry64(void)
{
    by_hypercall = 64;
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* The last CPU, which must not have run before. */
TEST(start_by_hypercall)
{
    struct vcpu_hvm_context c = { .mode = VCPU_HVM_MODE_64B };
    unsigned int last = cpu_count() - 1;

    if (!last)
        return;
    c.cpu_regs.x86_64.rip = (uint64_t)entry64;
    c.cpu_regs.x86_64.rsp = (uint64_t)stack_of_last + 4088;
    c.cpu_regs.x86_64.rflags = 2;
    c.cpu_regs.x86_64.cr0 = 0x80000011;
    c.cpu_regs.x86_64.cr3 = (uint64_t)pml4_table;
    c.cpu_regs.x86_64.cr4 = 0x20;
    c.cpu_regs.x86_64.efer = 0x100;
    /* Long mode without LMA is no state of a CPU. */
    CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_initialise, last, &c, 0, 0), -22);
    c.cpu_regs.x86_64.efer = 0x500;
    c.cpu_regs.x86_64.cr4 = 1 << 13;
    CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_initialise, last, &c, 0, 0), -22);
    c.cpu_regs.x86_64.cr4 = 0x20;
    c.mode = 7;
    CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_initialise, last, &c, 0, 0), -22);
    c.mode = VCPU_HVM_MODE_64B;
    CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_initialise, 99, &c, 0, 0), -2);
    CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_initialise, last, &c, 0, 0), 0);
    CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_initialise, last, &c, 0, 0), -17);
    CHECK_EQ(by_hypercall, 0);
    CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_up, last, 0, 0, 0), 0);
    CHECK(wait_for(&by_hypercall, 64));
}

TEST(start_all)
{
    unsigned int n = cpu_count();

    print("%u processors\n", n);
    set_handler(0x50, on_ipi);
    /* The last one is in use already, but INIT works on any. */
    for (unsigned int i = 1; i < n && i < MAX_CPUS; i++) {
        ipis = 0;
        CHECK(cpu_start(i, secondary));
        CHECK(wait_for(&ran[i], 2 * i));
        apic_send(2 * i, 0x4050);
        CHECK(cpu_ends(i));
        CHECK_EQ(ipis, 1);
    }
}

TEST(apic_timer)
{
    apic_enable();
    set_handler(0x51, on_timer);
    wrmsr(X2APIC_TIMER_DIV, 0xb);
    wrmsr(X2APIC_TIMER_LVT, 0x51);
    fired = 0;
    irq_on();
    wrmsr(X2APIC_TIMER_COUNT, 100000);
    (void)SOON(fired);
    irq_off();
    CHECK_EQ(fired, 1);
    wrmsr(X2APIC_TIMER_LVT, 0x10000);
}

TEST(self_ipi_while_masked)
{
    ipis = 0;
    apic_enable();
    irq_off();
    apic_send((uint32_t)rdmsr(X2APIC_ID), 0x4050);
    delay_ns(1000000);
    CHECK_EQ(ipis, 0);
    __asm__ volatile("sti; nop; nop; cli");
    CHECK_EQ(ipis, 1);
}

/* Held back by the task priority, and delivered when CR8 is lowered. */
TEST(task_priority)
{
    ipis = 0;
    apic_enable();
    irq_on();
    __asm__ volatile("mov %0, %%cr8" ::"r"(6ul));
    apic_send((uint32_t)rdmsr(X2APIC_ID), 0x4050);
    delay_ns(1000000);
    CHECK_EQ(ipis, 0);
    __asm__ volatile("mov %0, %%cr8; nop" ::"r"(0ul));
    CHECK_EQ(ipis, 1);
    irq_off();
}

static volatile unsigned int served, in_handler, asked_again;

/* Its first time it leaves the guest for nothing, and ends only when asked for again. */
static void on_slow(struct frame *f)
{
    (void)f;
    in_handler = 1;
    (void)SOON(asked_again);
    served++;
    apic_eoi();
}

static void ask_again(unsigned int n)
{
    (void)n;
    while (!in_handler)
        __asm__ volatile("pause");
    apic_send(0, 0x4053);
    asked_again = 1;
}

/* A vector that comes while its handler runs comes once more after it. */
TEST(again_while_served)
{
    if (cpu_count() < 2)
        return;
    apic_enable();
    set_handler(0x53, on_slow);
    irq_off();
    CHECK(cpu_start(1, ask_again));
    irq_on();
    apic_send((uint32_t)rdmsr(X2APIC_ID), 0x4053);
    (void)SOON(served == 2);
    irq_off();
    CHECK_EQ(asked_again, 1);
    CHECK_EQ(served, 2);
}

/* --- again, and by hypercall ------------------------------------------------------- */

static volatile unsigned int times_run;

static void count_me(unsigned int n)
{
    (void)n;
    __atomic_fetch_add(&times_run, 1, __ATOMIC_SEQ_CST);
}

/* In a HLT with interrupts off it is not up, as before it was started. */
static bool halted(unsigned int n)
{
    return HC(__HYPERVISOR_vcpu_op, VCPUOP_is_up, n, 0, 0, 0) == 0;
}

/* After its function a CPU halts with interrupts off; INIT and SIPI start it again. */
TEST(restart_halted)
{
    if (cpu_count() < 2)
        return;
    times_run = 0;
    for (unsigned int round = 1; round <= 5; round++) {
        CHECK(cpu_start(1, count_me));
        CHECK(wait_for(&times_run, round));
        CHECK(SOON(halted(1)));
    }
}

static void spin(unsigned int n)
{
    (void)n;
    __atomic_fetch_add(&times_run, 1, __ATOMIC_SEQ_CST);
    for (;;)
        __asm__ volatile("pause");
}

/* INIT takes it out of whatever it does. */
TEST(restart_running)
{
    if (cpu_count() < 2)
        return;
    times_run = 0;
    CHECK(cpu_start(1, spin));
    CHECK(wait_for(&times_run, 1));
    CHECK(cpu_start(1, count_me));
    CHECK(wait_for(&times_run, 2));
}

static volatile unsigned int nmis, behind_halt;

static void on_nmi(struct frame *f)
{
    (void)f;
    nmis++;
}

static void halt_once(unsigned int n)
{
    (void)n;
    __atomic_fetch_add(&times_run, 1, __ATOMIC_SEQ_CST);
    __asm__ volatile("cli; hlt" ::: "memory");
    behind_halt++;
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* An NMI ends a HLT with interrupts off, from another processor and by hypercall. */
TEST(nmi_wakes_halted)
{
    if (cpu_count() < 2)
        return;
    set_handler(2, on_nmi);
    for (unsigned int round = 1; round <= 2; round++) {
        times_run = 0;
        CHECK(cpu_start(1, halt_once));
        CHECK(wait_for(&times_run, 1));
        /* An NMI before the HLT would not end it. */
        CHECK(SOON(halted(1)));
        delay_ns(2000000);
        CHECK_EQ(behind_halt, round - 1);
        if (round == 1)
            apic_send(2, 0x4400);
        else
            CHECK_EQ(HC2(__HYPERVISOR_vcpu_op, VCPUOP_send_nmi, 1), 0);
        CHECK(wait_for(&behind_halt, round));
        CHECK_EQ(nmis, round);
    }
}

static void stay(struct frame *f)
{
    on_nmi(f);
    for (;;)
        __asm__ volatile("pause");
}

/* INIT ends the handler of an NMI, so the next one need not wait for its IRET. */
TEST(restart_in_nmi)
{
    if (cpu_count() < 2)
        return;
    nmis = times_run = 0;
    set_handler(2, stay);
    CHECK(cpu_start(1, spin));
    CHECK(wait_for(&times_run, 1));
    apic_send(2, 0x4400);
    CHECK(wait_for(&nmis, 1));
    set_handler(2, on_nmi);
    CHECK(cpu_start(1, spin));
    CHECK(wait_for(&times_run, 2));
    apic_send(2, 0x4400);
    CHECK(wait_for(&nmis, 2));
    CHECK(cpu_start(1, count_me));
}
