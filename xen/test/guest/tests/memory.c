/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The physical map as a guest changes it. What would be wrong: a page that can still be
 * reached after it went (a stale TLB), data that moves, memory that does not come back.
 * Frame numbers from FIRST on are free: no RAM, no device, below the 4 GiB the kernel
 * maps.
 */
#include <public/domctl.h>
#include <public/errno.h>
#include <public/memory.h>
#include "../guest.h"

#define FIRST   0x50000ul
#define BYTES   0x1000ul

static volatile uint64_t *at(unsigned long gfn)
{
    return (volatile uint64_t *)(gfn * BYTES);
}

static long memory_op(unsigned int cmd, void *arg)
{
    return HC2(__HYPERVISOR_memory_op, cmd, arg);
}

static xen_pfn_t list[1100];

static long reserve(unsigned int cmd, domid_t dom, unsigned long gfn, unsigned int n,
                    unsigned int order)
{
    struct xen_memory_reservation r = {
        .nr_extents = n, .extent_order = order, .domid = dom};
    unsigned int i;

    for (i = 0; i < n; i++)
        list[i] = gfn + ((unsigned long)i << order);
    set_xen_guest_handle(r.extent_start, list);
    return memory_op(cmd, &r);
}

static long populate(unsigned long gfn, unsigned int n)
{
    return reserve(XENMEM_populate_physmap, DOMID_SELF, gfn, n, 0);
}

static long decrease(unsigned long gfn, unsigned int n)
{
    return reserve(XENMEM_decrease_reservation, DOMID_SELF, gfn, n, 0);
}

static long drop(unsigned long gfn)
{
    struct xen_remove_from_physmap x = { .domid = DOMID_SELF, .gpfn = gfn };

    return memory_op(XENMEM_remove_from_physmap, &x);
}

static long add(unsigned int space, unsigned long idx, unsigned long gfn,
                unsigned int size)
{
    struct xen_add_to_physmap x = {
        .domid = DOMID_SELF, .size = size, .space = space, .idx = idx, .gpfn = gfn,
    };

    return memory_op(XENMEM_add_to_physmap, &x);
}

static long owned(void)
{
    struct xen_memory_domain who = { DOMID_SELF };

    return memory_op(XENMEM_current_reservation, &who);
}

/* Room under the limit for what the tests add: pages of the kernel's own go first. */
static void make_room(unsigned int n)
{
    while (n--)
        decrease((uintptr_t)page_alloc() / BYTES, 1);
}

TEST(fresh_pages_are_zero)
{
    unsigned int i, k;

    make_room(16);
    CHECK_EQ(populate(FIRST, 16), 16);
    for (i = 0; i < 16; i++) {
        for (k = 0; k < BYTES / 8; k++)
            CHECK_EQ(at(FIRST + i)[k], 0);
        at(FIRST + i)[1] = 0x1111 * i + 1;
    }
    CHECK_EQ(decrease(FIRST, 16), 16);
    CHECK_EQ(populate(FIRST, 16), 16);
    for (i = 0; i < 16; i++)
        CHECK_EQ(at(FIRST + i)[1], 0);
    CHECK_EQ(decrease(FIRST, 16), 16);
}

TEST(gone_at_once)
{
    long before = owned();
    unsigned int round;

    for (round = 0; round < 50; round++) {
        CHECK_EQ(populate(FIRST, 1), 1);
        at(FIRST)[0] = 0x12345678;
        CHECK_EQ(at(FIRST)[0], 0x12345678);
        CHECK_EQ(decrease(FIRST, 1), 1);
        CHECK_EQ(at(FIRST)[0], ~0ul);
        at(FIRST)[0] = 5;
        CHECK_EQ(at(FIRST)[0], ~0ul);
    }
    CHECK_EQ(owned(), before);
    CHECK_EQ(decrease(FIRST, 1), 0);
    CHECK_EQ(drop(FIRST), -XEN_ENOENT);
}

static volatile unsigned int stop_reading, reading;
static volatile uint64_t last_read;

static void reader(unsigned int n)
{
    (void)n;
    while (!stop_reading) {
        last_read = at(FIRST + 1)[0];
        reading++;
    }
}

/* Another CPU has the page in its TLB all the time. */
TEST(gone_on_the_other_cpu)
{
    unsigned int round, seen;

    if (cpu_count() < 2)
        return;
    CHECK_EQ(populate(FIRST + 1, 1), 1);
    at(FIRST + 1)[0] = 7;
    CHECK(cpu_start(1, reader));
    for (round = 0; round < 20; round++) {
        for (seen = reading; reading - seen < 1000;)
            __asm__ volatile("pause");
        CHECK_EQ(last_read, 7);
        CHECK_EQ(decrease(FIRST + 1, 1), 1);
        /* One read may be in flight; the second after it is new. */
        for (seen = reading; reading - seen < 2;)
            __asm__ volatile("pause");
        CHECK_EQ(last_read, ~0ul);
        CHECK_EQ(populate(FIRST + 1, 1), 1);
        for (seen = reading; reading - seen < 2;)
            __asm__ volatile("pause");
        CHECK_EQ(last_read, 0);
        at(FIRST + 1)[0] = 7;
    }
    stop_reading = 1;
    CHECK(cpu_ends(1));
    CHECK_EQ(decrease(FIRST + 1, 1), 1);
}

