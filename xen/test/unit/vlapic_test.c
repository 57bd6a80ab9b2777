/* SPDX-License-Identifier: GPL-2.0-only */
/* The emulated local APIC, register by register, with a clock that the test turns. */
#include "vdev_fake.h"

#include <xen/errno.h>
#include <xen/percpu.h>
#include <asm/msr.h>
#include <public/hvm/save.h>

static int setup(void **state)
{
    (void)state;
    fake_domain(false, XEN_X86_EMU_LAPIC);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_domain_free();
    return 0;
}

static void use_x2apic(unsigned int id)
{
    assert_int_equal(vlapic_set_base_msr(vcpu[id], vlapic_base_msr(vcpu[id]) |
                                                       APIC_BASE_EXTD), 0);
}

static void test_reset_values(void **state)
{
    (void)state;
    assert_int_equal(mmio_read(1, LAPIC(VL_ID)), 2u << 24);
    assert_int_equal(mmio_read(0, LAPIC(VL_VERSION)), 0x50014);
    assert_int_equal(mmio_read(0, LAPIC(VL_LVTT)), VL_LVT_MASKED);
    assert_int_equal(mmio_read(0, LAPIC(VL_DFR)), 0xffffffff);
    assert_int_equal(mmio_read(0, LAPIC(VL_EOI)), 0);
    assert_int_equal(vlapic_base_msr(vcpu[0]), 0xfee00900);
    assert_int_equal(vlapic_base_msr(vcpu[1]), 0xfee00800);
}

static bool cr8_matters(unsigned int id)
{
    return hvm_intr_cr8_matters(vcpu[id], hvm_intr_pending(vcpu[id]));
}

static void test_priorities(void **state)
{
    (void)state;
    vlapic_set_irq(vcpu[0], 0x41, false);
    vlapic_set_irq(vcpu[0], 0x62, false);
    assert_int_equal(kicks[0], 2);
    vlapic_set_irq(vcpu[0], 0x62, false);
    assert_int_equal(kicks[0], 2);              /* pending already */
    assert_int_equal(take_interrupt(0), 0x62);
    assert_int_equal(take_interrupt(0), -1);    /* 0x41 is below what is served */
    assert_int_equal(mmio_read(0, LAPIC(VL_PPR)), 0x60);
    vlapic_set_irq(vcpu[0], 0x6f, false);
    assert_int_equal(take_interrupt(0), -1);    /* the same class waits, too */
    vlapic_set_irq(vcpu[0], 0x70, false);
    assert_int_equal(take_interrupt(0), 0x70);
    mmio_write(0, LAPIC(VL_EOI), 0);
    mmio_write(0, LAPIC(VL_EOI), 0);
    assert_int_equal(take_interrupt(0), 0x6f);
    mmio_write(0, LAPIC(VL_TPR), 0x50);
    mmio_write(0, LAPIC(VL_EOI), 0);
    assert_int_equal(take_interrupt(0), -1);
    assert_int_equal(vlapic_get_cr8(vcpu[0]), 5);
    assert_true(cr8_matters(0));
    assert_false(cr8_matters(1));
    vlapic_set_cr8(vcpu[0], 3);
    assert_false(cr8_matters(0));
    assert_int_equal(take_interrupt(0), 0x41);
    vlapic_set_irq(vcpu[0], 0x42, false);           /* in service: not the TPR's fault */
    assert_false(cr8_matters(0));
}

static void test_every_word_of_requests(void **state)
{
    unsigned int vector;

    (void)state;
    for (vector = 0x1f; vector <= 0xff; vector += 0x20) {
        vlapic_set_irq(vcpu[0], (uint8_t)vector, false);
        assert_int_equal(take_interrupt(0), (int)vector);
        assert_int_equal(take_interrupt(0), -1);
        mmio_write(0, LAPIC(VL_EOI), 0);
    }
}

