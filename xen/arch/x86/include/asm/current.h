/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs here. %gs points to the CPU's struct cpu_info, which is the first object
 * of its per-CPU area, whenever hypervisor C code runs.
 */
#ifndef ASM_CURRENT_H
#define ASM_CURRENT_H

#include <xen/types.h>

struct vcpu;

struct cpu_info {
    unsigned long percpu_offset; /* %gs:0  this area minus the template */
    unsigned int cpu;            /* %gs:8  hypervisor's CPU number */
    unsigned int preempt_irq;    /* %gs:12 depth of interrupt nesting */
    struct vcpu *current;        /* %gs:16 vCPU whose hypervisor stack is in use */
    unsigned long tss_rsp0;      /* %gs:24 stack top for entries from ring 3 (PV) */
};

#ifdef XEN_HOST_TEST
extern struct cpu_info fake_cpu_info; /* each test that needs it defines it */
#define smp_processor_id() (fake_cpu_info.cpu)
#define current (fake_cpu_info.current)
#define set_current(v) ((void)(current = (v)))
#define in_irq() (fake_cpu_info.preempt_irq != 0)
#else
static inline unsigned long this_cpu_offset(void)
{
    unsigned long off;

    __asm__ volatile("mov %%gs:0, %0" : "=r"(off));
    return off;
}

static inline unsigned int smp_processor_id(void)
{
    unsigned int cpu;

    __asm__ volatile("movl %%gs:8, %0" : "=r"(cpu));
    return cpu;
}

static inline struct vcpu *get_current(void)
{
    struct vcpu *v;

    __asm__ volatile("mov %%gs:16, %0" : "=r"(v));
    return v;
}

static inline void set_current(struct vcpu *v)
{
    __asm__ volatile("mov %0, %%gs:16" ::"r"(v) : "memory");
}

/* An ordinary context reads its own vCPU here: it is the same on every CPU it runs on. */
#define current (get_current())

static inline bool in_irq(void)
{
    unsigned int n;

    __asm__ volatile("movl %%gs:12, %0" : "=r"(n));
    return n != 0;
}
#endif

#endif
