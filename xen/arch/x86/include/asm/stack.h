/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypervisor stacks. Each vCPU has one of its own (idle vCPUs use their CPU's boot
 * stack), so hypervisor code is ordinary C that a context switch suspends.
 */
#ifndef ASM_STACK_H
#define ASM_STACK_H

#include <xen/types.h>

#define STACK_ORDER 2 /* 16 KiB */
#define STACK_SIZE (PAGE_SIZE << STACK_ORDER)

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
