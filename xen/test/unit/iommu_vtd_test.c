/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VT-d driver against a unit as the specification describes it, with its queue and
 * with registers alone. Broken, a device sees a translation that is gone, or a table is
 * reused that the unit may still walk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <xen/errno.h>
#include "../../drivers/passthrough/vtd/hw.h"
#include "iommu_cases.h"

spinlock_t vtd_hw_lock;
struct vtd_unit *vtd_units[ACPI_MAX_IOMMUS];
unsigned int vtd_nr_units;

#define IOTLB_AT    0x100U      /* where ECAP says the IOTLB registers are */

static struct vtd_unit unit;
static uint8_t regs[REG_SPACE];
static unsigned int head, tail;
static bool by_register, stuck;
static uint64_t iva, iotlb_command;

void vtd_sync(const struct vtd_unit *u, const void *p, size_t len)
{
    (void)u;
    (void)p;
    (void)len;
}

int vtd_global(struct vtd_unit *u, uint32_t bit, bool on)
{
    assert_int_equal(bit, G_WRITE_BUFFER);
    assert_true(on);
    assert_false(u->dead);
    return stuck ? -ETIMEDOUT : 0;
}

static void stick(void)
{
    unit.cap |= CAP_WRITE_BUFFER;
    stuck = true;
}

/* 6.5.2.3: the low six bits of the address say how many of its bits do not count. */
static void decode_pages(uint64_t word1, unsigned long *first, unsigned long *count)
{
    assert_in_range(word1 & 0x3f, 0, vtd_model.max_order);
    *count = 1UL << (word1 & 0x3f);
    *first = word1 >> PAGE_SHIFT & ~(*count - 1);
}

static void invalidate(unsigned int scope, uint16_t tag, uint64_t addr)
{
    unsigned long first, count;

    if (scope == SCOPE_GLOBAL) {
        tlb_drop_all();
    } else if (scope == SCOPE_DOMAIN) {
        tlb_drop_tag(tag);
    } else {
        decode_pages(addr, &first, &count);
        tlb_drop(tag, first, count);
    }
}

static void execute(const struct iommu_command *c)
{
    switch (c->word[0] & 0xf) {
    case INV_IOTLB:
        invalidate((c->word[0] >> 4) & 3, (uint16_t)(c->word[0] >> 16), c->word[1]);
        break;
    case INV_WAIT:
        assert_true(c->word[0] & INV_WAIT_STORE);
        *(uint32_t *)paddr_to_virt(c->word[1]) = (uint32_t)(c->word[0] >> 32);
        break;
    default:
        fail_msg("descriptor %#lx", (unsigned long)c->word[0]);
    }
}

static void work(void)
{
    if (unit_mode == STALLED)
        return;
    if (iotlb_command & IOTLB_GO) {
        invalidate((iotlb_command >> IOTLB_SCOPE_SHIFT) & 3,
                   (uint16_t)(iotlb_command >> 32), iva);
        iotlb_command &= ~IOTLB_GO;
    }
    while (head != tail) {
        execute(&unit.ring[head]);
        head = (head + 1) % RING_ENTRIES;
    }
}

uint64_t fake_mmio_in(const volatile void *p, unsigned int size)
{
    (void)size;
    switch ((const uint8_t *)p - regs) {
    case REG_IQH:
        return head * RING_ENTRY;
    case IOTLB_AT + REG_IOTLB:
        return iotlb_command;
    case REG_FSTS:
        return 0;
    }
    fail_msg("read of register %#lx", (unsigned long)((const uint8_t *)p - regs));
    return 0;
}

void fake_mmio_out(volatile void *p, uint64_t val, unsigned int size)
{
    (void)size;
    switch ((uint8_t *)p - regs) {
    case REG_IQT:
        tail = (unsigned int)val / RING_ENTRY;
        assert_true(tail < RING_ENTRIES);
        break;
    case IOTLB_AT + REG_IVA:
        iva = val;
        return;
    case IOTLB_AT + REG_IOTLB:
        assert_false(iotlb_command & IOTLB_GO);
        iotlb_command = val;
        break;
    default:
        fail_msg("write of register %#lx", (unsigned long)((uint8_t *)p - regs));
    }
    if (unit_mode == PROMPT)
        work();
}

static void reset(void)
{
    static struct iommu_command *ring;
    static uint32_t *done;

    if (!done) {
        ring = charge_alloc_pages(NULL, CHARGE_MISC, 0);
        done = charge_alloc_pages(NULL, CHARGE_MISC, 0);
    }
    memset(&unit, 0, sizeof(unit));
    spin_lock_init(&unit.queue_lock, LOCK_IOMMU_QUEUE, "queue");
    unit.regs = regs;
    unit.ecap = (uint64_t)(IOTLB_AT / 16) << 8;
    unit.ring = by_register ? NULL : ring;
    unit.done = done;
    /* The number wraps while the tests run. */
    unit.posted = *done = 0xfffffff0;
    head = tail = 0;
    stuck = false;
    iotlb_command = 0;
    vtd_model.levels = 3;
    vtd_model.max_leaf = 2;
    vtd_model.max_ids = 256;
    vtd_model.attr = PT_SNOOP;
    vtd_model.write_back = true;
    vtd_model.max_order = 18;
    vtd_units[0] = &unit;
    vtd_nr_units = 1;
}

/* 3.7: permissions accumulate; bit 7 ends the walk early. */
static unsigned int walk(struct domain *d, unsigned long dfn, unsigned long *mfn)
{
    struct iommu_space *s = d->iommu.priv;
    uint64_t table = (uint64_t)s->tables.pt.root << PAGE_SHIFT;
    unsigned int flags = 3;

    if (dfn >> (9 * vtd_model.levels))
        return 0;
    for (unsigned int level = vtd_model.levels; level; level--) {
        uint64_t *entries = paddr_to_virt(table);
        uint64_t e = entries[(dfn >> (9 * (level - 1))) & 511];

        flags &= e & 3;
        if (!flags)
            return 0;
        if (level == 1 || e & 0x80) {
            unsigned long span = 1UL << (9 * (level - 1));

            *mfn = ((e & ENTRY_ADDR) >> PAGE_SHIFT) + (dfn & (span - 1));
            return flags;
        }
        table = e & ENTRY_ADDR;
    }
    return 0;
}

static void coverage(unsigned long dfn, unsigned int order, unsigned long *first,
                     unsigned long *count)
{
    struct iommu_command c = vtd_cmd_pages(1, dfn << PAGE_SHIFT, order);

    decode_pages(c.word[1], first, count);
}

int main(void)
{
    static struct iommu_vendor vtd = {
        .name = "VT-d", .model = &vtd_model, .reset = reset, .work = work,
        .walk = walk, .coverage = coverage, .max_order = 18,
        .stick = stick,
    };
    int failed = run_iommu_cases(&vtd);

    by_register = true;
    vtd.name = "VT-d, registers";
    return failed + run_iommu_cases(&vtd);
}
