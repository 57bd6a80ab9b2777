/* SPDX-License-Identifier: GPL-2.0-only */
/* Who holds what, by name; and allocations that fail on request. */
#include <xen/alloc.h>
#include <xen/lib.h>

static const char *const tag_names[CHARGE_TAGS] = {
    [CHARGE_DOMAIN] = "domain",
    [CHARGE_VCPU_ARRAY] = "vcpu array",
    [CHARGE_VCPU] = "vcpu",
    [CHARGE_STACK] = "stack",
    [CHARGE_VMCB] = "vmcb",
    [CHARGE_FPU] = "fpu",
    [CHARGE_VLAPIC] = "vlapic",
    [CHARGE_VDEV] = "virtual device",
    [CHARGE_VPCI] = "vpci",
    [CHARGE_POLICY] = "cpu policy",
    [CHARGE_SHARED_INFO] = "shared info",
    [CHARGE_EVTCHN] = "event channel",
    [CHARGE_EVTCHN_FIFO] = "event fifo",
    [CHARGE_GRANT_TABLE] = "grant table",
    [CHARGE_GRANT_STATUS] = "grant status",
    [CHARGE_GRANT_ACTIVE] = "active grants",
    [CHARGE_MAPTRACK] = "maptrack",
    [CHARGE_P2M] = "p2m",
    [CHARGE_P2M_TABLE] = "p2m table",
    [CHARGE_IOMMU] = "iommu",
    [CHARGE_IOMMU_TABLE] = "iommu table",
    [CHARGE_SCHED] = "scheduler",
    [CHARGE_RANGESET] = "rangeset",
    [CHARGE_IRQ] = "irq",
    [CHARGE_MISC] = "misc",
};

const char *charge_tag_name(enum charge_tag tag)
{
    return (unsigned int)tag < CHARGE_TAGS && tag_names[tag] ? tag_names[tag] : "?";
}

uint64_t charge_total(const struct charge *c)
{
    uint64_t sum = 0;

    for (unsigned int t = 0; t < CHARGE_TAGS; t++)
        sum += __atomic_load_n(&c->bytes[t], __ATOMIC_RELAXED);
    return sum;
}

void charge_dump(const struct charge *c)
{
    for (unsigned int t = 0; t < CHARGE_TAGS; t++) {
        uint64_t bytes = __atomic_load_n(&c->bytes[t], __ATOMIC_RELAXED);
        uint64_t objects = __atomic_load_n(&c->objects[t], __ATOMIC_RELAXED);

        if (bytes || objects)
            printk("    %-14s %10llu bytes in %llu objects\n", charge_tag_name(t),
                   (unsigned long long)bytes, (unsigned long long)objects);
    }
}

#ifdef CONFIG_FAULT_INJECTION
static uint64_t fail_at;    /* 0: disarmed. Atomic. */
static uint64_t fail_last;  /* Atomic. */
static uint64_t counted;    /* since armed. Atomic. */

static uint64_t arm(uint64_t first, uint64_t last)
{
    uint64_t seen = __atomic_exchange_n(&counted, 0, __ATOMIC_SEQ_CST);

    __atomic_store_n(&fail_last, last, __ATOMIC_SEQ_CST);
    __atomic_store_n(&fail_at, first, __ATOMIC_SEQ_CST);
    return seen;
}

uint64_t alloc_fail_arm(uint64_t nth)
{
    return arm(nth, nth);
}

uint64_t alloc_fail_from(uint64_t nth)
{
    return arm(nth, ~0ul);
}

bool alloc_should_fail(void)
{
    uint64_t n = __atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
    uint64_t first = __atomic_load_n(&fail_at, __ATOMIC_SEQ_CST);

    return first && n >= first && n <= __atomic_load_n(&fail_last, __ATOMIC_SEQ_CST);
}

static uint64_t bytes_in_use; /* atomic */

uint64_t alloc_bytes_in_use(void)
{
    return __atomic_load_n(&bytes_in_use, __ATOMIC_SEQ_CST);
}

void alloc_count_bytes(int64_t more)
{
    __atomic_fetch_add(&bytes_in_use, (uint64_t)more, __ATOMIC_SEQ_CST);
}
#endif
