/* SPDX-License-Identifier: GPL-2.0-only */
/* Handles of mappings. Entries live in pages that are added as needed and never move. */
#include <asm/nospec.h>

#include "private.h"

struct maptrack *maptrack_entry(const struct grant_table *gt, grant_handle_t handle)
{
    unsigned long page = handle / MAPTRACK_PER_PAGE;

    if (page >= gt->nr_maptrack_pages)
        return NULL;
    page = array_index_nospec(page, gt->nr_maptrack_pages);
    return gt->maptrack[page] + handle % MAPTRACK_PER_PAGE;
}

/* [maptrack_lock] */
static int add_page(struct domain *d)
{
    struct grant_table *gt = d->grant_table;
    uint32_t first = gt->nr_maptrack_pages * MAPTRACK_PER_PAGE;
    struct maptrack *page;

    if (gt->nr_maptrack_pages == gt->max_maptrack_pages)
        return -ENOSPC;
    page =
        charge_alloc_array(&d->charge, CHARGE_MAPTRACK, MAPTRACK_PER_PAGE, sizeof(*page));
    if (!page)
        return -ENOMEM;
    for (unsigned int i = 0; i < MAPTRACK_PER_PAGE; i++)
        page[i].next = i + 1 < MAPTRACK_PER_PAGE ? first + i + 1 : gt->maptrack_free;
    gt->maptrack[gt->nr_maptrack_pages++] = page;
    gt->maptrack_free = first;
    return 0;
}

struct maptrack *maptrack_alloc(struct domain *d, grant_handle_t *handle)
{
    struct grant_table *gt = d->grant_table;
    struct maptrack *mt = NULL;

    spin_lock(&gt->maptrack_lock);
    if (!d->dying && (gt->maptrack_free != NO_HANDLE || !add_page(d))) {
        *handle = gt->maptrack_free;
        mt = maptrack_entry(gt, *handle);
        gt->maptrack_free = mt->next;
        mt->flags = MT_BUSY;
        gt->nr_mapped++;
    }
    spin_unlock(&gt->maptrack_lock);
    return mt;
}

void maptrack_free(struct domain *d, grant_handle_t handle)
{
    struct grant_table *gt = d->grant_table;
    struct maptrack *mt = maptrack_entry(gt, handle);
    struct domain *granter = mt->granter;

    spin_lock(&gt->maptrack_lock);
    mt->granter = NULL;
    mt->flags = 0;
    mt->next = gt->maptrack_free;
    gt->maptrack_free = handle;
    gt->nr_mapped--;
    spin_unlock(&gt->maptrack_lock);
    if (granter)
        domain_put(granter);
}

struct maptrack *maptrack_claim(struct domain *d, grant_handle_t handle, bool *busy)
{
    struct grant_table *gt = d->grant_table;
    struct maptrack *mt;

    spin_lock(&gt->maptrack_lock);
    mt = maptrack_entry(gt, handle);
    *busy = mt && (mt->flags & MT_BUSY);
    if (*busy || (mt && !mt->granter))
        mt = NULL;
    if (mt)
        mt->flags |= MT_BUSY;
    spin_unlock(&gt->maptrack_lock);
    return mt;
}

void maptrack_unclaim(struct domain *d, struct maptrack *mt)
{
    spin_lock(&d->grant_table->maptrack_lock);
    mt->flags &= (uint8_t)~MT_BUSY;
    spin_unlock(&d->grant_table->maptrack_lock);
}
