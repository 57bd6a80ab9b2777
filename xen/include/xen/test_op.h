/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test hypercall, in CONFIG_FAULT_INJECTION builds only; domain 0 only. Not an ABI:
 * the test kernels of the same tree are its only callers. Plain numbers, so that they can
 * include it.
 */
#ifndef XEN_TEST_OP_H
#define XEN_TEST_OP_H

#define HYPERVISOR_TEST_OP 55 /* the last of the architecture's own */

/*
 * arg n: the nth allocation from now on fails, once; 0: none. Returns how many
 * allocations there were since it was armed last.
 */
#define TESTOP_FAIL_ALLOC 0
/* arg 1: the IOMMUs stop working their queues off; 0: they go on. */
#define TESTOP_STALL_IOMMU 1

#endif
