/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address space ids (APM vol. 2 15.16). Each CPU hands out ids in order. An id is never
 * given twice within a generation of all-flushes, so "flush this vCPU" and "flush all
 * guests" are both just: take new ids. When they run out, one flush of everything starts
 * over.
 */
#include "svm.h"

struct asids {
    uint64_t generation;    /* ids of older ones are void */
    uint32_t next;
};
static DEFINE_PER_CPU(struct asids, asids);

void svm_asid_cpu_init(void)
{
    struct asids *a = &this_cpu(asids);

    a->generation++;
    /* Past the end: the first guest makes this CPU flush what came before. */
    a->next = svm_max_asid + 1;
}

void svm_flush_guest_tlb(void)
{
    this_cpu(asids).generation++;
}

void svm_flush_vcpu_tlb(struct vcpu *v)
{
    svm_of(v)->asid_gen = 0;
}

/* Interrupts off, right before the entry. */
void svm_asid_assign(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);
    struct asids *a = &this_cpu(asids);

    s->vmcb->tlb_control = TLB_KEEP;
    if (s->asid_gen == a->generation && s->asid_cpu == smp_processor_id())
        return;
    if (a->next > svm_max_asid) {
        a->generation++;
        a->next = 1;
        s->vmcb->tlb_control = TLB_FLUSH_ALL;
    }
    s->asid = a->next++;
    s->asid_gen = a->generation;
    s->asid_cpu = smp_processor_id();
    s->vmcb->asid = s->asid;
}
