/* SPDX-License-Identifier: GPL-2.0-only */
/* sched_op: giving up the CPU, polling for events, shutting down. */
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <asm/current.h>
#include <public/sched.h>

#define MAX_POLL_PORTS 128

/* 1: a port is pending, 0: none, -EINVAL: no such port. */
static int poll_ports(struct domain *d, const evtchn_port_t *ports, unsigned int nr)
{
    int rc = 0;

    for (unsigned int i = 0; i < nr && !rc; i++)
        rc = evtchn_port_poll(d, ports[i]);
    return rc;
}

static long sched_poll(uint64_t arg)
{
    struct vcpu *v = current;
    struct domain *d = v->domain;
    evtchn_port_t ports[MAX_POLL_PORTS];
    struct sched_poll poll;
    int rc;

    if (arg_read(&poll, arg))
        return -EFAULT;
    if (poll.nr_ports > MAX_POLL_PORTS)
        return -EINVAL;
    if (copy_from_guest_va(ports, guest_handle_addr(poll.ports),
                           poll.nr_ports * sizeof(ports[0])))
        return -EFAULT;

    timer_stop(&v->poll_timer);
    v->poll_evtchn = poll.nr_ports == 1 ? ports[0] : 0;
    __atomic_or_fetch(&v->sched.pause_flags, VPF_POLLING, __ATOMIC_SEQ_CST);
    set_bit(v->vcpu_id, d->evtchn.poll_mask);

    /*
     * Senders look at the mask after setting a port pending; we look in the other order.
     */
    rc = vcpu_event_deliverable(v) ? 1 : poll_ports(d, ports, poll.nr_ports);
    if (rc) {
        clear_bit(v->vcpu_id, d->evtchn.poll_mask);
        __atomic_and_fetch(&v->sched.pause_flags, ~VPF_POLLING, __ATOMIC_SEQ_CST);
        return rc < 0 ? rc : 0;
    }
    if (poll.timeout)
        timer_set(&v->poll_timer, (s_time_t)MIN(poll.timeout, (uint64_t)STIME_MAX));
    softirq_raise(SOFTIRQ_SCHEDULE);
    return 0;
}

static long sched_shutdown(uint64_t arg, bool now)
{
    struct domain *d = current->domain;
    struct sched_shutdown how;

    if (arg_read(&how, arg))
        return -EFAULT;
    if (how.reason > SHUTDOWN_MAX)
        return -EINVAL;
    if (now)
        return domain_shutdown(d, how.reason);
    /* Only the reason, for the shutdown that follows; the first one counts. */
    spin_lock(&d->lock);
    if (d->shutdown_code == ~0U)
        d->shutdown_code = how.reason;
    spin_unlock(&d->lock);
    return 0;
}

static long sched_remote_shutdown(uint64_t arg)
{
    struct sched_remote_shutdown how;
    struct domain *d;
    long rc;

    if (arg_read(&how, arg))
        return -EFAULT;
    d = domain_get_by_id(how.domain_id);
    if (!d)
        return -ESRCH;
    if (!current->domain->is_privileged)
        rc = -EPERM;
    else if (how.reason > SHUTDOWN_MAX || d == current->domain)
        rc = -EINVAL;
    else
        rc = domain_shutdown(d, how.reason);
    domain_put(d);
    return rc;
}

long hypercall_sched_op(const unsigned long *a)
{
    switch ((unsigned int)a[0]) {
    case SCHEDOP_yield:
        vcpu_yield();
        return 0;
    case SCHEDOP_block:
        vcpu_block();
        return 0;
    case SCHEDOP_shutdown:
        return sched_shutdown(a[1], true);
    case SCHEDOP_shutdown_code:
        return sched_shutdown(a[1], false);
    case SCHEDOP_poll:
        return sched_poll(a[1]);
    case SCHEDOP_remote_shutdown:
        return sched_remote_shutdown(a[1]);
    default:
        return -ENOSYS;
    }
}
