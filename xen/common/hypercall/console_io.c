/* SPDX-License-Identifier: GPL-2.0-only */
/* console_io: the hypervisor's console, for domain 0, and for guests of debug builds. */
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <asm/current.h>

#define CHUNK 256

#ifdef CONFIG_DEBUG
#define GUESTS_MAY_WRITE true
#else
#define GUESTS_MAY_WRITE false
#endif

static bool owns_console(const struct domain *d)
{
    return d->is_privileged || d->is_console;
}

static long console_write(unsigned int count, uint64_t from)
{
    struct domain *d = current->domain;
    unsigned long again[6] = {CONSOLEIO_write};
    char buf[CHUNK];

    while (count) {
        unsigned int n = MIN(count, (unsigned int)sizeof(buf));

        if (copy_from_guest_va(buf, from, n))
            return -EFAULT;
        if (owns_console(d))
            console_write_dom0(buf, n);
        else
            console_write_guest(d, buf, n);
        from += n;
        count -= n;
        if (count && hypercall_preempt_check()) {
            again[1] = count;
            again[2] = from;
            return hypercall_continue(again);
        }
    }
    return 0;
}

static long console_read(unsigned int count, uint64_t to)
{
    long done = 0;
    char buf[CHUNK];

    while (count > (unsigned long)done) {
        size_t n = console_read_input(buf, MIN(count - (unsigned long)done, sizeof(buf)));

        if (!n)
            break;
        if (copy_to_guest_va(to + (unsigned long)done, buf, n))
            return -EFAULT;
        done += (long)n;
    }
    return done;
}

long hypercall_console_io(const unsigned long *a)
{
    unsigned int count = (unsigned int)a[1];

    if (!owns_console(current->domain) && (a[0] != CONSOLEIO_write || !GUESTS_MAY_WRITE))
        return -EPERM;
    if (count > INT32_MAX)
        return -EINVAL;
    if (!guest_range_okay(a[2], count, 1))
        return -EFAULT;
    switch (a[0]) {
    case CONSOLEIO_write:
        return console_write(count, a[2]);
    case CONSOLEIO_read:
        return console_read(count, a[2]);
    default:
        return -ENOSYS;
    }
}
