/* SPDX-License-Identifier: GPL-2.0-only */
/* Chains of mappings that change together. */
#include "private.h"

void grant_batch_init(struct grant_batch *b, struct domain *d)
{
    *b = (struct grant_batch){.d = d, .first = NO_HANDLE, .last = NO_HANDLE};
}

void grant_batch_add(struct grant_batch *b, unsigned int element, grant_handle_t handle,
                     struct maptrack *mt)
{
    ASSERT(mt->flags & MT_BUSY);
    mt->next = NO_HANDLE;
    mt->status = GNTST_okay;
    mt->element = (uint16_t)element;
    if (b->first == NO_HANDLE)
        b->first = handle;
    else
        maptrack_entry(b->d->grant_table, b->last)->next = handle;
    b->last = handle;
}

struct maptrack *grant_batch_take(struct grant_batch *b, unsigned int element,
                                  grant_handle_t *handle)
{
    struct maptrack *mt;

    if (b->first == NO_HANDLE)
        return NULL;
    mt = maptrack_entry(b->d->grant_table, b->first);
    if (mt->element != element)
        return NULL;
    *handle = b->first;
    b->first = mt->next;
    return mt;
}

void grant_let_go(struct domain *d, grant_handle_t handle, struct maptrack *mt)
{
    if (mt->flags & (MT_HOST | MT_DEVICE)) {
        maptrack_unclaim(d, mt);
        return;
    }
    grant_unpin_ref(mt->granter, mt->ref, !(mt->flags & MT_READONLY));
    maptrack_free(d, handle);
}
