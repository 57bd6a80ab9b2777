/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O APIC entries, against a model of the chip. Broken, a pin whose end of interrupt is
 * late or lost gets a new vector too early, or none any more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/acpi.h>
#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/iommu.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/time.h>
#include <asm/cpu.h>
#include "../../arch/x86/intr/private.h"
#include "fake_charge.h"

#define BASE       0xfec00000UL
#define PINS       24U
#define PIN        20U
#define VECTOR     0x51
#define REMOTE_IRR (1ULL << 14)
#define LEVEL      (1ULL << 15)
#define MASKED     (1ULL << 16)

bool iommu_intremap;
const struct iommu_ops *iommu;
struct acpi_host acpi_host;
unsigned int nr_gsis = 2 * PINS;
struct irq_desc *irq_table;

/* --- an old chip and a newer one (82093AA, 3.2) --- */

static struct chip {
    uint8_t regs[0x1000];
    uint32_t version, selected;
    uint64_t rte[PINS];
    bool deaf; /* it hears no end of interrupt, whoever sends it */
} chips[] = {{.version = 0x11}, {.version = 0x20}};

static unsigned int written_in_service;
static s_time_t now, ends_at; /* when a processor's end of interrupt arrives; 0: never */

s_time_t get_s_time(void)
{
    now += 100000;
    for (unsigned int i = 0; i < ARRAY_SIZE(chips); i++)
        if (ends_at && now >= ends_at)
            chips[i].rte[PIN] &= ~REMOTE_IRR;
    return now;
}

static struct chip *chip_at(const volatile void *p, unsigned long *at)
{
    struct chip *c = &chips[(const uint8_t *)p >= chips[1].regs];

    *at = (unsigned long)((const uint8_t *)p - c->regs);
    assert_in_range(*at, 0, sizeof(c->regs) - 4);
    return c;
}

uint64_t fake_mmio_in(const volatile void *p, unsigned int size)
{
    unsigned long at;
    const struct chip *c = chip_at(p, &at);

    assert_int_equal(size, 4);
    assert_int_equal(at, 0x10);
    if (c->selected == 1)
        return c->version | (PINS - 1) << 16;
    assert_in_range(c->selected, 0x10, 0x10 + 2 * PINS - 1);
    return (uint32_t)(c->rte[c->selected / 2 - 8] >> (c->selected % 2 ? 32 : 0));
}

static void write_entry(struct chip *c, uint64_t val)
{
    uint64_t *e = &c->rte[c->selected / 2 - 8];

    if (c->selected % 2) {
        *e = (uint32_t)*e | val << 32;
        return;
    }
    if ((*e & REMOTE_IRR) && (val & LEVEL) && (uint8_t)val != (uint8_t)*e)
        written_in_service++;
    *e = (*e & (0xffffffffULL << 32 | REMOTE_IRR)) | (val & ~REMOTE_IRR);
    /* With an edge there is nothing to end. Newer chips are not relied on for that. */
    if (!(val & LEVEL) && c->version < 0x20 && !c->deaf)
        *e &= ~REMOTE_IRR;
}

void fake_mmio_out(volatile void *p, uint64_t val, unsigned int size)
{
    unsigned long at;
    struct chip *c = chip_at(p, &at);

    assert_int_equal(size, 4);
    if (at == 0) {
        c->selected = (uint32_t)val;
    } else if (at == 0x10) {
        write_entry(c, val);
    } else {
        assert_int_equal(at, 0x40);
        assert_true(c->version >= 0x20);
        for (unsigned int i = 0; i < PINS && !c->deaf; i++)
            if ((uint8_t)c->rte[i] == val)
                c->rte[i] &= ~REMOTE_IRR;
    }
}

/* --- what else there is --- */

uint32_t fake_port_in(uint16_t port, unsigned int size)
{
    fail_msg("port %#x", port);
    return size;
}

void fake_port_out(uint32_t val, uint16_t port, unsigned int size)
{
    fail_msg("%u to port %#x, %u", val, port, size);
}

void *ioremap(paddr_t pa, size_t size)
{
    assert_int_equal(size, sizeof(chips[0].regs));
    return chips[(pa - BASE) / size].regs;
}

unsigned int cpu_apic_id(unsigned int cpu)
{
    return cpu + 1;
}

/* --- tests --- */

/* What an entry of the tests is like, without its vector. */
#define PROGRAMMED (1ULL << 56 | MASKED | LEVEL | 1 << 13)

/* A pin that has an interrupt in service, and is to get another vector. */
static struct irq_desc *in_service(struct chip *c)
{
    struct irq_desc *desc = &irq_table[(c - chips) * PINS + PIN];

    memset(c->rte, 0, sizeof(c->rte));
    c->rte[PIN] = MASKED;
    c->deaf = false;
    written_in_service = 0;
    ends_at = 0;
    desc->hw_masked = true;
    desc->vector = VECTOR;
    assert_int_equal(desc->source->program(desc), 0);
    assert_int_equal(c->rte[PIN], PROGRAMMED | VECTOR);
    c->rte[PIN] |= REMOTE_IRR;
    desc->vector = VECTOR + 1;
    return desc;
}

static void test_late(void **state)
{
    struct chip *c = *state;
    struct irq_desc *desc = in_service(c);

    ends_at = now + MILLISECS(10);
    assert_int_equal(desc->source->program(desc), 0);
    assert_true(now >= ends_at);
    assert_int_equal(c->rte[PIN], PROGRAMMED | (VECTOR + 1));
    assert_int_equal(written_in_service, 0);
}

static void test_lost(void **state)
{
    struct chip *c = *state;
    struct irq_desc *desc = in_service(c);

    assert_int_equal(desc->source->program(desc), 0);
    assert_int_equal(c->rte[PIN], PROGRAMMED | (VECTOR + 1));
    assert_int_equal(written_in_service, 0);
}

/* Nothing helps: it is told, in time, and the entry stays as it was. */
static void test_stuck(void **state)
{
    struct chip *c = *state;
    struct irq_desc *desc = in_service(c);
    s_time_t before = now;
    uint64_t was = c->rte[PIN];

    c->deaf = true;
    assert_int_equal(desc->source->program(desc), -ETIMEDOUT);
    assert_true(now - before < MILLISECS(100));
    assert_int_equal(c->rte[PIN], was);
}

static int start(void **state)
{
    (void)state;
    acpi_host.madt.ioapics = ARRAY_SIZE(chips);
    for (unsigned int i = 0; i < ARRAY_SIZE(chips); i++) {
        acpi_host.madt.ioapic[i].addr = (uint32_t)(BASE + i * sizeof(chips[i].regs));
        acpi_host.madt.ioapic[i].gsi_base = i * PINS;
    }
    irq_table = calloc(nr_gsis, sizeof(*irq_table));
    for (unsigned int i = 0; i < nr_gsis; i++)
        irq_table[i].irq = i;
    return ioapic_count_gsis() == (int)nr_gsis ? ioapic_init() : -1;
}

static int end(void **state)
{
    (void)state;
    free(irq_table);
    return 0;
}

#define ON(n, t) cmocka_unit_test_prestate(t, &chips[n])

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(0, test_late), ON(0, test_lost), ON(0, test_stuck),
        ON(1, test_late), ON(1, test_lost), ON(1, test_stuck),
    };

    return cmocka_run_group_tests(tests, start, end);
}
