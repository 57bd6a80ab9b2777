/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NMIs that come while one is handled: the second waits until the first one's IRET has
 * been executed, not only reached. Broken, it finds the stack of the first still in use,
 * and a kernel that gives NMIs a stack of their own (IST) loses the first one's frame.
 * Nothing of how the hypervisor waits may show: no trap, no flag.
 */
#include "../guest.h"

#define SELF_NMI  0x4400
#define TF        0x100ul
#define BS        0x4000ul
#define BAD_CS    0xfff8ul
#define SEEN      4
#define OTHER     0x60

static volatile unsigned int nmis, faults, traps, more;
static struct frame seen[SEEN], fault, trap;
static uint64_t trap_dr6;
static void (*volatile inside)(struct frame *f);

static void send(void)
{
    apic_send((uint32_t)rdmsr(X2APIC_ID), SELF_NMI);
}

static void on_nmi(struct frame *f)
{
    if (nmis < SEEN)
        seen[nmis] = *f;
    nmis++;
    if (more) {
        more--;
        send();
        rdmsr(X2APIC_ID);       /* an exit: it must not come here either */
    }
    if (inside)
        inside(f);
}

static void on_trap(struct frame *f)
{
    trap = *f;
    traps++;
    f->rflags &= ~TF;
    __asm__ volatile("mov %%db6, %0" : "=r"(trap_dr6));
    __asm__ volatile("mov %0, %%db6" ::"r"(0xffff0ff0ul));
}

/* An NMI to this processor, and until `want` of them have been handled. */
static void provoke(unsigned int want)
{
    nmis = faults = traps = 0;
    set_handler(1, on_trap);
    set_handler(2, on_nmi);
    send();
    for (unsigned int i = 0; i < 1000 && nmis < want; i++)
        rdmsr(X2APIC_ID);
    set_handler(1, NULL);
    set_handler(2, NULL);
    inside = NULL;
}

static bool one_after_another(unsigned int n)
{
    for (unsigned int i = 1; i < n; i++)
        if (seen[i].rsp < seen[0].rsp || (seen[i].rflags & TF))
            return false;
    return true;
}

TEST(second_waits)
{
    apic_enable();
    more = 1;
    provoke(2);
    CHECK_EQ(nmis, 2);
    CHECK(one_after_another(2));
    CHECK_EQ(traps, 0);
}

TEST(with_interrupts_on)
{
    irq_on();
    for (unsigned int i = 0; i < 20; i++) {
        more = SEEN - 1;
        provoke(SEEN);
        CHECK_EQ(nmis, SEEN);
        CHECK(one_after_another(SEEN));
        CHECK_EQ(traps, 0);
    }
    irq_off();
}

/* --- other interrupts -------------------------------------------------------------- */

static volatile unsigned int others, nmis_then;

static void on_other(struct frame *f)
{
    (void)f;
    others++;
    nmis_then = nmis;
    apic_eoi();
}

static void take_other(struct frame *f)
{
    (void)f;
    if (nmis > 1)
        return;
    apic_send((uint32_t)rdmsr(X2APIC_ID), 0x4000 | OTHER);
    irq_on();
    rdmsr(X2APIC_ID);
    irq_off();
}

/* An NMI that has to wait does not make the others wait. */
TEST(others_meanwhile)
{
    others = 0;
    more = 1;
    set_handler(OTHER, on_other);
    inside = take_other;
    provoke(2);
    set_handler(OTHER, NULL);
    CHECK_EQ(others, 1);
    CHECK_EQ(nmis_then, 1);
    CHECK_EQ(nmis, 2);
}

/* What is there when the NMI is done was there before: the flags, and DR6. */
TEST(nothing_shows)
{
    uint64_t before, after, dr6;

    more = 0;
    __asm__ volatile("mov %0, %%db6" ::"r"(0xffff0ff0ul));
    __asm__ volatile("pushfq; pop %0" : "=r"(before));
    provoke(1);
    __asm__ volatile("pushfq; pop %0" : "=r"(after));
    __asm__ volatile("mov %%db6, %0" : "=r"(dr6));
    CHECK_EQ(after & TF, before & TF);
    CHECK_EQ(dr6, 0xffff0ff0ul);
    CHECK_EQ(traps, 0);
}

/* --- an IRET that faults ----------------------------------------------------------- */

static void spoil_frame(struct frame *f)
{
    if (nmis == 1)
        f->cs = BAD_CS;
}

static void on_fault(struct frame *f)
{
    fault = *f;
    faults++;
    ((uint64_t *)f->rsp)[1] = 8;        /* and the IRET runs once more */
}

