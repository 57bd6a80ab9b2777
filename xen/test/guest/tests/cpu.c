/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions that exit, state that must survive exits, and copies through page tables.
 */
#include <public/version.h>
#include <public/memory.h>
#include "../guest.h"

extern uint64_t pml4_table[];

#define REFUSED(name, bytes)                                                    \
    static void name(void *arg)                                                 \
    {                                                                           \
        (void)arg;                                                              \
        __asm__ volatile(".byte " bytes ::"a"(0), "c"(0), "d"(0) : "memory");   \
    }
REFUSED(vmrun, "0x0f,0x01,0xd8")
REFUSED(vmload, "0x0f,0x01,0xda")
REFUSED(vmsave, "0x0f,0x01,0xdb")
REFUSED(stgi, "0x0f,0x01,0xdc")
REFUSED(clgi, "0x0f,0x01,0xdd")
REFUSED(skinit, "0x0f,0x01,0xde")
REFUSED(invlpga, "0x0f,0x01,0xdf")
REFUSED(monitor, "0x0f,0x01,0xc8")
REFUSED(mwait, "0x0f,0x01,0xc9")
REFUSED(rdpmc, "0x0f,0x33")

TEST(svm_instructions_refused)
{
    CHECK_EQ(catch_exception(vmrun, NULL, NULL), 6);
    CHECK_EQ(catch_exception(vmload, NULL, NULL), 6);
    CHECK_EQ(catch_exception(vmsave, NULL, NULL), 6);
    CHECK_EQ(catch_exception(stgi, NULL, NULL), 6);
    CHECK_EQ(catch_exception(clgi, NULL, NULL), 6);
    CHECK_EQ(catch_exception(skinit, NULL, NULL), 6);
    CHECK_EQ(catch_exception(invlpga, NULL, NULL), 6);
}

TEST(other_instructions_refused)
{
    CHECK_EQ(catch_exception(monitor, NULL, NULL), 6);
    CHECK_EQ(catch_exception(mwait, NULL, NULL), 6);
    CHECK_EQ(catch_exception(rdpmc, NULL, NULL), 13);
    __asm__ volatile("wbinvd" ::: "memory");
}

/* --- prefixes and lengths ---------------------------------------------------------- */

TEST(prefixed_exits)
{
    uint32_t a, b, c, d;

    /* Useless prefixes are part of the instruction's length. */
    __asm__ volatile(".byte 0x66, 0x2e; cpuid"
                     : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "0"(0x40000000), "2"(0));
    CHECK_EQ(b, 0x566e6558);
    __asm__ volatile(".byte 0x48; cpuid"
                     : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "0"(0x40000000), "2"(0));
    CHECK_EQ(b, 0x566e6558);
    __asm__ volatile("outb %%al, $0x80; .byte 0x3e; outb %%al, $0x80" ::"a"(0));
    CHECK_EQ(inb(0x42) & 0, 0);
}

TEST(registers_survive)
{
    uint64_t bad = 0, i;

    for (i = 0; i < 100; i++) {
        __asm__ volatile("mov $0x1111, %%r8; mov $0x2222, %%r9; mov $0x3333, %%r10\n"
                         "mov $0x4444, %%r11; mov $0x5555, %%r12; mov $0x6666, %%r13\n"
                         "mov $0x7777, %%r14; mov $0x8888, %%r15; mov $0x9999, %%rsi\n"
                         "mov $0xaaaa, %%rdi; mov $1, %%eax; xor %%ecx, %%ecx\n"
                         "cpuid\n"
                         "sub $0x1111, %%r8; sub $0x2222, %%r9; sub $0x3333, %%r10\n"
                         "sub $0x4444, %%r11; sub $0x5555, %%r12; sub $0x6666, %%r13\n"
                         "sub $0x7777, %%r14; sub $0x8888, %%r15; sub $0x9999, %%rsi\n"
                         "sub $0xaaaa, %%rdi\n"
                         "or %%r8, %0; or %%r9, %0; or %%r10, %0; or %%r11, %0\n"
                         "or %%r12, %0; or %%r13, %0; or %%r14, %0; or %%r15, %0\n"
                         "or %%rsi, %0; or %%rdi, %0\n"
                         : "+m"(bad)::"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8",
                           "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory");
    }
    CHECK_EQ(bad, 0);
}

TEST(fpu_survives)
{
    static char before[16], after[16];
    uint64_t until;

    for (unsigned int i = 0; i < 16; i++)
        before[i] = (char)(i * 7 + 1);
    __asm__ volatile("movups %0, %%xmm5" ::"m"(before));
    until = system_time() + 60000000;
    /* Long enough for a time slice to end, with exits on the way. */
    while (system_time() < until)
        rdmsr(0x1b);
    __asm__ volatile("movups %%xmm5, %0" : "=m"(after));
    CHECK(!memcmp(before, after, 16));
}

/* --- debug ------------------------------------------------------------------------- */

static volatile unsigned int debug_traps;
static volatile uint64_t last_dr6;

static void on_debug(struct frame *f)
{
    uint64_t dr6;

    __asm__ volatile("mov %%db6, %0" : "=r"(dr6));
    last_dr6 = dr6;
    debug_traps++;
    __asm__ volatile("mov %0, %%db6" ::"r"(0xffff0ff0ul));
    if (debug_traps > 20)
        f->rflags &= ~0x100ul;
}

