/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock checker of debug builds. A CPU's held list starts afresh inside an interrupt:
 * what the interrupted code holds cannot be taken again there as long as no lock is used
 * both in interrupts and with interrupts on, and that is what the marks on each lock find
 * out.
 */
#include <xen/percpu.h>

#include "lock_check.h"

#ifdef CONFIG_DEBUG

#define MAX_HELD 16

/* Marks beside a spin lock's level, written by the holder only. */
#define LEVEL_MASK      0x0fffU
#define USED_IN_IRQ     0x4000U
#define USED_IRQS_ON    0x8000U

/* About a minute on a 2 GHz machine. */
#define STUCK_TICKS (1ULL << 37)

struct held_lock {
    const void *lock;
    const char *name;
    unsigned int level;
};

/* Written by its own CPU only. */
struct held_locks {
    struct held_lock entry[MAX_HELD];
    unsigned int count;
    unsigned int base; /* first entry of the current interrupt level */
    unsigned int irq_depth;
};

static DEFINE_PER_CPU(struct held_locks, held_locks);
static bool checker_off;

void lock_check_set(bool on)
{
    checker_off = !on;
}

void lock_check_forget(unsigned int cpu)
{
    struct held_locks *h = &per_cpu(held_locks, cpu);

    h->count = h->base = h->irq_depth = 0;
}

/* The checker must not trip over the locks that printing the failure takes. */
#define lock_fail(...)                                                         \
    do {                                                                       \
        checker_off = true;                                                    \
        panic(__VA_ARGS__);                                                    \
    } while (0)

unsigned int lock_check_irq_enter(void)
{
    struct held_locks *h = &this_cpu(held_locks);
    unsigned int outer = h->base;

    h->base = h->count;
    h->irq_depth++;
    return outer;
}

void lock_check_irq_exit(unsigned int outer)
{
    struct held_locks *h = &this_cpu(held_locks);

    if (h->count != h->base && !checker_off)
        lock_fail("lock %s still held at the end of an interrupt\n",
                  h->entry[h->count - 1].name);
    h->irq_depth--;
    h->base = outer;
}

void lock_wait_step(struct lock_wait *w, const char *name, unsigned int owner)
{
    cpu_relax();
    if (++w->steps & 0xffff)
        return;
    if (!w->since)
        w->since = rdtsc();
    else if (rdtsc() - w->since > STUCK_TICKS && !checker_off)
        lock_fail("CPU%u: lock %s stuck, owner CPU%d\n", smp_processor_id(), name,
                  (int)owner - 1);
}

void lock_check_order(const void *lock, unsigned int level, const char *name,
                      bool same_level)
{
    const struct held_locks *h = &this_cpu(held_locks);
    unsigned int i;

    level &= LEVEL_MASK;
    if (checker_off)
        return;
    for (i = h->base; i < h->count; i++) {
        const struct held_lock *e = &h->entry[i];

        if (e->lock == lock)
            lock_fail("lock %s taken twice on CPU%u\n", name, smp_processor_id());
        if (level == LOCK_NONE || e->level < level)
            continue;
        if (same_level && e->level == level && (uintptr_t)e->lock < (uintptr_t)lock)
            continue;
        lock_fail("lock order: %s (level %u) wanted while %s (level %u) is held\n",
                  name, level, e->name, e->level);
    }
}

void lock_check_got(const void *lock, unsigned int level, const char *name)
{
    struct held_locks *h = &this_cpu(held_locks);

    if (checker_off)
        return;
    if (h->count == MAX_HELD)
        lock_fail("CPU%u holds %u locks, wants %s too\n", smp_processor_id(), MAX_HELD,
                  name);
    h->entry[h->count++] = (struct held_lock){
        .lock = lock, .name = name, .level = level & LEVEL_MASK};
}

void lock_check_drop(const void *lock, const char *name)
{
    struct held_locks *h = &this_cpu(held_locks);
    unsigned int i;

    if (checker_off)
        return;
    for (i = h->count; i-- > h->base;) {
        if (h->entry[i].lock != lock)
            continue;
        for (h->count--; i < h->count; i++)
            h->entry[i] = h->entry[i + 1];
        return;
    }
    lock_fail("lock %s released by CPU%u, which does not hold it\n", name,
              smp_processor_id());
}

void lock_check_got_spin(spinlock_t *l)
{
    const struct held_locks *h = &this_cpu(held_locks);
    unsigned int marks = l->level;

    l->owner = (uint16_t)(smp_processor_id() + 1);
    if (checker_off)
        return;
    if (h->irq_depth)
        marks |= USED_IN_IRQ;
    else if (irqs_enabled())
        marks |= USED_IRQS_ON;
    if (marks != l->level) {
        l->level = (uint16_t)marks;
        if ((marks & USED_IN_IRQ) && (marks & USED_IRQS_ON))
            lock_fail("lock %s is taken by interrupts and with interrupts on\n",
                      l->name);
    }
    lock_check_got(l, marks, l->name);
}

void lock_check_drop_spin(spinlock_t *l)
{
    lock_check_drop(l, l->name);
    l->owner = 0;
}

bool spin_held(const spinlock_t *l)
{
    return spin_is_locked(l) && l->owner == smp_processor_id() + 1;
}

void assert_no_locks(void)
{
    const struct held_locks *h = &this_cpu(held_locks);

    if (h->count && !checker_off)
        lock_fail("CPU%u would be rescheduled holding %s\n", smp_processor_id(),
                  h->entry[h->count - 1].name);
}

#endif
