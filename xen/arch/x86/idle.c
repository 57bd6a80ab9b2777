/* SPDX-License-Identifier: GPL-2.0-only */
/* What a CPU does with nothing to do. */
#include <xen/sched.h>
#include <xen/softirq.h>
#include <asm/cpu.h>

void idle_loop(void *unused)
{
    for (;;) {
        do_softirq();
        /* A softirq raised from here on comes with an interrupt, which ends the halt. */
        irq_disable();
        if (softirq_pending())
            irq_enable();
        else
            irq_enable_halt();
    }
}