static void test_illegal_vector(void **state)
{
    (void)state;
    mmio_write(0, LAPIC(VL_LVTERR), 0xfe);
    vlapic_set_irq(vcpu[0], 3, false);
    assert_int_equal(take_interrupt(0), 0xfe);
    assert_int_equal(mmio_read(0, LAPIC(VL_ESR)), 0);   /* latched by a write only */
    mmio_write(0, LAPIC(VL_ESR), 0);
    assert_int_equal(mmio_read(0, LAPIC(VL_ESR)), VL_ESR_RECV_ILLEGAL);
    mmio_write(0, LAPIC(VL_ESR), 0);
    assert_int_equal(mmio_read(0, LAPIC(VL_ESR)), 0);
    mmio_write(0, LAPIC(VL_EOI), 0);
    mmio_write(0, LAPIC(VL_LVTERR), 0);     /* an illegal vector of its own: no loop */
    mmio_write(0, LAPIC(VL_ICR), 0x4005);
    mmio_write(0, LAPIC(VL_ESR), 0);
    assert_true(mmio_read(0, LAPIC(VL_ESR)) & VL_ESR_SEND_ILLEGAL);
}

static void test_software_disable(void **state)
{
    (void)state;
    mmio_write(0, LAPIC(VL_LVT0), 0x31);
    assert_int_equal(mmio_read(0, LAPIC(VL_LVT0)), 0x31);
    mmio_write(0, LAPIC(VL_SVR), 0xff);
    assert_int_equal(mmio_read(0, LAPIC(VL_LVT0)), 0x10031);
    mmio_write(0, LAPIC(VL_LVT0), 0x31);
    assert_int_equal(mmio_read(0, LAPIC(VL_LVT0)), 0x10031);
    mmio_write(1, LAPIC(VL_ICR2), 0);
    mmio_write(1, LAPIC(VL_ICR), 0x4050);
    assert_int_equal(take_interrupt(0), -1);
}

/* --- timer ------------------------------------------------------------------------- */

static void test_one_shot(void **state)
{
    (void)state;
    mmio_write(0, LAPIC(VL_LVTT), 0xec);
    mmio_write(0, LAPIC(VL_TDCR), 0xb);             /* divide by 1 */
    mmio_write(0, LAPIC(VL_TMICT), 1000);           /* 10 us */
    fake_advance(4000);
    assert_int_equal(mmio_read(0, LAPIC(VL_TMCCT)), 600);
    fake_advance(5999);
    assert_int_equal(take_interrupt(0), -1);
    fake_advance(1);
    assert_int_equal(take_interrupt(0), 0xec);
    assert_int_equal(mmio_read(0, LAPIC(VL_TMCCT)), 0);
    mmio_write(0, LAPIC(VL_EOI), 0);
    fake_advance(1000000);
    assert_int_equal(take_interrupt(0), -1);
    /* Unmasking again does not fire an expired shot. */
    mmio_write(0, LAPIC(VL_LVTT), 0x100ec);
    mmio_write(0, LAPIC(VL_LVTT), 0xec);
    fake_advance(1000000);
    assert_int_equal(take_interrupt(0), -1);
    mmio_write(0, LAPIC(VL_TMICT), 1000);
    mmio_write(0, LAPIC(VL_TMICT), 0);              /* stopped */
    fake_advance(1000000);
    assert_int_equal(take_interrupt(0), -1);
}

static void test_periodic(void **state)
{
    unsigned int n;

    (void)state;
    mmio_write(0, LAPIC(VL_LVTT), 0x200ec);
    mmio_write(0, LAPIC(VL_TDCR), 0x3);             /* divide by 16 */
    mmio_write(0, LAPIC(VL_TMICT), 6250);           /* 1 ms */
    for (n = 0; n < 10; n++) {
        fake_advance(999999);
        assert_int_equal(take_interrupt(0), -1);
        fake_advance(1);
        assert_int_equal(take_interrupt(0), 0xec);
        mmio_write(0, LAPIC(VL_EOI), 0);
    }
    fake_advance(500000);
    assert_int_equal(mmio_read(0, LAPIC(VL_TMCCT)), 3125);
    /* Twice as fast from here: half the count is left, a quarter of a ms. */
    mmio_write(0, LAPIC(VL_TDCR), 0x2);
    assert_int_equal(mmio_read(0, LAPIC(VL_TMCCT)), 3125);
    fake_advance(250000);
    assert_int_equal(take_interrupt(0), 0xec);
}

