/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug keys: what domains there are, and what they cost. */
#include <xen/init.h>
#include <xen/keyhandler.h>
#include <asm/p2m.h>

#include "private.h"

static void dump_vcpu(struct vcpu *v)
{
    printk("    %pv: CPU%u%s%s flags %#x pause %d upcall %u\n", v, v->processor,
           v->sched.running ? " running" : "", v->sched.queued ? " queued" : "",
           v->sched.pause_flags, v->sched.pause_count,
           v->vcpu_info->evtchn_upcall_pending);
}

static void dump_domains(unsigned char key)
{
    struct domain *d = NULL;
    struct vcpu *v;

    while ((d = domain_next(d, 0)) != NULL) {
        printk("%pd: refs %u, dying %d, pause %d (toolstack %d), %u vCPUs, %lu of %lu "
               "pages\n",
               d, d->refcount - 1, d->dying, d->pause_count, d->controller_pause_count,
               d->max_vcpus, d->tot_pages, d->max_pages);
        for_each_vcpu(d, v)
            dump_vcpu(v);
        process_pending_softirqs();
    }
}

static void dump_memory(unsigned char key)
{
    struct domain *d = NULL;
    struct p2m_stats s;

    printk("Memory: %lu pages free of %lu, %lu claimed, %lu quarantined; domains that "
           "left some behind: %u\n",
           heap_free_pages(), total_pages, heap_outstanding_claims(), quarantined_pages,
           domains_leaked);
    while ((d = domain_next(d, 0)) != NULL) {
        printk("%pd: %lu pages, %lu shared, the hypervisor spends %lu bytes on it:\n", d,
               d->tot_pages, d->shared_pages, (unsigned long)charge_total(&d->charge));
        charge_dump(&d->charge);
        p2m_get_stats(d, &s);
        printk(
            "    p2m: %lu commits, %lu maps, %lu unmaps, %lu TLB flushes, %lu splits\n",
            s.commits, s.maps, s.unmaps, s.tlb_flushes, s.splits);
        printk("    IOTLB: %lu commands for %lu pages, %lu waits, %lu faults\n",
               d->iommu.stats.flush_commands, d->iommu.stats.flush_pages,
               d->iommu.stats.flush_waits, d->iommu.stats.faults);
        process_pending_softirqs();
    }
}

static void dump_events(unsigned char key)
{
    struct domain *d = NULL;

    while ((d = domain_next(d, 0)) != NULL) {
        evtchn_dump(d);
        process_pending_softirqs();
    }
}

static void dump_grants(unsigned char key)
{
    struct domain *d = NULL;

    while ((d = domain_next(d, 0)) != NULL) {
        grant_table_dump(d);
        process_pending_softirqs();
    }
}

void __init domain_keys_init(void)
{
    keyhandler_register('q', dump_domains, "domains and their vCPUs");
    keyhandler_register('m', dump_memory, "memory, per-domain charges, flush counters");
    keyhandler_register('e', dump_events, "event channels");
    keyhandler_register('g', dump_grants, "grant tables");
}
