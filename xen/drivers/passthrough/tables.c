/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device page tables on top of the shared engine (asm/pt.h): allocation charged to the
 * domain, and the list of tables that wait for a flush before they may be reused (I1).
 */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/page_list.h>
#include <asm/cpu.h>
#include <asm/mmu.h>

#include "private.h"

#define FREE_BUDGET 64U
#define CACHE_LINE  64UL    /* the smallest of all x86-64 processors */

void iommu_write_back(const void *p, size_t len)
{
    const char *line = (const char *)((unsigned long)p & ~(CACHE_LINE - 1));

    for (; line < (const char *)p + len; line += CACHE_LINE)
        clflush(line);
    smp_mb();
}

static int alloc_table(void *ctx, unsigned long *mfn)
{
    struct iommu_tables *t = ctx;
    pt_entry_t *table = table_pool_get(&t->pool);

    if (!table)
        return -ENOMEM;
    virt_to_page(table)->type = 0;
    if (t->absent)
        fill_words(table, t->absent, PT_ENTRIES);
    if (t->write_back)
        iommu_write_back(table, PAGE_SIZE);
    *mfn = mfn_x(virt_to_mfn(table));
    return 0;
}

/* One that was linked; in quarantine it is uncharged but never reaches the heap. */
static void drop_table(struct iommu_tables *t, unsigned long mfn)
{
    void *table = mfn_to_virt(_mfn(mfn));

    if (t->quarantine) {
        page_quarantine(mfn_to_page(_mfn(mfn)));
        table_pool_drop(&t->pool, table);
    } else {
        table_pool_put(&t->pool, table);
    }
}

/* While the tree is in use this is one that no unit ever saw: there was no other. */
static void free_table(void *ctx, unsigned long mfn)
{
    struct iommu_tables *t = ctx;

    if (t->closing)
        drop_table(t, mfn);
    else
        table_pool_put(&t->pool, mfn_to_virt(_mfn(mfn)));
}

/* Which block's change it was replaces the count in a table that is no longer linked. */
#define BLOCK(dfn, order)   ((uint64_t)(dfn) << 8 | (order))
#define BLOCK_START(b)      ((unsigned long)((b) >> 8))
#define BLOCK_COUNT(b)      (1UL << ((b) & 0xff))

static void retire_table(void *ctx, unsigned long mfn)
{
    struct iommu_tables *t = ctx;
    struct page_info *pg = mfn_to_page(_mfn(mfn));

    pg->type = t->changing;
    page_list_add_tail(&t->retired, pg);
}

static pt_entry_t *map_table(void *ctx, unsigned long mfn)
{
    (void)ctx;
    return mfn_to_virt(_mfn(mfn));
}

/* The present entries of a table, counted in its type, which nobody else uses there. */
static bool table_empty(void *ctx, unsigned long mfn)
{
    (void)ctx;
    return !mfn_to_page(_mfn(mfn))->type;
}

static void entry_written(void *ctx, pt_entry_t *slot, unsigned long table_mfn,
                          unsigned int index, pt_entry_t old, pt_entry_t now)
{
    const struct iommu_tables *t = ctx;
    int more = pt_present(t->pt.fmt, now) - pt_present(t->pt.fmt, old);

    (void)index;
    if (more)
        mfn_to_page(_mfn(table_mfn))->type += (uint64_t)more;
    if (now == 0 && t->absent)
        write_once(*slot, t->absent);
    if (t->write_back)
        iommu_write_back(slot, sizeof(*slot));
}

static const struct pt_ops table_ops = {
    .alloc_table = alloc_table,
    .free_table = free_table,
    .retire_table = retire_table,
    .map_table = map_table,
    .table_empty = table_empty,
    .written = entry_written,
#ifndef XEN_HOST_TEST
    .direct_map = DIRECTMAP_START,
#endif
};

int iommu_tables_init(struct iommu_tables *t, struct domain *d,
                      const struct iommu_model *model)
{
    int err;

    t->absent = model->absent;
    t->write_back = model->write_back;
    page_list_init(&t->retired);
    table_pool_init(&t->pool, &d->charge, CHARGE_IOMMU_TABLE, TABLE_POOL_UNLIMITED, true);
    err = table_pool_reserve(&t->pool);
    if (!err)
        err = pt_init(&t->pt, model->format, &table_ops, t, model->levels,
                      iommu_options.superpages ? model->max_leaf : 0);
    if (err)
        table_pool_destroy(&t->pool);
    return err;
}

void iommu_tables_lose(struct iommu_tables *t)
{
    t->quarantine = true;
    /* A superpage would replace a table. */
    t->pt.max_leaf = 0;
}

/* Take empty tables out where the block at pfn was, unless that would lose them. */
static void prune(struct iommu_tables *t, unsigned long pfn)
{
    if (!t->quarantine)
        pt_prune(&t->pt, pfn);
}

/* Largest leaf to use for a piece of 1 << order frames. */
static unsigned int leaf_level(const struct iommu_tables *t, unsigned int order)
{
    return MIN(order / 9, (unsigned int)t->pt.max_leaf);
}

/* One preparation reaches the table that holds up to 512 neighbouring entries. */
static unsigned long reach(const struct iommu_tables *t, unsigned int order)
{
    return PT_ENTRIES << (9 * leaf_level(t, order));
}

