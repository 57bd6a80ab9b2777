/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I3: the only way to guest memory. Each call copies once between a local object and
 * current's address space (guest virtual addresses, the privilege of the caller's CPL).
 * Implementation: xen/arch/x86/hvm/guest_access.c, guest_walk.c.
 */
#ifndef XEN_GUEST_ACCESS_H
#define XEN_GUEST_ACCESS_H

#include <xen/compiler.h>
#include <xen/types.h>
#include <xen/errno.h>

struct domain;
struct page_info;

/* 0 or -EFAULT. On -EFAULT part of the destination may have been written. */
int __must_check copy_from_guest_va(void *dst, uint64_t gva, size_t len);
int __must_check copy_to_guest_va(uint64_t gva, const void *src, size_t len);
int __must_check clear_guest_va(uint64_t gva, size_t len);

/* A whole handle array of n elements of size bytes neither wraps nor leaves the canonical
 * range. A cheap check before loops; copying still checks each page. */
bool guest_range_okay(uint64_t gva, size_t n, size_t size);

/* Physical access to any domain the caller holds a reference of: 0, -EFAULT (no RAM
 * there), -EINVAL. Page-crossing allowed. */
int __must_check copy_from_guest_phys(struct domain *d, void *dst, paddr_t gpa,
                                      size_t len);
int __must_check copy_to_guest_phys(struct domain *d, paddr_t gpa, const void *src,
                                    size_t len);

/* Handles (XEN_GUEST_HANDLE, XEN_GUEST_HANDLE_64) are addresses of guest arrays. */
#define guest_handle_addr(h)    ((uint64_t)(uintptr_t)(h).p)
#define guest_handle_is_null(h) (guest_handle_addr(h) == 0)

/* *local = h[idx]; the types must match. */
#define guest_read_at(local, h, idx)                                           \
    copy_from_guest_va((1 ? (local) : (__typeof__(*(h).p) *)NULL),             \
                       guest_handle_addr(h) + (uint64_t)(idx) * sizeof(*(h).p), \
                       sizeof(*(h).p))
#define guest_write_at(h, idx, local)                                          \
    copy_to_guest_va(guest_handle_addr(h) + (uint64_t)(idx) * sizeof(*(h).p),  \
                     (1 ? (local) : (__typeof__(*(h).p) *)NULL), sizeof(*(h).p))
#define guest_read(local, h)  guest_read_at(local, h, 0)
#define guest_write(h, local) guest_write_at(h, 0, local)

/* A struct at a raw hypercall argument. */
#define arg_read(local, gva)  copy_from_guest_va(local, gva, sizeof(*(local)))
#define arg_write(gva, local) copy_to_guest_va(gva, local, sizeof(*(local)))
/* One member of the struct at gva. */
#define arg_write_field(gva, local, field)                                     \
    copy_to_guest_va((gva) + offsetof(__typeof__(*(local)), field),            \
                     &(local)->field, sizeof((local)->field))

#endif
