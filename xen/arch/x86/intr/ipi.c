/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interprocessor interrupts: kick, call, stop. A CPU has one call under way at most,
 * since it waits for it; the description lies beside the caller, a bit at each target
 * says who called. So no lock is needed, and CPUs that call each other serve each other.
 */
#include <xen/cpumask.h>
#include <xen/init.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/shutdown.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>
#include <xen/time.h>
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/traps.h>
#include <asm/vectors.h>

/* I8: a CPU that does not answer for so long never will. */
#define CALL_DEADLINE SECONDS(20)
#define STOP_WAIT_MS  200

struct call {
    void (*fn)(void *arg);
    void *arg;
    cpumask_t waiting;   /* targets that have not finished; atomic */
};

static DEFINE_PER_CPU(struct call, my_call);
static DEFINE_PER_CPU(cpumask_t, callers); /* who wants something of this CPU; atomic */

static bool stopping;
static cpumask_t stopped;

static void kick_vector(struct cpu_user_regs *regs)
{
    /* The interrupt itself did it: the CPU is out of the guest or the halt. */
    apic_eoi();
}

void smp_kick(unsigned int cpu)
{
    apic_send_vector(cpu, VECTOR_KICK);
}

static void call_vector(struct cpu_user_regs *regs)
{
    unsigned int self = smp_processor_id(), from;
    cpumask_t *wanted = &this_cpu(callers);

    for_each_cpu(from, wanted) {
        struct call *call = &per_cpu(my_call, from);

        if (!cpumask_test_and_clear(from, wanted))
            continue;
        call->fn(call->arg);
        cpumask_clear(self, &call->waiting);
    }
    /* Last: callers wait for the above, and a later call has its own interrupt. */
    apic_eoi();
}

static void wait_answered(const struct call *call)
{
    s_time_t deadline = 0;
    unsigned int spins = 0;

    while (!cpumask_empty(&call->waiting)) {
        cpu_relax();
        /* Reading the clock costs more than a look at the mask. */
        if (++spins % 4096)
            continue;
        if (!deadline)
            deadline = NOW() + CALL_DEADLINE;
        else if (NOW() > deadline)
            panic("CPU%u: call of %pS unanswered by CPU%u", smp_processor_id(),
                  (void *)call->fn, cpumask_first(&call->waiting));
    }
}

void on_cpus(const cpumask_t *mask, void (*fn)(void *), void *arg)
{
    unsigned int self = smp_processor_id(), cpu;
    struct call *call = &this_cpu(my_call);
    cpumask_t targets;
    uint64_t flags;

    cpumask_and(&targets, mask, &cpu_online_map);
    cpumask_clear(self, &targets);

    if (!cpumask_empty(&targets)) {
        /* Two CPUs that call each other with interrupts off would wait for ever. */
        ASSERT(irqs_enabled() && !in_irq());
        call->fn = fn;
        call->arg = arg;
        call->waiting = targets;
        for_each_cpu(cpu, &targets)
            cpumask_set(self, &per_cpu(callers, cpu));
        apic_send_mask(&targets, VECTOR_CALL);

        if (cpumask_test(self, mask)) {
            flags = irq_save();
            fn(arg);
            irq_restore(flags);
        }
        wait_answered(call);
    } else if (cpumask_test(self, mask)) {
        flags = irq_save();
        fn(arg);
        irq_restore(flags);
    }
}

/* --- stopping ----------------------------------------------------------------------- */

static noreturn void stop_here(void)
{
    cpumask_set(smp_processor_id(), &stopped);
    machine_halt();
}

static void stop_vector(struct cpu_user_regs *regs)
{
    apic_eoi();
    stop_here();
}

static bool stop_by_nmi(const struct cpu_user_regs *regs)
{
    if (read_once(stopping))
        stop_here();
    return false;
}

/* Whether all others have stopped in time. The clock may be what is broken, so count. */
static bool wait_stopped(const cpumask_t *others)
{
    unsigned int ms, i;

    for (ms = 0; ms < STOP_WAIT_MS; ms++) {
        cpumask_t left;

        cpumask_andnot(&left, others, &stopped);
        if (cpumask_empty(&left))
            return true;
        for (i = 0; i < 1000; i++)
            (void)inb(0x80); /* about a microsecond */
    }
    return false;
}

void smp_stop_others(void)
{
    cpumask_t others = cpu_online_map;
    unsigned int cpu;

    /* Of two CPUs that want this, the second one is stopped by the first. */
    if (__atomic_exchange_n(&stopping, true, __ATOMIC_SEQ_CST))
        return;
    cpumask_clear(smp_processor_id(), &others);
    if (cpumask_empty(&others))
        return;
    apic_send_mask(&others, VECTOR_STOP);
    if (wait_stopped(&others))
        return;
    for_each_cpu(cpu, &others)
        if (!cpumask_test(cpu, &stopped))
            apic_send_nmi(cpu);
    wait_stopped(&others);
}

void __init smp_ipi_init(void)
{
    vector_register(VECTOR_KICK, kick_vector);
    vector_register(VECTOR_CALL, call_vector);
    vector_register(VECTOR_STOP, stop_vector);
    if (nmi_register(stop_by_nmi))
        panic("No room for the NMI handler that stops CPUs");
    stop_other_cpus = smp_stop_others;
}
