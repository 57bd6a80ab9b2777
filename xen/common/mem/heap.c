/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page heap: a buddy allocator in struct page_info. Every free page has PGC_FREE in
 * its count; the first page of a free block also has FREE_HEAD and the order, and is on a
 * list. Pages that are known to be all zero say so, and are not cleared a second time.
 */
#include <xen/bitops.h>
#include <xen/domain.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/page_list.h>

#include "private.h"

/* page_info.flags of a free page [heap lock] */
#define FREE_HEAD  1
#define FREE_CLEAN 2

enum zone { ZONE_DMA32, ZONE_HIGH, ZONES };

static DEFINE_SPINLOCK(heap_lock, LOCK_HEAP);
static struct page_list free_lists[ZONES][MAX_ORDER + 1]; /* [heap_lock] */
static unsigned long zone_free[ZONES];               /* [heap_lock] */
static unsigned long width_free[65];                 /* [heap_lock] by bits of address */
static unsigned long claimed;                        /* [heap_lock] sum over domains */
unsigned long quarantined_pages;

static enum zone zone_of(unsigned long mfn)
{
    return mfn < (1UL << (32 - PAGE_SHIFT)) ? ZONE_DMA32 : ZONE_HIGH;
}

static unsigned long total_free(void)
{
    return zone_free[ZONE_DMA32] + zone_free[ZONE_HIGH];
}

static struct page_list *list_of(const struct page_info *pg, unsigned int order)
{
    return &free_lists[zone_of(mfn_x(page_to_mfn(pg)))][order];
}

/* Aligned blocks: the first address is as wide as the others. */
static unsigned long *width_of(const struct page_info *pg)
{
    return &width_free[fls_long(page_to_paddr(pg) | 1) + 1];
}

static void block_put(struct page_info *pg, unsigned int order)
{
    pg->order = (uint8_t)order;
    pg->flags |= FREE_HEAD;
    *width_of(pg) += 1UL << order;
    page_list_add(list_of(pg, order), pg);
}

static void block_take(struct page_info *pg)
{
    pg->flags &= (uint8_t)~FREE_HEAD;
    *width_of(pg) -= 1UL << pg->order;
    page_list_del(list_of(pg, pg->order), pg);
}

/*
 * The free block of that order which with the one at mfn makes a block twice as large.
 * Its first page can be in use and change while it is looked at. PGC_FREE comes and goes
 * under the lock only: without it, the other fields are somebody else's. [heap_lock]
 */
static struct page_info *free_buddy(unsigned long mfn, unsigned int order)
{
    mfn_t buddy = _mfn(mfn ^ (1UL << order));
    struct page_info *pg;

    if (!mfn_valid(buddy) || zone_of(mfn_x(buddy)) != zone_of(mfn))
        return NULL;
    pg = mfn_to_page(buddy);
    if (__atomic_load_n(&pg->count, __ATOMIC_ACQUIRE) != PGC_FREE)
        return NULL;
    return (pg->flags & FREE_HEAD) && pg->order == order ? pg : NULL;
}

/* Merge the marked block at mfn upwards and list it. [heap_lock] */
static void block_release(unsigned long mfn, unsigned int order)
{
    struct page_info *buddy;

    zone_free[zone_of(mfn)] += 1UL << order;
    while (order < MAX_ORDER && (buddy = free_buddy(mfn, order)) != NULL) {
        block_take(buddy);
        mfn &= ~(1UL << order);
        order++;
    }
    block_put(mfn_to_page(_mfn(mfn)), order);
}

/*
 * A block of exactly that order out of a zone, split off a larger one. Its first page is
 * no longer free when the lock goes, so nobody merges it. The others can lose PGC_FREE
 * later: free_buddy() looks at the first pages of blocks next to what is freed, and these
 * are inside this block only when a part of it is freed. [heap_lock]
 */
static struct page_info *zone_take(enum zone z, unsigned int order)
{
    unsigned int o = order;
    struct page_info *pg;

    while (o <= MAX_ORDER && page_list_empty(&free_lists[z][o]))
        o++;
    if (o > MAX_ORDER)
        return NULL;
    pg = page_list_first(&free_lists[z][o]);
    block_take(pg);
    /* Keep the upper part: the lower half of each split goes back. */
    while (o > order) {
        o--;
        block_put(pg, o);
        pg += 1UL << o;
    }
    zone_free[z] -= 1UL << order;
    __atomic_store_n(&pg->count, 0, __ATOMIC_RELAXED);
    return pg;
}

/* Whether d (or the hypervisor, NULL) may take n more pages past what others claimed. */
static bool claims_allow(const struct domain *d, unsigned long n)
{
    unsigned long own = d ? d->outstanding_claim : 0;

    return claimed - own + n <= total_free();
}

static void clear_page(struct page_info *pg)
{
    memset(page_to_virt(pg), 0, PAGE_SIZE);
}

struct page_info *heap_alloc_for(struct domain *d, unsigned int order,
                                 unsigned int memflags)
{
    unsigned long n = 1UL << order;
    struct page_info *pg = NULL;
    uint64_t irq;

    if (order > MAX_ORDER)
        return NULL;
    irq = spin_lock_irqsave(&heap_lock);
    if (claims_allow(d, n)) {
        /* Low memory is scarce, so it is the last resort of those who can do without. */
        if (!(memflags & MEMF_DMA32))
            pg = zone_take(ZONE_HIGH, order);
        if (!pg)
            pg = zone_take(ZONE_DMA32, order);
    }
    if (pg && d && d->outstanding_claim) {
        unsigned long used = MIN(d->outstanding_claim, n);

        d->outstanding_claim -= used;
        claimed -= used;
    }
    spin_unlock_irqrestore(&heap_lock, irq);
    if (!pg)
        return NULL;

    for (unsigned long i = 0; i < n; i++) {
        bool clean = pg[i].flags & FREE_CLEAN;

        pg[i].aux = 0;
        pg[i].type = 0;
        if ((memflags & MEMF_ZERO) && !clean)
            clear_page(&pg[i]);
        __atomic_store_n(&pg[i].count, 0, __ATOMIC_RELEASE);
    }
    return pg;
}

