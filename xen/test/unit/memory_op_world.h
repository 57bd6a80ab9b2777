/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory_op as guests and toolstacks issue it, over the real p2m, heap and references of
 * p2m_world.h. Guest memory is the test's own; [bad_start, bad_end) cannot be accessed.
 */
#ifndef MEMORY_OP_WORLD_H
#define MEMORY_OP_WORLD_H

#include <public/memory.h>
#include <public/xen.h>

#include "p2m_world.h"

#define WD_ID       1
#define OTHER_ID    2
#define GRANT_MAX   4u

extern uint64_t bad_start, bad_end;
/* What another CPU does when guest memory at gva was just read; NULL: nothing. */
extern void (*on_read)(uint64_t gva);
extern unsigned int restarts;       /* of the last call */
extern struct page_info *grant_frame[GRANT_MAX];

void start(void);
/* Kills both domains; all memory must be back. */
void stop(void);

/* One call with its continuations, caches checked after each part. */
long call(unsigned int cmd, void *arg);
long reserve(unsigned int cmd, domid_t domid, xen_pfn_t *gfns, unsigned long n,
             unsigned int order, unsigned int flags);
/* Populates n pages of wd from gfn on. */
void fill(unsigned long gfn, unsigned long n);

mfn_t at(unsigned long gfn, enum p2m_type *t);
bool is_hole(unsigned long gfn);

#endif
