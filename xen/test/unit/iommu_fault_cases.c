/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/domain.h>
#include <xen/format.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/pci.h>
#include <xen/softirq.h>
#include <xen/time.h>
#include <xen/timer.h>
#include <xen/vpci.h>
#include <asm/current.h>
#include "iommu_fault_cases.h"

#define OWNED   0x0010u     /* 00:02.0, domain 5's */
#define FREE    0x0118u     /* 01:03.0, nobody's */
#define UNKNOWN 0x0a07u     /* 0a:00.7, not in the list */
/* Behind bridges that put a name of their own on what comes from there, domain 5's. */
#define OLD     0x00f0u     /* 00:1e.0, the bridge of conventional PCI, domain 0's */
#define OLD1    0x0208u     /* 02:01.0 */
#define OLD2    0x0210u     /* 02:02.0 */
#define NEW     0x0300u     /* what a bridge to PCI says; no device has this name */
#define NEW1    0x0308u     /* 03:01.0 */

static const struct iommu_ops ops = { .name = "unit" };
const struct iommu_ops *iommu = &ops;
struct spinlock pcidevs_lock;
struct list pci_devices;
struct cpu_info fake_cpu_info;
unsigned int iommu_deadline_ms = 1000, cpu_khz = 1000;
uint16_t silenced;
static unsigned int stops;      /* times that a device was taken off the bus */
static uint32_t stopped;        /* the devices, by bit */

static const struct fault_vendor *v;
static struct domain owner = { .domain_id = 5 }, domain0 = { .is_privileged = true };
static struct pci_dev devs[] = {
    { .sbdf = { OWNED }, .domain = &owner, .rid = { OWNED }, .nr_rids = 1 },
    { .sbdf = { FREE } },
    { .sbdf = { OLD }, .domain = &domain0, .rid = { OLD }, .nr_rids = 1,
      .is_bridge = true },
    { .sbdf = { OLD1 }, .domain = &owner, .rid = { OLD1, OLD }, .nr_rids = 2 },
    { .sbdf = { OLD2 }, .domain = &owner, .rid = { OLD2, OLD }, .nr_rids = 2 },
    { .sbdf = { NEW1 }, .domain = &owner, .rid = { NEW1, NEW }, .nr_rids = 2 },
};
static s_time_t now;
static struct tasklet *work;
static bool scheduled;
static struct timer *pause;
static s_time_t fires;          /* when it does; 0: it is not set */
static irq_handler_t handler;
static void *handler_data;
static char text[65536];        /* what was logged since it was last looked at */
static unsigned int meanwhile;  /* accesses to come while software is at work */
static bool storming;           /* ... without end */
static s_time_t busy;           /* spent in the last softirq */
static unsigned int refused, recorded;
static uint32_t rnd_state;

/* ---- around the driver ---- */

static uint32_t rnd(uint32_t n)
{
    rnd_state = rnd_state * 1664525 + 1013904223;
    return (rnd_state >> 8) % n;
}

void printk(const char *fmt, ...)
{
    size_t used = strlen(text);
    va_list args;

    va_start(args, fmt);
    vsnprintf(text + used, sizeof(text) - used, fmt, args);
    va_end(args);
}

void format_symbol(char *buf, size_t size, unsigned long addr)
{
    snprintf(buf, size, "%#lx", addr);
}

void spin_lock(spinlock_t *l)
{
    assert_int_equal(l->owner, 0);
    l->owner = 1;
}

void spin_unlock(spinlock_t *l)
{
    l->owner = 0;
}

bool spin_held(const spinlock_t *l)
{
    return l->owner;
}

void bug_fail(const char *file, int line, const char *what)
{
    fail_msg("%s at %s:%d", what, file, line);
    abort();
}

s_time_t get_s_time(void)
{
    if (v->later && rnd(4) == 0)
        v->later();
    return now += MICROSECS(1);
}

struct pci_dev *pci_find(sbdf_t s)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(devs); i++) {
        if (devs[i].sbdf.v == s.v)
            return &devs[i];
    }
    return NULL;
}

bool vpci_stop_dma(struct pci_dev *pdev)
{
    uint32_t bit = 1U << (pdev - devs);
    bool first = !(stopped & bit);

    assert_int_equal(pcidevs_lock.owner, 1);
    assert_ptr_equal(pdev->domain, &owner);
    stops++;
    stopped |= bit;
    return first;
}

