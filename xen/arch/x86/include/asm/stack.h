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
#include <xen/types.h>

#define STACK_ORDER 2 /* 16 KiB */
#define STACK_SIZE (PAGE_SIZE << STACK_ORDER)

/*
 * 1 << order pages as a stack, charged to c: its lowest address, or NULL. stack_free()
 * takes it back (NULL is fine) and flushes TLBs: conditions as for vunmap(), asm/vmap.h.
 */
void *stack_alloc(struct charge *c, unsigned int order);
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
