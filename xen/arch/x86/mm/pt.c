/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walker: single entries, lookups, splitting, coalescing. Ranges are in
 * pt_range.c. Only store() writes to a table.
 */
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/pt.h>

#include "pt_internal.h"

pt_entry_t pt_get(const struct pt_slot *s)
{
    return __atomic_load_n(&s->table[s->index], __ATOMIC_RELAXED);
}

/* Release: what a new table contains is visible before the table is. */
static void store(struct pt *pt, const struct pt_slot *s, pt_entry_t now)
{
    pt_entry_t old = pt_get(s);

    __atomic_store_n(&s->table[s->index], now, __ATOMIC_RELEASE);
    if (pt->ops->written)
        pt->ops->written(pt->ctx, &s->table[s->index], s->mfn, s->index, old, now);
}

static inline pt_entry_t *table_at(const struct pt *pt, unsigned long mfn)
{
    if (pt->ops->direct_map)
        return (pt_entry_t *)(pt->ops->direct_map + (mfn << PAGE_SHIFT));
    return pt->ops->map_table(pt->ctx, mfn);
}

static struct pt_slot slot_in(const struct pt *pt, unsigned long table_mfn,
                              unsigned int level, unsigned int index)
{
    struct pt_slot s = {
        .table = table_at(pt, table_mfn),
        .mfn = table_mfn,
        .level = level,
        .index = index,
    };

    return s;
}

static bool is_table(const struct pt *pt, unsigned int level, pt_entry_t e)
{
    return pt_present(pt->fmt, e) && !pt_is_leaf(pt->fmt, level, e);
}

struct pt_slot pt_descend(const struct pt *pt, unsigned long pfn, unsigned int level)
{
    unsigned int l = pt->levels - 1;
    unsigned long mfn = pt->root;
    struct pt_slot s;

    for (;;) {
        pt_entry_t *table = table_at(pt, mfn);
        unsigned int index = pt_index(pfn, l);
        pt_entry_t e = __atomic_load_n(&table[index], __ATOMIC_RELAXED);

        if (l == level || !is_table(pt, l, e)) {
            s.table = table;
            s.mfn = mfn;
            s.level = l;
            s.index = index;
            return s;
        }
        mfn = (e & PT_ADDR) >> PAGE_SHIFT;
        l--;
    }
}

int pt_init(struct pt *pt, const struct pt_format *fmt, const struct pt_ops *ops,
            void *ctx, unsigned int levels, unsigned int max_leaf)
{
    if (levels < fmt->min_levels || levels > fmt->max_levels)
        return -EINVAL;

    pt->fmt = fmt;
    pt->ops = ops;
    pt->ctx = ctx;
    pt->levels = levels;
    pt->root = 0;

    if (max_leaf >= levels)
        max_leaf = levels - 1;
    while (!(fmt->leaf_levels & (1u << max_leaf)))
        max_leaf--;
    pt->max_leaf = max_leaf;

    return ops->alloc_table(ctx, &pt->root);
}

unsigned long pt_limit(const struct pt *pt)
{
    return 1ul << (9 * pt->levels);
}

struct pt_leaf pt_lookup(const struct pt *pt, unsigned long pfn)
{
    const pt_entry_t present = pt->fmt->present_bits, size_bits = pt->fmt->size_bits;
    const bool leaf_has_size = pt->fmt->leaf_has_size;
    struct pt_leaf r = { .level = 0 };
    unsigned long mfn = pt->root;
    unsigned int l;
    pt_entry_t e;

    if (pfn >= pt_limit(pt)) {
        r.level = pt->levels - 1;
        return r;
    }

    for (l = pt->levels - 1;; l--) {
        const pt_entry_t *table = table_at(pt, mfn);

        e = __atomic_load_n(&table[pt_index(pfn, l)], __ATOMIC_RELAXED);
        if (!(e & present) || !l || !(e & size_bits) != leaf_has_size)
            break;
        mfn = (e & PT_ADDR) >> PAGE_SHIFT;
    }
    r.level = l;
    if (!pt_present(pt->fmt, e))
        return r;
    r.mfn = pt_mfn(pt->fmt, l, e) + (pfn & (pt_span(l) - 1));
    r.attr = pt->fmt->leaf_attr(l, e);
    return r;
}

struct pt_leaf pt_lookup_from(const struct pt *pt, unsigned long pfn,
                              struct pt_place *at)
{
    struct pt_leaf r = { .level = 0 };
    pt_entry_t e;

