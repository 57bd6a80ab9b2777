/* SPDX-License-Identifier: GPL-2.0-only */
/* Stacks: found by address, prepared for their first switch. */
#include <xen/domain.h>
#include <xen/lib.h>
#include <asm/current.h>
#include <asm/stack.h>
#include <asm/traps.h>

#include "../boot/layout.h"

extern const char stack_first[], boot_stacks[], boot_stack[], boot_ist_stacks[];

const char *boot_guard(unsigned int n)
{
    if (n > IST_COUNT)
        return NULL;
    return n ? boot_ist_stacks + (n - 1) * (PAGE_SIZE + IST_STACK_SIZE) : boot_stacks;
}

static bool is_on(const void *stack, size_t size, const char *name, unsigned long addr,
                  struct stack_span *s)
{
    unsigned long low = (unsigned long)stack;

    if (!low || addr < low - PAGE_SIZE || addr > low + size)
        return false;
    *s = (struct stack_span){low, low + size, name};
    return true;
}

bool stack_find(unsigned long addr, struct stack_span *s)
{
    static const char *const ist_names[IST_COUNT] = {"double fault", "NMI",
                                                     "machine check"};
    const struct vcpu *v = current;

    /* Before there are vCPUs, and on the first CPU's idle one. */
    if (is_on(boot_stack, BOOT_STACK_SIZE, "boot", addr, s))
        return true;
    if (v && is_on(v->stack, STACK_SIZE, is_idle_vcpu(v) ? "idle" : "vCPU", addr, s))
        return true;
    for (unsigned int i = 0; i < IST_COUNT; i++) {
        const void *stack = ist_stack(smp_processor_id(), i);

        if (is_on(stack, IST_STACK_SIZE, ist_names[i], addr, s))
            return true;
    }
    return false;
}

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
