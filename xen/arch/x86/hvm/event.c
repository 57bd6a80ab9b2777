/* SPDX-License-Identifier: GPL-2.0-only */
/* What is injected at the next entry, and faults that meet faults (APM vol. 2 8.2.9). */
#include <xen/domain.h>
#include <xen/lib.h>
#include "private.h"

enum class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

static enum class class_of(uint8_t vector)
{
    switch (vector) {
    case EXC_DE:
    case EXC_TS:
    case EXC_NP:
    case EXC_SS:
    case EXC_GP:
        return CONTRIBUTORY;
    case EXC_PF:
        return PAGE_FAULT;
    case EXC_DF:
        return DOUBLE_FAULT;
    default:
        return BENIGN;
    }
}

static bool makes_double_fault(enum class first, enum class second)
{
    if (first == CONTRIBUTORY)
        return second == CONTRIBUTORY;
    return first == PAGE_FAULT && (second == CONTRIBUTORY || second == PAGE_FAULT);
}

void hvm_inject_exception(struct vcpu *v, uint8_t vector, int error)
{
    struct hvm_event *e = &v->arch.hvm.event;

    if (e->valid && e->type == HVM_EVENT_EXC) {
        enum class first = class_of(e->vector), second = class_of(vector);

        if (first == DOUBLE_FAULT && second != BENIGN) {
            e->valid = false;
            hvm_triple_fault(v);
            return;
        }
        if (makes_double_fault(first, second)) {
            vector = EXC_DF;
            error = 0;
        }
    }
    *e = (struct hvm_event){
        .valid = true,
        .vector = vector,
        .type = HVM_EVENT_EXC,
        .has_error = error >= 0,
        .error = error >= 0 ? (uint32_t)error : 0,
    };
}

void hvm_inject_page_fault(struct vcpu *v, uint64_t cr2, uint32_t error)
{
    hvm_inject_exception(v, EXC_PF, (int)error);
    v->arch.hvm.event.cr2 = cr2;
    v->arch.hvm.guest_cr[2] = cr2;
    hvm->update_cr(v, 2);
}