void iommu_tables_prune(struct iommu_tables *t, dfn_t dfn, unsigned int order)
{
    t->changing = BLOCK(dfn_x(dfn), order);
    for (unsigned long off = 0; off < 1UL << order; off += reach(t, order))
        prune(t, dfn_x(dfn) + off);
}

int iommu_tables_prepare_map(struct iommu_tables *t, dfn_t dfn, unsigned int order)
{
    unsigned long start = dfn_x(dfn), nr = 1UL << order;

    if (order > IOMMU_MAX_ORDER || start & (nr - 1) || start + nr > pt_limit(&t->pt))
        return -EINVAL;
    t->changing = BLOCK(start, order);
    for (unsigned long off = 0; off < nr; off += reach(t, order)) {
        int err = pt_prepare(&t->pt, start + off, leaf_level(t, order));

        if (err) {
            while (off) {
                off -= reach(t, order);
                prune(t, start + off);
            }
            return err;
        }
    }
    return 0;
}

int iommu_tables_map(struct iommu_tables *t, dfn_t dfn, mfn_t mfn, unsigned int order,
                     pt_attr_t attr)
{
    unsigned int level = leaf_level(t, order);
    unsigned long span = 1UL << (9 * level), nr = 1UL << order;
    unsigned long start = dfn_x(dfn), frame = mfn_x(mfn);
    int err;

    if (frame & (nr - 1))
        return -EINVAL;
    err = iommu_tables_prepare_map(t, dfn, order);
    if (err)
        return err;
    for (unsigned long off = 0; off < nr; off += span)
        pt_set(&t->pt, start + off, level, frame + off, attr);
    return 0;
}

/*
 * How much of nr pages to unmap at once so that no table goes with them: of a table only
 * a part, or a larger leaf, which has no table below.
 */
static unsigned long piece_inside(const struct iommu_tables *t, unsigned long pfn,
                                  unsigned long nr)
{
    unsigned long span = 1UL << (9 * pt_lookup(&t->pt, pfn).level);

    return MIN(nr, span > 1 ? span - (pfn & (span - 1)) : PT_ENTRIES / 2);
}

/* Only a leaf larger than the block is in the way of taking the block out. */
int iommu_tables_prepare_unmap(struct iommu_tables *t, dfn_t dfn, unsigned int order)
{
    int err;

    if (order > IOMMU_MAX_ORDER || dfn_x(dfn) & ((1UL << order) - 1))
        return -EINVAL;
    if (dfn_x(dfn) >= pt_limit(&t->pt))
        return 0;
    t->changing = BLOCK(dfn_x(dfn), order);
    t->pool.removing = true;
    err = pt_split(&t->pt, dfn_x(dfn), order / 9);
    t->pool.removing = false;
    return err;
}

int iommu_tables_unmap(struct iommu_tables *t, dfn_t dfn, unsigned int order)
{
    unsigned long start = dfn_x(dfn), nr = 1UL << order, piece;
    int err = 0;

    /* What lies outside the tree was never mapped. */
    if (order > IOMMU_MAX_ORDER || start & (nr - 1))
        return -EINVAL;
    if (start >= pt_limit(&t->pt))
        return 0;
    t->changing = BLOCK(start, order);
    t->pool.removing = true;
    /* Only a leaf larger than the piece needs memory, and then it is the only leaf. */
    for (unsigned long off = 0; off < nr && !err; off += piece) {
        struct pt_cursor cur = { 0 };

        piece = t->quarantine ? piece_inside(t, start + off, nr - off) : nr;
        err = pt_unmap(&t->pt, start + off, piece, &cur);
    }
    t->pool.removing = false;
    if (!err)
        prune(t, start);
    return err;
}

static bool covers(const struct iommu_range *r, uint64_t block)
{
    unsigned long skip = BLOCK_START(block) - dfn_x(r->start);

    return skip < r->count && r->count - skip >= BLOCK_COUNT(block);
}

struct iommu_range iommu_tables_missed(const struct iommu_tables *t,
                                       const struct iommu_range *ranges, unsigned int n)
{
    unsigned long first = ~0UL, end = 0;
    const struct page_info *pg;

    /* They stay for good: no flush will do for them. */
    if (t->quarantine)
        return (struct iommu_range){ _dfn(0), 0 };
    page_list_for_each(pg, &t->retired) {
        unsigned int i = 0;

        while (i < n && !covers(&ranges[i], pg->type))
            i++;
        if (i < n)
            continue;
        first = MIN(first, BLOCK_START(pg->type));
        end = MAX(end, BLOCK_START(pg->type) + BLOCK_COUNT(pg->type));
    }
    return (struct iommu_range){ _dfn(first), end ? end - first : 0 };
}

void iommu_tables_reap(struct iommu_tables *t)
{
    struct page_info *pg;

    while ((pg = page_list_pop(&t->retired)) != NULL)
        drop_table(t, mfn_x(page_to_mfn(pg)));
}

int iommu_tables_free(struct iommu_tables *t)
{
    int err;

    t->closing = true;
    iommu_tables_reap(t);
    err = t->pt.root ? pt_destroy(&t->pt, FREE_BUDGET) : 0;
    if (!err)
        table_pool_destroy(&t->pool);
    return err;
}
