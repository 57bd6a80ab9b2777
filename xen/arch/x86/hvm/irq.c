/* SPDX-License-Identifier: GPL-2.0-only */
/* Which interrupt a vCPU takes next, and how events and devices become interrupts. */
#include <xen/domain.h>
#include <xen/event.h>
#include <xen/lib.h>
#include <asm/hvm.h>
#include <asm/vioapic.h>
#include <asm/vlapic.h>

/* --- what is next ------------------------------------------------------------------ */

/*
 * The domain-wide vector callback is no APIC interrupt: it stays asserted for as long as
 * the vCPU's upcall flag does, and knows neither priority nor EOI.
 */
static bool callback_vector_pending(struct vcpu *v)
{
    const struct hvm_domain *h = &v->domain->arch.hvm;

    return h->callback_via_type == HVM_PARAM_CALLBACK_TYPE_VECTOR &&
           !v->arch.hvm.evtchn_upcall_vector && v->vcpu_info &&
           read_once(v->vcpu_info->evtchn_upcall_pending);
}

/*
 * The local APIC goes before the callback: its interrupts end with an EOI, which exits,
 * and then the callback's turn comes. Nothing would tell when a callback's handler ends.
 */
static struct hvm_intr maskable(struct vcpu *v)
{
    struct vlapic *vl = v->arch.hvm.vlapic;
    int vector = vl ? vlapic_pending_vector(vl) : -1;

    if (vector >= 0)
        return (struct hvm_intr){
            .kind = HVM_INTR_VECTOR, .vector = (uint8_t)vector, .from_lapic = true,
        };
    if (callback_vector_pending(v))
        return (struct hvm_intr){
            .kind = HVM_INTR_VECTOR, .vector = v->domain->arch.hvm.callback_vector,
        };
    return (struct hvm_intr){ .kind = HVM_INTR_NONE };
}

bool hvm_nmi_due(struct vcpu *v)
{
    return __atomic_load_n(&v->arch.hvm.nmi_pending, __ATOMIC_SEQ_CST) &&
           !read_once(v->arch.hvm.nmi_blocked);
}

struct hvm_intr hvm_intr_pending(struct vcpu *v)
{
    if (hvm_nmi_due(v))
        return (struct hvm_intr){ .kind = HVM_INTR_NMI, .vector = 2 };
    return maskable(v);
}

/* A guest that raises its priority before it takes the one is to get the other. */
bool hvm_intr_cr8_matters(struct vcpu *v, struct hvm_intr next)
{
    struct vlapic *vl = v->arch.hvm.vlapic;

    if (next.from_lapic)
        return callback_vector_pending(v);
    return vl && vlapic_requested_vector(vl) >= 0 && vlapic_pending_vector(vl) < 0;
}

void hvm_intr_hand_over(struct vcpu *v, struct hvm_intr intr)
{
    if (intr.from_lapic)
        vlapic_take_request(v->arch.hvm.vlapic, intr.vector);
}

void hvm_intr_withdraw(struct vcpu *v, struct hvm_intr intr)
{
    if (intr.from_lapic)
        vlapic_return_request(v->arch.hvm.vlapic, intr.vector);
}

void hvm_intr_delivered(struct vcpu *v, struct hvm_intr intr)
{
    if (intr.kind == HVM_INTR_NMI)
        write_once(v->arch.hvm.nmi_pending, false);
    else if (intr.kind == HVM_INTR_VECTOR && intr.from_lapic)
        vlapic_accept(v->arch.hvm.vlapic, intr.vector);
}

bool vcpu_event_pending(struct vcpu *v)
{
    const struct vlapic *vl = v->arch.hvm.vlapic;

    if (v->arch.hvm.event.valid || (vl && vlapic_start_pending(vl)))
        return true;
    return hvm_intr_pending(v).kind != HVM_INTR_NONE;
}