TEST(iret_faults)
{
    for (more = 0; more < 2; more++) {
        unsigned int want = 1 + more;

        inside = spoil_frame;
        set_handler(13, on_fault);
        provoke(want);
        set_handler(13, NULL);
        CHECK_EQ(nmis, want);
        CHECK_EQ(faults, 1);
        CHECK_EQ(fault.error, BAD_CS);
        CHECK_EQ(fault.rflags & TF, 0);
        CHECK_EQ(traps, 0);
        more = want - 1;
    }
}

static uint64_t no_stack;

static void on_page_fault(struct frame *f)
{
    uint64_t cr2;

    __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    fault = *f;
    faults += cr2 >= no_stack && cr2 < no_stack + 40;
    f->rsp = f->rbx;                    /* the frame that is there */
}

/* An IRET whose frame is at an address that nothing is mapped to. */
static void iret_from_nowhere(struct frame *f)
{
    (void)f;
    __asm__ volatile("mov %%rsp, %%rax; mov %%ss, %%ecx; push %%rcx; push %%rax\n"
                     "pushfq; mov %%cs, %%ecx; push %%rcx; lea 1f(%%rip), %%rcx\n"
                     "push %%rcx; mov %%rsp, %%rbx; mov %0, %%rsp; iretq; 1:"
                     ::"r"(no_stack) : "rax", "rbx", "rcx", "memory");
}

/* Without a stack of its own the fault cannot be told: below it there must be memory. */
extern uint64_t pml4_table[];

TEST(iret_page_faults)
{
    uint64_t *pdpt = page_alloc(), *pd = page_alloc(), *pt = page_alloc();

    pml4_table[1] = (uint64_t)pdpt | 3;
    pdpt[0] = (uint64_t)pd | 3;
    pd[0] = (uint64_t)pt | 3;
    pt[0] = (uint64_t)page_alloc() | 3;
    no_stack = 0x8000001000ul;
    more = 0;
    inside = iret_from_nowhere;
    set_handler(14, on_page_fault);
    provoke(1);
    set_handler(14, NULL);
    CHECK_EQ(nmis, 1);
    CHECK_EQ(faults, 1);
    CHECK_EQ(fault.error, 0);
    CHECK_EQ(fault.rflags & TF, 0);
    CHECK_EQ(traps, 0);
    pml4_table[1] = 0;
}

/* --- a guest that steps itself ----------------------------------------------------- */

/* An IRET to the next instruction, with TF before it, or put there by it. */
#define IRET_WITH(before, popped)                                                       \
    __asm__ volatile("mov %%rsp, %%rax; mov %%ss, %%ecx; push %%rcx; push %%rax\n"     \
                     "pushfq; pop %%rdx; mov %%rdx, %%rax\n"                            \
                     "or %0, %%rax; push %%rax; mov %%cs, %%ecx; push %%rcx\n"          \
                     "lea 1f(%%rip), %%rcx; push %%rcx; mov %%rcx, %2\n"                \
                     "or %1, %%rdx; push %%rdx; popfq; iretq\n"                         \
                     "1: nop; nop"                                                      \
                     ::"i"(popped), "i"(before), "m"(landing)                          \
                     : "rax", "rcx", "rdx", "memory")

static uint64_t landing;

static void iret_stepped(struct frame *f)
{
    (void)f;
    IRET_WITH(TF, 0);
}

static void iret_to_stepped(struct frame *f)
{
    (void)f;
    IRET_WITH(0, TF);
}

TEST(own_steps)
{
    more = 0;
    inside = iret_stepped;
    provoke(1);
    CHECK_EQ(traps, 1);
    CHECK_EQ(trap.rip, landing);
    CHECK_EQ(trap.rflags & TF, 0);
    CHECK(trap_dr6 & BS);
    inside = iret_to_stepped;
    provoke(1);
    CHECK_EQ(traps, 1);
    CHECK_EQ(trap.rip, landing + 1);
    CHECK_EQ(trap.rflags & TF, TF);
    CHECK(trap_dr6 & BS);
}

/* --- behind another event ----------------------------------------------------------- */

/* Where the handler of an exception begins, as the processor finds it. */
static uint64_t handler_of(unsigned int vector)
{
    struct { uint16_t limit; uint64_t base; } __attribute__((packed)) idtr;
    const uint16_t *gate;

    __asm__ volatile("sidt %0" : "=m"(idtr));
    gate = (const uint16_t *)(idtr.base + 16ul * vector);
    return gate[0] | (uint64_t)gate[3] << 16 | (uint64_t)*(uint32_t *)(gate + 4) << 32;
}

/* Nothing in it exits: only what the hypervisor does for the NMI brings it here. */
static void spin_in_trap(struct frame *f)
{
    for (unsigned int i = 0; i < 1000000 && !nmis; i++)
        __asm__ volatile("pause");
    on_trap(f);
}

