/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <xen/alloc.h>
#include "fake_charge.h"

unsigned int allocated, fail_at;

void *charge_alloc(struct charge *c, enum charge_tag tag, size_t size)
{
    (void)c;
    (void)tag;
    if (fail_at && --fail_at == 0)
        return NULL;
    allocated++;
    return calloc(1, size);
}

void *charge_alloc_array(struct charge *c, enum charge_tag tag, size_t n, size_t size)
{
    return charge_alloc(c, tag, n * size);
}

void charge_free(void *p)
{
    allocated -= p != NULL;
    free(p);
}