struct page_info *heap_alloc(unsigned int order, unsigned int memflags)
{
    return alloc_should_fail() ? NULL : heap_alloc_for(NULL, order, memflags);
}

static void free_block(struct page_info *pg, unsigned int order, uint8_t flags)
{
    uint64_t irq;

    ASSERT(!(mfn_x(page_to_mfn(pg)) & ((1UL << order) - 1)));
    for (unsigned long i = 0; i < 1UL << order; i++) {
        BUG_ON(pg[i].count & ~PGC_QUARANTINED);
        pg[i].aux = 0;
        pg[i].flags = flags;
        pg[i].type = 0;
    }
    irq = spin_lock_irqsave(&heap_lock);
    for (unsigned long i = 0; i < 1UL << order; i++)
        pg[i].count = PGC_FREE;
    block_release(mfn_x(page_to_mfn(pg)), order);
    spin_unlock_irqrestore(&heap_lock, irq);
}

/* n frames in the largest blocks that their numbers allow. */
static void free_run(struct page_info *pg, unsigned long n, uint8_t flags)
{
    while (n) {
        unsigned long mfn = mfn_x(page_to_mfn(pg));
        unsigned int order = mfn ? ffs_long(mfn) : MAX_ORDER;

        order = MIN(order, (unsigned int)MAX_ORDER);
        while (1UL << order > n)
            order--;
        free_block(pg, order, flags);
        pg += 1UL << order;
        n -= 1UL << order;
    }
}

/* A frame given up for ever stays out; its neighbours go back. */
static void free_range(struct page_info *pg, unsigned long n, uint8_t flags)
{
    unsigned long from = 0, to;

    for (to = 0; to < n; to++) {
        if (!(pg[to].count & PGC_QUARANTINED))
            continue;
        free_run(pg + from, to - from, flags);
        from = to + 1;
    }
    free_run(pg + from, to - from, flags);
}

void heap_free_range(struct page_info *pg, unsigned long n)
{
    free_range(pg, n, 0);
}

void heap_free(struct page_info *pg, unsigned int order)
{
    free_range(pg, 1UL << order, 0);
}

void heap_free_scrub(struct page_info *pg, unsigned long n)
{
    for (unsigned long i = 0; i < n; i++)
        if (!(pg[i].count & PGC_QUARANTINED))
            clear_page(&pg[i]);
    free_range(pg, n, FREE_CLEAN);
}

void heap_add_range(paddr_t start, paddr_t end)
{
    unsigned long mfn = (start + PAGE_SIZE - 1) >> PAGE_SHIFT, last = end >> PAGE_SHIFT;

    if (mfn >= last)
        return;
    for (unsigned long i = mfn; i < last; i++)
        mfn_to_page(_mfn(i))->count = 0;
    free_run(mfn_to_page(_mfn(mfn)), last - mfn, 0);
}

unsigned long heap_free_pages(void)
{
    return total_free();
}

unsigned long heap_outstanding_claims(void)
{
    return read_once(claimed);
}

unsigned long heap_unclaimed_pages(void)
{
    uint64_t irq = spin_lock_irqsave(&heap_lock);
    unsigned long n = total_free() - claimed;

    spin_unlock_irqrestore(&heap_lock, irq);
    return n;
}

unsigned long heap_free_between(unsigned int min_bits, unsigned int max_bits)
{
    unsigned int last = max_bits ? MIN(max_bits, 64U) : 64;
    unsigned long n = 0;
    uint64_t irq = spin_lock_irqsave(&heap_lock);

    for (unsigned int bits = min_bits; bits <= last; bits++)
        n += width_free[bits];
    spin_unlock_irqrestore(&heap_lock, irq);
    return n;
}

int domain_set_claim(struct domain *d, unsigned long pages)
{
    uint64_t irq;
    int rc = 0;

    /*
     * tot_pages must not move while the difference is taken. A claim that did not see d
     * dying is dropped by its death, which comes here after it.
     */
    spin_lock(&d->page_lock);
    irq = spin_lock_irqsave(&heap_lock);
    if (!pages) {
        claimed -= d->outstanding_claim;
        d->outstanding_claim = 0;
    } else if (d->dying || d->outstanding_claim || pages > d->max_pages ||
               pages <= d->tot_pages) {
        rc = -EINVAL;
    } else if (pages - d->tot_pages > total_free() - claimed) {
        rc = -ENOMEM;
    } else {
        d->outstanding_claim = pages - d->tot_pages;
        claimed += d->outstanding_claim;
    }
    spin_unlock_irqrestore(&heap_lock, irq);
    spin_unlock(&d->page_lock);
    return rc;
}

void page_quarantine(struct page_info *pg)
{
    uint64_t old = __atomic_fetch_or(&pg->count, PGC_QUARANTINED, __ATOMIC_SEQ_CST);

    if (!(old & PGC_QUARANTINED))
        __atomic_fetch_add(&quarantined_pages, 1, __ATOMIC_RELAXED);
}
