/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where things lie in shared_info and vcpu_info (public/xen.h). That depends on the mode
 * of the guest's kernel, which is noted when it makes itself known. What is not here lies
 * at the same place for all, the bits of pending ports and the times among it.
 */
#ifndef XEN_SHARED_INFO_H
#define XEN_SHARED_INFO_H

#include <xen/compiler.h>
#include <xen/domain.h>

struct shared_layout {
    uint8_t word;       /* bytes of a guest's long */
    uint8_t selector;   /* offset of evtchn_pending_sel in vcpu_info */
    /* Offsets in shared_info: evtchn_mask; wc_version, then wc_sec and wc_nsec. */
    uint16_t mask, wc, wc_sec_hi;
};
extern const struct shared_layout shared_layouts[2];

/* Ask once for what belongs together: the guest may change it at any time. */
static inline const struct shared_layout *shared_layout(const struct domain *d)
{
    return &shared_layouts[read_once(d->has_32bit_shinfo)];
}

/* Ports that the bitmaps have room for, and how many a bit of the selector stands for. */
static inline unsigned int shared_ports(const struct shared_layout *l)
{
    return 64u * l->word * l->word;
}

static inline unsigned int shared_ports_per_bit(const struct shared_layout *l)
{
    return 8u * l->word;
}

/* For bit operations. d is not dying. */
static inline void *shared_mask(const struct domain *d, const struct shared_layout *l)
{
    return (char *)d->shared_info + l->mask;
}

static inline void *shared_selector(struct vcpu_info *info, const struct shared_layout *l)
{
    return (char *)info + l->selector;
}

/*
 * d's kernel, which calls, has longs of 4 bytes or of 8. Moves the wall clock to where it
 * looks; what it made of the rest before is its own to repeat. No lock held.
 */
void domain_set_shared_layout(struct domain *d, bool has_32bit);

#endif
