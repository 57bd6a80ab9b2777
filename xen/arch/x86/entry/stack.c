/* SPDX-License-Identifier: GPL-2.0-only */
#include <asm/stack.h>

extern const char stack_first[];

/* The order in which stack_switch() pops. */
struct fresh_frame {
    unsigned long r15, r14, r13;
    void *r12;               /* argument for fn */
    void (*rbx)(void *);     /* fn */
    unsigned long rbp;       /* 0 ends a back trace */
    const void *ret;         /* stack_first */
};

void stack_ctx_init(struct stack_ctx *ctx, void *base, void (*fn)(void *), void *arg)
{
    /* stack_first finds the stack 16-byte aligned once its address is popped. */
    struct fresh_frame *f = (void *)((char *)base + STACK_SIZE - 16 - sizeof(*f));

    *f = (struct fresh_frame){.r12 = arg, .rbx = fn, .ret = stack_first};
    ctx->rsp = (unsigned long)f;
}
