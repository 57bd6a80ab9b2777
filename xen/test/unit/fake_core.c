/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks that do nothing, output that goes to the test's own, failures that stop the test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <xen/lib.h>
#include <xen/spinlock.h>

void spin_lock(spinlock_t *l)
{
    if (l->owner)
        bug_fail(__FILE__, __LINE__, "lock taken twice");
    l->owner = 1;
}

void spin_unlock(spinlock_t *l)
{
    l->owner = 0;
}

bool spin_held(const spinlock_t *l)
{
    return l->owner;
}

void printk(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
}

void bug_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s at %s:%d\n", what, file, line);
    abort();
}
