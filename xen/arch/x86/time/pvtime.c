/* SPDX-License-Identifier: GPL-2.0-only */
/* System time and wall clock as guests see them (public/xen.h: vcpu_time_info, wc_*). */
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/lib.h>
#include <xen/shared_info.h>
#include <xen/spinlock.h>
#include <asm/cpu.h>
#include <asm/current.h>
#include <asm/time.h>

#include "private.h"

/* A reader takes the fields for consistent when the version is even and unchanged. */
static void publish_begin(uint32_t *version)
{
    write_once(*version, (*version + 1) | 1);
    smp_wmb();
}

static void publish_end(uint32_t *version)
{
    smp_wmb();
    write_once(*version, *version + 1);
}

static void fill_time(const struct vcpu *v, struct vcpu_time_info *ti)
{
    const struct cpu_clock *c = cpu_clock();

    ti->tsc_timestamp = c->tsc + (uint64_t)v->arch.hvm.tsc_offset;
    ti->system_time = (uint64_t)c->stime;
    ti->tsc_to_system_mul = c->scale.mul;
    ti->tsc_shift = c->scale.shift;
    ti->flags = tsc_reliable ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
}

static void update_secondary(struct vcpu *v)
{
    struct vcpu_time_info ti = {.version = 1};
    uint64_t gva = v->time_info_gva;
    uint32_t version = 0;

    /* Only in the guest's own address space, and where a page-table walk is allowed. */
    if (!gva || v != current || !irqs_enabled() || in_irq())
        return;
    fill_time(v, &ti);
    if (copy_from_guest_va(&version, gva, sizeof(version)))
        return;
    ti.version = (version + 1) | 1;
    if (copy_to_guest_va(gva, &ti.version, sizeof(ti.version)))
        return;
    smp_wmb();
    if (copy_to_guest_va(gva + offsetof(struct vcpu_time_info, tsc_timestamp),
                         &ti.tsc_timestamp,
                         sizeof(ti) - offsetof(struct vcpu_time_info, tsc_timestamp)))
        return;
    smp_wmb();
    ti.version++;
    if (copy_to_guest_va(gva, &ti.version, sizeof(ti.version)))
        return;
}

void update_vcpu_time(struct vcpu *v)
{
    struct vcpu_info *vi = v->vcpu_info;

    if (!vi)
        return;
    publish_begin(&vi->time.version);
    fill_time(v, &vi->time);
    publish_end(&vi->time.version);
    update_secondary(v);
}

static void publish_wallclock(struct domain *d)
{
    const struct shared_layout *l = shared_layout(d);
    char *page = (char *)d->shared_info;
    uint32_t *wc = (uint32_t *)(page + l->wc), nsecs;
    uint64_t secs;

    wallclock_get(&secs, &nsecs);
    secs += (uint64_t)d->time_offset_seconds;
    publish_begin(&wc[0]);
    wc[1] = (uint32_t)secs;
    wc[2] = nsecs;
    *(uint32_t *)(page + l->wc_sec_hi) = (uint32_t)(secs >> 32);
    publish_end(&wc[0]);
}

void update_domain_wallclock(struct domain *d)
{
    /* The page goes when d dies, which anybody who knows d may outlive. */
    spin_lock(&d->lock);
    if (d->shared_info)
        publish_wallclock(d);
    spin_unlock(&d->lock);
}