TEST(many_at_a_time)
{
    static const unsigned int sizes[] = { 1, 2, 15, 16, 17, 511, 512, 513, 1024 };
    unsigned int i, k;
    long before = owned();

    make_room(1024);
    before = owned();
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CHECK_EQ(populate(FIRST, sizes[i]), sizes[i]);
        CHECK_EQ(owned(), before + sizes[i]);
        for (k = 0; k < sizes[i]; k++)
            at(FIRST + k)[0] = k;
        CHECK_EQ(decrease(FIRST, sizes[i]), sizes[i]);
        for (k = 0; k < sizes[i]; k++)
            CHECK_EQ(at(FIRST + k)[0], ~0ul);
        CHECK_EQ(owned(), before);
    }
}

TEST(superpages)
{
    CHECK_EQ(reserve(XENMEM_populate_physmap, DOMID_SELF, FIRST, 2, 9), 2);
    at(FIRST + 100)[0] = 1;
    at(FIRST + 600)[0] = 2;
    at(FIRST + 601)[0] = 3;
    CHECK_EQ(decrease(FIRST + 600, 1), 1);
    CHECK_EQ(at(FIRST + 600)[0], ~0ul);
    CHECK_EQ(at(FIRST + 601)[0], 3);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, DOMID_SELF, FIRST, 1, 9), 1);
    CHECK_EQ(at(FIRST + 100)[0], ~0ul);
    CHECK_EQ(at(FIRST + 601)[0], 3);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, DOMID_SELF, FIRST + 512, 1, 9), 0);
    CHECK_EQ(reserve(XENMEM_populate_physmap, DOMID_SELF, FIRST + 600, 1, 0), 1);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, DOMID_SELF, FIRST + 512, 1, 9), 0);
    CHECK_EQ(reserve(XENMEM_populate_physmap, DOMID_SELF, FIRST + 512, 1, 9), 1);
    CHECK_EQ(at(FIRST + 601)[0], 0);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, DOMID_SELF, FIRST + 512, 1, 9), 1);
}

TEST(moving)
{
    long before = owned();
    unsigned int k;

    CHECK_EQ(populate(FIRST, 600), 600);
    CHECK_EQ(populate(FIRST + 1000, 10), 10);
    for (k = 0; k < 600; k++)
        at(FIRST + k)[3] = k + 1;
    CHECK_EQ(add(XENMAPSPACE_gmfn_range, FIRST, FIRST + 1000, 600), 0);
    CHECK_EQ(owned(), before + 600);
    for (k = 0; k < 600; k++) {
        CHECK_EQ(at(FIRST + k)[3], ~0ul);
        CHECK_EQ(at(FIRST + 1000 + k)[3], k + 1);
    }
    CHECK_EQ(add(XENMAPSPACE_gmfn, FIRST + 1000, FIRST + 1001, 0), 0);
    CHECK_EQ(at(FIRST + 1001)[3], 1);
    CHECK_EQ(at(FIRST + 1000)[3], ~0ul);
    CHECK_EQ(add(XENMAPSPACE_gmfn, FIRST + 1000, FIRST + 1001, 0), -XEN_EINVAL);
    CHECK_EQ(decrease(FIRST + 1001, 599), 599);
    CHECK_EQ(owned(), before);
}

/* --- another domain's memory ------------------------------------------------------- */

static long domctl(struct xen_domctl *op, uint32_t cmd, domid_t dom)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = dom;
    return HC(__HYPERVISOR_domctl, op, 0, 0, 0, 0);
}

static domid_t make_domain(unsigned int pages)
{
    struct xen_domctl op = {
        .u.createdomain = {
            .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap, .max_vcpus = 1,
            .max_evtchn_port = 1023, .max_grant_frames = -1, .max_maptrack_frames = -1,
            .grant_opts = 2, .arch.emulation_flags = XEN_X86_EMU_LAPIC,
        },
    };
    domid_t dom;

    if (domctl(&op, XEN_DOMCTL_createdomain, 0))
        return 0;
    dom = op.domain;
    memset(&op, 0, sizeof(op));
    op.u.max_mem.max_memkb = 4 * pages;
    if (domctl(&op, XEN_DOMCTL_max_mem, dom))
        return 0;
    memset(&op, 0, sizeof(op));
    op.u.paging_mempool.size = 1 << 20;
    if (domctl(&op, XEN_DOMCTL_set_paging_mempool_size, dom))
        return 0;
    return dom;
}

