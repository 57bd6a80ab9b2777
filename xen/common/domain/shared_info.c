/* SPDX-License-Identifier: GPL-2.0-only */
/* The two layouts of what is shared with guests. */
#include <xen/lib.h>
#include <xen/shared_info.h>
#include <xen/time.h>
#include <xen/compat_shared.h>

const struct shared_layout shared_layouts[2] = {
    {
        .word = sizeof(xen_ulong_t),
        .selector = offsetof(struct vcpu_info, evtchn_pending_sel),
        .mask = offsetof(struct shared_info, evtchn_mask),
        .wc = offsetof(struct shared_info, wc_version),
        .wc_sec_hi = offsetof(struct shared_info, wc_sec_hi),
    },
    {
        .word = 4,
        .selector = offsetof(struct compat_vcpu_info, evtchn_pending_sel),
        .mask = offsetof(struct compat_shared_info, evtchn_mask),
        .wc = offsetof(struct compat_shared_info, wc_version),
        .wc_sec_hi = offsetof(struct compat_shared_info, wc_sec_hi),
    },
};

/* What is looked at without a layout. */
#define SAME(type, member)                                                              \
    BUILD_BUG_ON(offsetof(struct type, member) != offsetof(struct compat_##type, member))
SAME(vcpu_info, evtchn_upcall_pending);
SAME(vcpu_info, evtchn_upcall_mask);
SAME(vcpu_info, time);
SAME(shared_info, evtchn_pending);
BUILD_BUG_ON(sizeof(struct vcpu_info) != sizeof(struct compat_vcpu_info));

void domain_set_shared_layout(struct domain *d, bool has_32bit)
{
    if (read_once(d->has_32bit_shinfo) == has_32bit)
        return;
    write_once(d->has_32bit_shinfo, has_32bit);
    update_domain_wallclock(d);
}
