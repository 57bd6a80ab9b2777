/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every allocation that making a domain needs is failed, one after the other, where the
 * machine has an edu device with that assigned to it. Each time the failure must be a
 * clean -ENOMEM and nothing may be lost, not a byte. A leak shows as less memory; a
 * forgotten check as a crash of the hypervisor; a lost device as one that is not ours.
 */
#include "passthrough.h"

#define MOST 2000 /* allocations of one round; far more than there are */

#define NO_DEVICE 256u
static uint32_t devfn;

static long fail_alloc(unsigned long nth)
{
    return HC2(HYPERVISOR_TEST_OP, TESTOP_FAIL_ALLOC, nth);
}

/* Make a domain with memory; the first error. It is destroyed in any case. */
static long round(void)
{
    bool with = devfn != NO_DEVICE;
    domid_t id;
    long rc = with ? create_with_vpci(3, &id) : create(3, &id), dead;

    if (rc)
        return rc;
    if (with)
        rc = assign_device(id, devfn);
    if (!rc)
        rc = max_vcpus(id, 3);
    if (!rc) {
        rc = populate(id, 0x80000, 32);
        rc = rc == 32 ? 0 : rc < 0 ? rc : -XEN_ENOMEM;
    }
    dead = simple(XEN_DOMCTL_destroydomain, id);
    return rc ? rc : dead;
}

/* Home again from wherever the round left it. */
static bool device_is_ours(void)
{
    fail_alloc(0);
    if (devfn == NO_DEVICE)
        return true;
    if (edu_config_read(devfn, 0) != EDU_ID && deassign_device(DOMID_IO, devfn))
        return false;
    return edu_config_read(devfn, 0) == EDU_ID;
}

TEST(each_allocation)
{
    uint64_t before;
    unsigned long n;
    long used;

    devfn = edu_devfn();
    if (fail_alloc(0) == -XEN_ENOSYS) {
        print("skipped: this hypervisor was built without fault injection\n");
        return;
    }
    CHECK_EQ(round(), 0); /* what is allocated once and for all */
    CHECK(device_is_ours());
    delay_ns(50000000);
    before = free_pages();
    used = bytes_in_use();
    CHECK(as_before(before, used));
    for (n = 1; n < MOST; n++) {
        long rc, asked;

        fail_alloc(n);
        rc = round();
        asked = fail_alloc(0);
        CHECK(device_is_ours());
        /* Fewer than n allocations: the round is through. */
        if (asked < (long)n) {
            CHECK_EQ(rc, 0);
            break;
        }
        if (rc && rc != -XEN_ENOMEM)
            print("allocation %lu: %ld\n", n, rc);
        CHECK(rc == 0 || rc == -XEN_ENOMEM);
        if (!as_before(before, used))
            print("allocation %lu was lost\n", n);
        CHECK(as_before(before, used));
    }
    CHECK(n > 10 && n < MOST);
    print("%lu allocations failed in turn\n", n - 1);
}
