/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated devices as a guest meets them: MMIO by all kinds of instructions, the local
 * APIC in both modes, the I/O APIC, the interval timer, ports that nobody answers.
 */
#include "../guest.h"

#define APIC    0xfee00000ul
#define IOAPIC  0xfec00000ul
#define HPET    0xfed00000ul    /* the hypervisor's own */
#define TPR     0x80
#define VERSION 0x50014
#define BASE_MSR 0x1b
#define VECTOR  0x71

static volatile uint32_t *reg(unsigned long base, unsigned int offset)
{
    return (volatile uint32_t *)(base + offset);
}

static uint32_t inl(uint16_t port)
{
    uint32_t v;

    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static void outl(uint32_t v, uint16_t port)
{
    __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

/* xAPIC is reached from x2APIC by way of "disabled" only. */
static void use_xapic(void)
{
    uint64_t base = rdmsr(BASE_MSR) & ~0xc00ull;

    wrmsr(BASE_MSR, base);
    wrmsr(BASE_MSR, base | 0x800);
    *reg(APIC, 0xf0) = 0x1ff;
}

TEST(mode_changes)
{
    uint64_t base = rdmsr(BASE_MSR) & ~0xc00ull;

    use_xapic();
    CHECK_EQ(wrmsr_safe(BASE_MSR, base | 0x400), 13);
    CHECK_EQ(wrmsr_safe(BASE_MSR, base | 0xc00), -1);
    CHECK_EQ(wrmsr_safe(BASE_MSR, base | 0x800), 13);
    CHECK_EQ(wrmsr_safe(0x802, 1), 13);
    use_xapic();
    CHECK_EQ(wrmsr_safe(0x808, 0), 13);     /* x2APIC registers are gone */
    CHECK_EQ(*reg(APIC, 0x30), VERSION);
}

TEST(loads)
{
    volatile uint32_t *version = reg(APIC, 0x30);
    uint64_t v = ~0ull;
    uint32_t copy[4] = { 0 };
    void *to = copy;
    const void *from = (const void *)(APIC + 0x30);

    use_xapic();
    __asm__ volatile("movl %1, %k0" : "+r"(v) : "m"(*version));
    CHECK_EQ(v, VERSION);
    __asm__ volatile("movzbl %1, %k0" : "=r"(v) : "m"(*version));
    CHECK_EQ(v, 0x14);
    __asm__ volatile("movzwl %1, %k0" : "=r"(v) : "m"(*version));
    CHECK_EQ(v, 0x14);
    __asm__ volatile("movslq %1, %0" : "=r"(v) : "m"(*version));
    CHECK_EQ(v, VERSION);
    v = 2;
    __asm__ volatile("addl %1, %k0" : "+r"(v) : "m"(*version));
    CHECK_EQ(v, VERSION + 2);
    v = 0;
    __asm__ volatile("cmpl %1, %2; sete %b0" : "+r"(v) : "m"(*version), "r"(VERSION));
    CHECK_EQ(v, 1);
    v = 0;
    __asm__ volatile("btl $18, %1; setc %b0" : "+r"(v) : "m"(*version));
    CHECK_EQ(v, 1);
    __asm__ volatile("cld; movsl" : "+D"(to), "+S"(from)::"memory");
    CHECK_EQ(copy[0], VERSION);
    CHECK_EQ((unsigned long)from, APIC + 0x34);
    __asm__ volatile("pushq %1; popq %0" : "=r"(v) : "m"(*reg(HPET, 0)));
    CHECK_EQ(v, -1);
    __asm__ volatile("movabsl 0xfee00030, %%eax" : "=a"(v));
    CHECK_EQ((uint32_t)v, VERSION);
}

TEST(stores)
{
    volatile uint32_t *tpr = reg(APIC, TPR);
    uint32_t v = 0x21, old = 0x30;
    uint32_t src[1] = { 0x34 };
    const void *from = src;
    void *to = (void *)(APIC + TPR);
    bool set;

    use_xapic();
    __asm__ volatile("movl %1, %0" : "=m"(*tpr) : "r"(v));
    CHECK_EQ(*tpr, 0x21);
    __asm__ volatile("movl $0x22, %0" : "=m"(*tpr));
    CHECK_EQ(*tpr, 0x22);
    __asm__ volatile("orl $0x10, %0; incl %0; negl %0; notl %0; subl $1, %0"
                     : "+m"(*tpr));
    CHECK_EQ(*tpr, 0x31);
    v = 0x55;
    __asm__ volatile("xchgl %0, %1" : "+r"(v), "+m"(*tpr));
    CHECK_EQ(v, 0x31);
    CHECK_EQ(*tpr, 0x55);
    v = 0x30;
    __asm__ volatile("lock cmpxchgl %2, %1; sete %3"
                     : "+a"(old), "+m"(*tpr) : "r"(v), "m"(set) : "memory");
    CHECK_EQ(old, 0x55);
    __asm__ volatile("lock cmpxchgl %2, %1" : "+a"(old), "+m"(*tpr) : "r"(v));
    CHECK_EQ(*tpr, 0x30);
    __asm__ volatile("lock btsl $2, %0" : "+m"(*tpr));
    CHECK_EQ(*tpr, 0x34);
    *tpr = 0;
    __asm__ volatile("cld; movsl" : "+D"(to), "+S"(from)::"memory");
    CHECK_EQ(*tpr, 0x34);
    *tpr = 0;
}

static void allow_sse(void)
{
    uint64_t cr4;

    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("mov %0, %%cr4" ::"r"(cr4 | 1u << 9));
}

/* The registers of the FPU are no part of an exit: the emulator has to fetch them. */
TEST(vector_registers)
{
    volatile uint32_t *version = reg(APIC, 0x30), *tpr = reg(APIC, TPR);
    uint64_t pattern[2] = { 0x1122334455667788ull, 0x99aabbccddeeff00ull };
    uint64_t got[2] = { 1, 2 }, other[2];

    use_xapic();
    allow_sse();
    __asm__ volatile("movups %2, %%xmm9\n"
                     "movups %2, %%xmm10\n"
                     "movd %3, %%xmm9\n"
                     "movups %%xmm9, %0\n"
                     "movups %%xmm10, %1\n"
                     : "=m"(got), "=m"(other) : "m"(pattern), "m"(*version));
    CHECK_EQ(got[0], VERSION);
    CHECK_EQ(got[1], 0);
    CHECK(!memcmp(other, pattern, sizeof(other)));
    __asm__ volatile("movdqu %1, %%xmm9\n"
                     "movdqa (%2), %%xmm10\n"
                     "movups %%xmm10, %0\n"
                     : "=m"(got) : "m"(pattern), "r"(HPET) : "memory");
    CHECK_EQ(got[0] & got[1], -1);
    __asm__ volatile("movntps %%xmm10, (%2)\n"
                     "movups %%xmm9, %0\n"
                     "movd %%xmm9, %1\n"
                     : "=m"(other), "=m"(*tpr) : "r"(HPET) : "memory");
    CHECK(!memcmp(other, pattern, sizeof(other)));
    CHECK_EQ(*tpr, 0x88);
    *tpr = 0;
}

static void divide_by_zero(void *tpr)
{
    uint32_t lo = 1, hi = 0;

    __asm__ volatile("divl %2" : "+a"(lo), "+d"(hi) : "m"(*(volatile uint32_t *)tpr));
}

TEST(divisions)
{
    volatile uint32_t *version = reg(APIC, 0x30);
    uint32_t lo = 3, hi = 1;

    use_xapic();
    __asm__ volatile("divl %2" : "+a"(lo), "+d"(hi) : "m"(*version));
    CHECK_EQ(lo, 0x100000003ull / VERSION);
    CHECK_EQ(hi, 0x100000003ull % VERSION);
    CHECK_EQ(catch_exception(divide_by_zero, (void *)reg(APIC, TPR), NULL), 0);
}

static volatile unsigned int taken;

static void on_interrupt(struct frame *f)
{
    (void)f;
    taken++;
    *reg(APIC, 0xb0) = 0;
}

TEST(interrupts_by_mmio)
{
    use_xapic();
    set_handler(VECTOR, on_interrupt);
    taken = 0;
    irq_on();
    *reg(APIC, 0x300) = 0x44000 | VECTOR;       /* to self */
    CHECK(SOON(taken == 1));
    *reg(APIC, TPR) = 0x80;                     /* above the vector's class */
    *reg(APIC, 0x300) = 0x44000 | VECTOR;
    delay_ns(1000000);
    CHECK_EQ(taken, 1);
    *reg(APIC, TPR) = 0;
    CHECK(SOON(taken == 2));
    delay_ns(1000000);
    CHECK_EQ(taken, 2);
    irq_off();
}

TEST(timer)
{
    uint64_t start, time;

    use_xapic();
    set_handler(VECTOR, on_interrupt);
    taken = 0;
    *reg(APIC, 0x3e0) = 0xb;                    /* the bus clock itself: 100 MHz */
    *reg(APIC, 0x320) = 0x20000 | VECTOR;
    irq_on();
    start = system_time();                      /* before the first period begins */
    *reg(APIC, 0x380) = 500000;                 /* 5 ms */
    (void)SOON(taken >= 10);
    irq_off();
    *reg(APIC, 0x380) = 0;
    time = system_time() - start;
    print("%u periods of 5 ms took %lu us\n", taken, time / 1000);
    /* Some may be late and some lost, but no more come than there are periods. */
    CHECK(taken >= 10);
    CHECK(time + 1000000 >= taken * 5000000ull);
    CHECK_EQ(*reg(APIC, 0x390), 0);
    *reg(APIC, 0x320) = 0x10000;
}

TEST(io_apic)
{
    *reg(IOAPIC, 0) = 1;
    CHECK_EQ(*reg(IOAPIC, 0x10) & 0xff, 0x11);
    CHECK(*reg(IOAPIC, 0x10) >> 16 >= 23);
    *(volatile uint8_t *)IOAPIC = 0x10 + 2 * 20;
    *reg(IOAPIC, 0x10) = 0x1a071;
    CHECK_EQ(*reg(IOAPIC, 0x10), 0x1a071);
    *reg(IOAPIC, 0) = 0x11 + 2 * 20;
    *reg(IOAPIC, 0x10) = 0x12000000;
    CHECK_EQ(*reg(IOAPIC, 0x10), 0x12000000);
    *reg(IOAPIC, 0) = 0xfe;
    CHECK_EQ(*reg(IOAPIC, 0x10), 0);
}

TEST(nobody)
{
    CHECK_EQ(*reg(HPET, 0), 0xffffffff);
    *reg(HPET, 0x10) = 0;
    CHECK_EQ(*(volatile uint64_t *)HPET, -1);
    outb(0xfb, 0x21);
    CHECK_EQ(inb(0x21), 0xff);
    CHECK_EQ(inb(0xa1), 0xff);
    CHECK_EQ(inl(0x20), 0xffffffff);
}

TEST(config_ports)
{
    uint8_t buf[8] = { 0 };
    void *to = buf;
    unsigned long count = 2;

    outl(0x80000000, 0xcf8);
    CHECK_EQ(inl(0xcf8), 0x80000000);
    CHECK(inl(0xcfc) != 0xffffffff);
    CHECK_EQ(inb(0xcfd), inl(0xcfc) >> 8 & 0xff);
    __asm__ volatile("cld; rep insl" : "+D"(to), "+c"(count) : "d"(0xcfc) : "memory");
    CHECK_EQ(count, 0);
    CHECK_EQ(*(uint32_t *)buf, inl(0xcfc));
    CHECK_EQ(*(uint32_t *)(buf + 4), inl(0xcfc));
    outl(0, 0xcf8);
    CHECK_EQ(inl(0xcfc), 0xffffffff);
}

static struct moment latch_counter2(unsigned int *count)
{
    struct moment m = { .before = system_time() };

    outb(0x80, 0x43);
    m.after = system_time();
    *count = inb(0x42);
    *count |= (unsigned int)inb(0x42) << 8;
    return m;
}

/* Counter 2 from its start for some 20 ms; the start. */
static struct moment count_down(struct moment when[2], unsigned int count[2],
                                uint8_t *out)
{
    struct moment start = { .before = system_time() };

    outb((inb(0x61) & 0xfc) | 1, 0x61);
    outb(0xb0, 0x43);
    outb(0xff, 0x42);
    outb(0xff, 0x42);
    start.after = system_time();
    *out = inb(0x61) & 0x20;
    when[0] = latch_counter2(&count[0]);
    delay_ns(20000000);
    when[1] = latch_counter2(&count[1]);
    return start;
}

static uint64_t counter2_ticks(uint64_t ns)
{
    return ns * 1193182 / 1000000000;
}

/* It is at its end, and goes on, after 54.9 ms: that must not come into our measuring. */
TEST(counter2)
{
    uint64_t until = system_time() + PATIENCE;
    unsigned int count[2], ticks;
    struct moment start, when[2];
    bool good;
    uint8_t out;

    do {
        start = count_down(when, count, &out);
        good = span_most(start, when[1]) <= 52000000 &&
               when[0].after - when[0].before < 1000000 &&
               when[1].after - when[1].before < 1000000;
    } while (!good && system_time() < until);
    CHECK(good);
    ticks = count[0] - count[1];
    print("counter 2: %u ticks in %lu us\n", ticks, span_most(when[0], when[1]) / 1000);
    CHECK_EQ(out, 0);
    CHECK(ticks >= counter2_ticks(span_least(when[0], when[1])));
    CHECK(ticks <= counter2_ticks(span_most(when[0], when[1])));
    CHECK(SOON(inb(0x61) & 0x20));
    outb(inb(0x61) & 0xfc, 0x61);
}

static volatile unsigned int steps;

static void on_step(struct frame *f)
{
    (void)f;
    steps++;
}

/* Each emulated instruction traps like any other. */
TEST(single_step)
{
    uint32_t v;

    use_xapic();
    set_handler(1, on_step);
    steps = 0;
    __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq\n\t"
                     "movl %1, %0\n\t"
                     "pushfq; andl $~0x100, (%%rsp); popfq"
                     : "=r"(v) : "m"(*reg(APIC, 0x30)) : "memory");
    set_handler(1, NULL);
    CHECK_EQ(v, VERSION);
    /* The load, PUSHF, AND, POPF. */
    CHECK_EQ(steps, 4);
}

/* Debian's Xen lets QEMU 7.2 fall over here (an assertion at the write of CR8). */
TEST(cr8)
{
    use_xapic();
    set_handler(VECTOR, on_interrupt);
    taken = 0;
    irq_on();
    __asm__ volatile("movq %0, %%cr8" ::"r"(8ul));
    CHECK_EQ(*reg(APIC, TPR), 0x80);
    *reg(APIC, 0x300) = 0x44000 | VECTOR;
    delay_ns(1000000);
    CHECK_EQ(taken, 0);
    __asm__ volatile("movq %0, %%cr8" ::"r"(0ul));
    CHECK(SOON(taken == 1));
    irq_off();
}
