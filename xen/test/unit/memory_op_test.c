/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Growing and shrinking, memory maps and numbers. What would be wrong: pages lost or
 * given back twice, an errno that lies, a call that cannot be continued.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/page_list.h>
#include <asm/boot.h>
#include <asm/e820.h>

#include "memory_op_world.h"

/* --- populate ---------------------------------------------------------------------- */

static void populate(void **state)
{
    xen_pfn_t g[8] = { W_BASE, W_BASE + 1, W_BASE + 512 };
    unsigned int order;
    mfn_t old;

    (void)state;
    start();
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 2, 0, 0), 2);
    assert_int_equal(wd->tot_pages, 2);
    g[0] = W_BASE + 512;
    assert_int_equal(reserve(XENMEM_populate_physmap, WD_ID, g, 1, 9, 0), 1);
    (void)p2m_lookup(wd, _gfn(W_BASE + 600), NULL, &order);
    assert_int_equal(order, 9);
    /* Not aligned to its order: the pages come one by one. */
    g[0] = W_BASE + 1024 + 4;
    assert_int_equal(reserve(XENMEM_populate_physmap, WD_ID, g, 1, 3, 0), 1);
    assert_false(is_hole(W_BASE + 1024 + 11));
    assert_int_equal(wd->tot_pages, 2 + 512 + 8);

    /* RAM that is there makes room, and goes back. */
    old = at(W_BASE, NULL);
    g[0] = W_BASE;
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 1, 0, 0), 1);
    assert_int_equal(wd->tot_pages, 2 + 512 + 8);
    assert_false(mfn_eq(old, at(W_BASE, NULL)));
    assert_int_equal(mfn_to_page(old)->count, PGC_FREE);

    /* Another domain's. */
    assert_int_equal(reserve(XENMEM_populate_physmap, OTHER_ID, g, 2, 0, 0), 2);
    assert_int_equal(wother->tot_pages, 2);
    /* Unmapped: just an account. */
    assert_int_equal(reserve(XENMEM_increase_reservation, OTHER_ID, NULL, 3, 0, 0), 3);
    assert_int_equal(wother->tot_pages, 5);
    stop();
}

static xen_pfn_t late_list[3];
static struct page_info *others;

/* Another CPU destroys wother, and what it had goes to wd. */
static void other_dies(uint64_t gva)
{
    struct page_info *had = page_list_first(&wother->page_list);

    if (gva != (uintptr_t)&late_list[2])
        return;
    on_read = NULL;
    assert_int_equal(wother->tot_pages, 2);
    world_empty(wother);
    assert_int_equal(had->count, PGC_FREE);
    /* Who frees a frame last gets it first. */
    for (unsigned int i = 0; i < FRAMES && others != had; i++)
        others = domain_alloc_pages(wd, 0, 0);
    assert_ptr_equal(others, had);
}

/* A domain dies while frames for it are on their way: they may be somebody's already. */
static void populate_of_dying(void **state)
{
    (void)state;
    start();
    for (unsigned int i = 0; i < ARRAY_SIZE(late_list); i++)
        late_list[i] = W_BASE + i;
    others = NULL;
    on_read = other_dies;
    assert_int_equal(reserve(XENMEM_populate_physmap, OTHER_ID, late_list, 3, 0, 0), 0);
    assert_null(on_read);
    assert_ptr_equal(others->owner, wd);
    assert_int_equal(others->count, PGC_ALLOCATED | 1);
    assert_int_equal(wother->tot_pages, 0);
    stop();
}

static long populate_from(unsigned long gfn, unsigned long n)
{
    static xen_pfn_t g[1100];

    for (unsigned long i = 0; i < n; i++)
        g[i] = gfn + i;
    return reserve(XENMEM_populate_physmap, DOMID_SELF, g, n, 0, 0);
}