static long map_foreign(domid_t dom, unsigned int n, unsigned long idx, unsigned long gfn,
                        int *errs)
{
    static xen_ulong_t idxs[600];
    static xen_pfn_t gfns[600];
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = n,
        .u.foreign_domid = dom,
    };
    unsigned int i;

    for (i = 0; i < n; i++) {
        idxs[i] = idx + i;
        gfns[i] = gfn + i;
    }
    set_xen_guest_handle(b.idxs, idxs);
    set_xen_guest_handle(b.gpfns, gfns);
    set_xen_guest_handle(b.errs, errs);
    return memory_op(XENMEM_add_to_physmap_batch, &b);
}

TEST(foreign)
{
    static int errs[600];
    struct xen_domctl op = { 0 };
    domid_t dom = make_domain(1024);
    unsigned int k;
    uint64_t times[3] = { 0 };

    CHECK(dom != 0);
    CHECK_EQ(reserve(XENMEM_populate_physmap, dom, 0x100, 600, 0), 600);
    CHECK_EQ(map_foreign(dom, 600, 0x100, FIRST, errs), 0);
    for (k = 0; k < 600; k++) {
        CHECK_EQ(errs[k], 0);
        at(FIRST + k)[0] = k + 9;
    }
    for (k = 0; k < 600; k++)
        CHECK_EQ(drop(FIRST + k), 0);
    CHECK_EQ(at(FIRST)[0], ~0ul);
    for (k = 0; k < 600; k++) {
        uint64_t t0 = system_time(), t1, t2;

        CHECK_EQ(map_foreign(dom, 1, 0x100 + k, FIRST, errs), 0);
        t1 = system_time();
        CHECK_EQ(errs[0], 0);
        CHECK_EQ(at(FIRST)[0], k + 9);
        t2 = system_time();
        CHECK_EQ(drop(FIRST), 0);
        times[0] += t1 - t0;
        times[1] += t2 - t1;
        times[2] += system_time() - t2;
    }
    print("a foreign page: map %lu, read %lu, unmap %lu ns\n", times[0] / 600,
          times[1] / 600, times[2] / 600);
    CHECK_EQ(map_foreign(dom, 2, 0x100 + 599, FIRST, errs), 0);
    CHECK_EQ(errs[0], 0);
    CHECK_EQ(errs[1], -XEN_EINVAL);
    /* The page outlives its owner as long as it is mapped. */
    CHECK_EQ(domctl(&op, XEN_DOMCTL_destroydomain, dom), 0);
    CHECK_EQ(at(FIRST)[0], 599 + 9);
    at(FIRST)[0] = 1;
    CHECK_EQ(drop(FIRST), 0);
    CHECK_EQ(map_foreign(dom, 1, 0x100, FIRST, errs), -XEN_ESRCH);
}

TEST(bad_arguments)
{
    struct xen_memory_domain nobody = { 0x7000 };
    struct xen_mem_acquire_resource r = { .domid = 0x7000, .type = 1 };
    int errs[4];

    CHECK_EQ(memory_op(XENMEM_current_reservation, &nobody), -XEN_ESRCH);
    CHECK_EQ(memory_op(XENMEM_current_reservation, (void *)0x8000000000), -XEN_EFAULT);
    CHECK_EQ(memory_op(XENMEM_add_to_physmap, (void *)0xffff800000000000), -XEN_EFAULT);
    CHECK_EQ(memory_op(XENMEM_remove_from_physmap, (void *)0x123456789abcdef0),
             -XEN_EFAULT);
    CHECK_EQ(memory_op(60, 0), -XEN_ENOSYS);
    CHECK_EQ(populate(1ul << 50, 1), 0);
    CHECK_EQ(reserve(XENMEM_populate_physmap, 0x7000, FIRST, 1, 0), 0);
    CHECK_EQ(add(XENMAPSPACE_gmfn_foreign, 0, FIRST, 0), -XEN_ENOSYS);
    CHECK_EQ(add(77, 0, FIRST, 0), -XEN_EINVAL);
    CHECK_EQ(add(XENMAPSPACE_shared_info, 1, FIRST, 0), -XEN_EINVAL);
    CHECK_EQ(map_foreign(0x7000, 1, 0, FIRST, errs), -XEN_ESRCH);
    CHECK_EQ(map_foreign(0, 1, 0, FIRST, errs), -XEN_EINVAL);
    CHECK_EQ(memory_op(XENMEM_acquire_resource, &r), -XEN_ESRCH);
    r.pad = 1;
    CHECK_EQ(memory_op(XENMEM_acquire_resource, &r), -XEN_EINVAL);
    /* The local APIC's and the VGA's places are no RAM to give away. */
    CHECK_EQ(decrease(0xfee00, 1), 0);
    CHECK_EQ(decrease(0xa0, 1), 0);
    CHECK_EQ(drop(0xa0), -XEN_ENOENT);
}
