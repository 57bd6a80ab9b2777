/* SPDX-License-Identifier: GPL-2.0-only */
/* event_channel_op: arguments in, errors out. */
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <asm/current.h>

#include "private.h"

/* A domain the caller may act for: itself, or any for domain 0. Referenced. */
static struct domain *target(domid_t id)
{
    struct domain *d = domain_get_by_id(id);

    if (!d)
        return ERR_PTR(-ESRCH);
    if (d == current->domain || current->domain->is_privileged)
        return d;
    domain_put(d);
    return ERR_PTR(-EPERM);
}

static long op_alloc_unbound(uint64_t arg)
{
    struct evtchn_alloc_unbound alloc;
    struct domain *d;
    long rc;

    if (arg_read(&alloc, arg))
        return -EFAULT;
    d = target(alloc.dom);
    if (IS_ERR(d))
        return PTR_ERR(d);
    if (alloc.remote_dom == DOMID_SELF)
        alloc.remote_dom = current->domain->domain_id;
    rc = evtchn_alloc_unbound_port(d, alloc.remote_dom, &alloc.port);
    if (!rc && arg_write_field(arg, &alloc, port)) {
        evtchn_close(d, alloc.port);
        rc = -EFAULT;
    }
    domain_put(d);
    return rc;
}

/* The caller could not be told its new port: take it back. */
static long tell_port(uint64_t arg, size_t offset, evtchn_port_t port)
{
    if (!copy_to_guest_va(arg + offset, &port, sizeof(port)))
        return 0;
    evtchn_close(current->domain, port);
    return -EFAULT;
}

static long op_bind(unsigned int cmd, uint64_t arg)
{
    union {
        struct evtchn_bind_interdomain interdomain;
        struct evtchn_bind_virq virq;
        struct evtchn_bind_ipi ipi;
    } b;
    long rc;

    switch (cmd) {
    case EVTCHNOP_bind_interdomain:
        if (arg_read(&b.interdomain, arg))
            return -EFAULT;
        rc = evtchn_bind_interdomain(&b.interdomain);
        return rc ? rc
                  : tell_port(arg, offsetof(struct evtchn_bind_interdomain, local_port),
                              b.interdomain.local_port);
    case EVTCHNOP_bind_virq:
        if (arg_read(&b.virq, arg))
            return -EFAULT;
        rc = evtchn_bind_virq(&b.virq);
        return rc ? rc
                  : tell_port(arg, offsetof(struct evtchn_bind_virq, port), b.virq.port);
    default:
        if (arg_read(&b.ipi, arg))
            return -EFAULT;
        rc = evtchn_bind_ipi(&b.ipi);
        return rc ? rc
                  : tell_port(arg, offsetof(struct evtchn_bind_ipi, port), b.ipi.port);
    }
}

static long op_status(uint64_t arg)
{
    struct evtchn_status status;
    long rc;

    if (arg_read(&status, arg))
        return -EFAULT;
    rc = evtchn_status(&status);
    return rc ? rc : arg_write(arg, &status);
}

static long op_unmask(evtchn_port_t port)
{
    struct domain *d = current->domain;
    struct evtchn *chn = evtchn_from_port(d, port);
    uint64_t flags;

    if (!chn)
        return -EINVAL;
    flags = spin_lock_irqsave(&chn->lock);
    if (evtchn_usable(chn))
        d->evtchn.ops->unmask(d, chn);
    spin_unlock_irqrestore(&chn->lock, flags);
    return 0;
}

static long op_reset(unsigned int cmd, uint64_t arg)
{
    unsigned long again[6] = {EVTCHNOP_reset_cont, arg};
    struct evtchn_reset reset;
    struct domain *d;
    long rc;

    if (arg_read(&reset, arg))
        return -EFAULT;
    d = target(reset.dom);
    if (IS_ERR(d))
        return PTR_ERR(d);
    rc = evtchn_reset(d, cmd == EVTCHNOP_reset_cont);
    domain_put(d);
    return rc == -ERESTART ? hypercall_continue(again) : rc;
}

