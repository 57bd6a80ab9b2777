/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasklets. What runs is noted beside the CPU and not in the tasklet: a tasklet's
 * function may free the memory that the tasklet itself lies in.
 */
#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>

static DEFINE_SPINLOCK(tasklet_lock, LOCK_TASKLET);

static DEFINE_PER_CPU(struct list, tasklets);                /* [tasklet_lock] */
static DEFINE_PER_CPU(struct tasklet *, tasklet_in_progress); /* [tasklet_lock] */

void tasklet_init(struct tasklet *t, void (*fn)(void *), void *data)
{
    *t = (struct tasklet){.fn = fn, .data = data};
    list_init(&t->list);
}

void tasklet_schedule(struct tasklet *t)
{
    uint64_t flags = spin_lock_irqsave(&tasklet_lock);

    if (!t->queued) {
        t->queued = true;
        list_add_tail(&this_cpu(tasklets), &t->list);
        softirq_raise(SOFTIRQ_TASKLET);
    }
    spin_unlock_irqrestore(&tasklet_lock, flags);
}

static bool in_progress(const struct tasklet *t)
{
    unsigned int cpu;

    for_each_online_cpu(cpu)
        if (per_cpu(tasklet_in_progress, cpu) == t)
            return true;
    return false;
}

void tasklet_kill(struct tasklet *t)
{
    uint64_t flags = spin_lock_irqsave(&tasklet_lock);

    if (t->queued) {
        t->queued = false;
        list_del(&t->list);
    }
    while (in_progress(t)) {
        spin_unlock_irqrestore(&tasklet_lock, flags);
        cpu_relax();
        flags = spin_lock_irqsave(&tasklet_lock);
    }
    spin_unlock_irqrestore(&tasklet_lock, flags);
}

/* Take the first tasklet of the list that no other CPU is in the middle of. */
static struct tasklet *take_one(struct list *from)
{
    struct tasklet *t;

    list_for_each(t, from, list) {
        if (in_progress(t))
            continue;
        list_del(&t->list);
        t->queued = false;
        return t;
    }
    return NULL;
}

static void tasklet_softirq(void)
{
    unsigned int cpu = smp_processor_id();
    LIST(batch);
    struct tasklet *t;

    spin_lock_irq(&tasklet_lock);
    /* What was queued before: one that queues itself again waits for its turn. */
    list_splice_tail(&batch, &per_cpu(tasklets, cpu));
    while ((t = take_one(&batch)) != NULL) {
        per_cpu(tasklet_in_progress, cpu) = t;
        spin_unlock_irq(&tasklet_lock);
        t->fn(t->data);
        spin_lock_irq(&tasklet_lock);
        per_cpu(tasklet_in_progress, cpu) = NULL;
    }
    if (!list_empty(&batch)) {
        list_splice_tail(&per_cpu(tasklets, cpu), &batch);
        softirq_raise(SOFTIRQ_TASKLET);
    }
    spin_unlock_irq(&tasklet_lock);
}

void tasklet_cpu_init(unsigned int cpu)
{
    list_init(&per_cpu(tasklets, cpu));
    per_cpu(tasklet_in_progress, cpu) = NULL;
}

void tasklet_subsys_init(void)
{
    tasklet_cpu_init(smp_processor_id());
    softirq_register(SOFTIRQ_TASKLET, tasklet_softirq);
}
