/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <xen/alloc.h>
#include "fake_charge.h"

unsigned int allocated, fail_at;

/* Before each object, as long as two of the strictest alignment. */
union head {
    struct {
        struct charge *charge;
        enum charge_tag tag;
        size_t size;
    };
    char room[32];
};

static void account(const union head *h, int sign)
{
    if (h->charge)
        h->charge->bytes[h->tag] += (uint64_t)((int64_t)h->size * sign);
}

void *charge_alloc(struct charge *c, enum charge_tag tag, size_t size)
{
    union head *h;

    if (fail_at && --fail_at == 0)
        return NULL;
    h = calloc(1, sizeof(*h) + size);
    h->charge = c;
    h->tag = tag;
    h->size = size;
    allocated++;
    account(h, 1);
    return h + 1;
}

void *charge_alloc_array(struct charge *c, enum charge_tag tag, size_t n, size_t size)
{
    return charge_alloc(c, tag, n * size);
}

void charge_disown(void *p)
{
    union head *h = (union head *)p - 1;

    account(h, -1);
    h->charge = NULL;
}

void charge_free(void *p)
{
    if (!p)
        return;
    charge_disown(p);
    allocated--;
    free((union head *)p - 1);
}