    if (pfn >= pt_limit(pt)) {
        r.level = pt->levels - 1;
        return r;
    }
    if (at->table && !at->level && (pfn ^ at->pfn) < PT_ENTRIES) {
        at->index = pt_index(pfn, 0);
    } else {
        struct pt_slot s = pt_descend(pt, pfn, 0);

        *at = (struct pt_place){ s.table, s.mfn, pfn, s.level, s.index };
    }
    e = __atomic_load_n(&at->table[at->index], __ATOMIC_RELAXED);
    r.level = (uint8_t)at->level;
    if (pt_present(pt->fmt, e)) {
        r.mfn = pt_mfn(pt->fmt, at->level, e) + (pfn & (pt_span(at->level) - 1));
        r.attr = pt->fmt->leaf_attr(at->level, e);
    }
    return r;
}

void pt_clear_at(struct pt *pt, const struct pt_place *at)
{
    struct pt_slot s = { at->table, at->table_mfn, at->level, at->index };

    store(pt, &s, 0);
}

pt_entry_t pt_raw_entry(const struct pt *pt, unsigned long pfn, unsigned int level)
{
    struct pt_slot s;

    if (pfn >= pt_limit(pt) || level >= pt->levels)
        return 0;
    s = pt_descend(pt, pfn, level);
    return s.level == level ? pt_get(&s) : 0;
}

/* The 512 leaves that mean what the leaf e of the given level means. */
static void fill_split(struct pt *pt, unsigned long table, unsigned int level,
                       pt_entry_t e)
{
    unsigned long mfn = pt_mfn(pt->fmt, level, e);
    pt_attr_t attr = pt->fmt->leaf_attr(level, e);
    struct pt_slot s = slot_in(pt, table, level - 1, 0);

    for (; s.index < PT_ENTRIES; s.index++, mfn += pt_span(level - 1))
        store(pt, &s, pt->fmt->leaf(level - 1, mfn, attr));
}

/*
 * Hangs a chain of fresh tables under top, the first for entries of the level
 * below. A superpage in top is carried down the path, so that what becomes visible
 * with the last store translates as before.
 */
static void link_chain(struct pt *pt, const struct pt_slot *top, unsigned long pfn,
                       const unsigned long *fresh, unsigned int n)
{
    pt_entry_t e = pt_get(top);
    unsigned int i, level = top->level;

    for (i = 0; i < n; i++, level--) {
        struct pt_slot s = slot_in(pt, fresh[i], level - 1, pt_index(pfn, level - 1));

        if (pt_present(pt->fmt, e)) {
            fill_split(pt, fresh[i], level, e);
            e = pt_get(&s);
        }
        if (i + 1 < n)
            store(pt, &s, pt->fmt->table(level - 1, fresh[i + 1]));
    }
    store(pt, top, pt->fmt->table(top->level, fresh[0]));
}

int pt_prepare(struct pt *pt, unsigned long pfn, unsigned int level)
{
    unsigned long fresh[PT_MAX_LEVELS];
    struct pt_slot s;
    unsigned int n;
    int rc;

    if (pfn >= pt_limit(pt) || level >= pt->levels)
        return -EINVAL;

    s = pt_descend(pt, pfn, level);
    for (n = 0; n < s.level - level; n++) {
        rc = pt->ops->alloc_table(pt->ctx, &fresh[n]);
        if (rc) {
            while (n)
                pt->ops->free_table(pt->ctx, fresh[--n]);
            return rc;
        }
    }
    if (n)
        link_chain(pt, &s, pfn, fresh, n);
    return 0;
}

/*
 * Retires the table behind an entry that has been overwritten, and the tables
 * below it. Leaves in them stay as they are: a stale walk must not see anything
 * that was never true. Depth is bounded by the number of levels.
 */
static unsigned int retire_below(struct pt *pt, unsigned int level, pt_entry_t e)
{
    unsigned long table;
    unsigned int i, n = 1;

    if (!is_table(pt, level, e))
        return 0;

    table = pt_mfn(pt->fmt, level, e);
    if (level > 1) {
        for (i = 0; i < PT_ENTRIES; i++) {
            struct pt_slot s = slot_in(pt, table, level - 1, i);

            n += retire_below(pt, level - 1, pt_get(&s));
        }
    }
    pt->ops->retire_table(pt->ctx, table);
    return n;
}

unsigned int pt_store(struct pt *pt, const struct pt_slot *s, unsigned long mfn,
                      pt_attr_t attr)
{
    pt_entry_t old = pt_get(s), now = 0;

    if (attr)
        now = pt->fmt->leaf(s->level, mfn, attr);
    if (now == old)
        return 0;
    store(pt, s, now);
    return retire_below(pt, s->level, old);
}

