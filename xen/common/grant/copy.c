/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies between pages, each given by a grant or as the caller's own frame. */
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <asm/current.h>
#include <asm/p2m.h>

#include "private.h"

/* One end of a copy, held. */
struct copy_end {
    struct page_info *page;
    struct domain *owner;        /* of the grant; NULL: an own frame */
    struct pinned_grant pin;
};

static int hold_own(struct copy_end *end, const struct gnttab_copy_ptr *p, bool write)
{
    if (p->domid != DOMID_SELF)
        return GNTST_permission_denied;
    end->page = p2m_get_page(current->domain, _gfn(p->u.gmfn), NULL,
                             write ? P2M_GET_WRITE : 0);
    return end->page ? GNTST_okay : GNTST_bad_page;
}

static int hold_grant(struct copy_end *end, const struct gnttab_copy_ptr *p, uint16_t len,
                      bool write)
{
    struct domain *owner = domain_get_by_id(p->domid);
    int rc;

    if (!owner)
        return GNTST_bad_domain;
    rc = grant_pin(owner, p->u.ref, current->domain->domain_id, write ? PIN_WRITE : 0,
                   &end->pin);
    if (rc != GNTST_okay) {
        domain_put(owner);
        return rc;
    }
    end->owner = owner;
    end->page = end->pin.page;
    if (p->offset < end->pin.start ||
        (uint32_t)p->offset + len > (uint32_t)end->pin.start + end->pin.length)
        return GNTST_general_error;
    return GNTST_okay;
}

static void let_go(struct copy_end *end)
{
    if (end->owner) {
        grant_unpin(&end->pin);
        domain_put(end->owner);
    } else if (end->page) {
        page_put(end->page);
    }
}

static int copy_one(const struct gnttab_copy *op)
{
    struct copy_end from = {0}, to = {0};
    int rc;

    if (op->flags & ~(GNTCOPY_source_gref | GNTCOPY_dest_gref))
        return GNTST_general_error;
    if ((uint32_t)op->source.offset + op->len > PAGE_SIZE ||
        (uint32_t)op->dest.offset + op->len > PAGE_SIZE)
        return GNTST_bad_copy_arg;
    rc = op->flags & GNTCOPY_source_gref ? hold_grant(&from, &op->source, op->len, false)
                                         : hold_own(&from, &op->source, false);
    if (rc == GNTST_okay)
        rc = op->flags & GNTCOPY_dest_gref ? hold_grant(&to, &op->dest, op->len, true)
                                           : hold_own(&to, &op->dest, true);
    if (rc == GNTST_okay)
        memmove((char *)page_to_virt(to.page) + op->dest.offset,
                (const char *)page_to_virt(from.page) + op->source.offset, op->len);
    let_go(&to);
    let_go(&from);
    return rc;
}

long grant_op_copy(uint64_t array, unsigned int count)
{
    struct gnttab_copy op;

    for (unsigned int i = 0; i < count; i++) {
        uint64_t at = array + i * sizeof(op);

        if (i && hypercall_preempt_check())
            return grant_op_continue(GNTTABOP_copy, array, sizeof(op), i, count);
        if (arg_read(&op, at))
            return -EFAULT;
        op.status = (int16_t)copy_one(&op);
        if (arg_write_field(at, &op, status))
            return -EFAULT;
    }
    return 0;
}