/* One flush for a batch of what is replaced, or of additions where absence is cached. */
static void populate_flushes(void **state)
{
    static const unsigned int sizes[] = { 1, 2, 16, 17, 511, 512, 513, 1024 };
    unsigned int i;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        unsigned long n = sizes[i], before;

        start();
        iommu_caches_absent = true;
        before = wc.iommu_flushes;
        assert_int_equal(populate_from(W_BASE, n), n);
        assert_int_equal(wc.iommu_flushes - before, (n + 511) / 512);
        iommu_caches_absent = false;
        before = wc.iommu_flushes;
        wd->max_pages = n + (n + 1) / 2;
        assert_int_equal(populate_from(W_BASE, n), n);
        assert_true(wc.iommu_flushes - before <= 1 + (n + 511) / 512);
        assert_int_equal(wd->tot_pages, n);
        /* With room for one page more it takes longer, and all is done. */
        wd->max_pages = n + 1;
        assert_int_equal(populate_from(W_BASE, MIN(n, 20ul)), MIN(n, 20ul));
        assert_int_equal(wd->tot_pages, n);
        wd->max_pages = FRAMES;
        stop();
    }
}

/* What is wrong with one extent ends the call there; its batch is not lost otherwise. */
static void populate_in_part(void **state)
{
    (void)state;
    start();
    assert_int_equal(p2m_map_mmio(wd, _gfn(W_BASE + 300), _mfn(0xf0000), 1), 0);
    assert_int_equal(populate_from(W_BASE, 512), 300);
    assert_int_equal(wd->tot_pages, 300);
    assert_true(is_hole(W_BASE + 301));
    wd->max_pages = 310;
    assert_int_equal(populate_from(W_BASE + 512, 512), 10);
    assert_int_equal(wd->tot_pages, 310);
    wd->max_pages = FRAMES;
    stop();
}

static void populate_refused(void **state)
{
    xen_pfn_t g[4] = { W_BASE, W_BASE + 1, W_BASE + 2, W_BASE + 3 };

    (void)state;
    start();
    assert_int_equal(call(XENMEM_populate_physmap, NULL), 0);
    assert_int_equal(reserve(XENMEM_populate_physmap, 77, g, 2, 0, 0), 0);
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 1ul << 30, 0, 0), 0);
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 1, 19, 0), 0);
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, NULL, 2, 0, 0), 0);
    assert_int_equal(
        reserve(XENMEM_populate_physmap, DOMID_SELF, (void *)(-64l), 2, 0, 0), 0);
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 1, 0,
                             XENMEMF_populate_on_demand), -EOPNOTSUPP);
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 1, 0, XENMEMF_vnode),
                     0);
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 1, 0,
                             XENMEMF_exact_node(5)), 0);
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 1, 0,
                             XENMEMF_address_bits(20)), 0);
    g[1] = ~0ul;
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 3, 0, 0), 1);
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 1, 0,
                             XENMEMF_address_bits(32)), 1);
    assert_true(mfn_x(at(W_BASE, NULL)) < 0x100000);
    wd->max_pages = 1;
    g[1] = W_BASE + 1;
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g + 1, 2, 0, 0), 0);
    wd->max_pages = FRAMES;

    wd->is_privileged = false;
    assert_int_equal(reserve(XENMEM_populate_physmap, OTHER_ID, g, 2, 0, 0), 0);
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 1, 10, 0), 0);
    wd->is_privileged = true;

    /* The list's second half is not there: what was readable is done. */
    bad_start = (uintptr_t)&g[2];
    bad_end = bad_start + 8;
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 4, 0, 0), 2);
    bad_end = 0;
    /* A grant or device page is not lost under a new frame. */
    assert_int_equal(p2m_map_mmio(wd, _gfn(W_BASE + 3), _mfn(0xf0000), 1), 0);
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g + 3, 1, 0, 0), 0);
    assert_int_equal(wd->tot_pages, 2);
    stop();
}

