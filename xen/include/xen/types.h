/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Basic types. The compiler's freestanding headers give the same names to the
 * hypervisor and to the host builds of the unit tests.
 */
#ifndef XEN_TYPES_H
#define XEN_TYPES_H

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t;  /* machine or guest physical address, bytes */
typedef int64_t s_time_t;  /* nanoseconds */
typedef uint16_t domid_t;

#if __SIZEOF_LONG__ != 8
#error "x86-64 only"
#endif

#ifndef __ssize_t_defined
typedef long ssize_t;
#define __ssize_t_defined
#endif

/*
 * Frame numbers. Distinct struct types, so that a guest frame (gfn), a machine
 * frame (mfn) and a device frame (dfn, what an IOMMU translates) cannot be
 * mixed up silently.
 */
#define FRAME_TYPE(name)                                                       \
    typedef struct {                                                           \
        unsigned long v;                                                       \
    } name##_t;                                                                \
    static inline name##_t _##name(unsigned long v)                            \
    {                                                                          \
        return (name##_t){v};                                                  \
    }                                                                          \
    static inline unsigned long name##_x(name##_t f)                           \
    {                                                                          \
        return f.v;                                                            \
    }                                                                          \
    static inline name##_t name##_add(name##_t f, unsigned long n)             \
    {                                                                          \
        return (name##_t){f.v + n};                                            \
    }                                                                          \
    static inline bool name##_eq(name##_t a, name##_t b)                       \
    {                                                                          \
        return a.v == b.v;                                                     \
    }

FRAME_TYPE(mfn)
FRAME_TYPE(gfn)
FRAME_TYPE(dfn)

#define INVALID_MFN _mfn(~0UL)
#define INVALID_GFN _gfn(~0UL)

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))
#define PAGE_ORDER_4K 0
#define PAGE_ORDER_2M 9
#define PAGE_ORDER_1G 18

static inline paddr_t mfn_to_paddr(mfn_t mfn)
{
    return (paddr_t)mfn.v << PAGE_SHIFT;
}

static inline mfn_t paddr_to_mfn(paddr_t pa)
{
    return _mfn(pa >> PAGE_SHIFT);
}

static inline paddr_t gfn_to_gaddr(gfn_t gfn)
{
    return (paddr_t)gfn.v << PAGE_SHIFT;
}

static inline gfn_t gaddr_to_gfn(paddr_t ga)
{
    return _gfn(ga >> PAGE_SHIFT);
}

#endif
