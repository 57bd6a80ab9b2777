/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/grant_table.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <asm/boot.h>

#include "memory_op_world.h"

struct boot_info boot_info;

uint64_t bad_start, bad_end;
void (*on_read)(uint64_t gva);
static unsigned long next_args[6];
unsigned int restarts;
struct page_info *grant_frame[GRANT_MAX];

/* --- what memory_op calls ---------------------------------------------------------- */

static bool bad(uint64_t gva, size_t len)
{
    return !gva || (gva < bad_end && gva + len > bad_start);
}

int copy_from_guest_va(void *dst, uint64_t gva, size_t len)
{
    assert_int_equal(wd->arch.p2m->lock.state, 0);
    if (!len)
        return 0;
    if (bad(gva, len))
        return -EFAULT;
    memcpy(dst, (void *)(uintptr_t)gva, len);
    if (on_read)
        on_read(gva);
    return 0;
}

int copy_to_guest_va(uint64_t gva, const void *src, size_t len)
{
    assert_int_equal(wd->arch.p2m->lock.state, 0);
    if (!len)
        return 0;
    if (bad(gva, len))
        return -EFAULT;
    memcpy((void *)(uintptr_t)gva, src, len);
    return 0;
}

bool guest_range_okay(uint64_t gva, size_t n, size_t size)
{
    return n <= (1ul << 47) / size && gva <= (1ul << 47) - n * size;
}

long hypercall_continue(const unsigned long *args)
{
    memcpy(next_args, args, sizeof(next_args));
    return -ERESTART;
}

struct domain *domain_get_by_id(domid_t id)
{
    struct domain *d = NULL;

    if (id == DOMID_SELF || id == WD_ID)
        d = wd;
    else if (id == OTHER_ID)
        d = wother;
    if (d)
        d->refcount++;
    return d;
}

int grant_table_get_frame(struct domain *d, unsigned long idx, bool status, mfn_t *mfn)
{
    if (status || idx >= GRANT_MAX)
        return -EINVAL;
    if (!grant_frame[idx])
        grant_frame[idx] = domain_alloc_shared(d, CHARGE_GRANT_TABLE);
    if (!grant_frame[idx])
        return -ENOMEM;
    *mfn = page_to_mfn(grant_frame[idx]);
    return 0;
}

unsigned int grant_table_max_frames(struct domain *d, bool status)
{
    return status ? 0 : GRANT_MAX;
}

/* One device with two regions, another with one. */
int iommu_reserved_nth(const sbdf_t *sbdf, unsigned int nth, paddr_t *start,
                       paddr_t *last)
{
    static const struct {
        uint32_t sbdf;
        paddr_t start, last;
    } region[] = {
        { 0x10008, 0x7f000000, 0x7f001fff },
        { 0x10110, 0x7e000000, 0x7e000fff },
        { 0x10008, 0x7d000000, 0x7d0fffff },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(region); i++) {
        if ((sbdf && sbdf->v != region[i].sbdf) || nth--)
            continue;
        *start = region[i].start;
        *last = region[i].last;
        return 0;
    }
    return -ENOENT;
}

/* --- the bench --------------------------------------------------------------------- */

long call(unsigned int cmd, void *arg)
{
    unsigned long a[6] = { cmd, (uintptr_t)arg, 0xdead, 0xdead, 0xdead, 0xdead };
    long rc;

    restarts = 0;
    world_look();
    while ((rc = hypercall_memory_op(a)) == -ERESTART) {
        memcpy(a, next_args, sizeof(a));
        assert_int_equal(a[0] & 63, cmd);
        assert_int_equal(a[1], (uintptr_t)arg);
        assert_true(++restarts < 10000);
        world_look();
    }
    world_look();
    world_check_clean();
    return rc;
}

void start(void)
{
    world_start();
    bad_start = bad_end = 0;
    on_read = NULL;
    iommu_caches_absent = false;
    memset(grant_frame, 0, sizeof(grant_frame));
}

void stop(void)
{
    unsigned int i;

    for (i = 0; i < GRANT_MAX; i++)
        if (grant_frame[i])
            __real_page_put(grant_frame[i]);
    if (wd->shared_info_page)
        __real_page_put(wd->shared_info_page);
    charge_free(wd->arch.e820.entries);
    world_stop(false);
}

long reserve(unsigned int cmd, domid_t domid, xen_pfn_t *gfns, unsigned long n,
             unsigned int order, unsigned int flags)
{
    struct xen_memory_reservation r = {
        .extent_start = { gfns }, .nr_extents = n, .extent_order = order,
        .mem_flags = flags, .domid = domid,
    };

    return call(cmd, &r);
}

void fill(unsigned long gfn, unsigned long n)
{
    xen_pfn_t list[1100];
    unsigned long i;

    for (i = 0; i < n; i++)
        list[i] = gfn + i;
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, list, n, 0, 0), n);
}

mfn_t at(unsigned long gfn, enum p2m_type *t)
{
    return p2m_lookup(wd, _gfn(gfn), t, NULL);
}

bool is_hole(unsigned long gfn)
{
    return mfn_eq(at(gfn, NULL), INVALID_MFN);
}
