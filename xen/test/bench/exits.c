/* SPDX-License-Identifier: GPL-2.0-only */
/* What it costs to enter the hypervisor, by each of the doors, and to be called by it. */
#include <public/event_channel.h>
#include <public/hvm/hvm_op.h>
#include <public/vcpu.h>
#include <public/version.h>
#include "bench.h"

#define LAPIC_VERSION  0xfee00030ul
#define IOAPIC_SELECT  0xfec00000ul
#define APIC_BASE      0x1b
#define CONFIG_ADDRESS 0xcf8
#define VECTOR         0x50
#define PATIENCE       20000000u    /* turns of a loop that waits for an interrupt */

static long empty_hypercall(unsigned long arg)
{
    return HC2(__HYPERVISOR_xen_version, arg, 0) > 0 ? 0 : -XEN_ENOSYS;
}

static long read_counter(unsigned long arg)
{
    (void)arg;
    rdtsc();
    return 0;
}

static long cpuid_exit(unsigned long leaf)
{
    uint32_t r[4];

    cpuid((uint32_t)leaf, 0, r);
    __asm__ volatile("" ::"r"(r[0]));
    return 0;
}

static long msr_exit(unsigned long index)
{
    rdmsr((uint32_t)index);
    return 0;
}

static long mmio_exit(unsigned long addr)
{
    (void)*(volatile uint32_t *)addr;
    return 0;
}

static long port_exit(unsigned long port)
{
    uint32_t v;

    __asm__ volatile("inl %w1, %0" : "=a"(v) : "d"(port));
    return 0;
}

TEST(exits)
{
    measure(&(struct row){ "hypercall", NULL, NULL, empty_hypercall, XENVER_version,
                           256, 0 });
    measure(&(struct row){ "cpuid", NULL, NULL, cpuid_exit, 0x40000000, 256, 0 });
    measure(&(struct row){ "rdtsc", NULL, NULL, read_counter, 0, 256, 0 });
    measure(&(struct row){ "port_read", NULL, NULL, port_exit, CONFIG_ADDRESS, 256, 0 });
    measure(&(struct row){ "mmio_ioapic", NULL, NULL, mmio_exit, IOAPIC_SELECT, 256, 0 });
    wrmsr(APIC_BASE, rdmsr(APIC_BASE) | 0x800);
    measure(&(struct row){ "mmio_lapic", NULL, NULL, mmio_exit, LAPIC_VERSION, 256, 0 });
    apic_enable();
    measure(&(struct row){ "msr_x2apic", NULL, NULL, msr_exit, X2APIC_ID, 256, 0 });
}

static volatile unsigned int upcalls;

static void on_upcall(struct frame *f)
{
    struct vcpu_info *v = &shared_info()->vcpu_info[0];

    (void)f;
    __atomic_store_n(&v->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    __atomic_exchange_n(&v->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    __atomic_exchange_n(&shared_info()->evtchn_pending[0], 0, __ATOMIC_SEQ_CST);
    upcalls++;
    apic_eoi();
}

static long called_since(unsigned int had)
{
    for (unsigned int i = 0; i < PATIENCE; i++) {
        if (upcalls != had)
            return 0;
    }
    return -XEN_ETIMEDOUT;
}

static long event(unsigned int op, void *arg)
{
    return HC2(__HYPERVISOR_event_channel_op, op, arg);
}

static long prepare_upcalls(void)
{
    struct xen_hvm_evtchn_upcall_vector v = { .vcpu = 0, .vector = VECTOR };

    apic_enable();
    set_handler(VECTOR, on_upcall);
    return HC2(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, &v);
}

/* Both ends of a channel from us to us; signals on either arrive unmasked. */
static long channel_to_self(evtchn_port_t *near)
{
    struct evtchn_alloc_unbound half = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
    struct evtchn_bind_interdomain whole = { .remote_dom = DOMID_SELF };
    long rc = event(EVTCHNOP_alloc_unbound, &half);

    if (rc)
        return rc;
    whole.remote_port = *near = half.port;
    return event(EVTCHNOP_bind_interdomain, &whole);
}

static long send_and_wait(unsigned long port)
{
    struct evtchn_send s = { .port = (evtchn_port_t)port };
    unsigned int had = upcalls;
    long rc = event(EVTCHNOP_send, &s);

    return rc ? rc : called_since(had);
}

/* A deadline that has passed: what is left is the way there and back. */
static long timer_and_wait(unsigned long arg)
{
    struct vcpu_set_singleshot_timer t = {
        .timeout_abs_ns = shared_info()->vcpu_info[0].time.system_time };
    unsigned int had = upcalls;
    long rc = HC(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, arg, &t, 0, 0);

    return rc ? rc : called_since(had);
}

static void no_masks(void)
{
    for (unsigned int i = 0; i < 64; i++)
        __atomic_store_n(&shared_info()->evtchn_mask[i], 0, __ATOMIC_SEQ_CST);
}

TEST(interrupts)
{
    struct evtchn_bind_virq timer = { .virq = VIRQ_TIMER, .vcpu = 0 };
    evtchn_port_t port = 0;
    long rc = prepare_upcalls();

    if (!rc)
        rc = channel_to_self(&port);
    if (rc) {
        skip("event_to_self", rc);
        skip("timer", rc);
        return;
    }
    no_masks();
    irq_on();
    measure(&(struct row){ "event_to_self", NULL, NULL, send_and_wait, port, 64, 0 });
    rc = event(EVTCHNOP_bind_virq, &timer);
    if (rc)
        skip("timer", rc);
    else
        measure(&(struct row){ "timer", NULL, NULL, timer_and_wait, 0, 64, 0 });
    irq_off();
}
