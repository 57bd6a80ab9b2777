/* SPDX-License-Identifier: GPL-2.0-only */
/* Pending bits per CPU, and the loop that works them off. */
#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>
#include <xen/timer.h>

static void (*handlers[SOFTIRQ_COUNT])(void);

/* One bit a softirq; set from anywhere, cleared by the CPU itself. */
static DEFINE_PER_CPU(uint32_t, softirq_bits);
/* Those that softirq_put_off() hides; only the CPU itself, no interrupt, looks here. */
static DEFINE_PER_CPU(uint32_t, softirq_hidden);

/* Honest ones raise others two or three deep. */
#define ROUNDS 8

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
    per_cpu(softirq_hidden, cpu) = 0;
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

static uint32_t pending_of(uint32_t allowed)
{
    return __atomic_load_n(&this_cpu(softirq_bits), __ATOMIC_ACQUIRE) & allowed;
}

/* If it is pending still: a handler may have run others itself. */
static void run_one(unsigned int nr)
{
    uint32_t bit = BIT_OF(nr);

    if ((__atomic_fetch_and(&this_cpu(softirq_bits), ~bit, __ATOMIC_SEQ_CST) & bit) &&
        handlers[nr])
        handlers[nr]();
}

/*
 * Those that are pending, each once, and then the scheduler's. What they raise is for the
 * next round, so that none can keep the scheduler from its turn.
 */
static void run_round(uint32_t allowed)
{
    uint32_t todo = pending_of(allowed & ~LAST_OF_ALL);

    for (unsigned int nr = 0; nr < SOFTIRQ_COUNT; nr++)
        if (todo & BIT_OF(nr))
            run_one(nr);
    /* It may return on another CPU: nothing is kept across the call. */
    if (pending_of(allowed & LAST_OF_ALL))
        run_one(SOFTIRQ_SCHEDULE);
}

static bool run_pending(uint32_t allowed)
{
    assert_no_locks();
    if (this_cpu(softirq_hidden)) {
        __atomic_fetch_or(&this_cpu(softirq_bits), this_cpu(softirq_hidden),
                          __ATOMIC_SEQ_CST);
        this_cpu(softirq_hidden) = 0;
    }
    for (unsigned int i = 0; i < ROUNDS && pending_of(allowed); i++)
        run_round(allowed);
    return !pending_of(allowed);
}

bool do_softirq(void)
{
    return run_pending(~0U);
}

void process_pending_softirqs(void)
{
    run_pending(~LAST_OF_ALL);
}

/* Whoever raises one that is hidden finds its bit clear, and sends an interrupt. */
void softirq_put_off(void)
{
    this_cpu(softirq_hidden) |=
        __atomic_exchange_n(&this_cpu(softirq_bits), 0, __ATOMIC_SEQ_CST);
    timer_interrupt_by(NOW() + SOFTIRQ_PAUSE);
}
