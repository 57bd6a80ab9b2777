/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every allocation that making a domain needs is failed, one after the other. Each time
 * the failure must be a clean -ENOMEM and nothing may be lost. A leak shows as fewer free
 * pages; a forgotten check as a crash of the hypervisor.
 */
#include <xen/test_op.h>
#include "domctl.h"

#define MOST 2000 /* allocations of one round; far more than there are */

static long fail_alloc(unsigned long nth)
{
    return HC2(HYPERVISOR_TEST_OP, TESTOP_FAIL_ALLOC, nth);
}

/* Make a domain with memory; the first error. It is destroyed in any case. */
static long round(void)
{
    domid_t id;
    long rc = create(3, &id), dead;

    if (rc)
        return rc;
    rc = max_vcpus(id, 3);
    if (!rc) {
        rc = populate(id, 0x80000, 32);
        rc = rc == 32 ? 0 : rc < 0 ? rc : -XEN_ENOMEM;
    }
    dead = simple(XEN_DOMCTL_destroydomain, id);
    return rc ? rc : dead;
}

static bool settled(uint64_t *pages)
{
    *pages = free_pages();
    return free_again(*pages);
}

TEST(each_allocation)
{
    uint64_t before;
    unsigned long n;

    if (fail_alloc(0) == -XEN_ENOSYS) {
        print("skipped: this hypervisor was built without fault injection\n");
        return;
    }
    CHECK_EQ(round(), 0); /* what is allocated once and for all */
    delay_ns(50000000);
    CHECK(settled(&before));
    for (n = 1; n < MOST; n++) {
        long rc;

        fail_alloc(n);
        rc = round();
        /* Fewer than n allocations: the round is through. */
        if (fail_alloc(0) < (long)n) {
            CHECK_EQ(rc, 0);
            break;
        }
        if (rc && rc != -XEN_ENOMEM)
            print("allocation %lu: %ld\n", n, rc);
        CHECK(rc == 0 || rc == -XEN_ENOMEM);
        if (!free_again(before))
            print("allocation %lu was lost\n", n);
        CHECK(free_again(before));
    }
    CHECK(n > 10 && n < MOST);
    print("%lu allocations failed in turn\n", n - 1);
}
