/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HLT with interrupts off against NMIs and starts, in each order that can happen. Broken,
 * a vCPU sleeps for ever with its reason to run beside it: a processor that does not come
 * up, now and then, or a machine that hangs instead of reporting where.
 */
#include <xen/hypercall.h>
#include <asm/cpu_policy.h>
#include <asm/current.h>
#include <public/sched.h>
#include "vdev_fake.h"

#define IF 0x200ul

static int setup(void **state)
{
    (void)state;
    fake_domain(false, XEN_X86_EMU_LAPIC);
    for (unsigned int i = 1; i < FAKE_VCPUS; i++)
        vcpu[i]->arch.hvm.vlapic->start = VL_RUNNING;
    current = vcpu[1];
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_domain_free();
    return 0;
}

/* As vCPU 0 would: by the local APIC's command register. */
static void send(uint32_t command)
{
    mmio_write(0, LAPIC(VL_ICR2), VCPU_APIC_ID(1) << 24);
    mmio_write(0, LAPIC(VL_ICR), command);
}

static void send_nmi(void)
{
    send(0x4400);
}

static void send_start(void)
{
    send(0xc500);
    send(0x4612);
}

static bool asleep(void)
{
    return vcpu[1]->sched.pause_flags;
}

static void test_sleeps(void **state)
{
    (void)state;
    hvm_hlt(vcpu[1]);
    assert_true(asleep());
    assert_int_equal(shutdowns, 0);
}

static void test_irqs_on(void **state)
{
    (void)state;
    vcpu[1]->arch.regs.rflags = IF;
    hvm_hlt(vcpu[1]);
    assert_int_equal(vcpu[1]->sched.pause_flags, VPF_BLOCKED);
}

static void test_nmi_wakes(void **state)
{
    (void)state;
    hvm_hlt(vcpu[1]);
    send_nmi();
    assert_false(asleep());
    assert_int_equal(wakes[1], 1);
    assert_int_equal(take_interrupt(1), 2);
}

static void test_interrupt_does_not(void **state)
{
    (void)state;
    hvm_hlt(vcpu[1]);
    send(0x4050);
    assert_true(asleep());
}

static void test_start_wakes(void **state)
{
    (void)state;
    hvm_hlt(vcpu[1]);
    send_start();
    assert_false(asleep());
    vlapic_apply_start(vcpu[1]);
    assert_int_equal(resets[1], 1);
}

/* The sender was done before the HLT was looked at: its wake-up found nobody asleep. */
static void test_start_came_first(void **state)
{
    (void)state;
    send_start();
    hvm_hlt(vcpu[1]);
    assert_false(asleep());
    vlapic_apply_start(vcpu[1]);
    assert_int_equal(resets[1], 1);
}

static void test_nmi_came_first(void **state)
{
    (void)state;
    send_nmi();
    hvm_hlt(vcpu[1]);
    assert_false(asleep());
    assert_int_equal(take_interrupt(1), 2);
}

static void wake_by_nmi(struct vcpu *v)
{
    assert_ptr_equal(v, vcpu[1]);
    send_nmi();
}

static void wake_by_start(struct vcpu *v)
{
    assert_ptr_equal(v, vcpu[1]);
    send_start();
}

/* Between the last look and the sleep; even with all others gone it is no power-off. */
static void test_between(void **state)
{
    void (*const how[])(struct vcpu *) = { wake_by_nmi, wake_by_start };

    (void)state;
    vcpu[2]->sched.pause_flags = vcpu[3]->sched.pause_flags = VPF_DOWN;
    vcpu[0]->sched.pause_flags = VPF_DOWN;
    for (unsigned int i = 0; i < 2; i++) {
        fake_on_sleep = how[i];
        hvm_hlt(vcpu[1]);
        assert_false(asleep());
        assert_int_equal(shutdowns, 0);
        take_interrupt(1);
    }
}

