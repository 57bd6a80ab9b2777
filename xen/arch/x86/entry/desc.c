/* SPDX-License-Identifier: GPL-2.0-only */
/* GDT, TSS and IDT (APM vol. 2, 4.8, 12.2.5, 8.9). */
#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/string.h>
#include <asm/stack.h>
#include <asm/traps.h>

#include "../boot/layout.h"

#define IST_ORDER 1
#define IST_DF  1
#define IST_NMI 2
#define IST_MC  3

#define DESC_CODE64   0x00af9b000000ffffULL
#define DESC_DATA     0x00cf93000000ffffULL
#define DESC_TSS_TYPE 0x89ULL
#define GATE_INTERRUPT 0x8e00

struct tss64 {
    uint32_t rsvd0;
    uint64_t rsp[3];
    uint64_t rsvd1;
    uint64_t ist[7];
    uint64_t rsvd2;
    uint16_t rsvd3;
    uint16_t iomap_base;
} __packed;

struct gate {
    uint16_t offset_low, selector, flags, offset_mid;
    uint32_t offset_high, zero;
};

struct table_reg {
    uint16_t limit;
    uint64_t base;
} __packed;

struct cpu_tables {
    uint64_t gdt[5];
    struct tss64 tss;
};

static DEFINE_PER_CPU(struct cpu_tables, cpu_tables);
/* Lowest addresses; written before the CPU starts. */
static char *ist_stacks[NR_CPUS][IST_COUNT];
static struct gate idt[256] __aligned(16) __ro_after_init;

BUILD_BUG_ON(PAGE_SIZE << IST_ORDER != IST_STACK_SIZE);

extern const char vector_stubs[];
void load_tables(const void *gdt, const void *idt_reg, unsigned int tss, unsigned int cs,
                 unsigned int ds);

void __init traps_init(void)
{
    for (unsigned int v = 0; v < 256; v++) {
        unsigned long entry = (unsigned long)vector_stubs + v * 16;
        unsigned int ist = v == TRAP_DF ? IST_DF : v == TRAP_NMI ? IST_NMI
                           : v == TRAP_MC ? IST_MC : 0;

        idt[v] = (struct gate){
            .offset_low = (uint16_t)entry,
            .selector = XEN_CS,
            .flags = (uint16_t)(GATE_INTERRUPT | ist),
            .offset_mid = (uint16_t)(entry >> 16),
            .offset_high = (uint32_t)(entry >> 32),
        };
    }
    for (unsigned int i = 0; i < IST_COUNT; i++)
        ist_stacks[0][i] = (char *)boot_guard(i + 1) + PAGE_SIZE;
}

const void *ist_stack(unsigned int cpu, unsigned int n)
{
    return ist_stacks[cpu][n];
}

int traps_alloc_stacks(unsigned int cpu)
{
    for (unsigned int i = 0; i < IST_COUNT; i++) {
        if (!ist_stacks[cpu][i])
            ist_stacks[cpu][i] = stack_alloc(NULL, IST_ORDER);
        if (!ist_stacks[cpu][i])
            goto undo;
    }
    return 0;
undo:
    for (unsigned int i = 0; i < IST_COUNT; i++) {
        stack_free(ist_stacks[cpu][i], IST_ORDER);
        ist_stacks[cpu][i] = NULL;
    }
    return -ENOMEM;
}

void traps_load(unsigned int cpu)
{
    struct cpu_tables *t = &per_cpu(cpu_tables, cpu);
    uint64_t tss = (uint64_t)&t->tss;
    struct table_reg gdt_reg = {sizeof(t->gdt) - 1, (uint64_t)t->gdt};
    struct table_reg idt_reg = {sizeof(idt) - 1, (uint64_t)idt};

    memset(t, 0, sizeof(*t));
    for (unsigned int i = 0; i < IST_COUNT; i++)
        t->tss.ist[i] = (uint64_t)ist_stacks[cpu][i] + IST_STACK_SIZE;
    t->tss.iomap_base = sizeof(t->tss); /* no bitmap: ring 3 has no ports */

    t->gdt[XEN_CS / 8] = DESC_CODE64;
    t->gdt[XEN_DS / 8] = DESC_DATA;
    t->gdt[XEN_TSS / 8] = (sizeof(t->tss) - 1) | (tss & 0xffffff) << 16 |
                          DESC_TSS_TYPE << 40 | (tss >> 24 & 0xff) << 56;
    t->gdt[XEN_TSS / 8 + 1] = tss >> 32;
    load_tables(&gdt_reg, &idt_reg, XEN_TSS, XEN_CS, XEN_DS);
}
