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
    default:
        return -EINVAL;
    }
}
