/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains made and destroyed by domctl alone. What would be wrong: memory that does not
 * come back, an errno that lies, a second max_vcpus that works.
 */
#include "domctl.h"

TEST(bad_configs)
{
    struct xen_domctl op;

    config(&op, 0);
    CHECK_EQ(domctl(&op, XEN_DOMCTL_createdomain, 0), -XEN_EINVAL);
    config(&op, 100000);
    CHECK_EQ(domctl(&op, XEN_DOMCTL_createdomain, 0), -XEN_EINVAL);
    config(&op, 1);
    op.u.createdomain.grant_opts = 3;
    CHECK_EQ(domctl(&op, XEN_DOMCTL_createdomain, 0), -XEN_EINVAL);
    config(&op, 1);
    op.u.createdomain.arch.emulation_flags |= XEN_X86_EMU_PIT;
    CHECK_EQ(domctl(&op, XEN_DOMCTL_createdomain, 0), -XEN_EOPNOTSUPP);
    config(&op, 1);
    op.u.createdomain.flags |= 1u << 31;
    CHECK_EQ(domctl(&op, XEN_DOMCTL_createdomain, 0), -XEN_EINVAL);
    config(&op, 1);
    op.interface_version = 0;
    op.cmd = XEN_DOMCTL_createdomain;
    CHECK_EQ(HC(__HYPERVISOR_domctl, &op, 0, 0, 0, 0), -XEN_EACCES);
    CHECK_EQ(HC(__HYPERVISOR_domctl, 0x8000000000, 0, 0, 0, 0), -XEN_EFAULT);
}

TEST(wrong_targets)
{
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, 0x7000), -XEN_ESRCH);
    CHECK_EQ(simple(XEN_DOMCTL_pausedomain, 0x7000), -XEN_ESRCH);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, 0), -XEN_EINVAL);
    CHECK_EQ(simple(XEN_DOMCTL_pausedomain, 0), -XEN_EINVAL);
    CHECK_EQ(simple(9999, 0), -XEN_ENOSYS);
}

TEST(one_life)
{
    uint64_t before = free_pages();
    struct xen_domctl op = {0};
    domid_t id;

    CHECK_EQ(create(2, &id), 0);
    CHECK(id > 0);
    CHECK_EQ(max_vcpus(id, 3), -XEN_EINVAL);
    CHECK_EQ(max_vcpus(id, 2), 0);
    CHECK(max_vcpus(id, 2) < 0);
    CHECK_EQ(domctl(&op, XEN_DOMCTL_getdomaininfo, id), 0);
    CHECK_EQ(op.domain, id);
    CHECK_EQ(op.u.getdomaininfo.max_vcpu_id, 1);
    CHECK_EQ(op.u.getdomaininfo.nr_online_vcpus, 0);
    CHECK(op.u.getdomaininfo.flags & XEN_DOMINF_paused);
    CHECK(op.u.getdomaininfo.flags & XEN_DOMINF_hvm_guest);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    CHECK(free_again(before));
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), -XEN_ESRCH);
}

TEST(memory_comes_back)
{
    uint64_t before = free_pages();
    domid_t id;

    CHECK_EQ(create(1, &id), 0);
    CHECK_EQ(max_vcpus(id, 1), 0);
    CHECK_EQ(populate(id, 0x100, 512), 512);
    CHECK(free_pages() + 512 <= before);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    CHECK(free_again(before));
}

/* Killed at each stage of its making. */
TEST(stages)
{
    uint64_t before = free_pages();

    for (unsigned int stage = 0; stage < 4; stage++) {
        domid_t id;

        CHECK_EQ(create(1 + stage, &id), 0);
        if (stage >= 1)
            CHECK_EQ(max_vcpus(id, 1 + stage), 0);
        if (stage >= 2)
            CHECK_EQ(populate(id, 0, 16), 16);
        if (stage >= 3)
            CHECK_EQ(simple(XEN_DOMCTL_unpausedomain, id), 0);
        CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    }
    CHECK(free_again(before));
}

TEST(many_lives)
{
    uint64_t before = free_pages();

    for (unsigned int i = 0; i < 100; i++) {
        domid_t id;

        CHECK_EQ(create(1 + i % 4, &id), 0);
        if (i % 3)
            CHECK_EQ(max_vcpus(id, 1 + i % 4), 0);
        if (i % 2)
            CHECK_EQ(populate(id, i, 8), 8);
        CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    }
    CHECK(free_again(before));
}
