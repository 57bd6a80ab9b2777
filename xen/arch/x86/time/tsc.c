/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System time out of the TSC. Where all TSCs run alike for ever, one stamp serves all
 * CPUs. Elsewhere each CPU has its own and steers it, once a second, to the platform's
 * clock.
 */
#include <xen/domain.h>
#include <xen/init.h>
#include <xen/keyhandler.h>
#include <xen/lib.h>
#include <xen/param.h>
#include <xen/percpu.h>
#include <xen/softirq.h>
#include <xen/timer.h>
#include <asm/cpu.h>
#include <asm/cpufeature.h>
#include <asm/time.h>

#include "private.h"

#define SYNC_PERIOD   SECONDS(1)
#define SYNC_FIRST    MILLISECS(200)
/* A reading of the platform's clock that took longer tells too little. */
#define READ_TOO_LONG MICROSECS(100)
#define JUMP_AHEAD    SECONDS(1)

uint32_t cpu_khz __ro_after_init;
bool tsc_reliable;
static uint64_t tsc_hz __ro_after_init;
static struct time_scale tsc_scale __ro_after_init;

static DEFINE_PER_CPU(struct cpu_clock, clocks);
static DEFINE_PER_CPU(struct timer, sync_timer);

/* Latest time shown by any CPU; used while !tsc_reliable. Atomic. */
static s_time_t latest;

static char opt_tsc[16] __initdata;
string_param("tsc", opt_tsc);

struct cpu_clock *cpu_clock(void)
{
    return &this_cpu(clocks);
}

s_time_t stime_of_tsc(uint64_t tsc)
{
    const struct cpu_clock *c = &this_cpu(clocks);

    if (tsc < c->tsc)
        return c->stime - (s_time_t)time_scale_apply(c->scale, c->tsc - tsc);
    return c->stime + (s_time_t)time_scale_apply(c->scale, tsc - c->tsc);
}

/* No CPU shows an earlier time than another one has shown before. */
static s_time_t not_before_others(s_time_t now)
{
    s_time_t seen = __atomic_load_n(&latest, __ATOMIC_RELAXED);

    while (now > seen)
        if (__atomic_compare_exchange_n(&latest, &seen, now, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED))
            return now;
    return seen;
}

s_time_t get_s_time(void)
{
    s_time_t now = stime_of_tsc(rdtsc_ordered());

    return tsc_reliable ? now : not_before_others(now);
}

uint64_t tsc_to_ns(uint64_t ticks)
{
    return time_scale_apply(tsc_scale, ticks);
}

uint64_t ns_to_tsc(uint64_t ns)
{
    return (uint64_t)((unsigned __int128)ns * tsc_hz / 1000000000);
}

void udelay(unsigned int usecs)
{
    s_time_t until = NOW() + MICROSECS(usecs);

    while (NOW() < until)
        cpu_relax();
}

void mdelay(unsigned int msecs)
{
    while (msecs--)
        udelay(1000);
}

/* --- keeping in step with the platform ---------------------------------------------- */

/* The platform's time and this CPU's TSC of one moment; false: too blurred to use. */
static bool sample_platform(s_time_t *platform, uint64_t *tsc)
{
    uint64_t best = UINT64_MAX;
    unsigned int i;

    for (i = 0; i < 3; i++) {
        uint64_t before = rdtsc_ordered();
        s_time_t p = platform_clock_ns();
        uint64_t took = rdtsc_ordered() - before;

        if (took < best) {
            best = took;
            *platform = p;
            *tsc = before + took / 2;
        }
    }
    return tsc_to_ns(best) <= (uint64_t)READ_TOO_LONG;
}

/* How far the clock was off at the last look; for the debug key. */
static DEFINE_PER_CPU(s_time_t, clock_error);