/* An NMI ends a HLT only: who was taken down by the guest stays down. */
static void test_down_stays(void **state)
{
    (void)state;
    vcpu[1]->sched.pause_flags = VPF_DOWN;
    send_nmi();
    assert_int_equal(vcpu[1]->sched.pause_flags, VPF_DOWN);
    vcpu[1]->sched.pause_flags = VPF_DOWN | VPF_HALTED;
    send_nmi();
    assert_int_equal(vcpu[1]->sched.pause_flags, VPF_DOWN);
}

static void test_last_one(void **state)
{
    (void)state;
    vcpu[0]->sched.pause_flags = VPF_HALTED;
    vcpu[2]->sched.pause_flags = vcpu[3]->sched.pause_flags = VPF_DOWN;
    hvm_hlt(vcpu[1]);
    assert_int_equal(shutdowns, 1);
    assert_int_equal(shutdown_reason, SHUTDOWN_poweroff);
}

/* --- in the handler of an NMI ------------------------------------------------------- */

#define IN_NMI(test) cmocka_unit_test_setup_teardown(test, setup_in_nmi, teardown)

static int setup_in_nmi(void **state)
{
    setup(state);
    vcpu[1]->arch.hvm.nmi_blocked = true;
    return 0;
}

/* The second one waits for the first one's IRET: until then it is no reason to run. */
static void test_blocked_nmi_came_first(void **state)
{
    (void)state;
    send_nmi();
    assert_false(vcpu_event_pending(vcpu[1]));
    assert_false(vcpu_event_deliverable(vcpu[1]));
    assert_int_equal(take_interrupt(1), -1);
    hvm_hlt(vcpu[1]);
    assert_true(asleep());
    assert_int_equal(shutdowns, 0);
}

static void test_blocked_nmi_irqs_on(void **state)
{
    (void)state;
    vcpu[1]->arch.regs.rflags = IF;
    send_nmi();
    hvm_hlt(vcpu[1]);
    assert_int_equal(vcpu[1]->sched.pause_flags, VPF_BLOCKED);
}

static void test_blocked_nmi_does_not_wake(void **state)
{
    (void)state;
    hvm_hlt(vcpu[1]);
    send_nmi();
    assert_true(asleep());
    assert_int_equal(wakes[1], 0);
    assert_int_equal(kicks[1], 0);
    send_start();
    assert_false(asleep());
}

/* An interrupt that does end the HLT is not held back by the NMI that does not. */
static void test_interrupt_passes_blocked_nmi(void **state)
{
    (void)state;
    vcpu[1]->arch.regs.rflags = IF;
    send_nmi();
    send(0x4050);
    assert_true(vcpu_event_pending(vcpu[1]));
    assert_true(vcpu_event_deliverable(vcpu[1]));
    assert_int_equal(take_interrupt(1), 0x50);
}

static void test_unblocked_nmi_is_due(void **state)
{
    (void)state;
    send_nmi();
    hvm_unblock_nmi(vcpu[1]);
    assert_true(vcpu_event_pending(vcpu[1]));
    hvm_hlt(vcpu[1]);
    assert_false(asleep());
    assert_int_equal(take_interrupt(1), 2);
}

/* Nobody is left who could wake it: the pending NMI never will. */
static void test_last_one_in_nmi(void **state)
{
    (void)state;
    send_nmi();
    vcpu[0]->sched.pause_flags = VPF_HALTED;
    vcpu[2]->sched.pause_flags = vcpu[3]->sched.pause_flags = VPF_DOWN;
    hvm_hlt(vcpu[1]);
    assert_int_equal(shutdowns, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sleeps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_irqs_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nmi_wakes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupt_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(test_start_wakes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_start_came_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nmi_came_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_between, setup, teardown),
        cmocka_unit_test_setup_teardown(test_down_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_last_one, setup, teardown),
        IN_NMI(test_blocked_nmi_came_first),
        IN_NMI(test_blocked_nmi_irqs_on),
        IN_NMI(test_blocked_nmi_does_not_wake),
        IN_NMI(test_interrupt_passes_blocked_nmi),
        IN_NMI(test_unblocked_nmi_is_due),
        IN_NMI(test_last_one_in_nmi),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
