/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of xen/common/hypercall/. */
#ifndef HYPERCALL_PRIVATE_H
#define HYPERCALL_PRIVATE_H

#include <xen/hypercall.h>

struct hypercall {
    long (*fn)(const unsigned long *args); /* NULL: not offered, -ENOSYS */
    const char *name;
    uint8_t nargs;
    bool privileged;                       /* domain 0 only, others get -EPERM */
};

/* NULL for a number the ABI does not have. */
const struct hypercall *hypercall_find(unsigned int nr);

/* Look up, check, call. Continuation state is left in current->hcall. */
long hypercall_call(unsigned int nr, const unsigned long *args);

#endif