static void steer(struct cpu_clock *c)
{
    s_time_t platform, local;
    uint64_t tsc;

    if (!sample_platform(&platform, &tsc) || tsc <= c->last_tsc ||
        platform <= c->last_platform)
        return;
    local = stime_of_tsc(tsc);
    this_cpu(clock_error) = local - platform;
    if (platform - local > JUMP_AHEAD) {
        printk(XENLOG_WARNING "CPU%u: clock was %ld ms late\n", smp_processor_id(),
               (platform - local) / 1000000);
        local = platform;
    }
    c->scale = time_scale_steer((uint64_t)(platform - c->last_platform),
                                tsc - c->last_tsc, platform, local);
    c->tsc = tsc;
    c->stime = local;
    c->last_tsc = tsc;
    c->last_platform = platform;
}

static void sync_clock(void *unused)
{
    struct cpu_clock *c = &this_cpu(clocks);
    uint64_t flags = irq_save();

    steer(c);
    irq_restore(flags);
    if (!is_idle_vcpu(current))
        update_vcpu_time(current);
    timer_set(&this_cpu(sync_timer), NOW() + SYNC_PERIOD);
}

static void start_sync(void *unused)
{
    struct timer *t = &this_cpu(sync_timer);

    timer_init(t, sync_clock, NULL, smp_processor_id());
    timer_set(t, NOW() + SYNC_FIRST);
}

static void dump_clocks(unsigned char key)
{
    unsigned int cpu;

    printk("TSC %u kHz, %s; platform clock %s\n", cpu_khz,
           tsc_reliable ? "reliable" : "steered", platform_clock_name());
    for_each_online_cpu(cpu) {
        const struct cpu_clock *c = &per_cpu(clocks, cpu);

        printk("  CPU%u: %ld ns at TSC %#lx, scale %#x shift %d, last error %ld ns\n",
               cpu, c->stime, c->tsc, c->scale.mul, c->scale.shift,
               per_cpu(clock_error, cpu));
    }
}

void __init time_start_sync(void)
{
    keyhandler_register('t', dump_clocks, "clocks of each CPU");
    if (!tsc_reliable)
        on_cpus(&cpu_online_map, start_sync, NULL);
    printk(XENLOG_INFO "System time: TSC %u.%03u MHz, %s, platform clock %s\n",
           cpu_khz / 1000, cpu_khz % 1000,
           tsc_reliable ? "reliable" : "steered by the platform clock",
           platform_clock_name());
}

/* --- a CPU's first stamp ------------------------------------------------------------ */

void time_cpu_init(const struct cpu_clock *boot_cpu)
{
    struct cpu_clock *c = &this_cpu(clocks);
    uint64_t flags = irq_save();

    if (tsc_reliable) {
        *c = *boot_cpu;
    } else {
        c->scale = tsc_scale;
        sample_platform(&c->last_platform, &c->last_tsc);
        c->tsc = c->last_tsc;
        c->stime = c->last_platform;
    }
    irq_restore(flags);
}

void time_tsc_unreliable(void)
{
    if (platform_clock_running())
        tsc_reliable = false;
}

static bool __init decide_reliable(void)
{
    if (!platform_clock_running()) {
        printk(XENLOG_WARNING "No platform timer: the TSC has to be trusted\n");
        return true;
    }
    if (!strcmp(opt_tsc, "unstable"))
        return false;
    if (!strncmp(opt_tsc, "stable", 6))
        return true;
    if (opt_tsc[0])
        printk(XENLOG_WARNING "tsc=%s: unknown, ignored\n", opt_tsc);
    return cpu_has(X86_FEATURE_ITSC);
}

int __init time_init(void)
{
    struct cpu_clock *c = &this_cpu(clocks);
    const struct platform_timer *pt = platform_timer_find();

    tsc_hz = platform_measure_tsc(pt);
    if (tsc_hz < 1000000) {
        printk(XENLOG_ERR "The TSC cannot be measured\n");
        return -ENODEV;
    }
    cpu_khz = (uint32_t)(tsc_hz / 1000);
    tsc_scale = time_scale_hz(tsc_hz);
    if (pt)
        platform_clock_start(pt);
    tsc_reliable = decide_reliable();

    c->scale = tsc_scale;
    c->last_tsc = c->tsc = rdtsc_ordered();
    if (pt)
        sample_platform(&c->last_platform, &c->last_tsc);
    c->tsc = c->last_tsc;
    c->stime = c->last_platform;
    wallclock_init();
    return 0;
}
