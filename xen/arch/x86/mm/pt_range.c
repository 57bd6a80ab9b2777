/* SPDX-License-Identifier: GPL-2.0-only */
/* Ranges: the largest leaves that fit, in steps that can be interrupted. */
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/pt.h>

#include "pt_internal.h"

static bool bad_range(const struct pt *pt, unsigned long pfn, unsigned long nr)
{
    return pfn >= pt_limit(pt) || nr > pt_limit(pt) - pfn;
}

/* Counts work done; true when the budget is used up. */
static bool spent(unsigned int budget, unsigned int *used, unsigned int more)
{
    *used += more;
    return budget && *used >= budget;
}

/* The largest leaf to put at pfn when nr pages are left. */
static unsigned int leaf_level(const struct pt *pt, unsigned long pfn,
                               unsigned long mfn, unsigned long nr)
{
    unsigned int level = pt->max_leaf;

    while (level && (nr < pt_span(level) || ((pfn | mfn) & (pt_span(level) - 1)) ||
                     !(pt->fmt->leaf_levels & (1u << level))))
        level--;
    return level;
}

int pt_map(struct pt *pt, unsigned long pfn, unsigned long mfn, unsigned long nr,
           pt_attr_t attr, struct pt_cursor *cur)
{
    unsigned int used = 0;

    attr &= pt->fmt->attr_mask;
    if (!(attr & PT_RWX) || bad_range(pt, pfn, nr))
        return -EINVAL;

    while (cur->done < nr) {
        unsigned long p = pfn + cur->done, m = mfn + cur->done;
        unsigned int level = leaf_level(pt, p, m, nr - cur->done);
        struct pt_slot s;
        int rc = pt_prepare(pt, p, level);

        if (rc)
            return rc;
        /* Stay in the table as long as the leaves are of the same size. */
        s = pt_descend(pt, p, level);
        for (;;) {
            unsigned int more = 1 + pt_store(pt, &s, m, attr);
            bool stop = spent(cur->budget, &used, more);

            cur->done += pt_span(level);
            p += pt_span(level);
            m += pt_span(level);
            if (stop)
                return cur->done < nr ? -ERESTART : 0;
            if (++s.index == PT_ENTRIES ||
                leaf_level(pt, p, m, nr - cur->done) != level || cur->done >= nr)
                break;
        }
    }
    return 0;
}

/*
 * After the last page before end was removed: the tables that end there and
 * begin in the range are empty now, so the largest of them goes, with all below.
 */
static unsigned int drop_finished(struct pt *pt, unsigned long start, unsigned long end)
{
    unsigned int level, n = 0;

    for (level = 1; level < pt->levels; level++) {
        unsigned long span = pt_span(level);
        struct pt_slot s;

        if ((end & (span - 1)) || end - start < span)
            break;
        s = pt_descend(pt, end - 1, level);
        if (s.level == level)
            n += pt_store(pt, &s, 0, 0);
    }
    return n;
}

/*
 * One step of unmapping at p, with nr > 0 pages left: *size is what it
 * finished. Level-1 tables that are covered go as a whole, larger ones
 * piecewise, so that a step is short.
 */
static int unmap_step(struct pt *pt, unsigned long p, unsigned long nr,
                      unsigned long *size, unsigned int *work)
{
    struct pt_leaf leaf = pt_lookup(pt, p);
    unsigned int level = leaf.level;
    unsigned long offset = p & (pt_span(level) - 1);
    struct pt_slot s;
    int rc;

    *work = 1;
    if (!leaf.attr) {
        *size = pt_span(level) - offset;
        if (*size > nr)
            *size = nr;
        return 0;
    }

    while (level && ((p & (pt_span(level) - 1)) || nr < pt_span(level)))
        level--;
    if (level < leaf.level) {
        rc = pt_prepare(pt, p, level);
        if (rc)
            return rc;
        *work += leaf.level - level;
    } else if (level == 0 && !(p & (pt_span(1) - 1)) && nr >= pt_span(1) &&
               pt->levels > 1) {
        level = 1;
    }
    s = pt_descend(pt, p, level);
    *work += pt_store(pt, &s, 0, 0);
    *size = pt_span(level);
    return 0;
}

int pt_unmap(struct pt *pt, unsigned long pfn, unsigned long nr, struct pt_cursor *cur)
{
    unsigned int used = 0;

    if (bad_range(pt, pfn, nr))
        return -EINVAL;

    while (cur->done < nr) {
        unsigned long size;
        unsigned int work;
        int rc = unmap_step(pt, pfn + cur->done, nr - cur->done, &size, &work);

        if (rc)
            return rc;
        cur->done += size;
        work += drop_finished(pt, pfn, pfn + cur->done);
        if (spent(cur->budget, &used, work) && cur->done < nr)
            return -ERESTART;
    }
    return 0;
}
