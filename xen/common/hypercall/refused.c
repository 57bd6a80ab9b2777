/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that are in the ABI and whose facility this hypervisor does not have. */
#include <xen/hypercall.h>

/* No security module but the default: clients take it as "no labels". */
long hypercall_xsm_op(const unsigned long *a)
{
    return -ENOSYS;
}

/* Entry points of PV kernels; translated guests have vectors instead. */
long hypercall_callback_op(const unsigned long *a)
{
    return -ENOSYS;
}
