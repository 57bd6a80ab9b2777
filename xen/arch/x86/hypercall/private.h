/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of xen/arch/x86/hypercall/. */
#ifndef ARCH_HYPERCALL_PRIVATE_H
#define ARCH_HYPERCALL_PRIVATE_H

#include <xen/types.h>
#include <public/xen.h>

/* A domain the caller may act for: referenced, or ERR_PTR(-ESRCH, -EPERM). */
struct domain *hypercall_target(domid_t id);

long hvm_op_set_param(uint64_t arg);
long hvm_op_get_param(uint64_t arg);

#endif
