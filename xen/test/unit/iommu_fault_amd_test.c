/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD-Vi's event log, against a unit that writes it as the specification has it (2.5, and
 * 3.4 for its registers). QEMU 7.2's does not write one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../drivers/passthrough/amd/hw.h"
#include "iommu_fault_cases.h"

static struct amd_unit unit;
static uint8_t regs[REG_SPACE];
static uint64_t events[2 * RING_ENTRIES];
static uint64_t control, status;
static unsigned int head, tail;
static bool hung;               /* it goes on although the log is switched off */
static uint64_t *late;          /* an entry that is not in memory yet ... */
static uint64_t late_words[2];  /* ... although the tail has passed it */

/* A message is sent when the bit comes, not again while it is there. */
static void raise(uint64_t bits)
{
    bool had = status & STATUS_EVENT_INT;

    status |= bits;
    if (!had && (control & CTL_EVENT_INT))
        unit_interrupts();
}

static void arrive(void)
{
    if (late) {
        late[1] = late_words[1];
        late[0] = late_words[0];
    }
    late = NULL;
}

static bool log_event(uint64_t word0, uint64_t word1)
{
    unsigned int next = (tail + 1) % RING_ENTRIES;

    if (!(status & STATUS_EVENT_RUN))
        return false;
    arrive();
    if (next == head) {
        status &= ~STATUS_EVENT_RUN;
        raise(STATUS_EVENT_OVERFLOW | STATUS_EVENT_INT);
        return false;
    }
    /* Software has emptied the place, or it could not tell when this one is there. */
    assert_int_equal(events[2 * tail], 0);
    late = &events[2 * tail];
    late_words[0] = word0;
    late_words[1] = word1;
    tail = next;
    raise(STATUS_EVENT_INT);
    return true;
}

/* The page was not present (bit 52 clear); bit 53: a write. */
static bool refuse(uint16_t rid, uint64_t address, bool write)
{
    return log_event((uint64_t)EVENT_PAGE_FAULT << 60 | (uint64_t)write << 53 |
                         7ULL << 32 | rid, address);
}

static void broken(void)
{
    for (unsigned int n = 0; n < 100; n++)
        log_event((uint64_t)EVENT_ILLEGAL_COMMAND << 60, 0x1000);
}

static void stuck(void)
{
    hung = true;
    raise(STATUS_EVENT_OVERFLOW | STATUS_EVENT_INT);
}

uint64_t fake_mmio_in(const volatile void *p, unsigned int size)
{
    (void)size;
    unit_touched();
    switch ((const uint8_t *)p - regs) {
    case REG_EVENT_TAIL:
        return tail * RING_ENTRY;
    case REG_EVENT_HEAD:
        return head * RING_ENTRY;
    case REG_STATUS:
        return status;
    }
    fail_msg("read of %#lx", (unsigned long)((const uint8_t *)p - regs));
    return 0;
}

static void set_control(uint64_t val)
{
    bool was = control & CTL_EVENT_LOG;

    control = val;
    if (!(val & CTL_EVENT_LOG) && !hung)
        status &= ~STATUS_EVENT_RUN;
    else if (!was && !(status & STATUS_EVENT_OVERFLOW))
        status |= STATUS_EVENT_RUN;
}

void fake_mmio_out(volatile void *p, uint64_t val, unsigned int size)
{
    (void)size;
    unit_touched();
    switch ((uint8_t *)p - regs) {
    case REG_EVENT_TAIL:
        assert_false((status & STATUS_EVENT_RUN) && !hung);
        tail = (unsigned int)val / RING_ENTRY;
        return;
    case REG_EVENT_HEAD:
        head = (unsigned int)val / RING_ENTRY;
        assert_true(head < RING_ENTRIES);
        return;
    case REG_STATUS:
        if (!hung)
            status &= ~(val & (STATUS_EVENT_OVERFLOW | STATUS_EVENT_INT));
        return;
    case REG_CONTROL:
        set_control(val);
        return;
    }
    fail_msg("write of %#lx", (unsigned long)((uint8_t *)p - regs));
}

void amd_suppress_faults(uint16_t segment, uint16_t rid)
{
    assert_int_equal(segment, 0);
    silenced = rid;
}

static void reset(void)
{
    memset(&unit, 0, sizeof(unit));
    memset(events, 0, sizeof(events));
    late = NULL;
    hung = false;
    head = tail = 0;
    control = status = 0;
    unit.regs = regs;
    unit.events = events;
    unit.control = CTL_ENABLE | CTL_EVENT_LOG | CTL_EVENT_INT;
    set_control(unit.control);
    assert_int_equal(amd_fault_init(&unit), 0);
}

int main(void)
{
    static const struct fault_vendor amd = {
        .name = "AMD-Vi", .reset = reset, .refuse = refuse, .later = arrive,
        .broken = broken, .broken_line = "illegal command", .stuck = stuck,
        .room = RING_ENTRIES - 1, .what = "I/O page fault", .flags = "0x20",
    };

    return run_fault_cases(&amd);
}
