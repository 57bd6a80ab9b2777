/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypervisor stacks. Each vCPU has one of its own (idle vCPUs use their CPU's boot
 * stack), so hypervisor code is ordinary C that a context switch suspends. The page
 * below each stack is unmapped: an overflow is a double fault and no damage (APM vol. 2,
 * 8.2.9). The build refuses functions whose frame could reach over that page.
 */
#ifndef ASM_STACK_H
#define ASM_STACK_H

#include <xen/alloc.h>
#include <xen/list.h>
#include <xen/types.h>

#define STACK_ORDER 2 /* 16 KiB */
#define STACK_SIZE (PAGE_SIZE << STACK_ORDER)

/*
 * 1 << order pages, STACK_ORDER at most, as a stack, charged to c: its lowest address, or
 * NULL: no memory or no addresses left. Takes LOCK_VMAP_AREA and LOCK_VMAP, as the next.
 */
void *stack_alloc(struct charge *c, unsigned int order);

/* Stacks that are unmapped but may still be in TLBs, so their memory is not free yet. */
struct stack_trash {
    struct list stacks;
    struct page_list tables;
};

static inline void stack_trash_init(struct stack_trash *t)
{
    list_init(&t->stacks);
    t->tables = (struct page_list){0};
}

/* What stack_alloc() gave goes to t; NULL is fine. */
void stack_discard(struct stack_trash *t, void *stack, unsigned int order);
/* Free what is in t, after one flush for all; conditions as for flush_all(). */
void stack_trash_empty(struct stack_trash *t);
/* The two for one stack. */
void stack_free(void *stack, unsigned int order);

struct stack_span {
    unsigned long low, high; /* usable: [low, high) */
    const char *name;
};

/*
 * The stack of this CPU (that of current, or one of the interrupt stack table) that addr
 * lies on; its guard page and its end count. False: on none. Any context.
 */
bool stack_find(unsigned long addr, struct stack_span *s);

/* The static guard pages of the boot CPU's stacks, ascending; NULL from the last on. */
const char *boot_guard(unsigned int n);

/* CONFIG_FAULT_INJECTION: TESTOP_OVERFLOW_STACK of xen/test_op.h. */
long stack_test_overflow(unsigned long which);

/* A suspended stack: callee-saved registers and return address lie on it. */
struct stack_ctx {
    unsigned long rsp;
};

/*
 * Prepare a fresh stack (lowest address base, STACK_SIZE bytes) so that the first
 * switch to it calls fn(arg), which must not return.
 */
void stack_ctx_init(struct stack_ctx *ctx, void *base, void (*fn)(void *),
                    void *arg);

/*
 * Save the running context in from and continue with to; returns when somebody
 * switches back to from. Interrupts are off. from and to differ.
 */
void stack_switch(struct stack_ctx *from, struct stack_ctx *to);

#endif