TEST(single_step_over_exits)
{
    set_handler(1, on_debug);
    debug_traps = 0;
    /* POPF, then a step after each: CPUID, NOP, the PUSHF; the last POPF ends it. */
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq\n"
                     "xor %%eax, %%eax; cpuid; nop\n"
                     "pushfq; andq $~0x100, (%%rsp); popfq\n"
                     ::: "rax", "rbx", "rcx", "rdx", "memory");
    CHECK(last_dr6 & 0x4000);
    CHECK_EQ(debug_traps, 6);
    set_handler(1, NULL);
}

TEST(debug_registers)
{
    static volatile uint32_t watched;
    uint64_t dr0;

    set_handler(1, on_debug);
    debug_traps = 0;
    __asm__ volatile("mov %0, %%db0" ::"r"(&watched));
    __asm__ volatile("mov %0, %%db7" ::"r"(0xd0402ul)); /* write, 4 bytes, global */
    delay_ns(30000000);
    watched = 1;
    __asm__ volatile("mov %0, %%db7" ::"r"(0x400ul));
    __asm__ volatile("mov %%db0, %0" : "=r"(dr0));
    CHECK_EQ(dr0, &watched);
    CHECK_EQ(debug_traps, 1);
    CHECK(last_dr6 & 1);
    set_handler(1, NULL);
}

/* --- copies ------------------------------------------------------------------------ */

static long version_to(uint64_t address)
{
    return HC2(__HYPERVISOR_xen_version, XENVER_extraversion, address);
}

TEST(bad_pointers)
{
    CHECK_EQ(version_to(0), 0);                     /* identity mapped here */
    CHECK_EQ(version_to(0x8000000000), -14);        /* nothing there */
    CHECK_EQ(version_to(0x800000000000), -14);      /* not canonical */
    CHECK_EQ(version_to(0xfffffffffffffff8), -14);  /* and off the end */
    CHECK_EQ(version_to(0xfffff000), -14);          /* mapped, but no RAM */
}

/* A page table of our own: slot 1 of the top level, 4 KiB pages. */
static uint64_t *make_table(void *page)
{
    uint64_t *pdpt = page_alloc(), *pd = page_alloc(), *pt = page_alloc();

    pml4_table[1] = (uint64_t)pdpt | 7;
    pdpt[0] = (uint64_t)pd | 7;
    pd[0] = (uint64_t)pt | 7;
    pt[0] = (uint64_t)page | 7;
    return pt;
}

#define AT 0x8000000000ul

static void flush(void)
{
    uint64_t cr3;

    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3)::"memory");
}

TEST(copies_obey_page_tables)
{
    char *page = page_alloc();
    uint64_t *pt = make_table(page), cr0;

    flush();
    CHECK_EQ(version_to(AT + 16), 0);
    CHECK(page[16]);
    CHECK(pt[0] & 0x20);                        /* accessed */
    CHECK(pt[0] & 0x40);                        /* dirty */
    CHECK_EQ(version_to(AT + 4090), -14);       /* crosses into nothing */

    pt[0] = (uint64_t)page | 5;                 /* read-only */
    flush();
    CHECK_EQ(version_to(AT), -14);
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %0, %%cr0" ::"r"(cr0 & ~0x10000ul));
    CHECK_EQ(version_to(AT), 0);                /* a kernel without WP may */
    __asm__ volatile("mov %0, %%cr0" ::"r"(cr0));

    pt[0] = (uint64_t)page | 3 | 1ul << 51;     /* beyond the address width */
    flush();
    CHECK_EQ(version_to(AT), -14);
    pml4_table[1] = 0;
    flush();
}

TEST(smap_applies)
{
    char *page = page_alloc();
    uint64_t cr4;
    uint32_t r[4];

    cpuid(7, 0, r);
    if (!(r[1] & 1 << 20))
        return;
    make_table(page);
    flush();
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    /* Our own pages are supervisor pages, so turning it on is harmless. */
    __asm__ volatile("mov %0, %%cr4" ::"r"(cr4 | 1 << 21));
    CHECK_EQ(version_to(AT), -14);
    __asm__ volatile("stac");
    CHECK_EQ(version_to(AT), 0);
    __asm__ volatile("clac");
    __asm__ volatile("mov %0, %%cr4" ::"r"(cr4));
    pml4_table[1] = 0;
    flush();
}

/* --- halting ----------------------------------------------------------------------- */

static volatile unsigned int timer_ticks;

static void on_tick(struct frame *f)
{
    (void)f;
    timer_ticks++;
    apic_eoi();
}

TEST(halt_wakes)
{
    apic_enable();
    set_handler(0x60, on_tick);
    wrmsr(X2APIC_TIMER_DIV, 0xb);
    wrmsr(X2APIC_TIMER_LVT, 0x60);
    timer_ticks = 0;
    for (unsigned int i = 1; i <= 10; i++) {
        irq_off();
        wrmsr(X2APIC_TIMER_COUNT, 50000);
        __asm__ volatile("sti; hlt" ::: "memory");
        CHECK_EQ(timer_ticks, i);
    }
    irq_off();
    wrmsr(X2APIC_TIMER_LVT, 0x10000);
}

TEST(nmi_to_self)
{
    static volatile unsigned int *ticks = &timer_ticks;

    set_handler(2, on_tick);
    timer_ticks = 0;
    apic_send((uint32_t)rdmsr(X2APIC_ID), 0x4400);
    for (unsigned int i = 0; i < 1000 && !*ticks; i++)
        rdmsr(0x1b);
    CHECK_EQ(*ticks, 1);
    apic_send((uint32_t)rdmsr(X2APIC_ID), 0x4400);
    for (unsigned int i = 0; i < 1000 && *ticks < 2; i++)
        rdmsr(0x1b);
    CHECK_EQ(*ticks, 2);
    set_handler(2, NULL);
}
