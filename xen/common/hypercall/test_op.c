/* SPDX-License-Identifier: GPL-2.0-only */
/* The test hypercall: see xen/test_op.h. */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/iommu.h>
#include <xen/test_op.h>
#include <asm/current.h>
#include <asm/stack.h>

static long count_flushes(struct domain *d, unsigned long what)
{
    struct iommu_stats s;

    spin_lock(&d->iommu.lock);
    s = d->iommu.stats;
    spin_unlock(&d->iommu.lock);
    switch (what) {
    case FLUSHES_COMMANDS:
        return (long)s.flush_commands;
    case FLUSHES_PAGES:
        return (long)s.flush_pages;
    case FLUSHES_WAITS:
        return (long)s.flush_waits;
    default:
        return -EINVAL;
    }
}

HYPERCALL(test_op)
{
    switch (a[0]) {
    case TESTOP_FAIL_ALLOC:
        return (long)alloc_fail_arm(a[1]);
    case TESTOP_STALL_IOMMU:
        iommu_set_stalled(a[1]);
        return 0;
    case TESTOP_DELAY_FLUSH:
        if (a[1] > 1000)
            return -EINVAL;
        iommu_delay_flush((unsigned int)a[1]);
        return 0;
    case TESTOP_FLUSHES:
        return count_flushes(current->domain, a[1]);
    case TESTOP_OVERFLOW_STACK:
        return stack_test_overflow(a[1]);
    case TESTOP_BYTES_IN_USE:
        return (long)alloc_bytes_in_use();
    default:
        return -ENOSYS;
    }
}
