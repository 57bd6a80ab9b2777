/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flush before put (I1). A transaction ends here: whatever it took out keeps its
 * reference until no CPU and no device can have it in a TLB. No other file of the tree
 * drops the reference of a frame that was mapped in a p2m.
 */
#include <xen/cpumask.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/current.h>
#include <asm/tlb.h>

#include "p2m_internal.h"

bool iommu_caches_absent;

/*
 * Grows a range that touches; else takes a new one; with all in use, the last one
 * becomes a hull. Invalidating more than changed is harmless.
 */
void p2m_txn_note_range(struct p2m_txn *txn, unsigned long gfn, unsigned long n)
{
    struct iommu_range *r;
    unsigned long end = gfn + n, r_end;
    unsigned int i;

    for (i = 0; i < txn->nr_ranges; i++) {
        r = &txn->ranges[i];
        r_end = dfn_x(r->start) + r->count;
        if (gfn <= r_end && end >= dfn_x(r->start))
            break;
    }
    if (i == txn->nr_ranges && i < TXN_RANGES) {
        txn->ranges[txn->nr_ranges++] = (struct iommu_range){ _dfn(gfn), n };
        return;
    }
    r = &txn->ranges[MIN(i, TXN_RANGES - 1u)];
    r_end = dfn_x(r->start) + r->count;
    r->start = _dfn(MIN(gfn, dfn_x(r->start)));
    r->count = MAX(end, r_end) - dfn_x(r->start);
}

void p2m_txn_make_room(struct p2m_txn *txn)
{
    if (txn->nr_removed == TXN_BATCH)
        p2m_txn_flush(txn);
}

void p2m_txn_note_removed(struct p2m_txn *txn, unsigned long mfn, unsigned int order,
                          enum p2m_type t)
{
    uint64_t what = (uint64_t)mfn << 6 | order;

    BUG_ON(txn->nr_removed >= TXN_BATCH);
    if (txn->give_back_ram && p2m_type_is_ram(t))
        what |= REMOVED_RAM;
    txn->removed[txn->nr_removed++] = what;
    txn->cpu_dirty = true;
}

uint64_t p2m_tlb_generation(const struct domain *d)
{
    return __atomic_load_n(&d->arch.p2m->tlb_gen, __ATOMIC_ACQUIRE);
}

/*
 * A CPU that enters the guest from now on sees the new generation and drops what it has
 * cached. Those that are in the guest are made to leave; when the interrupt
 * has been handled they are out. The fence orders the new generation before the
 * look at who runs, against a vCPU that starts to run and then looks at the generation.
 */
static void flush_cpus(struct p2m *p2m)
{
    struct domain *d = p2m->d;
    struct vcpu *v;
    cpumask_t mask;

    __atomic_add_fetch(&p2m->tlb_gen, 1, __ATOMIC_SEQ_CST);
    smp_mb();

    cpumask_zero(&mask);
    for_each_vcpu(d, v)
        if (v != current && read_once(v->sched.running))
            cpumask_set(read_once(v->processor), &mask);
    if (!cpumask_empty(&mask))
        flush_mask(&mask, FLUSH_GUEST_TLB);
    p2m->stats.tlb_flushes++;
}

static void release_frames(struct p2m_txn *txn, bool quarantine)
{
    unsigned int i;

    for (i = 0; i < txn->nr_removed; i++) {
        struct page_info *pg = mfn_to_page(_mfn(txn->removed[i] >> 6));
        unsigned long n = 1ul << (txn->removed[i] & REMOVED_ORDER);

        for (; n; n--, pg++) {
            if (quarantine) {
                page_quarantine(pg);
                txn->p2m->stats.quarantined++;
            }
            if (txn->removed[i] & REMOVED_RAM)
                page_drop_allocation(pg);
            page_put(pg);
        }
    }
    txn->nr_removed = 0;
}

static void release_tables(struct p2m_txn *txn)
{
    struct page_info *pg;

    while ((pg = page_list_pop(&txn->retired)) != NULL)
        table_pool_put(&txn->p2m->pool, page_to_virt(pg));
}

void p2m_txn_flush(struct p2m_txn *txn)
{
    struct p2m *p2m = txn->p2m;
    int rc = 0;

    if (txn->cpu_dirty)
        flush_cpus(p2m);
    if (txn->nr_ranges)
        rc = iommu_flush(p2m->d, txn->ranges, txn->nr_ranges);

    /* The CPUs are done with the tables in any case; devices walk their own. */
    release_tables(txn);
    release_frames(txn, rc != 0);
    txn->cpu_dirty = false;
    txn->nr_ranges = 0;
    if (rc)
        txn->rc = rc;
}
