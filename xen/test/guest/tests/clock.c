/* SPDX-License-Identifier: GPL-2.0-only */
/* System time, wall clock, vCPU timers, and a machine interrupt through the I/O APICs. */
#include <public/errno.h>
#include <public/event_channel.h>
#include <public/vcpu.h>
#include "../guest.h"

#define MS 1000000ull
#define PM_TIMER    0x608
#define PM_TIMER_HZ 3579545ull
#define RTC_GSI     8
#define RTC_VECTOR  0x60
#define ROUNDS      100u

static uint32_t inl(uint16_t port)
{
    uint32_t v;

    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static uint8_t cmos(uint8_t reg)
{
    outb(reg, 0x70);
    return inb(0x71);
}

static unsigned int bcd(uint8_t v)
{
    return (v >> 4) * 10u + (v & 15);
}

static struct moment look(uint32_t *ticks)
{
    struct moment m = { .before = system_time() };

    *ticks = inl(PM_TIMER);
    m.after = system_time();
    return m;
}

/* Did the host let us look so closely? The timer's 24 bits are through after 4.6 s. */
static bool close_enough(struct moment a, struct moment b)
{
    return a.after - a.before < MS && b.after - b.before < MS &&
           b.after - a.before < 4000 * MS;
}

/* Nanoseconds of the machine's PM timer for some of system time. */
TEST(rate)
{
    uint64_t until = system_time() + PATIENCE, want;
    uint32_t first, last;
    struct moment a, b;

    do {
        a = look(&first);
        delay_ns(200 * MS);
        b = look(&last);
    } while (!close_enough(a, b) && system_time() < until);
    CHECK(close_enough(a, b));
    want = ((last - first) & 0xffffff) * 1000000000ull / PM_TIMER_HZ;
    print("system time %lu us, PM timer %lu us\n", span_most(a, b) / 1000, want / 1000);
    CHECK(span_most(a, b) > want - want / 50 && span_least(a, b) < want + want / 50);
}

static volatile uint64_t shared_latest;
static volatile bool stop;
static volatile uint64_t worst[MAX_CPUS], rounds[MAX_CPUS];
static volatile unsigned int lock;

static void compare(unsigned int n)
{
    while (!stop) {
        uint64_t now;

        while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
            __asm__ volatile("pause");
        now = vcpu_time(n);
        if (now < shared_latest && shared_latest - now > worst[n])
            worst[n] = shared_latest - now;
        shared_latest = now;
        rounds[n]++;
        __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
    }
}

/* Where TSCs are steered one by one, records of two vCPUs may differ by some us. */
TEST(cpus_agree)
{
    uint64_t until;

    if (cpu_count() < 2) {
        print("one processor: nothing to compare\n");
        return;
    }
    CHECK(cpu_start(1, compare));
    until = system_time() + 2500 * MS;
    while (system_time() < until ||
           (rounds[1] < ROUNDS && system_time() < until + PATIENCE)) {
        uint64_t now;

        while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
            __asm__ volatile("pause");
        now = vcpu_time(0);
        if (now < shared_latest && shared_latest - now > worst[0])
            worst[0] = shared_latest - now;
        shared_latest = now;
        rounds[0]++;
        __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
    }
    stop = true;
    print("worst step back %lu and %lu ns in %lu and %lu readings\n", worst[0], worst[1],
          rounds[0], rounds[1]);
    CHECK(rounds[1] >= ROUNDS);
    CHECK(worst[0] < MS && worst[1] < MS);
}

static uint64_t wall_seconds(void)
{
    const struct shared_info *si = shared_info();

    return (si->wc_sec | (uint64_t)si->wc_sec_hi << 32) +
           (system_time() + si->wc_nsec) / 1000000000;
}

TEST(wall_clock)
{
    unsigned int sec, min, now;
    uint64_t wall;
    int off;

    CHECK_EQ(shared_info()->wc_version & 1, 0);
    do {
        wall = wall_seconds();
        sec = bcd(cmos(0));
        min = bcd(cmos(2));
    } while (sec != bcd(cmos(0)) || wall_seconds() > wall + 1);
    now = (unsigned int)(wall % 3600);
    off = (int)(min * 60 + sec) - (int)now;
    print("wall clock %lu, off by %d s\n", wall, off);
    CHECK((off >= -2 && off <= 2) || off > 3590 || off < -3590);
    CHECK(wall > 1577836800); /* 2020 */
}

static volatile unsigned long *pending_word(unsigned int port)
{
    return &shared_info()->evtchn_pending[port / 64];
}

TEST(singleshot_timer)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = 0};
    struct vcpu_set_singleshot_timer set = {0};
    uint64_t now, least_late = ~0ull;
    long rc;

    CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &bind), 0);
    for (unsigned int i = 0; i < 20; i++) {
        __atomic_fetch_and(pending_word(bind.port), ~(1ul << bind.port % 64),
                           __ATOMIC_SEQ_CST);
        set.timeout_abs_ns = system_time() + 3 * MS;
        CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, &set, 0, 0), 0);
        CHECK(SOON(*pending_word(bind.port) & 1ul << bind.port % 64));
        now = system_time();
        /* May differ from the hypervisor's clock by what cpus_agree allows. */
        CHECK(now + MS > set.timeout_abs_ns);
        if (now < set.timeout_abs_ns)
            now = set.timeout_abs_ns;
        if (now - set.timeout_abs_ns < least_late)
            least_late = now - set.timeout_abs_ns;
    }
    /* The host may make some late, the hypervisor would all. */
    print("late by %lu us\n", least_late / 1000);
    CHECK(least_late < 200 * MS);
    set.timeout_abs_ns = 1;
    set.flags = VCPU_SSHOTTMR_future;
    /* A hypervisor may ignore the flag. */
    rc = HC(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, &set, 0, 0);
    CHECK(rc == 0 || rc == -XEN_ETIME);
}

static volatile unsigned int rtc_irqs;

static void on_rtc(struct frame *f)
{
    (void)f;
    rtc_irqs++;
    cmos(0xc);
    apic_eoi();
}

static void ioapic_write(unsigned int reg, uint32_t val)
{
    volatile uint32_t *io = (volatile uint32_t *)0xfec00000ul;

    io[0] = reg;
    io[4] = val;
}

/*
 * The CMOS clock's periodic interrupt: edge, 1024 Hz, each read of register C rearms it.
 */
TEST(machine_interrupt)
{
    unsigned int masked_at, periods = 0;

    apic_enable();
    set_handler(RTC_VECTOR, on_rtc);
    ioapic_write(0x10 + 2 * RTC_GSI + 1, 0);
    ioapic_write(0x10 + 2 * RTC_GSI, RTC_VECTOR);
    outb(0xb, 0x70);
    outb((uint8_t)(cmos(0xb) | 0x40), 0x71);
    cmos(0xc);
    irq_on();
    /*
     * The emulated clock drops ticks when the host is busy: how many come is its affair.
     */
    (void)SOON(rtc_irqs > 30);
    irq_off();
    print("%u interrupts\n", rtc_irqs);
    CHECK(rtc_irqs > 30);
    ioapic_write(0x10 + 2 * RTC_GSI, 0x10000 | RTC_VECTOR);
    irq_on();
    /* Many edges more, of which one may have been on its way to us. */
    masked_at = rtc_irqs;
    for (uint64_t until = system_time() + PATIENCE;
         periods < 30 && system_time() < until; delay_ns(MS))
        periods += !!(cmos(0xc) & 0x40);
    irq_off();
    CHECK_EQ(periods, 30);
    CHECK(rtc_irqs - masked_at <= 1);
}
