/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <xen/hypercall.h>
#include <asm/current.h>

#include "grant_world.h"

struct page_info *lent[LENT], *own;
bool quarantine;

/* --- what the grant table calls ---------------------------------------------------- */

struct domain *domain_get_by_id(domid_t id)
{
    struct domain *d = id == DOMID_SELF || id == 1 ? wd : id == 2 ? wother : NULL;

    if (d)
        d->refcount++;
    return d;
}

void gprintk(const char *level, const char *fmt, ...)
{
}

unsigned int lines;
void __wrap_printk(const char *fmt, ...);

void __wrap_printk(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    lines++;
    assert_false(spin_held(&wother->grant_table->lock));
}

int __real_p2m_commit(struct p2m_txn *txn);
int __wrap_p2m_commit(struct p2m_txn *txn);

/* Until the flush is done, no granter may think that its page is free. */
grant_ref_t watch_first, watch_n;

int __wrap_p2m_commit(struct p2m_txn *txn)
{
    for (grant_ref_t ref = watch_first; ref < watch_first + watch_n; ref++)
        assert_true(grant_v1(wother->grant_table, ref)->flags & GTF_reading);
    return __real_p2m_commit(txn);
}

/* --- bench ------------------------------------------------------------------------- */

struct grant_entry_v1 *entry(grant_ref_t ref)
{
    return grant_v1(wother->grant_table, ref);
}

void lend(grant_ref_t ref, unsigned int page, domid_t to, uint16_t flags)
{
    entry(ref)->domid = to;
    entry(ref)->frame = (uint32_t)(LENT_GFN + page);
    entry(ref)->flags = flags;
}

int grant_world_start(void **state)
{
    world_start();
    bad_start = bad_end = 0;
    bad_readable = false;
    watch_n = 0;
    quarantine = false;
    assert_int_equal(grant_table_init(wd, 4, MAPTRACK_PAGES, 2), 0);
    assert_int_equal(grant_table_init(wother, 4, 4, 2), 0);
    for (unsigned int i = 0; i < LENT; i++) {
        lent[i] = domain_alloc_pages(wother, 0, 0);
        assert_non_null(lent[i]);
        assert_int_equal(p2m_map_one(wother, _gfn(LENT_GFN + i), page_to_mfn(lent[i]), 0,
                                     P2M_RAM_RW), 0);
        w_own_refs[frame_index(page_to_mfn(lent[i]))] = 1; /* wother's own map */
    }
    own = domain_alloc_pages(wd, 0, 0);
    assert_non_null(own);
    assert_int_equal(p2m_map_one(wd, _gfn(50), page_to_mfn(own), 0, P2M_RAM_RW), 0);
    return 0;
}

void close_table(struct domain *d)
{
    if (!d->grant_table)
        return;
    d->dying = DOMDYING_DYING;
    watch_n = 0;
    while (grant_table_release_mappings(d) == -ERESTART)
        ;
    assert_int_equal(d->grant_table->nr_mapped, 0);
    grant_table_release_frames(d);
}

int grant_world_stop(void **state)
{
    w_preempt = true;
    close_table(wd);
    close_table(wother);
    w_preempt = false;
    grant_table_destroy(wd);
    grant_table_destroy(wother);
    memset(w_own_refs, 0, sizeof(w_own_refs));
    world_stop(quarantine);
    return 0;
}

long op(unsigned int cmd, void *arg, unsigned int count)
{
    long rc;

    world_look();
    rc = call_to_end(hypercall_grant_table_op, cmd, arg, count);
    world_look();
    return rc;
}

uint64_t place(unsigned int i)
{
    return (W_BASE + i) << PAGE_SHIFT;
}

struct gnttab_map_grant_ref map(grant_ref_t ref, unsigned int at, uint32_t flags)
{
    struct gnttab_map_grant_ref m = {.host_addr = place(at), .flags = flags, .ref = ref,
                                     .dom = 2, .status = 99};

    assert_int_equal(op(GNTTABOP_map_grant_ref, &m, 1), 0);
    return m;
}

int unmap(grant_handle_t handle, uint64_t host, uint64_t dev)
{
    struct gnttab_unmap_grant_ref u = {.host_addr = host, .dev_bus_addr = dev,
                                       .handle = handle, .status = 99};

    assert_int_equal(op(GNTTABOP_unmap_grant_ref, &u, 1), 0);
    return u.status;
}

enum p2m_type type_at(unsigned int i, mfn_t *mfn)
{
    enum p2m_type t;

    *mfn = p2m_lookup(wd, _gfn(W_BASE + i), &t, NULL);
    return t;
}

struct gnttab_copy copy_op(uint64_t from_gfn, grant_ref_t to, uint16_t len)
{
    struct gnttab_copy c = {.len = len, .flags = GNTCOPY_dest_gref, .status = 99};

    c.source.u.gmfn = from_gfn;
    c.source.domid = DOMID_SELF;
    c.source.offset = 8;
    c.dest.u.ref = to;
    c.dest.domid = 2;
    c.dest.offset = 16;
    return c;
}

int copy(struct gnttab_copy *c)
{
    assert_int_equal(op(GNTTABOP_copy, c, 1), 0);
    return c->status;
}

void as_other(bool other)
{
    static struct vcpu v;

    v.domain = other ? wother : wd;
    current = other ? &v : wd->vcpu[0];
}
