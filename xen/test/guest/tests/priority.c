/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The domain's callback vector against interrupts of the local APIC that the task
 * priority holds back. It is none of them, so it knows no priority, and waits for none.
 */
#include <public/event_channel.h>
#include <public/hvm/hvm_op.h>
#include <public/hvm/params.h>
#include "../guest.h"

#define CALLBACK_VECTOR 0xe1
#define LAPIC_VECTOR    0x60
#define TIMES           50

static volatile unsigned int callbacks, lapic_irqs;

static void on_callback(struct frame *f)
{
    struct vcpu_info *info = &shared_info()->vcpu_info[0];

    (void)f;
    callbacks++;
    __atomic_store_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
}

static void on_lapic(struct frame *f)
{
    (void)f;
    lapic_irqs++;
    apic_eoi();
}

static void set_cr8(uint64_t priority)
{
    __asm__ volatile("mov %0, %%cr8" ::"r"(priority) : "memory");
}

/* Both become pending, then the guest lets in whatever is above the priority. */
static long both(unsigned int port, uint64_t priority)
{
    struct evtchn_send s = { .port = port };
    long rc;

    callbacks = lapic_irqs = 0;
    apic_send((uint32_t)rdmsr(X2APIC_ID), 0x4000 | LAPIC_VECTOR);
    rc = HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &s);
    if (priority)
        set_cr8(priority);
    irq_on();
    __asm__ volatile("nop; nop; nop" ::: "memory");
    irq_off();
    __atomic_fetch_and(&shared_info()->evtchn_pending[0], ~(1ul << port),
                       __ATOMIC_SEQ_CST);
    return rc;
}

/* Lets the others in, after an exit (docs/lab.md, the third defect of QEMU). */
static void lower(void)
{
    rdmsr(X2APIC_ID);
    irq_on();
    set_cr8(0);
    __asm__ volatile("nop; nop; nop" ::: "memory");
    irq_off();
}

/*
 * Nothing after the hypercall exits by itself: what is not there at once would come with
 * the next timer only.
 */
TEST(callback_before_held_interrupt)
{
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };
    struct xen_hvm_param via = {
        .domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ,
        .value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | CALLBACK_VECTOR,
    };

    apic_enable();
    set_handler(CALLBACK_VECTOR, on_callback);
    set_handler(LAPIC_VECTOR, on_lapic);
    CHECK_EQ(HC2(__HYPERVISOR_hvm_op, HVMOP_set_param, &via), 0);
    CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &ipi), 0);
    __atomic_fetch_and(&shared_info()->evtchn_mask[0], ~(1ul << ipi.port),
                       __ATOMIC_SEQ_CST);
    for (unsigned int i = 0; i < TIMES; i++) {
        CHECK_EQ(both(ipi.port, 0), 0);
        CHECK_EQ(callbacks, 1);
        CHECK_EQ(lapic_irqs, 1);
        CHECK_EQ(both(ipi.port, (LAPIC_VECTOR >> 4) + 1), 0);
        CHECK_EQ(callbacks, 1);
        CHECK_EQ(lapic_irqs, 0);
        lower();
        CHECK_EQ(callbacks, 1);
        CHECK_EQ(lapic_irqs, 1);
    }
}
