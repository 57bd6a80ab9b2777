/* SPDX-License-Identifier: GPL-2.0-only */
/* What the domctl and sysctl handlers share (xen/common/domain/, xen/common/sysctl/). */
#ifndef XEN_CTL_H
#define XEN_CTL_H

#include <xen/cpumask.h>
#include <xen/guest_access.h>
#include <public/domctl.h>

/*
 * Bitmaps of the control interfaces. To the guest: as many bits as its buffer has,
 * missing ones zero. From the guest: bits behind its end are zero, bits behind nbits are
 * ignored. 0 or -EFAULT.
 */
int __must_check bitmap_to_guest(const struct xenctl_bitmap *to, const void *map,
                                 unsigned int nbits);
int __must_check bitmap_from_guest(void *map, const struct xenctl_bitmap *from,
                                   unsigned int nbits);

/* Architecture's part of a sysctl: -ENOSYS for a command that is not its own. */
struct xen_sysctl;
struct xen_sysctl_physinfo;
long arch_sysctl(struct xen_sysctl *op, bool *copyback);
void arch_physinfo(struct xen_sysctl_physinfo *pi);

/*
 * A CPU policy as ABI lists at guest addresses (0: only count). *nr_*: room in, entries
 * out; counting gives the most that any policy can have. -ENOBUFS: too little room.
 */
struct cpu_policy;
long policy_to_guest(const struct cpu_policy *p, uint32_t *nr_leaves, uint64_t leaves_at,
                     uint32_t *nr_msrs, uint64_t msrs_at);

#endif
