/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a vCPU's vcpu_info lies: in shared_info at first, then where the guest wants it.
 */
#include <xen/shared_info.h>
#include <asm/current.h>

#include "private.h"

/*
 * From here on senders find the new place. What they wrote to the old one in the meantime
 * may be lost, so everything is pending once; the guest looks and finds what there is.
 */
static void move_vcpu_info(struct vcpu *v, struct vcpu_info *to)
{
    const struct shared_layout *l = shared_layout(v->domain);
    struct vcpu_info *from = v->vcpu_info;

    if (from == v->domain->dummy_vcpu_info) {
        memset(to, 0, sizeof(*to));
        to->evtchn_upcall_mask = 1;
    } else {
        memcpy(to, from, sizeof(*to));
    }
    to->evtchn_upcall_pending = 0;
    smp_wmb();
    write_once(v->vcpu_info, to);
    for (unsigned int i = 0; i < 8u * l->word; i++)
        set_bit(i, shared_selector(to, l));
    vcpu_mark_events_pending(v);
    update_vcpu_time(v);
}

int vcpu_register_info(struct vcpu *v, gfn_t gfn, unsigned int offset)
{
    struct domain *d = v->domain;
    int rc = -EINVAL;
    void *page;

    if (offset > PAGE_SIZE - sizeof(struct vcpu_info))
        return -ENXIO;
    if (offset % shared_layout(d)->word)
        return -EINVAL;
    /* Another vCPU that runs could write to its old one while it is copied. */
    if (v != current && !(read_once(v->sched.pause_flags) & VPF_OFF))
        return -EINVAL;
    page = guest_page_pin(d, gfn);
    if (IS_ERR(page))
        return (int)PTR_ERR(page);
    spin_lock(&d->lock);
    if (!v->vcpu_info_page && !d->dying) {
        v->vcpu_info_page = virt_to_page(page);
        move_vcpu_info(v, page + offset);
        rc = 0;
    }
    spin_unlock(&d->lock);
    if (rc)
        guest_page_unpin(page);
    return rc;
}

/* The domain is dying and v does not run. */
void vcpu_unregister_info(struct vcpu *v)
{
    struct page_info *pg = v->vcpu_info_page;

    /* Or it would go on to lie in shared_info, which goes next. */
    write_once(v->vcpu_info, v->domain->dummy_vcpu_info);
    v->vcpu_info_page = NULL;
    if (pg)
        guest_page_unpin(page_to_virt(pg));
}
