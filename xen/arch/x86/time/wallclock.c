/* SPDX-License-Identifier: GPL-2.0-only */
/* The time of day: read once from the CMOS clock (MC146818), then kept by system time. */
#include <xen/acpi.h>
#include <xen/domain.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/spinlock.h>
#include <asm/cpu.h>

#include "private.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71
#define RTC_A      0x0a
#define RTC_A_UPDATING (1U << 7)
#define RTC_B      0x0b
#define RTC_B_24H    (1U << 1)
#define RTC_B_BINARY (1U << 2)
#define RTC_PM     0x80

static DEFINE_SPINLOCK(wallclock_lock, LOCK_PLATFORM);
/* Time of day at system time 0 [wallclock_lock] */
static uint64_t wall_secs;
static uint32_t wall_nsecs;

static uint8_t __init cmos_read(uint8_t reg)
{
    outb(reg, CMOS_INDEX);
    return inb(CMOS_DATA);
}

/* Second, minute, hour, day, month, year. */
struct rtc {
    uint8_t field[6];
};

static void __init rtc_read(struct rtc *t)
{
    static const uint8_t regs[6] __initconst = {0, 2, 4, 7, 8, 9};
    unsigned int i;

    for (i = 0; i < 6; i++)
        t->field[i] = cmos_read(regs[i]);
}

/* Twice the same with no update in between, or give up (I8): false. */
static bool __init rtc_read_stable(struct rtc *t)
{
    struct rtc again;
    unsigned int i;

    for (i = 0; i < 100000; i++) {
        if (cmos_read(RTC_A) & RTC_A_UPDATING)
            continue;
        rtc_read(t);
        if (cmos_read(RTC_A) & RTC_A_UPDATING)
            continue;
        rtc_read(&again);
        if (!memcmp(t, &again, sizeof(again)))
            return true;
    }
    return false;
}

static unsigned int __init from_bcd(unsigned int v)
{
    return (v >> 4) * 10 + (v & 15);
}

/*
 * Days since 1970 of a Gregorian date; counts years from March so that leap days come
 * last.
 */
static int64_t __init days_of(int64_t year, unsigned int month, unsigned int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

static uint64_t __init rtc_seconds(const struct rtc *raw)
{
    uint8_t b = cmos_read(RTC_B);
    unsigned int f[6], i;
    bool pm = !(b & RTC_B_24H) && (raw->field[2] & RTC_PM);

    for (i = 0; i < 6; i++) {
        f[i] = raw->field[i];
        if (i == 2 && !(b & RTC_B_24H))
            f[i] &= ~(unsigned int)RTC_PM;
        if (!(b & RTC_B_BINARY))
            f[i] = from_bcd(f[i]);
    }
    if (!(b & RTC_B_24H))
        f[2] = f[2] % 12 + (pm ? 12 : 0);
    if (f[4] < 1 || f[4] > 12 || f[3] < 1 || f[3] > 31)
        return 0;
    return (uint64_t)days_of(f[5] + (f[5] < 70 ? 2000 : 1900), f[4], f[3]) * 86400 +
           f[2] * 3600 + f[1] * 60 + f[0];
}

void __init wallclock_init(void)
{
    struct rtc t;
    uint64_t secs = 0;

    if (acpi_host.have_fadt && acpi_host.fadt.no_cmos)
        printk(XENLOG_INFO "No CMOS clock: the wall clock waits for domain 0\n");
    else if (rtc_read_stable(&t))
        secs = rtc_seconds(&t);
    else
        printk(XENLOG_WARNING "The CMOS clock does not settle: ignored\n");
    if (secs)
        wallclock_set(secs, 0, NOW());
}

void wallclock_set(uint64_t secs, uint32_t nsecs, s_time_t at)
{
    unsigned __int128 zero = (unsigned __int128)secs * 1000000000 + nsecs;
    uint64_t flags;

    zero = zero > (uint64_t)at ? zero - (uint64_t)at : 0;
    flags = spin_lock_irqsave(&wallclock_lock);
    wall_secs = (uint64_t)(zero / 1000000000);
    wall_nsecs = (uint32_t)(zero % 1000000000);
    spin_unlock_irqrestore(&wallclock_lock, flags);
}

void wallclock_get(uint64_t *secs, uint32_t *nsecs)
{
    uint64_t flags = spin_lock_irqsave(&wallclock_lock);

    *secs = wall_secs;
    *nsecs = wall_nsecs;
    spin_unlock_irqrestore(&wallclock_lock, flags);
}
