/* SPDX-License-Identifier: GPL-2.0-only */
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <asm/hvm.h>

#define RFLAGS_IF (1UL << 9)

/* What is pending may still be held off by the interrupt flag. */
bool vcpu_event_deliverable(struct vcpu *v)
{
    if (!vcpu_event_pending(v))
        return false;
    return (v->arch.regs.rflags & RFLAGS_IF) ||
           hvm_intr_pending(v).kind != HVM_INTR_VECTOR;
}
