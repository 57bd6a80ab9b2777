/* SPDX-License-Identifier: GPL-2.0-only */
/* Vectors: entry from the IDT, fixed ones, and those that devices get on each CPU. */
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/vectors.h>
#include <public/xen.h>

#include "private.h"

#define NO_IRQ 0
#define UNEXPECTED_SHOWN 8

/* Highest APIC id that a message or an I/O APIC entry can name without remapping. */
#define MAX_DEVICE_DEST 0xfeU

struct cpu_vectors {
    uint32_t irq_plus_one[256]; /* NO_IRQ: free; its CPU reads it bare [vector_lock] */
    unsigned int used;          /* [vector_lock] */
    uint8_t last;               /* given out most recently [vector_lock] */
};

static DEFINE_PER_CPU(struct cpu_vectors, cpu_vectors);
static DEFINE_SPINLOCK(vector_lock, LOCK_VECTOR);

static void (*fixed[256])(struct cpu_user_regs *regs);
static DEFINE_PER_CPU(unsigned int, unexpected);

void vector_register(uint8_t vector, void (*fn)(struct cpu_user_regs *regs))
{
    fixed[vector] = fn;
}

/* Nobody expects it; it needs an end of interrupt only if it is in service. */
static void unexpected_vector(uint8_t vector)
{
    bool in_service = apic_read(APIC_ISR + vector / 32U * 16) & (1U << (vector % 32));

    if (in_service)
        apic_eoi();
    if (this_cpu(unexpected)++ < UNEXPECTED_SHOWN)
        printk(XENLOG_WARNING "CPU%u: unexpected interrupt %#x%s\n", smp_processor_id(),
               vector, in_service ? "" : " (spurious)");
}

/* cpu_info.preempt_irq */
static void irq_nesting_add(int n)
{
    __asm__ volatile("addl %0, %%gs:12" : : "ri"(n) : "memory", "cc");
}

void do_irq(struct cpu_user_regs *regs)
{
    uint8_t vector = (uint8_t)regs->entry_vector;
    unsigned int outer = lock_check_irq_enter();
    uint32_t entry;

    irq_nesting_add(1);
    if (fixed[vector]) {
        fixed[vector](regs);
    } else {
        entry = read_once(this_cpu(cpu_vectors).irq_plus_one[vector]);
        if (entry == NO_IRQ)
            unexpected_vector(vector);
        else
            irq_deliver(entry - 1, vector);
    }
    irq_nesting_add(-1);
    lock_check_irq_exit(outer);
}

/* --- allocation --------------------------------------------------------------------- */

static unsigned int least_used(const cpumask_t *mask)
{
    unsigned int cpu, best = NR_CPUS;

    for_each_cpu(cpu, mask) {
        if (!cpu_online(cpu) || cpu_apic_id(cpu) > MAX_DEVICE_DEST)
            continue;
        if (best == NR_CPUS ||
            per_cpu(cpu_vectors, cpu).used < per_cpu(cpu_vectors, best).used)
            best = cpu;
    }
    return best;
}

int vector_assign(const struct irq_desc *desc, const cpumask_t *mask, unsigned int *cpu,
                  uint8_t *vector)
{
    unsigned int n = VECTOR_DYN_LAST - VECTOR_DYN_FIRST + 1, i;
    uint64_t flags = spin_lock_irqsave(&vector_lock);
    struct cpu_vectors *cv;
    int rc = -ENOSPC;

    *cpu = least_used(mask);
    if (*cpu == NR_CPUS) {
        spin_unlock_irqrestore(&vector_lock, flags);
        return -EINVAL;
    }
    cv = &per_cpu(cpu_vectors, *cpu);
    /* Round robin, so that a vector just given back stays unused for long. */
    for (i = 1; i <= n; i++) {
        unsigned int v = VECTOR_DYN_FIRST + (cv->last - VECTOR_DYN_FIRST + i) % n;

        if (cv->irq_plus_one[v] != NO_IRQ || fixed[v])
            continue;
        write_once(cv->irq_plus_one[v], desc->irq + 1);
        cv->last = (uint8_t)v;
        cv->used++;
        *vector = (uint8_t)v;
        rc = 0;
        break;
    }
    spin_unlock_irqrestore(&vector_lock, flags);
    return rc;
}

struct retire {
    uint8_t vector;
    bool done;
};

/* On the CPU itself, interrupts off. */
static void try_retire(void *arg)
{
    struct retire *r = arg;
    struct cpu_vectors *cv = &this_cpu(cpu_vectors);

    if (apic_vector_requested(r->vector))
        return;
    spin_lock(&vector_lock);
    write_once(cv->irq_plus_one[r->vector], NO_IRQ);
    cv->used--;
    spin_unlock(&vector_lock);
    r->done = true;
}

void vector_retire(unsigned int cpu, uint8_t vector)
{
    struct retire r = {.vector = vector};
    cpumask_t mask;
    unsigned int tries;

    cpumask_zero(&mask);
    cpumask_set(cpu, &mask);
    /* A requested one is taken as soon as the call returns there. */
    for (tries = 0; !r.done && tries < 100; tries++)
        on_cpus(&mask, try_retire, &r);
    if (!r.done)
        printk(XENLOG_WARNING "CPU%u: vector %#x stays in use\n", cpu, vector);
}

unsigned int vectors_in_use(unsigned int cpu)
{
    return per_cpu(cpu_vectors, cpu).used;
}

void irq_cpu_init(unsigned int cpu)
{
    struct cpu_vectors *cv = &per_cpu(cpu_vectors, cpu);

    memset(cv, 0, sizeof(*cv));
    cv->last = VECTOR_DYN_LAST;
}
