/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The AMD-Vi driver against a unit as the specification describes it. Broken, a device
 * sees a translation that is gone, or a table is reused that the unit may still walk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../drivers/passthrough/amd/hw.h"
#include "iommu_cases.h"

spinlock_t amd_hw_lock;
struct amd_unit *amd_units[ACPI_MAX_IOMMUS];
unsigned int amd_nr_units;
struct acpi_ivrs amd_ivrs;

static struct amd_unit unit;
static uint8_t regs[REG_SPACE];
static unsigned int head, tail;

/* What a command covers, by 2.4.3 and the page size encodings of table 14. */
static void decode_pages(const struct iommu_command *c, unsigned long *first,
                         unsigned long *count)
{
    uint64_t addr = c->word[1] & ~0xfffULL;
    unsigned int bit = PAGE_SHIFT;

    *first = addr >> PAGE_SHIFT;
    *count = 1;
    if (!(c->word[1] & 1))
        return;
    while (addr >> bit & 1)
        bit++;
    *count = 1UL << (bit + 1 - PAGE_SHIFT);
    *first &= ~(*count - 1);
    assert_true(*count <= 1UL << amd_model.max_order);
}

static void execute(const struct iommu_command *c)
{
    unsigned long first, count;
    uint16_t tag = (uint16_t)(c->word[0] >> 32);

    switch (c->word[0] >> 60) {
    case 1:
        assert_true(c->word[0] & 1);
        *(uint64_t *)paddr_to_virt(c->word[0] & 0x000ffffffffffff8ULL) = c->word[1];
        break;
    case 3:
        if ((c->word[1] & ~0xfffULL) == 0x7ffffffffffff000ULL) {
            tlb_drop_tag(tag);
            break;
        }
        decode_pages(c, &first, &count);
        tlb_drop(tag, first, count);
        break;
    default:
        fail_msg("command %#lx", (unsigned long)c->word[0]);
    }
}

static void work(void)
{
    while (unit_mode != STALLED && head != tail) {
        execute(&unit.ring[head]);
        head = (head + 1) % RING_ENTRIES;
    }
}

uint64_t fake_mmio_in(const volatile void *p, unsigned int size)
{
    (void)size;
    assert_int_equal((const uint8_t *)p - regs, REG_COMMAND_HEAD);
    return head * RING_ENTRY;
}

void fake_mmio_out(volatile void *p, uint64_t val, unsigned int size)
{
    (void)size;
    assert_int_equal((uint8_t *)p - regs, REG_COMMAND_TAIL);
    tail = (unsigned int)val / RING_ENTRY;
    assert_true(tail < RING_ENTRIES);
    if (unit_mode == PROMPT)
        work();
}

static void reset(void)
{
    void *ring = unit.ring, *done = unit.done;

    memset(&unit, 0, sizeof(unit));
    unit.regs = regs;
    spin_lock_init(&unit.queue_lock, LOCK_IOMMU_QUEUE, "queue");
    unit.ring = ring ? ring : charge_alloc_pages(NULL, CHARGE_MISC, 0);
    unit.done = done ? done : charge_alloc_pages(NULL, CHARGE_MISC, 0);
    *unit.done = 0;
    head = tail = 0;
    amd_units[0] = &unit;
    amd_nr_units = 1;
}

/* 2.2.3: permissions accumulate, the next level says where to go on. */
static unsigned int walk(struct domain *d, unsigned long dfn, unsigned long *mfn)
{
    struct iommu_space *s = d->iommu.priv;
    uint64_t table = (uint64_t)s->tables.pt.root << PAGE_SHIFT;
    unsigned int level = AMD_LEVELS, flags = 3;

    if (dfn >> (9 * level))
        return 0;
    for (;;) {
        uint64_t *entries = paddr_to_virt(table);
        uint64_t e = entries[(dfn >> (9 * (level - 1))) & 511];
        unsigned int next = (e >> 9) & 7;

        if (!(e & 1)) {
            /* What is left of an absent entry makes units report the access. */
            assert_int_equal(e, AMD_ABSENT);
            return 0;
        }
        flags &= (e >> 61) & 3;
        if (next == 0) {
            unsigned long span = 1UL << (9 * (level - 1));

            *mfn = ((e & DTE_ROOT_MASK) >> PAGE_SHIFT) + (dfn & (span - 1));
            return flags;
        }
        assert_int_equal(next, level - 1);
        table = e & DTE_ROOT_MASK;
        level = next;
    }
}

static void coverage(unsigned long dfn, unsigned int order, unsigned long *first,
                     unsigned long *count)
{
    struct iommu_command c = amd_cmd_pages(1, dfn << PAGE_SHIFT, order);

    decode_pages(&c, first, count);
}

int main(void)
{
    static const struct iommu_vendor amd = {
        .name = "AMD-Vi", .model = &amd_model, .reset = reset, .work = work,
        .walk = walk, .coverage = coverage, .max_order = 27,
    };

    return run_iommu_cases(&amd);
}
