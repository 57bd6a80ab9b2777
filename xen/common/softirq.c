/* SPDX-License-Identifier: GPL-2.0-only */
/* Pending bits per CPU, and the loop that works them off. */
#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>

static void (*handlers[SOFTIRQ_COUNT])(void);

/* One bit a softirq; set from anywhere, cleared by the CPU itself. */
static DEFINE_PER_CPU(uint32_t, softirq_bits);

#define BIT_OF(nr) (1U << (nr))
#define LAST_OF_ALL BIT_OF(SOFTIRQ_SCHEDULE)

void softirq_register(enum softirq nr, void (*fn)(void))
{
    BUG_ON(nr >= SOFTIRQ_COUNT);
    handlers[nr] = fn;
}

void softirq_cpu_init(unsigned int cpu)
{
    per_cpu(softirq_bits, cpu) = 0;
}

/* Whether the bit was clear before. */
static bool mark_pending(unsigned int cpu, enum softirq nr)
{
    uint32_t *bits = &per_cpu(softirq_bits, cpu);

    return !(__atomic_fetch_or(bits, BIT_OF(nr), __ATOMIC_SEQ_CST) & BIT_OF(nr));
}

void softirq_raise(enum softirq nr)
{
    mark_pending(smp_processor_id(), nr);
}

void softirq_raise_cpu(unsigned int cpu, enum softirq nr)
{
    /* Whoever set a bit that was clear has also sent the interrupt. */
    if (mark_pending(cpu, nr) && cpu != smp_processor_id())
        smp_kick(cpu);
}

void softirq_raise_mask(const cpumask_t *mask, enum softirq nr)
{
    unsigned int cpu;

    for_each_cpu(cpu, mask)
        if (cpu_online(cpu))
            softirq_raise_cpu(cpu, nr);
}

bool softirq_pending(void)
{
    return __atomic_load_n(&this_cpu(softirq_bits), __ATOMIC_RELAXED) != 0;
}

/* The next one to run, the scheduler's after all others; SOFTIRQ_COUNT when none is. */
static unsigned int next_pending(uint32_t allowed)
{
    uint32_t bits = __atomic_load_n(&this_cpu(softirq_bits), __ATOMIC_ACQUIRE) & allowed;

    if (!bits)
        return SOFTIRQ_COUNT;
    return ffs_long(bits & ~LAST_OF_ALL ? bits & ~LAST_OF_ALL : bits);
}

static void run_pending(uint32_t allowed)
{
    unsigned int nr;

    assert_no_locks();
    /* A handler may return on another CPU, so nothing is kept across the call. */
    while ((nr = next_pending(allowed)) < SOFTIRQ_COUNT) {
        uint32_t bit = BIT_OF(nr);

        __atomic_fetch_and(&this_cpu(softirq_bits), ~bit, __ATOMIC_SEQ_CST);
        if (handlers[nr])
            handlers[nr]();
    }
}

void do_softirq(void)
{
    run_pending(~0U);
}

void process_pending_softirqs(void)
{
    run_pending(~LAST_OF_ALL);
}
