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
/*
 * Recurse until a stack overflows, which stops the machine. arg: which stack. -EINVAL:
 * no such; -ENODEV: no CPU is idle.
 */
#define TESTOP_OVERFLOW_STACK 2
#define OVERFLOW_OWN  0 /* the calling vCPU's */
#define OVERFLOW_IDLE 1 /* that of a CPU that is idle */
#define OVERFLOW_NMI  2 /* the one NMIs are taken on */
#define OVERFLOW_DF   3 /* double faults */
#define OVERFLOW_MC   4 /* machine checks */
/*
 * The next flush of an IOTLB for a p2m is late, once: the tables have been changed then,
 * and devices still have what was in them. arg: the guest physical address of an aligned
 * 32-bit word in memory of the caller's own, which is 1 meanwhile and 0 after it; writing
 * 0 ends it, so do three seconds. (The word is all that a vCPU of the same domain can
 * rely on: its hypercalls may have to wait for the flush.) -EINVAL: no such word.
 */
#define TESTOP_DELAY_FLUSH 3

/* Returns what the calling domain's IOTLB flushes came to; arg: of what. */
#define TESTOP_FLUSHES 4
#define FLUSHES_COMMANDS 0
#define FLUSHES_PAGES    1
#define FLUSHES_WAITS    2

/* Returns the bytes that all objects of the hypervisor take. */
#define TESTOP_BYTES_IN_USE 16

#endif
