/* SPDX-License-Identifier: GPL-2.0-only */
/* XEN_SYSCTL: the machine as the toolstack sees it. */
#include <xen/console.h>
#include <xen/ctl.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/keyhandler.h>
#include <xen/lib.h>
#include <public/sysctl.h>

static DEFINE_SPINLOCK(sysctl_lock, LOCK_DOMCTL);

/* The ring moves on while it is read: in pieces, each copied out at once. */
static long read_console(struct xen_sysctl_readconsole *rc)
{
    char buf[512];
    uint32_t index = rc->index, done = 0;
    bool incremental = rc->incremental;

    while (done < rc->count) {
        size_t n = console_ring_read(buf, MIN((size_t)(rc->count - done), sizeof(buf)),
                                     &index, rc->clear, incremental);

        if (n == 0)
            break;
        if (copy_to_guest_va(guest_handle_addr(rc->buffer) + done, buf, n))
            return -EFAULT;
        done += (uint32_t)n;
        incremental = true;
    }
    rc->count = done;
    rc->index = index;
    return 0;
}

static long physinfo(struct xen_sysctl_physinfo *pi)
{
    memset(pi, 0, sizeof(*pi));
    pi->nr_cpus = num_online_cpus();
    for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
        if (cpumask_test(cpu, &cpu_present_map))
            pi->max_cpu_id = cpu;
    pi->nr_nodes = 1;
    pi->cpu_khz = cpu_khz;
    pi->total_pages = total_pages;
    pi->free_pages = heap_free_pages();
    pi->outstanding_pages = heap_outstanding_claims();
    pi->max_mfn = max_page - 1;
    pi->capabilities = XEN_SYSCTL_PHYSCAP_gnttab_v1 | XEN_SYSCTL_PHYSCAP_gnttab_v2;
    if (iommu_enabled)
        pi->capabilities |= XEN_SYSCTL_PHYSCAP_directio;
    arch_physinfo(pi);
    return 0;
}

static long domain_list(struct xen_sysctl_getdomaininfolist *l)
{
    struct xen_domctl_getdomaininfo info;
    struct domain *d = NULL;
    uint32_t n = 0;

    while (n < l->max_domains) {
        d = domain_next(d, l->first_domain);
        if (!d)
            break;
        getdomaininfo(d, &info);
        if (guest_write_at(l->buffer, n, &info)) {
            domain_put(d);
            return -EFAULT;
        }
        n++;
    }
    if (d)
        domain_put(d);
    l->num_domains = n;
    return 0;
}

static long debug_keys(const struct xen_sysctl_debug_keys *k)
{
    for (uint32_t i = 0; i < k->nr_keys; i++) {
        char key;

        if (copy_from_guest_va(&key, guest_handle_addr(k->keys) + i, 1))
            return -EFAULT;
        keyhandler_run((unsigned char)key);
    }
    return 0;
}

static long cpu_info(struct xen_sysctl_getcpuinfo *c)
{
    struct xen_sysctl_cpuinfo info;
    uint32_t n = 0;

    for (; n < c->max_cpus && n < NR_CPUS && cpumask_test(n, &cpu_present_map); n++) {
        info.idletime = (uint64_t)cpu_idle_time(n);
        if (guest_write_at(c->info, n, &info))
            return -EFAULT;
    }
    c->nr_cpus = n;
    return 0;
}

static long avail_heap(struct xen_sysctl_availheap *h)
{
    if (h->node != -1 && h->node != 0)
        return -EINVAL;
    h->avail_bytes = heap_free_between(h->min_bitwidth, h->max_bitwidth) << PAGE_SHIFT;
    return 0;
}

static long numa_info(struct xen_sysctl_numainfo *ni)
{
    struct xen_sysctl_meminfo mem = {
        /* What the node spans, holes included, as the tools know it. */
        .memsize = (uint64_t)max_page << PAGE_SHIFT,
        .memfree = (uint64_t)heap_free_pages() << PAGE_SHIFT,
    };
    uint32_t distance = 10; /* to itself, ACPI 6.4 §5.2.17 */

    if (ni->num_nodes >= 1) {
        if (!guest_handle_is_null(ni->meminfo) && guest_write(ni->meminfo, &mem))
            return -EFAULT;
        if (!guest_handle_is_null(ni->distance) && guest_write(ni->distance, &distance))
            return -EFAULT;
    }
    ni->num_nodes = 1;
    return 0;
}

static long pci_topology(struct xen_sysctl_pcitopoinfo *ti, bool *copyback)
{
    uint32_t i;

    if (guest_handle_is_null(ti->devs) || guest_handle_is_null(ti->nodes))
        return -EINVAL;
    for (i = 0; i < ti->num_devs && !hypercall_preempt_check(); i++) {
        struct physdev_pci_device dev;
        uint32_t node = XEN_INVALID_DEV;

        if (guest_read_at(&dev, ti->devs, i))
            return -EFAULT;
        spin_lock(&pcidevs_lock);
        if (pci_find(PCI_SBDF(dev.seg, dev.bus, dev.devfn >> 3, dev.devfn & 7)))
            node = XEN_INVALID_NODE_ID; /* known, and near no node in particular */
        spin_unlock(&pcidevs_lock);
        if (guest_write_at(ti->nodes, i, &node))
            return -EFAULT;
    }
    /* How far it got: the tools come back for the rest. */
    ti->num_devs = i;
    *copyback = true;
    return 0;
}

static long run(struct xen_sysctl *op, bool *copyback)
{
    *copyback = true;
    switch (op->cmd) {
    case XEN_SYSCTL_readconsole:
        return read_console(&op->u.readconsole);
    case XEN_SYSCTL_physinfo:
        return physinfo(&op->u.physinfo);
    case XEN_SYSCTL_sched_id:
        op->u.sched_id.sched_id = sched_id();
        return 0;
    case XEN_SYSCTL_getdomaininfolist:
        return domain_list(&op->u.getdomaininfolist);
    case XEN_SYSCTL_getcpuinfo:
        return cpu_info(&op->u.getcpuinfo);
    case XEN_SYSCTL_availheap:
        return avail_heap(&op->u.availheap);
    case XEN_SYSCTL_numainfo:
        return numa_info(&op->u.numainfo);
    case XEN_SYSCTL_pcitopoinfo:
        return pci_topology(&op->u.pcitopoinfo, copyback);
    case XEN_SYSCTL_cpupool_op:
        return cpupool_sysctl(&op->u.cpupool_op);
    case XEN_SYSCTL_scheduler_op:
        return sched_sysctl(&op->u.scheduler_op);
    default:
        *copyback = false;
        return arch_sysctl(op, copyback);
    }
}

HYPERCALL(sysctl)
{
    struct xen_sysctl op;
    bool copyback = false;
    long rc;

    if (arg_read(&op, a[0]))
        return -EFAULT;
    if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return -EACCES;
    /* A key's function may take long and lets softirqs run: no lock. */
    if (op.cmd == XEN_SYSCTL_debug_keys)
        return debug_keys(&op.u.debug_keys);
    if (!spin_trylock(&sysctl_lock))
        return hypercall_continue(a);
    rc = run(&op, &copyback);
    spin_unlock(&sysctl_lock);
    if (rc == -ERESTART)
        return hypercall_continue(a);
    if (copyback && rc >= 0 && arg_write(a[0], &op))
        rc = -EFAULT;
    return rc;
}