static void populate_no_memory(void **state)
{
    xen_pfn_t g[3] = { W_BASE, W_BASE + 512, W_BASE + 1024 };
    unsigned long nth, free_before, all = ~0ul, failed = 0;
    long rc;

    (void)state;
    start();
    /* The first time allocates small things that stay. */
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 3, 3, 0), 3);
    assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, g, 3, 3, 0), 3);
    stop();
    for (nth = 1; all >= nth - 1; nth++) {
        start();
        free_before = heap_free_pages();
        alloc_fail_arm(nth);
        rc = reserve(XENMEM_populate_physmap, DOMID_SELF, g, 3, 3, 0);
        all = alloc_fail_arm(0);
        failed += rc < 3;
        assert_int_equal(wd->tot_pages, 8 * rc);
        assert_true(heap_free_pages() + 8 * rc + 8 >= free_before);
        assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, g, rc, 3, 0),
                         rc);
        stop();
    }
    /* A block that could not be had is asked for again once the others are placed. */
    assert_true(nth > 4 && failed >= 2 && rc == 3);

    for (nth = 1, rc = 0; rc < 3; nth++) {
        start();
        w_iommu_fail_at = nth;
        rc = reserve(XENMEM_populate_physmap, DOMID_SELF, g, 3, 3, 0);
        w_iommu_fail_at = 0;
        assert_int_equal(wd->tot_pages, 8 * rc);
        stop();
    }
}

static void preempted(void **state)
{
    xen_pfn_t list[700];
    unsigned int i;

    (void)state;
    start();
    for (i = 0; i < 700; i++)
        list[i] = W_BASE + i;
    w_preempt = true;
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, list, 700, 0, 0), 700);
    assert_int_equal(restarts, 1);
    assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, list, 700, 0, 0),
                     700);
    assert_int_equal(restarts, 1);
    assert_int_equal(wd->tot_pages, 0);
    stop();
}

/* --- decrease ---------------------------------------------------------------------- */

static void decrease(void **state)
{
    static const unsigned int sizes[] = { 1, 2, 15, 16, 17, 511, 512, 513, 1024 };
    xen_pfn_t list[1100];
    unsigned int i, k;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        unsigned int n = sizes[i];
        unsigned long flushes;

        start();
        fill(W_BASE, n);
        for (k = 0; k < n; k++)
            list[k] = W_BASE + k;
        flushes = wc.iommu_flushes;
        assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, list, n, 0, 0),
                         n);
        assert_int_equal(wc.iommu_flushes - flushes, (n + 511) / 512);
        assert_int_equal(wd->tot_pages, 0);
        assert_int_equal(p2m_refs(page_to_mfn(mfn_to_page(_mfn(FAKE_HIGH_MFN)))), 0);
        stop();
    }
}

static void decrease_bad(void **state)
{
    xen_pfn_t g[4] = { W_BASE, W_BASE + 1, W_BASE + 900, W_BASE + 2 };
    struct page_info *alien;

    (void)state;
    start();
    fill(W_BASE, 8);
    /* A hole, then nothing more. */
    assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, g, 4, 0, 0), 2);
    assert_false(is_hole(W_BASE + 2));
    assert_int_equal(wd->tot_pages, 6);
    g[0] = ~0ul;
    assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, g, 1, 0, 0), 0);
    assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, g, 1, 9, 0), 0);
    /* Foreign frames are not the domain's to give. */
    alien = domain_alloc_pages(wother, 0, 0);
    assert_int_equal(
        p2m_map_one(wd, _gfn(W_BASE + 900), page_to_mfn(alien), 0, P2M_FOREIGN), 0);
    assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, g + 2, 1, 0, 0), 0);
    assert_false(is_hole(W_BASE + 900));
    /* One page out of a large one; then the rest in pieces. */
    g[0] = W_BASE + 512;
    g[1] = W_BASE + 512 + 77;
    assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, g, 1, 9, 0), 1);
    assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, g + 1, 1, 0, 0), 1);
    assert_int_equal(wd->tot_pages, 6 + 511);
    assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, g, 1, 6, 0), 1);
    assert_int_equal(wd->tot_pages, 6 + 511 - 64);
    stop();
}

/* --- maps, numbers, refusals ------------------------------------------------------- */

