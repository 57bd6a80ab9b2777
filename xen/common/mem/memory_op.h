/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_MEM_MEMORY_OP_H
#define COMMON_MEM_MEMORY_OP_H

#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/types.h>
#include <asm/p2m.h>
#include <public/memory.h>

/* Extents a call has finished travel in the command above its own bits. */
#define MEMOP_SHIFT     6
#define MEMOP_MASK      ((1ul << MEMOP_SHIFT) - 1)
#define MEMOP_MAX_EXTENTS ((~0u) >> MEMOP_SHIFT)

struct memop {
    unsigned int cmd;
    unsigned long start;        /* extents done by earlier parts of this call */
    uint64_t arg;               /* guest virtual address */
    const unsigned long *regs;
};

/* Run again with done extents finished. */
long memop_continue(const struct memop *op, unsigned long done);

/*
 * The domain a caller names, with a reference, if it may manage its memory: its own,
 * or any for domain 0. -ESRCH, -EPERM.
 */
int __must_check memop_domain(domid_t id, struct domain **out);

/* Largest order that current may ask for. */
unsigned int memop_max_order(void);

/*
 * Lists of up to MEMOP_BATCH elements, so that one transaction takes what fits into its
 * batch. Without memory for the list the caller's few elements on the stack do.
 */
#define MEMOP_BATCH 512u
#define MEMOP_FEW   16u

/* memory_op_reserve.c */
long memop_reservation(const struct memop *op);
long memop_exchange(const struct memop *op);
/* memory_op_physmap.c */
long memop_add_to_physmap(const struct memop *op);
long memop_remove_from_physmap(const struct memop *op);
/* memory_op_batch.c */
long memop_add_to_physmap_batch(const struct memop *op);
/* memory_op_resource.c */
long memop_acquire_resource(const struct memop *op);
/* memory_op_map.c */
long memop_memory_map(const struct memop *op);
long memop_set_memory_map(const struct memop *op);
long memop_machine_memory_map(const struct memop *op);
long memop_reserved_device_memory_map(const struct memop *op);

/*
 * Puts the frame pg, which the caller references, at gfn; RAM that it replaces is
 * given back. -EPERM as above; -ENOMEM, -EINVAL, -EBUSY change nothing.
 */
int memop_place(struct p2m_txn *txn, gfn_t gfn, struct page_info *pg, enum p2m_type t);

/* The page that the hypervisor made for d as number idx of a space, referenced. */
int memop_take_special(struct domain *d, unsigned int space, unsigned long idx,
                       struct page_info **pg);
/* Moves one page of RAM from one gfn to another. */
int memop_move(struct p2m_txn *txn, struct domain *d, gfn_t from, gfn_t to);

#endif
