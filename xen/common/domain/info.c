/* SPDX-License-Identifier: GPL-2.0-only */
/* What a domain looks like from outside. */
#include <asm/p2m.h>

#include "private.h"

static uint32_t vcpu_flags(struct domain *d, uint64_t *cpu_time, uint32_t *online,
                           uint32_t *max_id)
{
    uint32_t flags = XEN_DOMINF_blocked; /* until one is found that is not */
    struct vcpu *v;

    *cpu_time = 0;
    *online = 0;
    *max_id = XEN_INVALID_MAX_VCPU_ID;
    for_each_vcpu(d, v) {
        uint32_t pf = read_once(v->sched.pause_flags);

        *cpu_time += (uint64_t)vcpu_cpu_time(v);
        *max_id = v->vcpu_id;
        if (pf & VPF_OFF)
            continue;
        (*online)++;
        if (!(pf & VPF_BLOCKED))
            flags &= ~XEN_DOMINF_blocked;
        if (read_once(v->sched.running))
            flags |= XEN_DOMINF_running;
    }
    return flags;
}

/* The domain may have unmapped it since, or put something else there. */
static unsigned long shared_info_gfn(struct domain *d)
{
    unsigned long gfn = read_once(d->shared_info_gfn);

    if (gfn == ~0UL || d->dying || !d->shared_info_page ||
        !mfn_eq(p2m_lookup(d, _gfn(gfn), NULL, NULL), page_to_mfn(d->shared_info_page)))
        return ~0UL;
    return gfn;
}

void getdomaininfo(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    memset(info, 0, sizeof(*info));
    info->domain = d->domain_id;
    info->flags = vcpu_flags(d, &info->cpu_time, &info->nr_online_vcpus,
                             &info->max_vcpu_id);
    info->flags |=
        (d->dying == DOMDYING_DEAD ? XEN_DOMINF_dying : 0) |
        (d->is_shut_down ? XEN_DOMINF_shutdown : 0) |
        (d->controller_pause_count > 0 ? XEN_DOMINF_paused : 0) |
        (d->create_flags & XEN_DOMCTL_CDF_xs_domain ? XEN_DOMINF_xs_domain : 0) |
        XEN_DOMINF_hvm_guest | XEN_DOMINF_hap;
    if (d->is_shut_down)
        info->flags |= (d->shutdown_code & XEN_DOMINF_shutdownmask)
                       << XEN_DOMINF_shutdownshift;
    info->tot_pages = read_once(d->tot_pages);
    info->max_pages = read_once(d->max_pages);
    info->outstanding_pages = read_once(d->outstanding_claim);
    info->shared_info_frame = shared_info_gfn(d);
    info->ssidref = d->ssidref;
    info->cpupool = d->sched.pool;
    memcpy(info->handle, d->handle, sizeof(info->handle));
    arch_domaininfo(d, info);
}