/*
 * The WRMSR that sends an NMI here is stepped, and its trap goes first. Then there is no
 * reason to wait, although interrupts are off. Broken, the NMI comes at some later exit.
 */
TEST(behind_a_trap)
{
    uint32_t self = (uint32_t)rdmsr(X2APIC_ID);

    nmis = faults = traps = more = 0;
    __asm__ volatile("mov %0, %%db6" ::"r"(0xffff0ff0ul));
    set_handler(1, spin_in_trap);
    set_handler(2, on_nmi);
    __asm__ volatile("pushfq; orl %0, (%%rsp); popfq; wrmsr"
                     ::"i"(TF), "a"(SELF_NMI), "c"(X2APIC_ICR), "d"(self) : "memory");
    set_handler(1, NULL);
    set_handler(2, NULL);
    CHECK_EQ(traps, 1);
    CHECK(trap_dr6 & BS);
    CHECK_EQ(nmis, 1);
    CHECK_EQ(seen[0].rip, handler_of(1));
}

/* --- an IRET that is another instruction when its turn comes ------------------------ */

/* By a single byte, as others may be fetched at another time: 48 cf is IRETQ. */
#define INT       0xcd
#define REX_W     0x48
#define INT_IRET  0xcf
#define REPLACED  3000u

extern volatile uint8_t iret_site;
static volatile bool replacing;
static unsigned int in_time;

static void replace(unsigned int n)
{
    (void)n;
    while (replacing) {
        iret_site = INT;
        for (unsigned int i = 0; i < 50; i++)
            __asm__ volatile("pause");
        iret_site = REX_W;
        for (unsigned int i = 0; i < 50; i++)
            __asm__ volatile("pause");
    }
}

/* That the IRET was to be stepped can be seen here, and is harmless. */
static void on_int(struct frame *f)
{
    in_time += !!(f->rflags & TF);
    f->rflags &= ~TF;
    __asm__ volatile("ud2");
}

static void on_ud(struct frame *f)
{
    faults++;
    f->rip += 2;
}

static void iret_there(struct frame *f)
{
    (void)f;
    __asm__ volatile("mov %%rsp, %%rbx; mov %%ss, %%ecx; push %%rcx; push %%rbx; pushfq\n"
                     "mov %%cs, %%ecx; push %%rcx; lea 1f(%%rip), %%rcx; push %%rcx\n"
                     "iret_site: iretq; 1: mov %%rbx, %%rsp"
                     ::: "rbx", "rcx", "memory");
}

/*
 * Another processor changes it between the intercept and its execution. The INT is not
 * trapped behind, so what comes next in its handler meets the intercepts of the step.
 */
TEST(iret_replaced)
{
    unsigned int ints = 0, rounds = 0;
    uint64_t until;

    if (cpu_count() < 2)
        return;
    replacing = true;
    in_time = more = 0;
    CHECK(cpu_start(1, replace));
    set_handler(INT_IRET, on_int);
    set_handler(6, on_ud);
    /* And on, until the other one was let run at the right moment. */
    until = system_time() + PATIENCE;
    for (; rounds < REPLACED || (!ints && system_time() < until); rounds++) {
        inside = iret_there;
        provoke(1);
        CHECK_EQ(nmis, 1);
        CHECK(faults <= 1);
        ints += faults;
    }
    replacing = false;
    set_handler(6, NULL);
    set_handler(INT_IRET, NULL);
    print("%u of %u replaced, %u in time\n", ints, rounds, in_time);
    CHECK(ints);
}

/* --- a HLT in the handler ----------------------------------------------------------- */

static unsigned int halts;

/* By the local APIC's timer, an instant from now. */
static void halt_until_other(struct frame *f)
{
    (void)f;
    if (nmis > 1)
        return;
    wrmsr(X2APIC_TIMER_DIV, 0xb);
    wrmsr(X2APIC_TIMER_LVT, OTHER);
    wrmsr(X2APIC_TIMER_COUNT, 20000000);
    for (halts = 0; !others; halts++)
        __asm__ volatile("sti; hlt; cli" ::: "memory");
    wrmsr(X2APIC_TIMER_LVT, 0x10000);
}

/* An NMI that has to wait ends no HLT either, over and over. */
TEST(halts_meanwhile)
{
    others = 0;
    more = 1;
    set_handler(OTHER, on_other);
    inside = halt_until_other;
    provoke(2);
    set_handler(OTHER, NULL);
    CHECK_EQ(others, 1);
    CHECK_EQ(nmis_then, 1);
    CHECK_EQ(halts, 1);
    CHECK_EQ(nmis, 2);
}
