/* SPDX-License-Identifier: GPL-2.0-only */
/* The test hypercall: see xen/test_op.h. */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/iommu.h>
#include <xen/test_op.h>
#include <asm/current.h>
#include <asm/p2m.h>
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

static long delay_flush(struct domain *d, unsigned long gpa)
{
    struct page_info *pg;

    if (gpa % sizeof(uint32_t))
        return -EINVAL;
    pg = p2m_get_page(d, gaddr_to_gfn(gpa), NULL, P2M_GET_WRITE | P2M_GET_OWN);
    if (!pg)
        return -EINVAL;
    iommu_delay_flush(page_to_virt(pg) + (gpa & ~PAGE_MASK));
    return 0;
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
        return delay_flush(current->domain, a[1]);
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
