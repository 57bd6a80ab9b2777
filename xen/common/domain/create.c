/* SPDX-License-Identifier: GPL-2.0-only */
/* Building a domain, and taking apart what was built. */
#include <xen/page_list.h>

#include "private.h"

static int check_config(const struct xen_domctl_createdomain *c)
{
    unsigned int version = XEN_DOMCTL_GRANT_version(c->grant_opts);

    if (c->flags &
        ~(XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap | XEN_DOMCTL_CDF_s3_integrity |
          XEN_DOMCTL_CDF_oos_off | XEN_DOMCTL_CDF_xs_domain | XEN_DOMCTL_CDF_iommu))
        return -EINVAL;
    /* Only hardware-assisted guests with nested paging can be run. */
    if (!(c->flags & XEN_DOMCTL_CDF_hvm) || !(c->flags & XEN_DOMCTL_CDF_hap))
        return -EOPNOTSUPP;
    if (c->max_vcpus < 1 || c->max_vcpus > MAX_VIRT_CPUS)
        return -EINVAL;
    if (c->grant_opts & ~XEN_DOMCTL_GRANT_version_mask || version < 1 || version > 2)
        return -EINVAL;
    if (c->iommu_opts & ~XEN_DOMCTL_IOMMU_MAX ||
        (c->iommu_opts && !(c->flags & XEN_DOMCTL_CDF_iommu)))
        return -EINVAL;
    if ((c->flags & XEN_DOMCTL_CDF_iommu) && !iommu_enabled)
        return -EINVAL;
    if (c->vmtrace_size)
        return -EOPNOTSUPP;
    return 0;
}

static void final_free(void *data)
{
    struct domain *d = data;

    domain_table_remove(d);
    domain_free(d);
}

static void init_fields(struct domain *d, const struct xen_domctl_createdomain *c)
{
    spin_lock_init(&d->lock, LOCK_DOMAIN, "domain");
    spin_lock_init(&d->page_lock, LOCK_PAGE, "page list");
    list_init(&d->link);
    page_list_init(&d->page_list);
    rangeset_init(&d->iomem_caps, &d->charge, "I/O memory");
    rangeset_init(&d->irq_caps, &d->charge, "interrupts");
    tasklet_init(&d->final_free, final_free, d);
    d->refcount = 1;
    d->shutdown_code = ~0U;
    d->shared_info_gfn = ~0UL;
    d->create_flags = c->flags;
    d->ssidref = c->ssidref;
    memcpy(d->handle, c->handle, sizeof(d->handle));
    /* One for the toolstack that builds it, taken off by unpausedomain. */
    d->controller_pause_count = d->pause_count = 1;
}

/* Storage that every domain has; on failure the caller frees d. */
static int init_parts(struct domain *d, const struct xen_domctl_createdomain *c)
{
    int rc = sched_domain_init(d, c->cpupool_id);

    if (rc)
        return rc;
    d->vcpu = charge_alloc_array(&d->charge, CHARGE_VCPU_ARRAY, c->max_vcpus,
                                 sizeof(*d->vcpu));
    d->dummy_vcpu_info = charge_alloc(&d->charge, CHARGE_DOMAIN,
                                      sizeof(*d->dummy_vcpu_info));
    if (!d->vcpu || !d->dummy_vcpu_info)
        return -ENOMEM;
    d->max_vcpus = c->max_vcpus;
    rc = evtchn_domain_init(d, c->max_evtchn_port);
    if (rc)
        return rc;
    rc = grant_table_init(d, c->max_grant_frames, c->max_maptrack_frames,
                          XEN_DOMCTL_GRANT_version(c->grant_opts));
    if (rc)
        return rc;
    d->shared_info_page = domain_alloc_shared(d, CHARGE_SHARED_INFO);
    if (!d->shared_info_page)
        return -ENOMEM;
    d->shared_info = page_to_virt(d->shared_info_page);
    return arch_domain_create(d, c);
}

/* Frames that the domain owns go first: they keep a reference to it. */
static void undo_parts(struct domain *d)
{
    d->dying = DOMDYING_DEAD;
    while (arch_domain_relinquish(d) == -ERESTART)
        ;
    if (d->grant_table)
        grant_table_release_frames(d);
    domain_release_shared_info(d);
}

struct domain *domain_create(domid_t id, const struct xen_domctl_createdomain *config,
                             bool privileged)
{
    struct domain *d;
    int rc = check_config(config);

    if (rc)
        return ERR_PTR(rc);
    d = charge_alloc(NULL, CHARGE_DOMAIN, sizeof(*d));
    if (!d)
        return ERR_PTR(-ENOMEM);
    d->domain_id = id;
    d->is_privileged = privileged;
    init_fields(d, config);
    rc = init_parts(d, config);
    if (!rc)
        rc = domain_table_insert(d);
    if (rc) {
        undo_parts(d);
        domain_free(d);
        return ERR_PTR(rc);
    }
    return d;
}

void domain_release_shared_info(struct domain *d)
{
    struct page_info *pg;

    spin_lock(&d->lock);
    pg = d->shared_info_page;
    d->shared_info_page = NULL;
    d->shared_info = NULL;
    spin_unlock(&d->lock);
    if (pg)
        page_put(pg);
}

void domain_free(struct domain *d)
{
    domain_destroy_vcpus(d);
    arch_domain_destroy(d);
    grant_table_destroy(d);
    evtchn_domain_destroy(d);
    sched_domain_destroy(d);
    rangeset_destroy(&d->iomem_caps);
    rangeset_destroy(&d->irq_caps);
    charge_free(d->dummy_vcpu_info);
    charge_free(d->vcpu);
    /* I2: nothing may be left. */
    if (charge_total(&d->charge)) {
        printk(XENLOG_ERR "%pd is gone but %lu bytes of its memory are not:\n", d,
               (unsigned long)charge_total(&d->charge));
        charge_dump(&d->charge);
#ifdef CONFIG_DEBUG
        BUG();
#else
        domains_leaked++;
#endif
    }
    charge_free(d);
}
