/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frames of a domain, and references to frames.
 *
 * A domain that owns frames, shared ones included, holds one reference on itself: frames
 * that other domains still map must find their owner when they go.
 */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/page_list.h>

#include "private.h"

/* --- references ------------------------------------------------------------------- */

static uint64_t count_of(const struct page_info *pg)
{
    return __atomic_load_n(&pg->count, __ATOMIC_ACQUIRE);
}

/* Adds one if there is one. */
static bool count_get(struct page_info *pg)
{
    uint64_t c = count_of(pg);

    do {
        if (!(c & PGC_COUNT_MASK) || (c & (PGC_FREE | PGC_RESERVED)))
            return false;
        BUG_ON((c & PGC_COUNT_MASK) == PGC_COUNT_MASK);
    } while (!__atomic_compare_exchange_n(&pg->count, &c, c + 1, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    return true;
}

static bool owns_nothing(const struct domain *d)
{
    return !d->tot_pages && !d->shared_pages;
}

/*
 * n frames more; the first ones keep d. With page_lock held; the caller has a reference.
 */
static void count_up(struct domain *d, unsigned long *counter, unsigned long n)
{
    if (owns_nothing(d))
        domain_get(d);
    *counter += n;
}

/* Takes the lock. d may be gone afterwards. */
static void count_down(struct domain *d, unsigned long *counter, unsigned long n)
{
    bool last;

    spin_lock(&d->page_lock);
    *counter -= n;
    last = owns_nothing(d);
    spin_unlock(&d->page_lock);
    if (last)
        domain_put(d);
}

bool page_get(struct page_info *pg, const struct domain *d)
{
    if ((d && read_once(pg->owner) != d) || !count_get(pg))
        return false;
    /* Only now the owner cannot change any more. */
    if (d && pg->owner != d) {
        page_put(pg);
        return false;
    }
    return true;
}

bool page_get_range(struct page_info *pg, unsigned long n, const struct domain *d)
{
    unsigned long i;

    for (i = 0; i < n; i++) {
        if (page_get(pg + i, d))
            continue;
        while (i)
            page_put(pg + --i);
        return false;
    }
    return true;
}

/* The heap keeps quarantined frames out. */
static void free_shared(struct page_info *pg)
{
    struct domain *d = pg->owner;

    charge_restore(pg, &d->charge, pg->count >> PGC_TAG_SHIFT & PGC_TAG_MASK);
    pg->type = PGT_NONE;
    pg->count &= PGC_QUARANTINED;
    charge_free_pages(page_to_virt(pg), 0);
    count_down(d, &d->shared_pages, 1);
}

/* n frames of d in a row that nobody references. d may be gone afterwards. */
static void free_owned(struct domain *d, struct page_info *pg, unsigned long n)
{
    unsigned long uncounted = 0;
    bool last;

    spin_lock(&d->page_lock);
    for (unsigned long i = 0; i < n; i++) {
        page_list_del(&d->page_list, &pg[i]);
        uncounted += pg[i].count & PGC_UNCOUNTED ? 1 : 0;
        pg[i].count &= PGC_QUARANTINED;
        pg[i].type = PGT_NONE;
        pg[i].aux = 0;
    }
    d->shared_pages -= uncounted;
    d->tot_pages -= n - uncounted;
    last = owns_nothing(d);
    spin_unlock(&d->page_lock);

    heap_free_scrub(pg, n);
    if (last)
        domain_put(d);
}

/* True: it was the last one, and the frame is the caller's to free. */
static bool was_last(struct page_info *pg)
{
    uint64_t left = __atomic_sub_fetch(&pg->count, 1, __ATOMIC_ACQ_REL);

    ASSERT((left & PGC_COUNT_MASK) != PGC_COUNT_MASK);
    if (left & PGC_COUNT_MASK)
        return false;
    BUG_ON(!pg->owner || (pg->type & PGT_COUNT_MASK));
    return true;
}

void page_put(struct page_info *pg)
{
    if (!was_last(pg))
        return;
    if (pg->count & PGC_SHARED)
        free_shared(pg);
    else
        free_owned(pg->owner, pg, 1);
}

bool page_drop_allocation(struct page_info *pg)
{
    uint64_t c = __atomic_fetch_and(&pg->count, ~PGC_ALLOCATED, __ATOMIC_ACQ_REL);

    if (!(c & PGC_ALLOCATED))
        return false;
    page_put(pg);
    return true;
}

bool page_get_type(struct page_info *pg, const struct domain *d, uint64_t type)
{
    uint64_t old, now;

    if (!page_get(pg, d))
        return false;
    old = __atomic_load_n(&pg->type, __ATOMIC_ACQUIRE);
    do {
        if ((old & PGT_COUNT_MASK) && (old & PGT_TYPE_MASK) != type) {
            page_put(pg);
            return false;
        }
        now = type | ((old & PGT_COUNT_MASK) + 1);
    } while (!__atomic_compare_exchange_n(&pg->type, &old, now, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    return true;
}

void page_put_type(struct page_info *pg)
{
    uint64_t left = __atomic_sub_fetch(&pg->type, 1, __ATOMIC_ACQ_REL);

    ASSERT((left & PGT_COUNT_MASK) != PGT_COUNT_MASK);
    (void)left;
    page_put(pg);
}

/* --- allocation -------------------------------------------------------------------- */

/* Room in max_pages, taken before anything is allocated. */
static bool reserve(struct domain *d, unsigned long n, bool counted)
{
    bool ok;

    spin_lock(&d->page_lock);
    ok = d->dying == DOMDYING_ALIVE &&
         (!counted || (d->tot_pages <= d->max_pages && n <= d->max_pages - d->tot_pages));
    if (ok)
        count_up(d, counted ? &d->tot_pages : &d->shared_pages, n);
    spin_unlock(&d->page_lock);
    return ok;
}

/* False when the domain began to die meanwhile: nobody would free the pages. */
static bool hand_over(struct domain *d, struct page_info *pg, unsigned long n,
                      bool counted)
{
    uint64_t count = PGC_ALLOCATED | (counted ? 0 : PGC_UNCOUNTED) | 1;
    unsigned long i;

    spin_lock(&d->page_lock);
    if (d->dying != DOMDYING_ALIVE) {
        spin_unlock(&d->page_lock);
        return false;
    }
    for (i = 0; i < n; i++) {
        pg[i].type = PGT_NONE;
        pg[i].owner = d;
        page_list_add_tail(&d->page_list, &pg[i]);
        __atomic_store_n(&pg[i].count, count, __ATOMIC_RELEASE);
    }
    spin_unlock(&d->page_lock);
    return true;
}

struct page_info *domain_alloc_pages(struct domain *d, unsigned int order,
                                     unsigned int memflags)
{
    bool counted = !(memflags & MEMF_NO_REFCOUNT);
    unsigned long n = 1ul << order;
    struct page_info *pg;

    if (order > MAX_ORDER || alloc_should_fail() || !reserve(d, n, counted))
        return NULL;
    /* What the hypervisor had in a page is none of the domain's business. */
    pg = heap_alloc_for(d, order, memflags | MEMF_ZERO);
    if (pg && hand_over(d, pg, n, counted))
        return pg;
    if (pg)
        heap_free(pg, order);
    count_down(d, counted ? &d->tot_pages : &d->shared_pages, n);
    return NULL;
}

struct page_info *domain_alloc_shared(struct domain *d, unsigned int tag)
{
    void *va = charge_alloc_pages(&d->charge, tag, 0);
    struct page_info *pg;

    if (!va)
        return NULL;
    pg = virt_to_page(va);
    spin_lock(&d->page_lock);
    count_up(d, &d->shared_pages, 1);
    spin_unlock(&d->page_lock);
    pg->owner = d;
    pg->type = PGT_NONE;
    __atomic_store_n(&pg->count, PGC_SHARED | (uint64_t)tag << PGC_TAG_SHIFT | 1,
                     __ATOMIC_RELEASE);
    return pg;
}

/* --- the end ----------------------------------------------------------------------- */

#define BATCH 64    /* frames between two looks at who else wants the processor */

/*
 * Takes up to BATCH frames off the list; *held: those that the caller got a reference to.
 * The last reference of the others is going at this moment.
 */
static unsigned int unlist(struct domain *d, struct page_info **held, unsigned int *n)
{
    struct page_info *pg;
    unsigned int i;

    *n = 0;
    spin_lock(&d->page_lock);
    for (i = 0; i < BATCH && (pg = page_list_pop(&d->page_list)) != NULL; i++)
        if (page_get(pg, d))
            held[(*n)++] = pg;
    spin_unlock(&d->page_lock);
    return i;
}

/*
 * Drops the allocation and the caller's reference of each. Frames that are now nobody's
 * are freed by the row, in whichever direction that runs.
 */
static void let_go(struct domain *d, struct page_info **held, unsigned int n)
{
    struct page_info *first = NULL;
    unsigned long row = 0;

    for (unsigned int i = 0; i < n; i++) {
        page_drop_allocation(held[i]);
        if (!was_last(held[i]))
            continue;
        if (row && held[i] != first + row && held[i] != first - 1) {
            free_owned(d, first, row);
            row = 0;
        }
        if (!row || held[i] == first - 1)
            first = held[i];
        row++;
    }
    if (row)
        free_owned(d, first, row);
}

/*
 * Each page leaves the list, even if others still reference it: they free it later, and
 * no page is looked at twice however often this is interrupted. The caller's reference
 * keeps d.
 */
int domain_free_all_pages(struct domain *d)
{
    struct page_info *held[BATCH];
    unsigned int n;

    while (unlist(d, held, &n)) {
        let_go(d, held, n);
        if (hypercall_preempt_check())
            return -ERESTART;
    }
    return 0;
}
