/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers: one pairing heap per CPU. Its links are in the timers themselves, so arming
 * needs no memory and cannot fail, in interrupt context too.
 */
#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>
#include <xen/timer.h>

struct timer_queue {
    spinlock_t lock;         /* LOCK_TIMER; interrupts off */
    struct timer *root;      /* earliest deadline */
    struct timer *running;   /* whose function is being called */
    s_time_t programmed;     /* what the hardware is set to; STIME_MAX: off */
};

static DEFINE_PER_CPU(struct timer_queue, timer_queue);

/* --- pairing heap; prev is the left sibling, or the parent for a first child -------- */

static struct timer *heap_meld(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->expires < a->expires) {
        struct timer *swap = a;

        a = b;
        b = swap;
    }
    b->prev = a;
    b->next = a->child;
    if (b->next)
        b->next->prev = b;
    a->child = b;
    return a;
}

/* One heap out of a row of siblings: meld neighbours, then the results from the right. */
static struct timer *heap_combine(struct timer *row)
{
    struct timer *pairs = NULL, *root = NULL;

    while (row) {
        struct timer *a = row, *b = a->next;

        row = b ? b->next : NULL;
        a->prev = a->next = NULL;
        if (b)
            b->prev = b->next = NULL;
        a = heap_meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs) {
        struct timer *a = pairs;

        pairs = a->next;
        a->next = NULL;
        root = heap_meld(root, a);
    }
    return root;
}

static void heap_insert(struct timer_queue *q, struct timer *t)
{
    t->child = t->prev = t->next = NULL;
    t->status = TIMER_QUEUED;
    q->root = heap_meld(q->root, t);
}

static void heap_remove(struct timer_queue *q, struct timer *t)
{
    struct timer *orphans = heap_combine(t->child);

    if (t == q->root) {
        q->root = orphans;
    } else {
        if (t->prev->child == t)
            t->prev->child = t->next;
        else
            t->prev->next = t->next;
        if (t->next)
            t->next->prev = t->prev;
        q->root = heap_meld(q->root, orphans);
    }
    t->child = t->prev = t->next = NULL;
    t->status = TIMER_IDLE;
}

/* Successor in a walk that visits parents first. */
static struct timer *heap_walk(struct timer *t)
{
    if (t->child)
        return t->child;
    while (t && !t->next) {
        while (t->prev && t->prev->child != t)
            t = t->prev;
        t = t->prev;
    }
    return t ? t->next : NULL;
}

/* --- hardware ---------------------------------------------------------------------- */

/* The queue's earliest deadline may have moved ahead. Lock held. */
static void reprogram(struct timer_queue *q, unsigned int cpu)
{
    s_time_t first = q->root ? q->root->expires : STIME_MAX;

    /* An interrupt that is already due about then, or before, will look again. */
    if (first >= q->programmed ||
        (q->programmed != STIME_MAX && q->programmed - first <= TIMER_SLOP))
        return;
    if (cpu != smp_processor_id()) {
        softirq_raise_cpu(cpu, SOFTIRQ_TIMER);
        return;
    }
    q->programmed = first;
    if (!arch_timer_program(first))
        softirq_raise(SOFTIRQ_TIMER);
}

/* So many due ones, and then the other softirqs, for one may set itself to the past. */
#define FIRED_AT_ONCE 256

static void timer_softirq(void)
{
    unsigned int cpu = smp_processor_id();
    struct timer_queue *q = &per_cpu(timer_queue, cpu);
    s_time_t now = NOW();
    unsigned int fired = 0;

    spin_lock_irq(&q->lock);
    while (q->root && q->root->expires <= now && fired++ < FIRED_AT_ONCE) {
        struct timer *t = q->root;
        void (*fn)(void *) = t->fn;
        void *data = t->data;

        heap_remove(q, t);
        q->running = t;
        spin_unlock_irq(&q->lock);
        fn(data);
        spin_lock_irq(&q->lock);
        q->running = NULL;
    }
    q->programmed = STIME_MAX;
    if (q->root)
        reprogram(q, cpu);
    else
        arch_timer_program(STIME_MAX);
    spin_unlock_irq(&q->lock);
}

/* --- interface --------------------------------------------------------------------- */

/* Lock the queue that t belongs to, which may change until the lock is held. */
static struct timer_queue *lock_queue(struct timer *t, uint64_t *flags)
{
    for (;;) {
        unsigned int cpu = read_once(t->cpu);
        struct timer_queue *q = &per_cpu(timer_queue, cpu);

        *flags = spin_lock_irqsave(&q->lock);
        if (read_once(t->cpu) == cpu)
            return q;
        spin_unlock_irqrestore(&q->lock, *flags);
    }
}

