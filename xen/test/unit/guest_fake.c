/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include <xen/errno.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>

#include "guest_fake.h"

uint64_t bad_start, bad_end;
bool bad_readable;
unsigned long next_args[6];
unsigned int restarts;

static bool bad(uint64_t gva, size_t len)
{
    return !gva || (gva < bad_end && gva + len > bad_start);
}

int copy_from_guest_va(void *dst, uint64_t gva, size_t len)
{
    if (!len)
        return 0;
    if (!bad_readable && bad(gva, len))
        return -EFAULT;
    memcpy(dst, (void *)(uintptr_t)gva, len);
    return 0;
}

int copy_to_guest_va(uint64_t gva, const void *src, size_t len)
{
    if (!len)
        return 0;
    if (bad(gva, len))
        return -EFAULT;
    memcpy((void *)(uintptr_t)gva, src, len);
    return 0;
}

bool guest_range_okay(uint64_t gva, size_t n, size_t size)
{
    return n <= (1ul << 47) / size && gva <= (1ul << 47) - n * size;
}

#ifndef GUEST_FAKE_NO_CONTINUE
long hypercall_continue(const unsigned long *args)
{
    memcpy(next_args, args, sizeof(next_args));
    return -ERESTART;
}
#endif

long call_to_end(long (*handler)(const unsigned long *), unsigned long a0, const void *a1,
                 unsigned long a2)
{
    unsigned long a[6] = {a0, (uintptr_t)a1, a2, 0xdead, 0xdead, 0xdead};
    long rc;

    restarts = 0;
    while ((rc = handler(a)) == -ERESTART && restarts++ < 100000)
        memcpy(a, next_args, sizeof(a));
    return rc;
}