/* A period of ten nanoseconds must not keep a CPU busy (a domU that floods). */
static void test_timer_flood(void **state)
{
    unsigned int taken = 0, n;

    (void)state;
    mmio_write(0, LAPIC(VL_LVTT), 0x200ec);
    mmio_write(0, LAPIC(VL_TDCR), 0xb);
    mmio_write(0, LAPIC(VL_TMICT), 1);
    for (n = 0; n < 1000; n++) {
        fake_advance(10000);
        taken += take_interrupt(0) >= 0;
        mmio_write(0, LAPIC(VL_EOI), 0);
    }
    assert_in_range(taken, 50, 110);
}

static void test_deadline(void **state)
{
    uint64_t val;

    (void)state;
    assert_int_equal(vlapic_msr_read(vcpu[0], MSR_TSC_DEADLINE, &val), -EPERM);
    fake_deadline = true;
    mmio_write(0, LAPIC(VL_LVTT), 0x400ec);
    msr_write(0, MSR_TSC_DEADLINE, 1);              /* long past */
    fake_advance(1);
    assert_int_equal(take_interrupt(0), 0xec);
    assert_int_equal(msr_read(0, MSR_TSC_DEADLINE), 0);
    msr_write(0, MSR_TSC_DEADLINE, ~0ull);
    mmio_write(0, LAPIC(VL_LVTT), 0xec);            /* a change of mode disarms */
    assert_int_equal(msr_read(0, MSR_TSC_DEADLINE), 0);
}

/* --- destinations ------------------------------------------------------------------ */

static void pending(int a, int b, int c, int d)
{
    assert_int_equal(take_interrupt(0), a);
    assert_int_equal(take_interrupt(1), b);
    assert_int_equal(take_interrupt(2), c);
    assert_int_equal(take_interrupt(3), d);
    for (unsigned int i = 0; i < FAKE_VCPUS; i++)
        vlapic_eoi(vcpu[i]->arch.hvm.vlapic);
}

static void test_ipi_xapic(void **state)
{
    unsigned int i;

    (void)state;
    mmio_write(0, LAPIC(VL_ICR2), 4u << 24);
    mmio_write(0, LAPIC(VL_ICR), 0x4031);
    pending(-1, -1, 0x31, -1);
    mmio_write(0, LAPIC(VL_ICR2), 0xffu << 24);
    mmio_write(0, LAPIC(VL_ICR), 0x4032);
    pending(0x32, 0x32, 0x32, 0x32);
    mmio_write(0, LAPIC(VL_ICR), 0x44033);          /* self */
    pending(0x33, -1, -1, -1);
    mmio_write(0, LAPIC(VL_ICR), 0x84034);          /* all */
    pending(0x34, 0x34, 0x34, 0x34);
    mmio_write(1, LAPIC(VL_ICR), 0xc4035);          /* all but self */
    pending(0x35, -1, 0x35, 0x35);
    for (i = 0; i < FAKE_VCPUS; i++)
        mmio_write(i, LAPIC(VL_LDR), 1u << (24 + i));
    mmio_write(0, LAPIC(VL_ICR2), 0x0au << 24);
    mmio_write(0, LAPIC(VL_ICR), 0x4836);           /* flat logical */
    pending(-1, 0x36, -1, 0x36);
    for (i = 0; i < FAKE_VCPUS; i++) {
        mmio_write(i, LAPIC(VL_DFR), 0x0fffffff);
        mmio_write(i, LAPIC(VL_LDR), (i / 2) << 28 | 1u << (24 + i % 2));
    }
    mmio_write(0, LAPIC(VL_ICR2), 0x13u << 24);
    mmio_write(0, LAPIC(VL_ICR), 0x4837);           /* cluster 1 */
    pending(-1, -1, 0x37, 0x37);
    /* Lowest priority: vCPU 2 is busy with 0x90, 3 is idle. */
    vlapic_set_irq(vcpu[2], 0x90, false);
    assert_int_equal(take_interrupt(2), 0x90);
    mmio_write(0, LAPIC(VL_ICR), 0x4938);
    pending(-1, -1, -1, 0x38);
    mmio_write(0, LAPIC(VL_ICR2), 9u << 24);        /* nobody */
    mmio_write(0, LAPIC(VL_ICR), 0x4039);
    pending(-1, -1, -1, -1);
}