unsigned int pci_find_cap(sbdf_t s, uint8_t id)
{
    (void)s;
    (void)id;
    return 0x40;
}

uint32_t pci_conf_read(sbdf_t s, unsigned int reg, unsigned int size)
{
    (void)s;
    (void)reg;
    (void)size;
    return 0;
}

void pci_conf_write(sbdf_t s, unsigned int reg, unsigned int size, uint32_t val)
{
    (void)s;
    (void)reg;
    (void)size;
    (void)val;
}

int irq_alloc_msi(struct msi_source *src)
{
    (void)src;
    return 1;
}

void irq_free_msi(unsigned int irq)
{
    (void)irq;
}

int irq_request(unsigned int irq, irq_handler_t fn, void *data, const char *name)
{
    (void)irq;
    (void)name;
    handler = fn;
    handler_data = data;
    return 0;
}

void tasklet_init(struct tasklet *t, void (*fn)(void *), void *data)
{
    *t = (struct tasklet){ .fn = fn, .data = data };
    work = t;
}

void tasklet_schedule(struct tasklet *t)
{
    assert_ptr_equal(t, work);
    scheduled = true;
}

void timer_init(struct timer *t, void (*fn)(void *), void *data, unsigned int cpu)
{
    *t = (struct timer){ .fn = fn, .data = data, .cpu = cpu };
    pause = t;
    fires = 0;
}

void timer_set(struct timer *t, s_time_t expires)
{
    assert_ptr_equal(t, pause);
    fires = expires;
}

void unit_interrupts(void)
{
    handler(1, handler_data);
}

/* ---- the world ---- */

static bool refuse(uint16_t rid, uint64_t address, bool write)
{
    bool kept = v->refuse(rid, address, write);

    refused++;
    recorded += kept;
    return kept;
}

void unit_touched(void)
{
    if (storming)
        refuse(rnd(2) ? UNKNOWN : rnd(2) ? OWNED : FREE, 0x6000, false);
    while (meanwhile && rnd(2)) {
        meanwhile--;
        refuse(rnd(2) ? OWNED : FREE, (uint64_t)meanwhile << PAGE_SHIFT, false);
    }
}

/* As the CPU does it before it goes on with anything else: that must come soon. */
static void softirqs(void)
{
    s_time_t began = now;

    for (unsigned int n = 0; scheduled; n++) {
        assert_true(n < 4);
        scheduled = false;
        work->fn(work->data);
    }
    busy = now - began;
}

static void wait_for_timer(void)
{
    now = MAX(now, fires);
    fires = 0;
    pause->fn(pause->data);
}

/* Until all is quiet; work without end is a failure. */
static void run(void)
{
    softirqs();
    for (unsigned int n = 0; fires; n++) {
        assert_true(n < 10000);
        wait_for_timer();
        softirqs();
    }
}

static void start(void)
{
    /* The limit of lines is as full as it gets. */
    now += SECONDS(100);
    scheduled = storming = false;
    fires = 0;
    silenced = 0;
    stops = stopped = 0;
    owner.is_privileged = false;
    refused = recorded = 0;
    owner.iommu.stats.faults = domain0.iommu.stats.faults = 0;
    list_init(&pci_devices);
    for (unsigned int i = 0; i < ARRAY_SIZE(devs); i++) {
        list_add_tail(&pci_devices, &devs[i].link);
        devs[i].fault_count = devs[i].fault_burst = 0;
    }
    v->reset();
    text[0] = 0;
}

static unsigned int counted(void)
{
    return devs[0].fault_count + devs[1].fault_count;
}

static void expect_line(const char *want)
{
    if (!strstr(text, want))
        fail_msg("no \"%s\" in \"%s\"", want, text);
    text[0] = 0;
}

/* ---- tests ---- */

/* Broken, nobody learns which device reached for what. */
static void named(void **state)
{
    char want[128];

    (void)state;
    start();
    assert_true(refuse(OWNED, 0x123456000, true));
    run();
    snprintf(want, sizeof(want), "unit: %s: device 0000:00:02.0 of d5, address "
             "0x123456000, flags %s\n", v->what, v->flags);
    expect_line(want);
    assert_int_equal(devs[0].fault_count, 1);
    assert_int_equal(owner.iommu.stats.faults, 1);
    assert_true(refuse(FREE, 0x1000, true));
    run();
    snprintf(want, sizeof(want), "unit: %s: device 0000:01:03.0, address 0x1000, ",
             v->what);
    expect_line(want);
    assert_true(refuse(UNKNOWN, 0x2000, true));
    run();
    snprintf(want, sizeof(want), "unit: %s: device 0000:0a:00.7, address 0x2000, ",
             v->what);
    expect_line(want);
    assert_int_equal(owner.iommu.stats.faults, 1);
    assert_int_equal(silenced, 0);
}

