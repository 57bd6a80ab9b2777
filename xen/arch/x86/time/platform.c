/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's counters beside the TSC: HPET (IA-PC HPET 1.0a), ACPI PM timer (ACPI
 * 4.8.3.3), and the 8254, which only serves to measure the TSC when there is nothing
 * better.
 */
#include <xen/acpi.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/param.h>
#include <xen/spinlock.h>
#include <asm/cpu.h>

#include "private.h"

#define HPET_SPACE      0x400
#define HPET_CAPS       0x000 /* period in femtoseconds in the upper half */
#define HPET_CONFIG     0x010
#define HPET_COUNTER    0x0f0
#define HPET_CAP_64BIT  (1U << 13)
#define HPET_ENABLE     (1U << 0)
#define HPET_LEGACY     (1U << 1)
#define HPET_MAX_PERIOD 100000000U /* 100 ns, section 2.3.4 */

#define PM_TIMER_HZ 3579545
#define PIT_HZ      1193182
#define PIT_CH2     0x42
#define PIT_COMMAND 0x43
#define PORT_B      0x61
#define PORT_B_GATE2   (1U << 0)
#define PORT_B_SPEAKER (1U << 1)
#define PORT_B_OUT2    (1U << 5)

static char opt_clocksource[8] __initdata;
string_param("clocksource", opt_clocksource);

static volatile char *hpet __ro_after_init;
static uint16_t pm_port __ro_after_init;

static uint64_t hpet_read32(void)
{
    return mmio_read32(hpet + HPET_COUNTER);
}

static uint64_t hpet_read64(void)
{
    return mmio_read64(hpet + HPET_COUNTER);
}

static uint64_t pm_read(void)
{
    return inl(pm_port);
}

static struct platform_timer timer_hpet = {.name = "hpet"};
static struct platform_timer timer_pm = {
    .name = "acpi", .hz = PM_TIMER_HZ, .read = pm_read};

static bool __init hpet_probe(void)
{
    uint64_t caps;
    uint32_t period, config;

    if (!acpi_host.have_hpet)
        return false;
    hpet = ioremap(acpi_host.hpet.base, HPET_SPACE);
    if (!hpet)
        return false;
    caps = mmio_read64(hpet + HPET_CAPS);
    period = (uint32_t)(caps >> 32);
    if (!period || period > HPET_MAX_PERIOD) {
        printk(XENLOG_WARNING "HPET at %#lx: bad period %u, not used\n",
               acpi_host.hpet.base, period);
        return false;
    }
    config = mmio_read32(hpet + HPET_CONFIG);
    mmio_write32(hpet + HPET_CONFIG, (config | HPET_ENABLE) & ~HPET_LEGACY);
    timer_hpet.hz = 1000000000000000ULL / period;
    timer_hpet.mask = caps & HPET_CAP_64BIT ? UINT64_MAX : UINT32_MAX;
    timer_hpet.read = caps & HPET_CAP_64BIT ? hpet_read64 : hpet_read32;
    return true;
}

static bool __init pm_probe(void)
{
    const struct acpi_reg *r = &acpi_host.fadt.pm_timer;
    unsigned int i;
    uint64_t first;

    if (!acpi_host.have_fadt || !r->bits || r->space != ACPI_SPACE_IO)
        return false;
    pm_port = (uint16_t)r->addr;
    timer_pm.mask = acpi_host.fadt.pm_timer_32bit ? UINT32_MAX : 0xffffff;
    /* Some machines name a port where nothing counts. */
    first = pm_read();
    for (i = 0; i < 10000; i++)
        if (pm_read() != first)
            return true;
    return false;
}

const struct platform_timer *__init platform_timer_find(void)
{
    static const struct {
        struct platform_timer *timer;
        bool (*probe)(void);
    } known[] = {{&timer_hpet, hpet_probe}, {&timer_pm, pm_probe}};
    const struct platform_timer *found = NULL;
    bool asked_for = false;
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(known); i++) {
        bool is_it = !strcmp(opt_clocksource, known[i].timer->name);

        if ((found && !is_it) || !known[i].probe())
            continue;
        found = known[i].timer;
        asked_for |= is_it;
    }
    if (opt_clocksource[0] && !asked_for && strcmp(opt_clocksource, "tsc"))
        printk(XENLOG_WARNING "clocksource=%s: not on this machine\n", opt_clocksource);
    return found;
}

/* --- running clock ------------------------------------------------------------------ */

static DEFINE_SPINLOCK(platform_lock, LOCK_PLATFORM);
static const struct platform_timer *running __ro_after_init;
static struct time_scale running_scale __ro_after_init;
static uint64_t last_count, elapsed; /* [platform_lock] */

void __init platform_clock_start(const struct platform_timer *pt)
{
    running_scale = time_scale_hz(pt->hz);
    last_count = pt->read() & pt->mask;
    elapsed = 0;
    running = pt;
}

bool platform_clock_running(void)
{
    return running != NULL;
}

const char *platform_clock_name(void)
{
    return running ? running->name : "none";
}

s_time_t platform_clock_ns(void)
{
    uint64_t flags = spin_lock_irqsave(&platform_lock), count;

    count = running->read() & running->mask;
    elapsed += (count - last_count) & running->mask;
    last_count = count;
    count = elapsed;
    spin_unlock_irqrestore(&platform_lock, flags);
    return (s_time_t)time_scale_apply(running_scale, count);
}

/* --- measuring the TSC -------------------------------------------------------------- */

/* A counter value and the TSC of the same moment: the closest of several pairs. */
static uint64_t __init sample(const struct platform_timer *pt, uint64_t *tsc)
{
    uint64_t best = UINT64_MAX, count = 0;
    unsigned int i;

    for (i = 0; i < 8; i++) {
        uint64_t before = rdtsc_ordered();
        uint64_t c = pt->read() & pt->mask;
        uint64_t after = rdtsc_ordered();

        if (after - before < best) {
            best = after - before;
            count = c;
            *tsc = before + best / 2;
        }
    }
    return count;
}

/* Channel 2 counts down once from 59659 (50 ms); its output then goes high. */
static uint64_t __init measure_by_pit(void)
{
    const unsigned int count = PIT_HZ / 20;
    uint8_t port_b = inb(PORT_B);
    uint64_t start, end;
    unsigned int i;

    outb((uint8_t)((port_b & ~PORT_B_SPEAKER) | PORT_B_GATE2), PORT_B);
    outb(0xb0, PIT_COMMAND); /* channel 2, low then high byte, mode 0 */
    outb((uint8_t)count, PIT_CH2);
    outb((uint8_t)(count >> 8), PIT_CH2);
    start = rdtsc_ordered();
    for (i = 0; i < 10000000 && !(inb(PORT_B) & PORT_B_OUT2); i++)
        ;
    end = rdtsc_ordered();
    outb(port_b, PORT_B);
    return i < 10000000 ? (end - start) * 20 : 0;
}

uint64_t __init platform_measure_tsc(const struct platform_timer *pt)
{
    uint64_t tsc0, tsc1, from, to, span;

    if (!pt)
        return measure_by_pit();
    span = pt->hz / 20; /* 50 ms: below every counter's wrap */
    from = sample(pt, &tsc0);
    do {
        to = pt->read() & pt->mask;
        cpu_relax();
    } while (((to - from) & pt->mask) < span);
    to = sample(pt, &tsc1);
    return (uint64_t)((unsigned __int128)(tsc1 - tsc0) * pt->hz /
                      ((to - from) & pt->mask));
}