static void test_x2apic(void **state)
{
    uint64_t val;
    unsigned int i;

    (void)state;
    assert_int_equal(vlapic_msr_read(vcpu[0], X2(VL_ID), &val), -EPERM);
    for (i = 0; i < FAKE_VCPUS; i++)
        use_x2apic(i);
    assert_false(vlapic_mmio_claims(vcpu[0], LAPIC(VL_ID)));
    assert_int_equal(msr_read(3, X2(VL_ID)), 6);
    assert_int_equal(msr_read(3, X2(VL_LDR)), 1 << 6);
    msr_write(0, X2(VL_ICR), 4ull << 32 | 0x4041);
    pending(-1, -1, 0x41, -1);
    msr_write(0, X2(VL_ICR), 0x44ull << 32 | 0x4842);   /* logical, bits 2 and 6 */
    pending(-1, 0x42, -1, 0x42);
    msr_write(0, X2(VL_ICR), 0xffffffffull << 32 | 0x4043);
    pending(0x43, 0x43, 0x43, 0x43);
    msr_write(2, X2(VL_SELF_IPI), 0x44);
    pending(-1, -1, 0x44, -1);
    assert_int_equal(msr_read(0, X2(VL_ICR)) >> 32, 0xffffffff);
    /* Refusals: no such register, read-only, write-only, reserved bits. */
    assert_int_equal(vlapic_msr_read(vcpu[0], X2(VL_EOI), &val), -EPERM);
    assert_int_equal(vlapic_msr_read(vcpu[0], X2(VL_DFR), &val), -EPERM);
    assert_int_equal(vlapic_msr_read(vcpu[0], X2(VL_ICR2), &val), -EPERM);
    assert_int_equal(vlapic_msr_read(vcpu[0], 0x8ff, &val), -EPERM);
    assert_int_equal(vlapic_msr_write(vcpu[0], X2(VL_ID), 1), -EPERM);
    assert_int_equal(vlapic_msr_write(vcpu[0], X2(VL_LDR), 1), -EPERM);
    assert_int_equal(vlapic_msr_write(vcpu[0], X2(VL_IRR), 1), -EPERM);
    assert_int_equal(vlapic_msr_write(vcpu[0], X2(VL_EOI), 1), -EPERM);
    assert_int_equal(vlapic_msr_write(vcpu[0], X2(VL_TPR), 0x100), -EPERM);
    assert_int_equal(vlapic_msr_write(vcpu[0], X2(VL_LVTT), 0x80000), -EPERM);
    assert_int_equal(vlapic_msr_write(vcpu[0], X2(VL_ICR), 0x2000), -EPERM);
    msr_write(0, X2(VL_LVT0), 0x10700);
    msr_write(0, X2(VL_ESR), 0);
}

static void test_base_msr(void **state)
{
    uint64_t base = VLAPIC_DEFAULT_BASE | APIC_BASE_BSP;

    (void)state;
    assert_int_equal(vlapic_set_base_msr(vcpu[0], base | APIC_BASE_EXTD), -EPERM);
    assert_int_equal(vlapic_set_base_msr(vcpu[0], base | APIC_BASE_ENABLE | 1), -EPERM);
    assert_int_equal(vlapic_set_base_msr(vcpu[0], 1ull << 40 | APIC_BASE_ENABLE), -EPERM);
    fake_x2apic = false;
    assert_int_equal(vlapic_set_base_msr(vcpu[0], base | 0xc00), -EPERM);
    fake_x2apic = true;
    use_x2apic(0);
    assert_int_equal(vlapic_set_base_msr(vcpu[0], base | APIC_BASE_ENABLE), -EPERM);
    assert_int_equal(vlapic_set_base_msr(vcpu[0], base), 0);
    assert_int_equal(vlapic_set_base_msr(vcpu[0], base | 0xc00), -EPERM);
    vlapic_set_irq(vcpu[0], 0x50, false);
    assert_int_equal(take_interrupt(0), -1);
    assert_int_equal(vlapic_set_base_msr(vcpu[0], base | APIC_BASE_ENABLE), 0);
    assert_int_equal(mmio_read(0, LAPIC(VL_ID)), 0);
    assert_int_equal(vlapic_base_msr(vcpu[0]), base | APIC_BASE_ENABLE);
}

