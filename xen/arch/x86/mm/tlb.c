/* SPDX-License-Identifier: GPL-2.0-only */
/* TLB and cache flushes, here and on other CPUs (APM vol. 2, 5.5). */
#include <xen/percpu.h>
#include <xen/softirq.h>
#include <asm/cpu.h>
#include <asm/cr.h>
#include <asm/hvm.h>
#include <asm/tlb.h>

void flush_local(unsigned int flags)
{
    uint64_t irqs = irq_save();

    if (flags & FLUSH_TLB_GLOBAL) {
        uint64_t cr4 = read_cr4();

        if (cr4 & CR4_PGE) {
            write_cr4(cr4 & ~(uint64_t)CR4_PGE);
            write_cr4(cr4);
        } else {
            write_cr3(read_cr3());
        }
    } else if (flags & FLUSH_TLB) {
        write_cr3(read_cr3());
    }
    if ((flags & FLUSH_GUEST_TLB) && hvm)
        hvm->flush_guest_tlb();
    if (flags & FLUSH_CACHE)
        wbinvd();
    irq_restore(irqs);
}

static void flush_here(void *flags)
{
    flush_local(*(const unsigned int *)flags);
}

void flush_mask(const cpumask_t *mask, unsigned int flags)
{
    on_cpus(mask, flush_here, &flags);
}

void flush_all(unsigned int flags)
{
    flush_mask(&cpu_online_map, flags);
}