static void maps(void **state)
{
    struct e820entry in[3] = { { 0, 0xa0000, 1 }, { 0x100000, 0x1000, 1 }, { 9, 9, 2 } };
    struct e820entry out[4];
    struct xen_memory_map m = { .nr_entries = 4, .buffer = { out } };
    struct xen_foreign_memory_map f = {
        .domid = WD_ID, .map = { .nr_entries = 3, .buffer = { in } },
    };

    (void)state;
    start();
    assert_int_equal(call(XENMEM_memory_map, &m), -ENOSYS);
    assert_int_equal(call(XENMEM_set_memory_map, &f), 0);
    assert_int_equal(call(XENMEM_set_memory_map, &f), 0);
    assert_int_equal(call(XENMEM_memory_map, &m), 0);
    assert_int_equal(m.nr_entries, 3);
    assert_memory_equal(in, out, sizeof(in));
    m.nr_entries = 1;
    assert_int_equal(call(XENMEM_memory_map, &m), 0);
    assert_int_equal(m.nr_entries, 1);
    m.buffer.p = NULL;
    assert_int_equal(call(XENMEM_memory_map, &m), -EFAULT);
    f.map.nr_entries = E820_GUEST_MAX + 1;
    assert_int_equal(call(XENMEM_set_memory_map, &f), -E2BIG);
    f.map.nr_entries = 3;
    f.map.buffer.p = NULL;
    assert_int_equal(call(XENMEM_set_memory_map, &f), -EFAULT);
    f.domid = 77;
    assert_int_equal(call(XENMEM_set_memory_map, &f), -ESRCH);
    wd->is_privileged = false;
    assert_int_equal(call(XENMEM_set_memory_map, &f), -EPERM);
    assert_int_equal(call(XENMEM_machine_memory_map, &m), -EPERM);
    wd->is_privileged = true;

    boot_info.nr_e820 = 1;
    boot_info.e820[0].size = 4096;
    boot_info.e820[0].type = 1;
    m = (struct xen_memory_map){ .nr_entries = 4, .buffer = { out } };
    assert_int_equal(call(XENMEM_machine_memory_map, &m), 0);
    assert_int_equal(m.nr_entries, 1);
    assert_int_equal(out[0].size, 4096);
    stop();
}

/* What firmware reserves for devices: all of it, or one device's; how many there are. */
static void reserved(void **state)
{
    struct xen_reserved_device_memory out[3];
    struct xen_reserved_device_memory_map m = {
        .flags = XENMEM_RDM_ALL, .nr_entries = 0,
    };

    (void)state;
    start();
    assert_int_equal(call(XENMEM_reserved_device_memory_map, &m), -ENOBUFS);
    assert_int_equal(m.nr_entries, 3);
    m.buffer.p = out;
    assert_int_equal(call(XENMEM_reserved_device_memory_map, &m), 0);
    assert_int_equal(out[1].start_pfn, 0x7e000);
    assert_int_equal(out[1].nr_pages, 1);

    m.flags = 0;
    m.dev.pci = (struct physdev_pci_device){ .seg = 1, .bus = 0, .devfn = 8 };
    memset(out, 0, sizeof(out));
    m.nr_entries = 1;
    assert_int_equal(call(XENMEM_reserved_device_memory_map, &m), -ENOBUFS);
    assert_int_equal(m.nr_entries, 2);
    assert_int_equal(out[0].start_pfn, 0x7f000);
    assert_int_equal(out[0].nr_pages, 2);
    assert_int_equal(out[1].nr_pages, 0);
    assert_int_equal(call(XENMEM_reserved_device_memory_map, &m), 0);
    assert_int_equal(out[1].start_pfn, 0x7d000);
    assert_int_equal(out[1].nr_pages, 256);
    m.dev.pci.bus = 3;
    assert_int_equal(call(XENMEM_reserved_device_memory_map, &m), 0);
    assert_int_equal(m.nr_entries, 0);

    m = (struct xen_reserved_device_memory_map){
        .flags = XENMEM_RDM_ALL, .nr_entries = 3, .buffer = { out },
    };
    bad_start = (uintptr_t)&out[2];
    bad_end = bad_start + 1;
    assert_int_equal(call(XENMEM_reserved_device_memory_map, &m), -EFAULT);
    m.flags = 2;
    assert_int_equal(call(XENMEM_reserved_device_memory_map, &m), -EINVAL);
    assert_int_equal(call(XENMEM_reserved_device_memory_map, NULL), -EFAULT);
    wd->is_privileged = false;
    assert_int_equal(call(XENMEM_reserved_device_memory_map, &m), -EPERM);
    wd->is_privileged = true;
    stop();
}