/* --- starting processors ----------------------------------------------------------- */

static void test_init_sipi(void **state)
{
    (void)state;
    vcpu[1]->sched.pause_flags = VPF_DOWN;
    mmio_write(0, LAPIC(VL_ICR2), 2u << 24);
    mmio_write(0, LAPIC(VL_ICR), 0xc500);       /* INIT, assert */
    mmio_write(0, LAPIC(VL_ICR), 0x8500);       /* de-assert: nothing */
    assert_int_equal(ups[1], 0);
    mmio_write(0, LAPIC(VL_ICR), 0x4608);       /* SIPI to 8000h */
    assert_int_equal(ups[1], 1);
    assert_true(vcpu[1]->is_initialised);
    vlapic_apply_start(vcpu[1]);
    assert_int_equal(resets[1], 1);
    assert_int_equal(reset_cs[1], 0x800);
    mmio_write(0, LAPIC(VL_ICR), 0x4609);       /* the customary second one */
    assert_int_equal(ups[1], 1);
    vlapic_apply_start(vcpu[1]);
    assert_int_equal(resets[1], 1);

    /* A running one takes INIT at its next entry and sleeps until its SIPI. */
    vlapic_set_irq(vcpu[1], 0x99, false);
    mmio_write(0, LAPIC(VL_ICR), 0xc500);
    assert_true(vcpu_event_pending(vcpu[1]));
    current = vcpu[1];
    vlapic_apply_start(vcpu[1]);
    assert_int_equal(resets[1], 3);
    assert_int_equal(reset_cs[1], 0x7700);
    assert_int_equal(take_interrupt(1), -1);
    assert_int_equal(vcpu[1]->arch.hvm.vlapic->start, VL_RUNNING);

    /* Another way to start is not undone. */
    vlapic_apply_start(vcpu[2]);
    assert_int_equal(resets[2], 0);
}

/*
 * Events sent to a vCPU before it is started wait for it: Linux binds a timer and IPIs
 * first, and with the upcall flag up no second interrupt would ever come.
 */
static void test_events_before_start(void **state)
{
    struct vcpu_info info = { .evtchn_upcall_pending = 1 };

    (void)state;
    vcpu[1]->vcpu_info = &info;
    vcpu[1]->arch.hvm.evtchn_upcall_vector = 0xf3;
    arch_evtchn_inject(vcpu[1]);
    mmio_write(0, LAPIC(VL_ICR2), 2u << 24);
    mmio_write(0, LAPIC(VL_ICR), 0xc500);
    mmio_write(0, LAPIC(VL_ICR), 0x4608);
    vlapic_apply_start(vcpu[1]);
    assert_int_equal(take_interrupt(1), 0xf3);
    vlapic_eoi(vcpu[1]->arch.hvm.vlapic);
    mmio_write(0, LAPIC(VL_ICR), 0xc500);
    mmio_write(0, LAPIC(VL_ICR), 0x4608);
    vlapic_apply_start(vcpu[1]);
    assert_int_equal(take_interrupt(1), 0xf3);
    vcpu[1]->vcpu_info = NULL;
}

/* INIT between SIPI and its effect, and a vCPU that was taken down by hypercall. */
static void test_init_again(void **state)
{
    (void)state;
    mmio_write(0, LAPIC(VL_ICR2), 2u << 24);
    mmio_write(0, LAPIC(VL_ICR), 0x4608);
    mmio_write(0, LAPIC(VL_ICR), 0xc500);
    assert_int_equal(vcpu[1]->arch.hvm.vlapic->start, VL_INIT_PENDING);
    mmio_write(0, LAPIC(VL_ICR), 0x4609);
    vlapic_apply_start(vcpu[1]);
    assert_int_equal(reset_cs[1], 0x900);
    vcpu[1]->sched.pause_flags = VPF_DOWN;
    mmio_write(0, LAPIC(VL_ICR), 0xc500);
    mmio_write(0, LAPIC(VL_ICR), 0x460a);
    assert_int_equal(vcpu[1]->sched.pause_flags, 0);
    vlapic_apply_start(vcpu[1]);
    assert_int_equal(reset_cs[1], 0xa00);
}

