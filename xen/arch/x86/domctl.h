/* SPDX-License-Identifier: GPL-2.0-only */
/* Between domctl.c and the files it has grown into. */
#ifndef ARCH_X86_DOMCTL_H
#define ARCH_X86_DOMCTL_H

#include <xen/domain.h>

/*
 * 0; -EINVAL no such vCPU or the caller's own, -ENODATA never started, -EFAULT, -ENOMEM.
 */
long domctl_get_context(struct domain *d, const struct xen_domctl_vcpucontext *op);
long domctl_set_context(struct domain *d, const struct xen_domctl_vcpucontext *op);

#endif
