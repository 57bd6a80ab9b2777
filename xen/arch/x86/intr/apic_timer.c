/* SPDX-License-Identifier: GPL-2.0-only */
/* The local APIC's timer as each CPU's one alarm, by count or by TSC deadline. */
#include <xen/init.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/softirq.h>
#include <xen/timer.h>
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/vectors.h>

#define DIVIDE_BY_16 0x3
#define CALIBRATE_US 5000U

static bool use_deadline __ro_after_init;
static uint64_t counts_per_ms __ro_after_init; /* 0: not calibrated yet */

static void timer_vector(struct cpu_user_regs *regs)
{
    apic_eoi();
    softirq_raise(SOFTIRQ_TIMER);
}

static void set_count(uint32_t count)
{
    apic_write(APIC_TIMER_INIT, count);
}

bool arch_timer_program(s_time_t when)
{
    s_time_t now = NOW(), delta = when - now;
    uint64_t count;

    if (!use_deadline && !counts_per_ms)
        return when > now; /* early boot: timers run when somebody looks */
    if (when == STIME_MAX) {
        if (use_deadline)
            wrmsr(MSR_TSC_DEADLINE, 0);
        else
            set_count(0);
        return true;
    }
    if (delta <= 0)
        return false;
    /* Far ones come early, find nothing due, and are set again. */
    delta = MIN(delta, SECONDS(1));
    if (use_deadline) {
        wrmsr(MSR_TSC_DEADLINE, rdtsc() + ns_to_tsc((uint64_t)delta));
    } else {
        count = (uint64_t)delta * counts_per_ms / 1000000;
        set_count((uint32_t)MIN(MAX(count, (uint64_t)1), (uint64_t)UINT32_MAX));
    }
    return true;
}

void apic_timer_cpu_init(void)
{
    if (use_deadline) {
        apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | VECTOR_TIMER);
        /* The mode must be in force before the MSR is written (SDM 11.5.4.1). */
        smp_mb();
    } else {
        apic_write(APIC_TIMER_DIV, DIVIDE_BY_16);
        apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
    }
}

static int __init compare_rates(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Counts in a millisecond of system time: the median of a few measurements. */
static uint64_t __init measure_rate(void)
{
    uint64_t rates[5];
    unsigned int i;

    apic_write(APIC_TIMER_DIV, DIVIDE_BY_16);
    for (i = 0; i < ARRAY_SIZE(rates); i++) {
        s_time_t start, end;
        uint32_t left;

        set_count(UINT32_MAX);
        start = NOW();
        udelay(CALIBRATE_US);
        left = apic_read(APIC_TIMER_CUR);
        end = NOW();
        rates[i] = (uint64_t)(UINT32_MAX - left) * 1000000 / (uint64_t)(end - start);
    }
    set_count(0);
    sort(rates, ARRAY_SIZE(rates), sizeof(rates[0]), compare_rates);
    return rates[ARRAY_SIZE(rates) / 2];
}

int __init apic_timer_init(void)
{
    vector_register(VECTOR_TIMER, timer_vector);
    if (cpu_has(X86_FEATURE_TSC_DEADLINE)) {
        use_deadline = true;
    } else {
        counts_per_ms = measure_rate();
        if (!counts_per_ms) {
            printk(XENLOG_ERR "The local APIC's timer does not count\n");
            return -ENODEV;
        }
    }
    apic_timer_cpu_init();
    printk(XENLOG_INFO "APIC timer: %s", use_deadline ? "TSC deadline\n" : "");
    if (!use_deadline)
        printk("%lu kHz\n", counts_per_ms * 16);
    /* Deadlines set until now are not in the hardware. */
    softirq_raise(SOFTIRQ_TIMER);
    return 0;
}