/* SIPI right behind INIT, before the receiver looked: reset, then started. */
static void test_init_sipi_together(void **state)
{
    (void)state;
    vlapic_apply_start(vcpu[1]);
    mmio_write(0, LAPIC(VL_ICR2), 2u << 24);
    mmio_write(0, LAPIC(VL_ICR), 0xc500);
    mmio_write(0, LAPIC(VL_ICR), 0x4612);
    vlapic_apply_start(vcpu[1]);
    assert_int_equal(resets[1], 1);
    assert_int_equal(reset_cs[1], 0x1200);
    assert_int_equal(mmio_read(1, LAPIC(VL_SVR)), 0xff);
}

/* The CPU has a vector to deliver, nobody knows when; the same is requested again. */
static void test_requested_while_handed_over(void **state)
{
    struct hvm_intr intr;

    (void)state;
    vlapic_set_irq(vcpu[1], 0x61, false);
    intr = hvm_intr_pending(vcpu[1]);
    hvm_intr_hand_over(vcpu[1], intr);
    vlapic_set_irq(vcpu[1], 0x61, false);
    hvm_intr_delivered(vcpu[1], intr);
    assert_int_equal(take_interrupt(1), -1);
    mmio_write(1, LAPIC(VL_EOI), 0);
    assert_int_equal(take_interrupt(1), 0x61);
    mmio_write(1, LAPIC(VL_EOI), 0);
    assert_int_equal(take_interrupt(1), -1);

    /* Not delivered after all: then it was one and the same. */
    vlapic_set_irq(vcpu[1], 0x61, false);
    intr = hvm_intr_pending(vcpu[1]);
    hvm_intr_hand_over(vcpu[1], intr);
    vlapic_set_irq(vcpu[1], 0x61, false);
    hvm_intr_withdraw(vcpu[1], intr);
    assert_int_equal(take_interrupt(1), 0x61);
    mmio_write(1, LAPIC(VL_EOI), 0);
    assert_int_equal(take_interrupt(1), -1);
}

static void test_nmi(void **state)
{
    (void)state;
    mmio_write(0, LAPIC(VL_ICR), 0xc4400);
    assert_false(vcpu[0]->arch.hvm.nmi_pending);
    assert_int_equal(hvm_intr_pending(vcpu[3]).kind, HVM_INTR_NMI);
    vlapic_set_irq(vcpu[3], 0x51, false);           /* for whoever cannot have the NMI */
    assert_int_equal(hvm_intr_pending(vcpu[3]).kind, HVM_INTR_NMI);
    vcpu[3]->arch.hvm.nmi_blocked = true;
    assert_int_equal(hvm_intr_pending(vcpu[3]).vector, 0x51);
    vcpu[3]->arch.hvm.nmi_blocked = false;
    assert_int_equal(take_interrupt(3), 2);
    assert_int_equal(take_interrupt(3), 0x51);
    assert_int_equal(take_interrupt(3), -1);
}

/* --- events and messages ----------------------------------------------------------- */

static void test_upcalls(void **state)
{
    struct vcpu_info info = { 0 };

    (void)state;
    vcpu[1]->vcpu_info = &info;
    vcpu[1]->arch.hvm.evtchn_upcall_vector = 0xf3;
    arch_evtchn_inject(vcpu[1]);
    assert_int_equal(take_interrupt(1), 0xf3);
    assert_int_equal(take_interrupt(1), -1);
    mmio_write(1, LAPIC(VL_EOI), 0);
    /* Domain-wide vector: for as long as the flag is up, no EOI. */
    vcpu[1]->arch.hvm.evtchn_upcall_vector = 0;
    info.evtchn_upcall_pending = 1;
    hvm_set_callback_via(dom, 2ull << 56 | 0xe1);
    assert_int_equal(take_interrupt(1), 0xe1);
    assert_int_equal(take_interrupt(1), 0xe1);
    info.evtchn_upcall_pending = 0;
    assert_int_equal(take_interrupt(1), -1);
    hvm_set_callback_via(dom, 2ull << 56 | 5);      /* not a vector for this */
    info.evtchn_upcall_pending = 1;
    assert_int_equal(take_interrupt(1), -1);
    vcpu[1]->vcpu_info = NULL;
}

