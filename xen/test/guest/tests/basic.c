/* SPDX-License-Identifier: GPL-2.0-only */
/* What every other test stands on: console, CPUID, MSRs, exceptions, time. */
#include <public/version.h>
#include <public/memory.h>
#include "../guest.h"

TEST(cpuid_xen_leaves)
{
    uint32_t r[4];

    cpuid(0x40000000, 0, r);
    CHECK_EQ(r[1], 0x566e6558);
    CHECK(r[0] >= 0x40000004);
    cpuid(0x40000001, 0, r);
    CHECK_EQ(r[0], 0x40011);
    cpuid(0x40000004, 0, r);
    CHECK(r[0] & 8);
    CHECK_EQ(r[1], 0);
    cpuid(1, 0, r);
    CHECK_EQ(r[1] >> 24, 0);
    CHECK(r[2] >> 31);
    cpuid(0x80000001, 0, r);
    CHECK(!(r[2] & 4));
}

TEST(version)
{
    char extra[16];

    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_version, 0), 0x40011);
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_extraversion, extra), 0);
}

TEST(hypercall_by_instruction)
{
    register unsigned long rax __asm__("rax") = __HYPERVISOR_xen_version;
    unsigned long cmd = XENVER_version;

    __asm__ volatile("vmmcall" : "+a"(rax), "+D"(cmd) : "S"(0ul) : "memory", "rcx");
    CHECK_EQ(rax, 0x40011);
}

static void undefined(void *arg)
{
    (void)arg;
    __asm__ volatile("ud2");
}

static void touch(void *arg)
{
    *(volatile char *)arg = 1;
}

TEST(exceptions)
{
    uint64_t error;

    CHECK_EQ(catch_exception(undefined, NULL, NULL), 6);
    CHECK_EQ(catch_exception(touch, (void *)0x8000000000ul, &error), 14);
    CHECK_EQ(error, 2);
    CHECK_EQ(catch_exception(touch, (void *)0x8000000000000000ul, &error), 13);
}

TEST(msr_refused)
{
    uint64_t v;

    CHECK_EQ(rdmsr_safe(0xdeadbeef, &v), 13);
    CHECK_EQ(wrmsr_safe(0xdeadbeef, 0), 13);
    CHECK_EQ(rdmsr_safe(0xc0010117, &v), 13);   /* VM_HSAVE_PA */
    CHECK_EQ(wrmsr_safe(0xc0010117, 0), 13);
    CHECK_EQ(rdmsr_safe(0xc0011028, &v), 13);
}

TEST(msr_known)
{
    uint64_t v, old;

    CHECK_EQ(rdmsr_safe(0xc0000080, &v), -1);
    CHECK_EQ(v & 0x1d00, 0xd00);
    CHECK_EQ(wrmsr_safe(0xc0000080, v | 0x1000), 13);   /* SVME */
    CHECK_EQ(wrmsr_safe(0xc0000080, v & ~0x100ul), 13); /* LME while paging */
    CHECK_EQ(rdmsr_safe(0x277, &old), -1);
    CHECK_EQ(wrmsr_safe(0x277, 0x0007010600070106), -1);
    CHECK_EQ(rdmsr_safe(0x277, &v), -1);
    CHECK_EQ(v, 0x0007010600070106);
    CHECK_EQ(wrmsr_safe(0x277, 2), 13);
    CHECK_EQ(wrmsr_safe(0x277, old), -1);
    CHECK_EQ(wrmsr_safe(0xc0000102, 0xffff888000000000), -1);
    CHECK_EQ(rdmsr_safe(0xc0000102, &v), -1);
    CHECK_EQ(v, 0xffff888000000000);
    CHECK_EQ(rdmsr_safe(0x179, &v), -1);
    CHECK_EQ(v & 0xff, 2);
}

static void set_cr4(void *arg)
{
    __asm__ volatile("mov %0, %%cr4" ::"r"(arg));
}

static void set_cr0(void *arg)
{
    __asm__ volatile("mov %0, %%cr0" ::"r"(arg));
}

static void set_xcr0(void *arg)
{
    uint64_t v = (uint64_t)arg;

    __asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

TEST(control_registers)
{
    uint64_t cr0, cr4;
    uint32_t r[4];

    __asm__("mov %%cr0, %0" : "=r"(cr0));
    __asm__("mov %%cr4, %0" : "=r"(cr4));
    CHECK_EQ(catch_exception(set_cr4, (void *)(cr4 | 1ul << 40), NULL), 13);
    CHECK_EQ(catch_exception(set_cr4, (void *)(cr4 | 1 << 13), NULL), 13); /* VMXE */
    CHECK_EQ(catch_exception(set_cr4, (void *)(cr4 & ~0x20ul), NULL), 13); /* PAE */
    CHECK_EQ(catch_exception(set_cr4, (void *)(cr4 | 0x80), NULL), -1);    /* PGE */
    CHECK_EQ(catch_exception(set_cr4, (void *)cr4, NULL), -1);
    CHECK_EQ(catch_exception(set_cr0, (void *)(cr0 & ~1ul), NULL), 13);
    CHECK_EQ(catch_exception(set_cr0, (void *)(cr0 | 8), NULL), -1);
    CHECK_EQ(catch_exception(set_cr0, (void *)cr0, NULL), -1);

    cpuid(1, 0, r);
    if (!(r[2] & 1 << 26))
        return;
    CHECK(!(r[2] & 1 << 27));
    CHECK_EQ(catch_exception(set_cr4, (void *)(cr4 | 1 << 18), NULL), -1);
    cpuid(1, 0, r);
    CHECK(r[2] & 1 << 27);
    CHECK_EQ(catch_exception(set_xcr0, (void *)3, NULL), -1);
    CHECK_EQ(catch_exception(set_xcr0, (void *)2, NULL), 13);
    cpuid(0xd, 0, r);
    CHECK_EQ(r[1], 576);
    CHECK_EQ(catch_exception(set_xcr0, (void *)(uint64_t)r[0], NULL), -1);
}

TEST(time_advances)
{
    uint64_t shortest = ~0ull;

    /* A busy host makes some delays longer, a clock that leaps all of them. */
    for (unsigned int i = 0; i < 20; i++) {
        uint64_t a = system_time(), b;

        delay_ns(2000000);
        b = system_time();
        CHECK(b >= a + 2000000);
        shortest = b - a < shortest ? b - a : shortest;
    }
    CHECK(shortest < 2000000000);
}

TEST(memory_map)
{
    struct memory_range r;
    uint64_t ram = 0;

    for (unsigned int i = 0; memory_range(i, &r); i++) {
        if (r.type == 1)
            ram += r.size;
    }
    CHECK(ram >= 16 << 20);
}
