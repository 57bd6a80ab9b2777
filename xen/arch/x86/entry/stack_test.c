/* SPDX-License-Identifier: GPL-2.0-only */
/* Overflows a stack on request of a test: see xen/test_op.h. */
#include <xen/cpumask.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/softirq.h>
#include <xen/test_op.h>
#include <asm/apic.h>
#include <asm/current.h>
#include <asm/stack.h>
#include <asm/traps.h>

#include "../boot/layout.h"

/* Some frames more than the largest stack holds. */
#define DEPTH 4096

static unsigned int noinline descend(unsigned int depth)
{
    volatile unsigned int pad[16];

    pad[depth % 16] = depth;
    return depth ? descend(depth - 1) + pad[depth % 16] : 0;
}

static void descend_if_idle(void *arg)
{
    (void)arg;
    if (is_idle_vcpu(current))
        (void)descend(DEPTH);
}

static bool descend_in_nmi(const struct cpu_user_regs *regs)
{
    (void)regs;
    return descend(DEPTH);
}

/* On the stack of that number of the interrupt stack table, as from its handler. */
static long descend_on(unsigned int ist)
{
    const char *top = (const char *)ist_stack(smp_processor_id(), ist) + IST_STACK_SIZE;
    unsigned int (*fn)(unsigned int) = descend;
    unsigned int depth = DEPTH;

    irq_disable();
    __asm__ volatile("mov %%rsp, %%rbx\n"
                     "mov %[top], %%rsp\n"
                     "call __x86_indirect_thunk_rsi\n"
                     "mov %%rbx, %%rsp\n"
                     : "+D"(depth), "+S"(fn)
                     : [top] "r"(top)
                     : "rbx", "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "cc",
                       "memory");
    irq_enable();
    return 0;
}

long stack_test_overflow(unsigned long which)
{
    int rc;

    switch (which) {
    case OVERFLOW_OWN:
        return descend(DEPTH);
    case OVERFLOW_IDLE:
        on_cpus(&cpu_online_map, descend_if_idle, NULL);
        return -ENODEV;
    case OVERFLOW_NMI:
        rc = nmi_register(descend_in_nmi);
        if (!rc)
            apic_send_nmi(smp_processor_id());
        return rc;
    case OVERFLOW_DF:
        return descend_on(0);
    case OVERFLOW_MC:
        return descend_on(2);
    default:
        return -EINVAL;
    }
}
