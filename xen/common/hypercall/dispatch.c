/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dispatch, continuations and multicall.
 *
 * A long call stops with hypercall_continue(), which leaves its new arguments in
 * current->hcall. Called by itself, they go to the guest's registers and the guest
 * executes the instruction again. Called from a multicall, they go to the multicall's
 * entry in guest memory and the multicall itself continues from that entry.
 */
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/lib.h>
#include <xen/softirq.h>
#include <asm/current.h>

#include "private.h"

#define NR_ARGS ARRAY_SIZE(((struct hcall_state *)0)->args)

long hypercall_continue(const unsigned long *args)
{
    struct hcall_state *h = &current->hcall;

    memmove(h->args, args, sizeof(h->args));
    h->preempted = true;
    return -ERESTART;
}

bool hypercall_preempt_check(void)
{
    return softirq_pending() || vcpu_event_deliverable(current);
}

long hypercall_dispatch(unsigned int nr, unsigned long args[6])
{
    struct hcall_state *h = &current->hcall;
    long rc;

    *h = (struct hcall_state){0};
    rc = hypercall_call(nr, args);
    if (rc == -ERESTART && h->preempted)
        memcpy(args, h->args, sizeof(h->args));
    h->preempted = false;
    return rc;
}

/* Entry i of the list: 0 done, -ERESTART stopped in it, -EFAULT. */
static long multicall_one(uint64_t entry_va)
{
    struct hcall_state *h = &current->hcall;
    struct multicall_entry e;
    long rc;

    BUILD_BUG_ON(ARRAY_SIZE(e.args) != NR_ARGS);
    if (arg_read(&e, entry_va))
        return -EFAULT;
    h->preempted = false;
    rc =
        e.op == (unsigned int)e.op ? hypercall_call((unsigned int)e.op, e.args) : -ENOSYS;
    if (rc == -ERESTART) {
        if (h->preempted)
            memcpy(e.args, h->args, sizeof(e.args));
        h->preempted = false;
        return arg_write_field(entry_va, &e, args) ? -EFAULT : -ERESTART;
    }
    e.result = (unsigned long)rc;
    return arg_write_field(entry_va, &e, result);
}

long hypercall_multicall(const unsigned long *a)
{
    struct hcall_state *h = &current->hcall;
    uint64_t list = a[0];
    unsigned int nr = (unsigned int)a[1], done;
    unsigned long again[NR_ARGS] = {0};
    long rc = 0;

    if (h->in_multicall)
        return -EINVAL;
    if (!guest_range_okay(list, nr, sizeof(struct multicall_entry)))
        return -EFAULT;
    h->in_multicall = true;
    for (done = 0; done < nr && !rc; done++) {
        if (done && hypercall_preempt_check()) {
            rc = -ERESTART;
            break;
        }
        rc = multicall_one(list + done * sizeof(struct multicall_entry));
        if (rc)
            break;
    }
    h->in_multicall = false;
    if (rc != -ERESTART)
        return rc;
    again[0] = list + done * sizeof(struct multicall_entry);
    again[1] = nr - done;
    return hypercall_continue(again);
}