static void numbers(void **state)
{
    struct xen_memory_domain who = { DOMID_SELF };
    struct xen_pod_target pod = { .domid = OTHER_ID, .target_pages = 5 };
    struct xen_memory_exchange ex = { .in.domid = WD_ID, .out.domid = WD_ID };
    struct xen_vnuma_topology_info vnuma = { .domid = DOMID_SELF };
    xen_pfn_t g[1] = { W_BASE };

    (void)state;
    start();
    fill(W_BASE, 20);
    assert_int_equal(call(XENMEM_current_reservation, &who), 20);
    assert_int_equal(call(XENMEM_maximum_reservation, &who), FRAMES);
    assert_int_equal(call(XENMEM_maximum_gpfn, &who), W_BASE + 19);
    assert_int_equal(call(XENMEM_maximum_ram_page, NULL), max_page);
    who.domid = 77;
    assert_int_equal(call(XENMEM_current_reservation, &who), -ESRCH);
    assert_int_equal(call(XENMEM_current_reservation, NULL), -EFAULT);
    assert_int_equal(call(XENMEM_get_pod_target, &pod), 0);
    assert_int_equal(pod.tot_pages, 0);
    assert_int_equal(call(XENMEM_set_pod_target, &pod), 0);
    assert_int_equal(call(XENMEM_get_sharing_freed_pages, NULL), 0);
    assert_int_equal(call(XENMEM_exchange, &ex), -EOPNOTSUPP);
    ex.nr_exchanged = 1;
    assert_int_equal(call(XENMEM_exchange, &ex), -EINVAL);
    assert_int_equal(call(XENMEM_get_vnumainfo, &vnuma), -EOPNOTSUPP);
    assert_int_equal(call(XENMEM_machphys_mfn_list, NULL), -ENOSYS);
    assert_int_equal(call(63, NULL), -ENOSYS);

    assert_int_equal(reserve(XENMEM_claim_pages, OTHER_ID, NULL, 50, 0, 0), 0);
    assert_int_equal(wother->outstanding_claim, 50);
    assert_int_equal(reserve(XENMEM_populate_physmap, OTHER_ID, g, 1, 0, 0), 1);
    assert_int_equal(wother->outstanding_claim, 49);
    assert_int_equal(reserve(XENMEM_claim_pages, OTHER_ID, g, 50, 0, 0), -EINVAL);
    assert_int_equal(reserve(XENMEM_claim_pages, OTHER_ID, NULL, 50, 1, 0), -EINVAL);
    assert_int_equal(reserve(XENMEM_claim_pages, 77, NULL, 50, 0, 0), -ESRCH);
    assert_int_equal(reserve(XENMEM_claim_pages, OTHER_ID, NULL, 0, 0, 0), 0);
    wd->is_privileged = false;
    who.domid = OTHER_ID;
    assert_int_equal(call(XENMEM_current_reservation, &who), -EPERM);
    assert_int_equal(reserve(XENMEM_claim_pages, WD_ID, NULL, 50, 0, 0), -EPERM);
    assert_int_equal(call(XENMEM_set_pod_target, &pod), -EPERM);
    wd->is_privileged = true;
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(populate),
        cmocka_unit_test(populate_flushes),
        cmocka_unit_test(populate_in_part),
        cmocka_unit_test(populate_refused),
        cmocka_unit_test(populate_of_dying),
        cmocka_unit_test(populate_no_memory),
        cmocka_unit_test(preempted),
        cmocka_unit_test(decrease),
        cmocka_unit_test(decrease_bad),
        cmocka_unit_test(maps),
        cmocka_unit_test(reserved),
        cmocka_unit_test(numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