/* The records go round many times; none is read twice or passed over. */
static void round_and_round(void **state)
{
    (void)state;
    start();
    for (unsigned int n = 0; n < 3000; n++) {
        for (unsigned int i = rnd(v->room) + 1; i; i--)
            assert_true(refuse(i & 1 ? OWNED : FREE, (uint64_t)n << PAGE_SHIFT, false));
        run();
        assert_int_equal(counted(), recorded);
    }
    assert_int_equal(recorded, refused);
}

/* More come while some are read: whatever was recorded is read in the end. */
static void meanwhile_more(void **state)
{
    (void)state;
    start();
    for (unsigned int n = 0; n < 3000; n++) {
        refuse(OWNED, 0x5000, false);
        meanwhile = rnd(3 * v->room);
        run();
        meanwhile = 0;
        run();
        assert_int_equal(counted(), recorded);
    }
    assert_true(recorded > 3000);
}

/* Nobody reads for long: what does not fit is lost, that is said, and it goes on. */
static void overflow(void **state)
{
    (void)state;
    start();
    for (unsigned int n = 1; n < 4; n++) {
        unsigned int lost = 0;

        for (unsigned int i = 0; i < 2 * v->room; i++)
            lost += !refuse(FREE, 0x7000, false);
        assert_true(lost);
        run();
        assert_int_equal(counted(), recorded);
        expect_line("overflowed");
        now += SECONDS(100);
        assert_true(refuse(OWNED, 0x8000, true));
        softirqs();
        assert_true(busy < MICROSECS(90));
        run();
        expect_line("device 0000:00:02.0 of d5, address 0x8000,");
        assert_int_equal(counted(), recorded);
    }
}

static unsigned int lines_with(const char *what)
{
    unsigned int n = 0;

    for (const char *s = text; (s = strstr(s, what)) != NULL; s++)
        n++;
    text[0] = 0;
    return n;
}

/* A device that goes wild: few lines, then the unit itself is told to be quiet. */
static void wild_device(void **state)
{
    (void)state;
    start();
    for (unsigned int n = 1; n < 500; n++) {
        assert_true(refuse(OWNED, 0x9000, true));
        if (n % 7 == 0)
            run();
        assert_int_equal(silenced, 0);
        assert_int_equal(stops, 0);
    }
    assert_int_equal(lines_with("address"), 20);
    assert_true(refuse(OWNED, 0xa000, true));
    run();
    assert_int_equal(silenced, OWNED);
    assert_int_equal(devs[0].fault_count, 500);
    assert_int_equal(stops, 1);
    assert_non_null(strstr(text, "where they can be, and it is off the bus, until"));
    expect_line("address 0xa000");
    now += SECONDS(5);
    assert_true(refuse(FREE, 0xb000, true));
    run();
    expect_line("unit: 479 refused accesses were not shown\n");
}

/* Domain 0's, and one that is in quarantine: only the reports of it go. */
static void wild_but_not_stopped(void **state)
{
    (void)state;
    start();
    owner.is_privileged = true;
    for (unsigned int i = 0; i < 2; i++) {
        for (unsigned int n = 0; n < 500; n++) {
            assert_true(refuse(i ? FREE : OWNED, 0x9000, true));
            if (n % 7 == 0)
                run();
        }
        run();
        assert_int_equal(silenced, i ? FREE : OWNED);
        assert_non_null(strstr(text, "where they can be, until"));
        now += SECONDS(5);
    }
    assert_int_equal(stops, 0);
}

static void many(uint16_t rid, unsigned int n)
{
    while (n--) {
        assert_true(refuse(rid, 0x9000, true));
        if (n % 7 == 0)
            run();
    }
    run();
}

/*
 * Faults with a bridge's name. Broken, they are domain 0's, whose bridge it is, or no
 * one's; and a guest goes on with its storm as no device of its own has the name.
 */