static long op_init_control(uint64_t arg)
{
    struct evtchn_init_control init;

    if (arg_read(&init, arg))
        return -EFAULT;
    /* Always the same answer: given first, because the change cannot be undone. */
    init.link_bits = EVTCHN_FIFO_LINK_BITS;
    if (arg_write_field(arg, &init, link_bits))
        return -EFAULT;
    return evtchn_fifo_init_control(&init);
}

static long op_set_priority(uint64_t arg)
{
    struct evtchn_set_priority set;
    struct domain *d = current->domain;
    struct evtchn *chn;
    uint64_t flags;
    long rc = -EINVAL;

    if (arg_read(&set, arg))
        return -EFAULT;
    if (!d->evtchn.ops->set_priority)
        return -ENOSYS;
    chn = evtchn_from_port(d, set.port);
    if (!chn)
        return -EINVAL;
    flags = spin_lock_irqsave(&chn->lock);
    if (evtchn_usable(chn))
        rc = d->evtchn.ops->set_priority(d, chn, set.priority);
    spin_unlock_irqrestore(&chn->lock, flags);
    return rc;
}

/* Calls whose whole argument is a port, or a port and a vCPU. */
static long op_port(unsigned int cmd, uint64_t arg)
{
    struct evtchn_bind_vcpu b = {0};

    if (copy_from_guest_va(&b, arg,
                           cmd == EVTCHNOP_bind_vcpu ? sizeof(b) : sizeof(b.port)))
        return -EFAULT;
    switch (cmd) {
    case EVTCHNOP_close:
        return evtchn_close(current->domain, b.port);
    case EVTCHNOP_send:
        return evtchn_send(current->domain, b.port);
    case EVTCHNOP_unmask:
        return op_unmask(b.port);
    default:
        return evtchn_bind_vcpu(b.port, b.vcpu);
    }
}

long hypercall_event_channel_op(const unsigned long *a)
{
    struct evtchn_expand_array expand;
    unsigned int cmd = (unsigned int)a[0];
    uint64_t arg = a[1];

    BUILD_BUG_ON(offsetof(struct evtchn_bind_vcpu, port) != 0);
    switch (cmd) {
    case EVTCHNOP_send:
    case EVTCHNOP_close:
    case EVTCHNOP_unmask:
    case EVTCHNOP_bind_vcpu:
        return op_port(cmd, arg);
    case EVTCHNOP_alloc_unbound:
        return op_alloc_unbound(arg);
    case EVTCHNOP_bind_interdomain:
    case EVTCHNOP_bind_virq:
    case EVTCHNOP_bind_ipi:
        return op_bind(cmd, arg);
    case EVTCHNOP_status:
        return op_status(arg);
    case EVTCHNOP_reset:
    case EVTCHNOP_reset_cont:
        return op_reset(cmd, arg);
    case EVTCHNOP_init_control:
        return op_init_control(arg);
    case EVTCHNOP_expand_array:
        return arg_read(&expand, arg) ? -EFAULT : evtchn_fifo_expand(&expand);
    case EVTCHNOP_set_priority:
        return op_set_priority(arg);
    case EVTCHNOP_bind_pirq: /* translated guests get interrupts from their own chips */
    default:
        return -ENOSYS;
    }
}

void evtchn_dump(struct domain *d)
{
    static const char *const kinds[] = {"free", "reserved", "unbound", "interdomain",
                                        "pirq", "virq", "ipi"};
    const struct evtchn_port_ops *ops = d->evtchn.ops;

    spin_lock(&d->evtchn.lock);
    printk("d%u: %s, %u in use\n", d->domain_id, ops->name, d->evtchn.active);
    for (unsigned int port = 1; port < d->evtchn.valid_ports; port++) {
        struct evtchn *chn = evtchn_from_port(d, port);

        if (!evtchn_usable(chn))
            continue;
        printk("  %4u %-11s v%u%s%s", port, kinds[chn->kind], chn->notify_vcpu,
               ops->is_pending(d, chn) ? " pending" : "",
               ops->is_masked(d, chn) ? " masked" : "");
        if (ops->dump)
            ops->dump(d, chn);
        printk("\n");
    }
    spin_unlock(&d->evtchn.lock);
}
