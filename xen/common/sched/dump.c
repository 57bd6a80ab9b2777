/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug key 'r': every CPU's pool and queue. */
#include <xen/keyhandler.h>

#include "private.h"

static void dump_queue(struct run_queue *rq)
{
    struct vcpu *v;
    uint64_t flags = spin_lock_irqsave(&rq->lock);
    char where[24] = "no pool";

    if (rq->pool_id != CPUPOOL_NONE)
        snprintf(where, sizeof(where), "pool %u", rq->pool_id);
    printk("CPU%u: %s (%s), runs %pv, %u queued, load %lu, clock %ld\n", rq->cpu, where,
           rq->pool->policy->opt_name, rq->curr, rq->nr_queued, rq->load,
           (long)rq->clock);
    list_for_each(v, &rq->queue, sched.queue)
        printk("    %pv weight %u vtime %+ld\n", v, v->domain->sched.weight,
               (long)(v->sched.vtime - rq->clock));
    spin_unlock_irqrestore(&rq->lock, flags);
}

static void dump_queues(unsigned char key)
{
    unsigned int cpu;

    printk("Run queues, now %ld\n", (long)NOW());
    for_each_online_cpu(cpu)
        dump_queue(rq_of(cpu));
}

void sched_keys_init(void)
{
    keyhandler_register('r', dump_queues, "run queues");
}