static void wild_behind_bridge(void **state)
{
    static const struct {
        uint16_t rid;
        unsigned int devices, bits;
        const char *line;
    } storms[] = {
        { OLD, 2, 1U << 3 | 1U << 4, "0000:02:02.0 of d5 sends as 0000:00:1e.0: it is" },
        { NEW, 1, 1U << 5, "0000:03:01.0 of d5 sends as 0000:03:00.0: it is off" },
        { OLD1, 1, 1U << 3, "where they can be, and it is off the bus, until" },
    };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(storms); i++) {
        start();
        many(storms[i].rid, 1);
        expect_line(" of d5, address 0x9000");
        many(storms[i].rid, 498);
        assert_int_equal(stops, 0);
        many(storms[i].rid, 1);
        assert_int_equal(silenced, storms[i].rid);
        assert_int_equal(stopped, storms[i].bits);
        assert_int_equal(stops, storms[i].devices);
        expect_line(storms[i].line);
        assert_int_equal(owner.iommu.stats.faults, 500);
        assert_int_equal(domain0.iommu.stats.faults, 0);
        /* It goes on, as what was sent before still arrives: told, not named again. */
        now += SECONDS(5);
        many(storms[i].rid, 500);
        assert_int_equal(lines_with(" sends as "), 0);
    }
    /* The same devices as domain 0's. */
    start();
    owner.is_privileged = true;
    many(OLD, 500);
    assert_int_equal(silenced, OLD);
    assert_int_equal(stops, 0);
}

/* Nothing switches these off, so it is not tried: that flushes what all devices use. */
static void wild_interrupts(void **state)
{
    (void)state;
    if (!v->interrupts)
        return;
    start();
    v->interrupts();
    for (unsigned int n = 1; n < 600; n++) {
        assert_true(refuse(OWNED, 0x9000, true));
        if (n % 7 == 0)
            run();
    }
    assert_int_equal(silenced, 0);
    /* But they are writes on the bus as well. */
    assert_int_equal(stops, 1);
    expect_line("interrupt refused");
}

/*
 * Faults that nothing stops come faster than they are read. Everything else on the CPU
 * has its turn, and the log is not filled (I6).
 */
static void storm(void **state)
{
    unsigned int rounds = 0;
    s_time_t until;

    (void)state;
    start();
    until = now + SECONDS(20);
    storming = true;
    refuse(UNKNOWN, 0x6000, false);
    for (; now < until; rounds++) {
        softirqs();
        assert_true(busy < MILLISECS(5));
        assert_true(fires > now);
        wait_for_timer();
    }
    assert_in_range(rounds, 20, 20 * 100);
    assert_in_range(lines_with("\n"), 20, 150);
    /* It ends, and what comes then is seen at once. */
    storming = false;
    run();
    now += SECONDS(100);
    text[0] = 0;
    assert_true(refuse(OWNED, 0xc000, true));
    softirqs();
    expect_line("address 0xc000");
}

/* The unit reports that it cannot go on, again and again. */
static void broken_unit(void **state)
{
    (void)state;
    start();
    for (unsigned int n = 0; n < 100; n++) {
        v->broken();
        softirqs();
        if (fires)
            wait_for_timer();
    }
    assert_in_range(lines_with(v->broken_line), 1, 15);
}

/* A log that does not come to rest costs one wait, and one line (I8). */
static void stuck_log(void **state)
{
    s_time_t waited = 0;

    (void)state;
    start();
    if (!v->stuck)
        return;
    v->stuck();
    for (unsigned int n = 0; n < 100; n++) {
        scheduled = true;
        softirqs();
        waited += busy;
        assert_true(waited < MILLISECS(2 * iommu_deadline_ms));
        if (fires)
            wait_for_timer();
    }
    assert_int_equal(lines_with("no more reports"), 1);
}

int run_fault_cases(const struct fault_vendor *vendor)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named),           cmocka_unit_test(round_and_round),
        cmocka_unit_test(meanwhile_more),  cmocka_unit_test(overflow),
        cmocka_unit_test(wild_device),     cmocka_unit_test(wild_but_not_stopped),
        cmocka_unit_test(storm),           cmocka_unit_test(wild_behind_bridge),
        cmocka_unit_test(broken_unit),     cmocka_unit_test(wild_interrupts),
        cmocka_unit_test(stuck_log),
    };

    v = vendor;
    return cmocka_run_group_tests_name(vendor->name, tests, NULL, NULL);
}