unsigned int pt_set(struct pt *pt, unsigned long pfn, unsigned int level,
                    unsigned long mfn, pt_attr_t attr)
{
    struct pt_slot s = pt_descend(pt, pfn, level);

    BUG_ON(s.level != level || ((pfn | mfn) & (pt_span(level) - 1)) ||
           (attr && !(pt->fmt->leaf_levels & (1u << level))));
    return pt_store(pt, &s, mfn, attr & pt->fmt->attr_mask);
}

int pt_split(struct pt *pt, unsigned long pfn, unsigned int level)
{
    struct pt_leaf leaf;

    if (pfn >= pt_limit(pt) || level >= pt->levels)
        return -EINVAL;

    leaf = pt_lookup(pt, pfn);
    if (!leaf.attr || leaf.level <= level)
        return 0;
    return pt_prepare(pt, pfn, level);
}

/* Whether the table under s says what one leaf of level s->level would say. */
static bool table_is_uniform(const struct pt *pt, const struct pt_slot *s)
{
    unsigned long table = pt_mfn(pt->fmt, s->level, pt_get(s)), mfn;
    unsigned int i, below = s->level - 1;
    struct pt_slot child = slot_in(pt, table, below, 0);
    pt_entry_t first = pt_get(&child);
    pt_attr_t attr;

    if (!pt_present(pt->fmt, first) || !pt_is_leaf(pt->fmt, below, first))
        return false;
    mfn = pt_mfn(pt->fmt, below, first);
    attr = pt->fmt->leaf_attr(below, first);
    if (mfn & (pt_span(s->level) - 1))
        return false;

    for (i = 1; i < PT_ENTRIES; i++) {
        child.index = i;
        if (pt_get(&child) != pt->fmt->leaf(below, mfn + i * pt_span(below), attr))
            return false;
    }
    return true;
}

bool pt_coalesce(struct pt *pt, unsigned long pfn, unsigned int level)
{
    struct pt_slot s;
    struct pt_leaf first;

    if (!level || level > pt->max_leaf || pfn >= pt_limit(pt))
        return false;

    s = pt_descend(pt, pfn, level);
    if (s.level != level || !is_table(pt, level, pt_get(&s)) ||
        !table_is_uniform(pt, &s))
        return false;

    first = pt_lookup(pt, pfn & ~(pt_span(level) - 1));
    pt_store(pt, &s, first.mfn, first.attr);
    return true;
}

static bool table_is_empty(const struct pt *pt, unsigned long table)
{
    const pt_entry_t *e;
    unsigned int i;

    if (pt->ops->table_empty)
        return pt->ops->table_empty(pt->ctx, table);
    e = table_at(pt, table);
    for (i = 0; i < PT_ENTRIES; i++)
        if (pt_present(pt->fmt, e[i]))
            return false;
    return true;
}

unsigned int pt_prune(struct pt *pt, unsigned long pfn)
{
    unsigned int level, n = 0;

    if (pfn >= pt_limit(pt))
        return 0;

    for (level = 1; level < pt->levels; level++) {
        struct pt_slot s = pt_descend(pt, pfn, level);
        pt_entry_t e = pt_get(&s);
        unsigned long table;

        if (s.level != level || !is_table(pt, level, e))
            continue;
        table = pt_mfn(pt->fmt, level, e);
        if (!table_is_empty(pt, table))
            break;
        /* There is nothing below it to look for. */
        store(pt, &s, 0);
        pt->ops->retire_table(pt->ctx, table);
        n++;
    }
    return n;
}

static int destroy_below(struct pt *pt, unsigned long table, unsigned int level,
                         unsigned int *budget)
{
    unsigned int i;
    int rc;

    for (i = 0; level && i < PT_ENTRIES; i++) {
        struct pt_slot s = slot_in(pt, table, level, i);
        pt_entry_t e = pt_get(&s);

        if (!is_table(pt, level, e))
            continue;
        rc = destroy_below(pt, pt_mfn(pt->fmt, level, e), level - 1, budget);
        if (rc)
            return rc;
        store(pt, &s, 0);
    }
    if (!*budget)
        return -ERESTART;
    --*budget;
    pt->ops->free_table(pt->ctx, table);
    return 0;
}

int pt_destroy(struct pt *pt, unsigned int budget)
{
    int rc;

    if (!pt->root)
        return 0;
    if (!budget)
        budget = ~0u;
    rc = destroy_below(pt, pt->root, pt->levels - 1, &budget);
    if (!rc)
        pt->root = 0;
    return rc;
}
