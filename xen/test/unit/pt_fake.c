/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <xen/errno.h>

#include "pt_fake.h"

static unsigned long slot_of(unsigned long mfn)
{
    assert_in_range(mfn, FAKE_BASE, FAKE_BASE + FAKE_TABLES - 1);
    return mfn - FAKE_BASE;
}

pt_entry_t *world_table(struct pt_world *w, unsigned long mfn)
{
    return w->mem[slot_of(mfn)];
}

static int fake_alloc(void *ctx, unsigned long *mfn)
{
    struct pt_world *w = ctx;
    unsigned int i;

    w->allocs++;
    if (w->fail_at && --w->fail_at == 0)
        return -ENOMEM;
    for (i = 0; i < FAKE_TABLES; i++) {
        unsigned int n = (w->next + i) % FAKE_TABLES;

        if (w->state[n] != T_FREE)
            continue;
        w->next = n + 1;
        w->state[n] = T_LIVE;
        w->live++;
        memset(w->mem[n], 0, sizeof(w->mem[n]));
        *mfn = FAKE_BASE + n;
        return 0;
    }
    fail_msg("out of fake tables");
    return -ENOMEM;
}

static void release(struct pt_world *w, unsigned long n)
{
    w->state[n] = T_FREE;
    memset(w->mem[n], 0xa5, sizeof(w->mem[n]));
}

static void fake_free(void *ctx, unsigned long mfn)
{
    struct pt_world *w = ctx;
    unsigned long n = slot_of(mfn);

    assert_int_equal(w->state[n], T_LIVE);
    w->live--;
    release(w, n);
}

static void fake_retire(void *ctx, unsigned long mfn)
{
    struct pt_world *w = ctx;
    unsigned long n = slot_of(mfn);

    assert_int_equal(w->state[n], T_LIVE);
    w->state[n] = T_RETIRED;
    w->live--;
    w->retired++;
    memcpy(w->copy[n], w->mem[n], sizeof(w->mem[n]));
}

static pt_entry_t *fake_map(void *ctx, unsigned long mfn)
{
    struct pt_world *w = ctx;

    w->looks++;
    return world_table(w, mfn);
}

static void fake_written(void *ctx, pt_entry_t *slot, unsigned long table_mfn,
                         unsigned int index, pt_entry_t old, pt_entry_t now)
{
    struct pt_world *w = ctx;

    assert_ptr_equal(slot, &w->mem[slot_of(table_mfn)][index]);
    assert_int_equal(*slot, now);
    assert_int_equal(w->state[slot_of(table_mfn)], T_LIVE);
    (void)old;
    if (w->on_store)
        w->on_store(w, table_mfn, index);
}

const struct pt_ops fake_pt_ops = {
    .alloc_table = fake_alloc,
    .free_table = fake_free,
    .retire_table = fake_retire,
    .map_table = fake_map,
    .written = fake_written,
};

void world_init(struct pt_world *w)
{
    memset(w, 0, sizeof(*w));
    w->mem = calloc(FAKE_TABLES, sizeof(*w->mem));
    w->copy = calloc(FAKE_TABLES, sizeof(*w->copy));
    assert_non_null(w->mem);
    assert_non_null(w->copy);
}

void world_fini(struct pt_world *w)
{
    free(w->mem);
    free(w->copy);
}

void world_flush(struct pt_world *w)
{
    unsigned int n;

    for (n = 0; n < FAKE_TABLES && w->retired; n++) {
        if (w->state[n] != T_RETIRED)
            continue;
        assert_memory_equal(w->mem[n], w->copy[n], sizeof(w->mem[n]));
        w->retired--;
        release(w, n);
    }
    assert_int_equal(w->retired, 0);
}

/* --- the hardware, from the manuals ---------------------------------------------- */

enum step { FAULT, TABLE, LEAF };

static enum step step_x86(uint64_t e, unsigned int level, unsigned int *perm)
{
    if (!(e & 1))
        return FAULT;
    *perm &= 1u | (e & 2) | ((e >> 63) ? 0 : 4);
    return level == 0 || (e & 0x80) ? LEAF : TABLE;
}

static enum step step_ept(uint64_t e, unsigned int level, unsigned int *perm)
{
    if (!(e & 7))
        return FAULT;
    assert_false((e & 2) && !(e & 1));      /* misconfiguration */
    *perm &= e & 7;
    if (level == 0 || (e & 0x80))
        return LEAF;
    assert_int_equal(e & 0x78, 0);          /* reserved in a table entry */
    return TABLE;
}

static enum step step_amdvi(uint64_t e, unsigned int level, unsigned int *perm)
{
    unsigned int next = (e >> 9) & 7;

    if (!(e & 1))
        return FAULT;
    *perm &= (e >> 61) & 3;
    if (level == 0 || next == 0)
        return next == 0 ? LEAF : FAULT;
    assert_int_equal(next, level);          /* spec counts from 1, one lower */
    return TABLE;
}

static enum step step_vtd(uint64_t e, unsigned int level, unsigned int *perm)
{
    if (!(e & 3))
        return FAULT;
    *perm &= e & 3;
    return level == 0 || (e & 0x80) ? LEAF : TABLE;
}

struct hw_result hw_walk(struct pt_world *w, const struct pt *pt, unsigned long pfn)
{
    struct hw_result r = { .ok = false };
    unsigned long table = pt->root;
    unsigned int level = pt->levels, perm = 7;

    while (level--) {
        uint64_t e = world_table(w, table)[(pfn >> (9 * level)) & 511];
        uint64_t size = 1ull << (12 + 9 * level);
        enum step s;

        assert_int_equal(w->state[slot_of(table)], T_LIVE);
        r.tables[level] = table;
        r.level = level;
        if (pt->fmt == &pt_amdvi)
            s = step_amdvi(e, level, &perm);
        else if (pt->fmt == &pt_vtd)
            s = step_vtd(e, level, &perm);
        else if (pt->fmt == &pt_ept)
            s = step_ept(e, level, &perm);
        else
            s = step_x86(e, level, &perm);
        if (s == FAULT)
            return r;
        e &= 0x000ffffffffff000ull;
        if (s == LEAF) {
            if (level && (pt->fmt == &pt_x86 || pt->fmt == &pt_npt))
                e &= ~0x1000ull;            /* PAT of a large page */
            assert_int_equal(e & (size - 1), 0);
            r.ok = perm != 0;
            r.perm = perm;
            r.mfn = (e >> 12) + (pfn & ((size >> 12) - 1));
            return r;
        }
        table = e >> 12;
    }
    return r;
}