/*
 * A callback waits for no task priority. Broken, it waits for an interrupt of the local
 * APIC that the guest holds back without an exit.
 */
static void test_callback_behind_lapic(void **state)
{
    struct vcpu_info info = { .evtchn_upcall_pending = 1 };

    (void)state;
    vcpu[1]->vcpu_info = &info;
    hvm_set_callback_via(dom, 2ull << 56 | 0xe1);
    assert_false(cr8_matters(1));               /* alone it does not care */
    vlapic_set_irq(vcpu[1], 0x41, false);
    assert_int_equal(hvm_intr_pending(vcpu[1]).vector, 0x41);
    assert_true(cr8_matters(1));
    vlapic_set_cr8(vcpu[1], 4);
    assert_int_equal(hvm_intr_pending(vcpu[1]).vector, 0xe1);
    assert_true(cr8_matters(1));
    vlapic_set_cr8(vcpu[1], 0);
    info.evtchn_upcall_pending = 0;
    assert_false(cr8_matters(1));
    vcpu[1]->vcpu_info = NULL;
}

static void test_msi(void **state)
{
    (void)state;
    hvm_deliver_msi(dom, 0xfee02000, 0x4055);
    pending(-1, 0x55, -1, -1);
    hvm_deliver_msi(dom, 0xfeeff000, 0x56);
    pending(0x56, 0x56, 0x56, 0x56);
    hvm_deliver_msi(dom, 0xfed02000, 0x57);     /* not an interrupt address */
    hvm_deliver_msi(dom, 0xfee02000, 0x0557);   /* INIT by message: refused */
    hvm_deliver_msi(dom, 0xfee02000, 0x0657);
    pending(-1, -1, -1, -1);
}

static void test_save_restore(void **state)
{
    struct hvm_hw_lapic hidden;
    struct hvm_hw_lapic_regs regs;
    const struct hvm_save_handler *h, *r;

    (void)state;
    vlapic_register_save();
    h = save_handler[HVM_SAVE_CODE(LAPIC)];
    r = save_handler[HVM_SAVE_CODE(LAPIC_REGS)];
    use_x2apic(1);
    msr_write(1, X2(VL_LVTT), 0xaa);
    msr_write(1, X2(VL_TDCR), 0xb);
    msr_write(1, X2(VL_TMICT), 1000);
    vlapic_set_irq(vcpu[1], 0x44, true);
    fake_advance(3000);
    assert_int_equal(h->save(dom, vcpu[1], &hidden), 0);
    assert_int_equal(r->save(dom, vcpu[1], &regs), 0);
    assert_int_equal(hidden.timer_divisor, 1);
    assert_int_equal(h->load(dom, vcpu[2], &hidden, sizeof(hidden)), 0);
    assert_int_equal(r->load(dom, vcpu[2], &regs, sizeof(regs)), 0);
    assert_int_equal(msr_read(2, X2(VL_ID)), 4);
    assert_int_equal(msr_read(2, X2(VL_TMCCT)), 700);
    assert_int_equal(take_interrupt(2), 0x44);
    fake_advance(7000);
    assert_int_equal(take_interrupt(2), 0xaa);
    assert_int_equal(h->load(dom, vcpu[2], &hidden, 8), -EINVAL);
    assert_int_equal(r->load(dom, vcpu[2], &regs, 1000), -EINVAL);
    hidden.apic_base_msr = APIC_BASE_EXTD;
    assert_int_equal(h->load(dom, vcpu[2], &hidden, sizeof(hidden)), -EINVAL);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_reset_values),
        T(test_priorities),
        T(test_every_word_of_requests),
        T(test_illegal_vector),
        T(test_software_disable),
        T(test_one_shot),
        T(test_periodic),
        T(test_timer_flood),
        T(test_deadline),
        T(test_ipi_xapic),
        T(test_x2apic),
        T(test_base_msr),
        T(test_init_sipi),
        T(test_init_sipi_together),
        T(test_events_before_start),
        T(test_init_again),
        T(test_requested_while_handed_over),
        T(test_nmi),
        T(test_upcalls),
        T(test_callback_behind_lapic),
        T(test_msi),
        T(test_save_restore),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