void hvm_dev_before_entry(struct vcpu *v)
{
    struct hvm_domain *h = &v->domain->arch.hvm;

    if (v->arch.hvm.vlapic)
        vlapic_apply_start(v);
    /* A callback by GSI is a level: it falls when the guest has taken its events. */
    if (unlikely(h->callback_gsi) && v->vcpu_id == 0 && v->vcpu_info &&
        !read_once(v->vcpu_info->evtchn_upcall_pending))
        vioapic_deassert(v->domain, h->callback_gsi, VIOAPIC_LINE_EVENT);
}

/* --- event channels ---------------------------------------------------------------- */

/*
 * Per-vCPU vectors go through the local APIC (the guest ends them there); else the
 * domain's callback. A GSI announces vCPU 0's events only.
 */
void arch_evtchn_inject(struct vcpu *v)
{
    struct hvm_domain *h = &v->domain->arch.hvm;

    if (v->arch.hvm.evtchn_upcall_vector) {
        vlapic_set_irq(v, v->arch.hvm.evtchn_upcall_vector, false);
        return;
    }
    if (h->callback_via_type != HVM_PARAM_CALLBACK_TYPE_VECTOR && h->callback_gsi &&
        v->vcpu_id == 0)
        vioapic_assert(v->domain, h->callback_gsi, VIOAPIC_LINE_EVENT);
    vcpu_kick(v);
}

/*
 * HVM_PARAM_CALLBACK_IRQ. GSI 0 and PCI INTx (whose routing nothing here emulates) leave
 * the domain without a callback, as 0 does.
 */
void hvm_set_callback_via(struct domain *d, uint64_t via)
{
    struct hvm_domain *h = &d->arch.hvm;
    uint8_t type = (uint8_t)(via >> 56);
    unsigned int old = h->callback_gsi;
    struct vcpu *v;

    h->callback_gsi = 0;
    h->callback_via_type = type;
    h->callback_vector = type == HVM_PARAM_CALLBACK_TYPE_VECTOR ? (uint8_t)via : 0;
    if (type == HVM_PARAM_CALLBACK_TYPE_VECTOR && h->callback_vector < 16)
        h->callback_via_type = HVM_PARAM_CALLBACK_TYPE_GSI;
    if (type == HVM_PARAM_CALLBACK_TYPE_GSI && (uint8_t)via && via < 256)
        h->callback_gsi = (unsigned int)via;
    if (old)
        vioapic_deassert(d, old, VIOAPIC_LINE_EVENT);
    /* What is pending already must not wait for the next event. */
    for_each_vcpu(d, v)
        if (evtchn_upcall_wanted(v) && !v->arch.hvm.evtchn_upcall_vector)
            arch_evtchn_inject(v);
}

/* --- devices ----------------------------------------------------------------------- */

void hvm_gsi_assert(struct domain *d, unsigned int gsi)
{
    vioapic_assert(d, gsi, VIOAPIC_LINE_DEV);
}

void hvm_gsi_deassert(struct domain *d, unsigned int gsi)
{
    vioapic_deassert(d, gsi, VIOAPIC_LINE_DEV);
}

/*
 * Fields: APM vol. 2, 16.10; PCI 3.0, 6.8. Only messages to the APIC window are
 * interrupts.
 */
void hvm_deliver_msi(struct domain *d, uint64_t address, uint32_t data)
{
    struct vlapic_msg m = {
        .dest = (uint32_t)(address >> 12) & 0xff, .logical = address >> 2 & 1,
        .level = data >> 15 & 1, .mode = data >> 8 & 7, .vector = data & 0xff,
    };

    if ((address & ~0xfffffull) != VLAPIC_DEFAULT_BASE)
        return;
    if (m.mode != VL_FIXED && m.mode != VL_LOWEST && m.mode != VL_NMI)
        return;
    if (m.dest == 0xff)
        m.dest = ~0u;
    vlapic_deliver(d, &m);
}
