/* SPDX-License-Identifier: GPL-2.0-only */
/* Life of a p2m, lookups, and what a nested page fault means to it. */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/cpufeature.h>

#include "p2m_internal.h"

#define P2M_LEVELS  4

/*
 * The machine's own domain goes on, for without it nobody could save the others. Devices
 * of its own may use old translations, of frames that nobody else gets. A line each
 * time the number of these has doubled.
 */
static void report_loss(struct p2m *p2m)
{
    uint64_t frames = read_once(p2m->stats.quarantined);

    if (frames < 2 * p2m->reported)
        return;
    p2m->reported = MAX(frames, 1ul);
    printk(XENLOG_ERR "%pd: IOTLB flush missed its deadline; %lu frames quarantined so "
           "far; its devices may use old mappings: restart the machine\n", p2m->d,
           (unsigned long)frames);
}

static void crash_domain(void *data)
{
    struct p2m *p2m = data;
    struct domain *d = p2m->d;

    if (d->is_privileged)
        report_loss(p2m);
    else
        domain_crash(d, "IOTLB flush missed its deadline; frames quarantined");
    __atomic_store_n(&p2m->crash_queued, false, __ATOMIC_RELEASE);
    domain_put(d);
}

int p2m_init(struct domain *d)
{
    struct p2m *p2m = charge_alloc(&d->charge, CHARGE_P2M, sizeof(*p2m));
    unsigned int max_leaf = cpu_has(X86_FEATURE_PAGE1GB) ? 2 : 1;

    if (!p2m)
        return -ENOMEM;
    p2m->d = d;
    rwlock_init(&p2m->lock, LOCK_P2M, "p2m");
    table_pool_init(&p2m->pool, &d->charge, CHARGE_P2M_TABLE,
                    d->is_privileged ? TABLE_POOL_UNLIMITED : POOL_DEFAULT,
                    d->is_privileged);
    p2m->txn.p2m = p2m;
    page_list_init(&p2m->txn.retired);
    tasklet_init(&p2m->crash, crash_domain, p2m);
    p2m->tlb_gen = 1;

    p2m->txn.removed = charge_alloc(&d->charge, CHARGE_P2M,
                                    TXN_BATCH * sizeof(*p2m->txn.removed));
    if (!p2m->txn.removed ||
        pt_init(&p2m->pt, &pt_npt, &p2m_pt_ops, p2m, P2M_LEVELS, max_leaf)) {
        charge_free(p2m->txn.removed);
        charge_free(p2m);
        return -ENOMEM;
    }
    d->arch.p2m = p2m;
    return 0;
}

/*
 * One step of removing everything, from *gfn on: a hole is skipped as a whole, a 1 GiB
 * leaf goes as one, all else in blocks of 2 MiB. None of this splits an entry, but for
 * an IOMMU entry that an earlier failure left larger than ours: then the whole gigabyte
 * goes.
 */
static int relinquish_step(struct p2m_txn *txn, unsigned long *gfn)
{
    struct pt_leaf leaf = pt_lookup(&txn->p2m->pt, *gfn);
    unsigned long size = 1ul << (9 * MAX(leaf.level, 1));
    int rc = 0;

    if (leaf.level > 1 && leaf.attr)
        rc = p2m_txn_unmap(txn, _gfn(*gfn & ~(size - 1)), 9u * leaf.level);
    else if (leaf.level <= 1)
        rc = p2m_txn_unmap(txn, _gfn(*gfn & ~(size - 1)), 9);
    if (rc == -ENOMEM) {
        size = 1ul << PAGE_ORDER_1G;
        rc = p2m_txn_unmap(txn, _gfn(*gfn & ~(size - 1)), PAGE_ORDER_1G);
    }
    *gfn = (*gfn & ~(size - 1)) + size;
    return rc;
}

/* What one transaction of a teardown may take: references to drop, steps over holes. */
#define RELINQUISH_PAGES    4096u
#define RELINQUISH_STEPS    256u

