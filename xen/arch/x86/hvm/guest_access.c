/* SPDX-License-Identifier: GPL-2.0-only */
/* I3: the copies between hypervisor objects and guest memory. */
#include <xen/compiler.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/guest_access.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/current.h>
#include <asm/guest_walk.h>
#include <asm/msr.h>
#include <asm/p2m.h>
#include "private.h"

enum direction { FROM_GUEST, TO_GUEST, CLEAR_GUEST };

static void copy(void *at, void *local, size_t len, enum direction dir)
{
    switch (dir) {
    case FROM_GUEST:
        memcpy(local, at, len);
        break;
    case TO_GUEST:
        memcpy(at, local, len);
        break;
    case CLEAR_GUEST:
        memset(at, 0, len);
        break;
    }
}

/* Copy within one guest-physical page. */
static int copy_in_page(struct domain *d, paddr_t gpa, void *local, size_t len,
                        enum direction dir)
{
    unsigned int flags = dir == FROM_GUEST ? 0 : P2M_GET_WRITE;
    enum p2m_type t = P2M_NONE;
    struct page_info *pg = p2m_get_page(d, gaddr_to_gfn(gpa), &t, flags);

    /* Pages under log-dirty are made writable by the first write, ours included. */
    if (!pg && flags && t == P2M_LOGDIRTY && d == current->domain &&
        p2m_fault(current, gpa, true, false))
        pg = p2m_get_page(d, gaddr_to_gfn(gpa), &t, flags);
    if (!pg)
        return -EFAULT;
    copy((char *)page_to_virt(pg) + (gpa & ~PAGE_MASK), local, len, dir);
    page_put(pg);
    return 0;
}

static size_t piece(uint64_t at, size_t len)
{
    return MIN(len, (size_t)(PAGE_SIZE - (at & ~PAGE_MASK)));
}

/* A page that was walked to before costs a few comparisons instead of a walk. */
static bool copy_known(struct vcpu *v, uint64_t gva, uint32_t access, void *local,
                       size_t len, enum direction dir)
{
    void *at = guest_page_hold(v, gva, access);

    if (!at)
        return false;
    copy(at, local, len, dir);
    guest_page_release(v);
    return true;
}

bool copy_from_known_page(struct vcpu *v, void *dst, uint64_t gva, size_t len,
                          uint32_t access)
{
    return copy_known(v, gva, access, dst, len, FROM_GUEST);
}

static bool in_window(uint64_t gva, size_t len)
{
    return len <= HVM_WINDOW_BYTES && gva >= HVM_WINDOW &&
           gva - HVM_WINDOW <= HVM_WINDOW_BYTES - len;
}

static int copy_linear(uint64_t gva, void *local, size_t len, enum direction dir)
{
    struct vcpu *v = current;
    uint32_t access = dir == FROM_GUEST ? 0 : GW_WRITE, pfec;
    char *at = local;

    if (unlikely(v->arch.hvm.window) && in_window(gva, len)) {
        copy((char *)v->arch.hvm.window + (gva - HVM_WINDOW), local, len, dir);
        return 0;
    }
    while (len) {
        size_t n = piece(gva, len);
        paddr_t gpa;
        int rc = 0;

        if (!copy_known(v, gva, access, at, n, dir)) {
            if (!guest_walk(v, gva, access, &gpa, &pfec))
                return -EFAULT;
            rc = copy_in_page(v->domain, gpa, at, n, dir);
        }
        if (rc)
            return rc;
        gva += n;
        at += dir == CLEAR_GUEST ? 0 : n;
        len -= n;
    }
    return 0;
}

int copy_from_guest_va(void *dst, uint64_t gva, size_t len)
{
    return copy_linear(gva, dst, len, FROM_GUEST);
}

int copy_to_guest_va(uint64_t gva, const void *src, size_t len)
{
    return copy_linear(gva, (void *)src, len, TO_GUEST);
}

int clear_guest_va(uint64_t gva, size_t len)
{
    return copy_linear(gva, NULL, len, CLEAR_GUEST);
}

bool guest_range_okay(uint64_t gva, size_t n, size_t size)
{
    uint64_t len, end;

    if (__builtin_mul_overflow(n, size, &len) || __builtin_add_overflow(gva, len, &end))
        return false;
    if (!len)
        return true;
    /* First and last byte canonical, in the same half. */
    return (int64_t)(gva << 16) >> 16 == (int64_t)gva &&
           (int64_t)((end - 1) << 16) >> 16 == (int64_t)(end - 1) &&
           gva >> 63 == (end - 1) >> 63;
}

static int copy_physical(struct domain *d, paddr_t gpa, void *local, size_t len,
                         enum direction dir)
{
    char *at = local;

    if (gpa + len < gpa)
        return -EINVAL;
    while (len) {
        size_t n = piece(gpa, len);
        int rc = copy_in_page(d, gpa, at, n, dir);

        if (rc)
            return rc;
        gpa += n;
        at += n;
        len -= n;
    }
    return 0;
}

int copy_from_guest_phys(struct domain *d, void *dst, paddr_t gpa, size_t len)
{
    return copy_physical(d, gpa, dst, len, FROM_GUEST);
}

int copy_to_guest_phys(struct domain *d, paddr_t gpa, const void *src, size_t len)
{
    return copy_physical(d, gpa, (void *)src, len, TO_GUEST);
}
