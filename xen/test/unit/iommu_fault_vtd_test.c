/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-d's fault records, against a unit that writes them as the specification has it (7.2,
 * and 10.4 for its registers).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../drivers/passthrough/vtd/hw.h"
#include "iommu_fault_cases.h"

#define RECORDS     8U
#define RECORDS_AT  0x220

static struct vtd_unit unit;
static uint8_t regs[REG_SPACE];
static uint64_t record[RECORDS][2];
static unsigned int next, first;    /* record to fill; where the pending ones begin */
static bool overflowed, queue_error;
static uint64_t reason;         /* 0: by what was wanted */

static bool pending(void)
{
    for (unsigned int i = 0; i < RECORDS; i++) {
        if (record[i][1] & FAULT_VALID)
            return true;
    }
    return false;
}

/* A message is sent when the first fault comes, not while software has some to read. */
static bool refuse(uint16_t rid, uint64_t address, bool write)
{
    bool had = pending() || overflowed;

    if (overflowed)
        return false;
    if (record[next][1] & FAULT_VALID) {
        overflowed = true;
        return false;
    }
    if (!pending())
        first = next;
    record[next][0] = address;
    record[next][1] = FAULT_VALID | (write ? 0 : FAULT_READ) |
                      (reason ? reason : write ? 5ULL : 6ULL) << 32 | rid;
    next = (next + 1) % RECORDS;
    if (!had)
        unit_interrupts();
    return true;
}

static uint32_t fault_status(void)
{
    return (overflowed ? FSTS_OVERFLOW : 0) | (queue_error ? FSTS_QUEUE_ERROR : 0) |
           (pending() ? FSTS_PENDING : 0) |
           first << 8;
}

static void interrupts(void)
{
    reason = 0x22;  /* the entry is not present */
}

/* The descriptor stays as it is, so that writing the bit back does not help. */
static void broken(void)
{
    if (!queue_error)
        unit_interrupts();
    queue_error = true;
}

uint64_t fake_mmio_in(const volatile void *p, unsigned int size)
{
    unsigned long at = (unsigned long)((const uint8_t *)p - regs);

    unit_touched();
    if (at == REG_FSTS)
        return fault_status();
    assert_int_equal(size, 8);
    assert_true(at >= RECORDS_AT && at < RECORDS_AT + sizeof(record));
    return record[(at - RECORDS_AT) / 16][at % 16 / 8];
}

void fake_mmio_out(volatile void *p, uint64_t val, unsigned int size)
{
    unsigned long at = (unsigned long)((uint8_t *)p - regs);

    unit_touched();
    assert_int_equal(size, 4);
    if (at == REG_FSTS) {
        overflowed &= !(val & FSTS_OVERFLOW);
        return;
    }
    assert_true(at >= RECORDS_AT && at < RECORDS_AT + sizeof(record));
    assert_int_equal(at % 16, 12);
    assert_int_equal(val, FAULT_VALID >> 32);
    record[(at - RECORDS_AT) / 16][1] &= ~FAULT_VALID;
}

void vtd_suppress_faults(struct vtd_unit *u, uint16_t rid)
{
    assert_ptr_equal(u, &unit);
    silenced = rid;
}

static void reset(void)
{
    memset(&unit, 0, sizeof(unit));
    memset(record, 0, sizeof(record));
    next = first = 0;
    overflowed = queue_error = false;
    reason = 0;
    unit.regs = regs;
    unit.cap = (uint64_t)(RECORDS - 1) << 40 | (uint64_t)(RECORDS_AT / 16) << 24;
    assert_int_equal(vtd_fault_init(&unit), 0);
}

int main(void)
{
    static const struct fault_vendor vtd = {
        .name = "VT-d", .reset = reset, .refuse = refuse, .room = RECORDS,
        .broken = broken, .interrupts = interrupts,
        .broken_line = "queue fault", .what = "no write permission", .flags = "0x5",
    };

    return run_fault_cases(&vtd);
}