void timer_init(struct timer *t, void (*fn)(void *), void *data, unsigned int cpu)
{
    *t = (struct timer){.fn = fn, .data = data, .cpu = cpu, .status = TIMER_IDLE};
}

void timer_set(struct timer *t, s_time_t expires)
{
    uint64_t flags;
    struct timer_queue *q = lock_queue(t, &flags);

    if (t->status == TIMER_QUEUED)
        heap_remove(q, t);
    if (t->status != TIMER_KILLED) {
        t->expires = MAX(expires, (s_time_t)0);
        heap_insert(q, t);
        reprogram(q, t->cpu);
    }
    spin_unlock_irqrestore(&q->lock, flags);
}

void timer_stop(struct timer *t)
{
    uint64_t flags;
    struct timer_queue *q = lock_queue(t, &flags);

    /* The hardware may still fire for it; that costs less than programming it anew. */
    if (t->status == TIMER_QUEUED)
        heap_remove(q, t);
    spin_unlock_irqrestore(&q->lock, flags);
}

void timer_kill(struct timer *t)
{
    uint64_t flags;
    struct timer_queue *q;
    unsigned int cpu;

    if (!t->fn)
        return; /* never initialised */
    q = lock_queue(t, &flags);
    if (t->status == TIMER_QUEUED)
        heap_remove(q, t);
    t->status = TIMER_KILLED;
    spin_unlock_irqrestore(&q->lock, flags);

    /* It may have been migrated while its function ran, so every queue is asked. */
    for_each_online_cpu(cpu)
        while (read_once(per_cpu(timer_queue, cpu).running) == t)
            cpu_relax();
}

/* Both queues' locks, in address order. */
static uint64_t lock_two(struct timer_queue *a, struct timer_queue *b)
{
    uint64_t flags = spin_lock_irqsave(a < b ? &a->lock : &b->lock);

    spin_lock_second(a < b ? &b->lock : &a->lock);
    return flags;
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
    struct timer_queue *to = &per_cpu(timer_queue, cpu);
    bool moved = false;

    while (!moved) {
        unsigned int old = read_once(t->cpu);
        struct timer_queue *from = &per_cpu(timer_queue, old);
        uint64_t flags;

        if (old == cpu)
            return;
        flags = lock_two(from, to);
        moved = t->cpu == old;
        if (moved && t->status == TIMER_QUEUED) {
            heap_remove(from, t);
            heap_insert(to, t);
            reprogram(to, cpu);
        }
        if (moved)
            write_once(t->cpu, cpu);
        spin_unlock(&from->lock);
        spin_unlock_irqrestore(&to->lock, flags);
    }
}

bool timer_active(const struct timer *t)
{
    return read_once(t->status) == TIMER_QUEUED;
}

void timer_interrupt_by(s_time_t when)
{
    struct timer_queue *q = &this_cpu(timer_queue);
    uint64_t flags = spin_lock_irqsave(&q->lock);

    /* An interrupt that is past may have come already. */
    if (when < q->programmed || q->programmed <= NOW()) {
        q->programmed = when;
        if (!arch_timer_program(when))
            softirq_raise(SOFTIRQ_TIMER);
    }
    spin_unlock_irqrestore(&q->lock, flags);
}

void timer_cpu_init(unsigned int cpu)
{
    struct timer_queue *q = &per_cpu(timer_queue, cpu);

    spin_lock_init(&q->lock, LOCK_TIMER, "timer queue");
    q->root = q->running = NULL;
    q->programmed = STIME_MAX;
}

void timer_subsys_init(void)
{
    timer_cpu_init(smp_processor_id());
    softirq_register(SOFTIRQ_TIMER, timer_softirq);
}

void timer_dump(void)
{
    unsigned int cpu;
    s_time_t now = NOW();

    for_each_online_cpu(cpu) {
        struct timer_queue *q = &per_cpu(timer_queue, cpu);
        struct timer *t;
        unsigned int n = 0;

        process_pending_softirqs();
        spin_lock_irq(&q->lock);
        printk("CPU%u timers, now %lld us:\n", cpu, (long long)now / 1000);
        for (t = q->root; t && n < 64; t = heap_walk(t), n++)
            printk("  in %lld us: %pS(%p)\n", (long long)(t->expires - now) / 1000,
                   (void *)t->fn, t->data);
        spin_unlock_irq(&q->lock);
    }
}