int p2m_relinquish(struct domain *d)
{
    struct p2m *p2m = d->arch.p2m;
    bool finished = false;
    int rc = 0;

    if (!p2m)
        return 0;
    while (!rc && !finished) {
        struct p2m_txn *txn = p2m_begin(d);
        uint64_t enough = p2m->stats.unmaps + RELINQUISH_PAGES;
        unsigned int steps = 0;

        p2m->closed = true;
        while (!rc && p2m->stats.unmaps < enough && steps++ < RELINQUISH_STEPS &&
               p2m->next_gfn <= p2m->max_gfn)
            rc = relinquish_step(txn, &p2m->next_gfn);
        finished = p2m->next_gfn > p2m->max_gfn;
        /* What could not be flushed in time is in quarantine: go on. */
        (void)p2m_commit(txn);
        if (!rc && !finished && hypercall_preempt_check())
            rc = -ERESTART;
    }
    return rc;
}

void p2m_destroy(struct domain *d)
{
    struct p2m *p2m = d->arch.p2m;

    if (!p2m)
        return;
    tasklet_kill(&p2m->crash);
    /* No limit: of a relinquished map only the root is left. */
    BUG_ON(pt_destroy(&p2m->pt, 0));
    table_pool_destroy(&p2m->pool);
    d->arch.p2m = NULL;
    charge_free(p2m->txn.removed);
    charge_free(p2m);
}

paddr_t p2m_root(struct domain *d)
{
    return mfn_to_paddr(_mfn(d->arch.p2m->pt.root));
}

static struct pt_leaf lookup_locked(struct p2m *p2m, gfn_t gfn)
{
    struct pt_leaf leaf;

    read_lock(&p2m->lock);
    leaf = pt_lookup(&p2m->pt, gfn_x(gfn));
    read_unlock(&p2m->lock);
    return leaf;
}

mfn_t p2m_lookup(struct domain *d, gfn_t gfn, enum p2m_type *t, unsigned int *order)
{
    struct pt_leaf leaf = lookup_locked(d->arch.p2m, gfn);

    if (t)
        *t = p2m_attr_type(leaf.attr);
    if (order)
        *order = 9 * leaf.level;
    return leaf.attr ? _mfn(leaf.mfn) : INVALID_MFN;
}

struct page_info *p2m_get_page(struct domain *d, gfn_t gfn, enum p2m_type *t,
                               unsigned int flags)
{
    struct p2m *p2m = d->arch.p2m;
    struct page_info *pg = NULL;
    struct pt_leaf leaf;
    enum p2m_type type;
    bool own = flags & P2M_GET_OWN;

    read_lock(&p2m->lock);
    leaf = pt_lookup(&p2m->pt, gfn_x(gfn));
    type = p2m_attr_type(leaf.attr);
    if (p2m_type_has_frame(type) && (!own || p2m_type_is_ram(type)) &&
        (!(flags & P2M_GET_WRITE) || p2m_type_writable(type))) {
        pg = mfn_to_page(_mfn(leaf.mfn));
        if (!page_get(pg, own ? d : NULL))
            pg = NULL;
    }
    read_unlock(&p2m->lock);
    if (t)
        *t = type;
    return pg;
}

/* A transaction has the lock from its first change until its flush is through. */
bool p2m_hold(struct domain *d, uint64_t generation)
{
    struct p2m *p2m = d->arch.p2m;

    read_lock(&p2m->lock);
    if (p2m_tlb_generation(d) == generation)
        return true;
    read_unlock(&p2m->lock);
    return false;
}

void p2m_release(struct domain *d)
{
    read_unlock(&d->arch.p2m->lock);
}

gfn_t p2m_max_gfn(struct domain *d)
{
    return _gfn(read_once(d->arch.p2m->max_gfn));
}

/* The entry may have changed between the access and this look at it: then retry. */
bool p2m_fault(struct vcpu *v, paddr_t gpa, bool write, bool exec)
{
    struct pt_leaf leaf = lookup_locked(v->domain->arch.p2m, gaddr_to_gfn(gpa));

    return (leaf.attr & PT_R) && (!write || (leaf.attr & PT_W)) &&
           (!exec || (leaf.attr & PT_X));
}

void p2m_get_stats(struct domain *d, struct p2m_stats *s)
{
    struct p2m *p2m = d->arch.p2m;

    read_lock(&p2m->lock);
    *s = p2m->stats;
    read_unlock(&p2m->lock);
}
