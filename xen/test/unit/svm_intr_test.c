/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is asked of the CPU for an NMI, when a guest is entered that can take it, and one
 * that cannot yet. Broken, it comes too early, or only when the guest happens to exit.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/timer.h>
#include <asm/current.h>
#include "svm.h"

#define NMI_INJECTED (2 | (uint64_t)HVM_EVENT_NMI << EVENT_TYPE_SHIFT | EVENT_VALID)

struct cpu_info fake_cpu_info;

static struct vcpu vc;
static struct svm_vcpu sv;
static struct vmcb cb;
static bool nmi, past;          /* is one due; and does the timer's time pass at once? */
static unsigned int kicks;
static s_time_t now, ends_by;   /* by when the guest is sure to exit; 0: not known */

/* --- the rest of the hypervisor --- */

struct hvm_intr hvm_intr_pending(struct vcpu *v)
{
    (void)v;
    return (struct hvm_intr){ .kind = nmi ? HVM_INTR_NMI : HVM_INTR_NONE, .vector = 2 };
}

bool hvm_intr_cr8_matters(struct vcpu *v, struct hvm_intr next)
{
    (void)v;
    (void)next;
    return false;
}

void hvm_intr_hand_over(struct vcpu *v, struct hvm_intr intr)
{
    (void)v;
    (void)intr;
    fail();
}

void hvm_intr_withdraw(struct vcpu *v, struct hvm_intr intr)
{
    (void)v;
    (void)intr;
    fail();
}

void hvm_intr_delivered(struct vcpu *v, struct hvm_intr intr)
{
    (void)v;
    assert_int_equal(intr.kind, HVM_INTR_NMI);
    nmi = false;
}

void hvm_unblock_nmi(struct vcpu *v)
{
    (void)v;
    fail();
}

bool svm_step_now(struct vcpu *v)
{
    (void)v;
    fail();
    return false;
}

bool svm_step_runs_on(const struct vcpu *v)
{
    (void)v;
    fail();
    return false;
}

void smp_kick(unsigned int cpu)
{
    assert_int_equal(cpu, smp_processor_id());
    kicks++;
}

s_time_t get_s_time(void)
{
    return now;
}

void timer_interrupt_by(s_time_t when)
{
    ends_by = when;
}

bool softirq_pending(void)
{
    return past && ends_by;
}

/* --- tests --- */

static int setup(void **state)
{
    (void)state;
    memset(&vc, 0, sizeof(vc));
    memset(&sv, 0, sizeof(sv));
    memset(&cb, 0, sizeof(cb));
    memset(&fake_cpu_info, 0, sizeof(fake_cpu_info));
    sv.vmcb = &cb;
    vc.arch.hvm.vendor = &sv;
    now = 1000;
    ends_by = 0;
    kicks = 0;
    nmi = true;
    past = false;
    return 0;
}

static bool window(void)
{
    return (cb.vintr & VINTR_IRQ) && (cb.intercept3 & INTERCEPT_VINTR);
}

static void enter(uint64_t rflags, uint64_t shadow)
{
    vc.arch.regs.rflags = rflags;
    cb.shadow = shadow;
    cb.eventinj = 0;
    svm_prepare_events(&vc);
}

static void test_at_once(void **state)
{
    (void)state;
    enter(2, 0);
    assert_int_equal(cb.eventinj, NMI_INJECTED);
    assert_false(nmi);
    assert_true(vc.arch.hvm.nmi_blocked);
    assert_false(window());
    assert_int_equal(kicks + ends_by, 0);
}

static void test_shadow_with_if(void **state)
{
    (void)state;
    enter(2 | X86_EFLAGS_IF, 1);
    assert_int_equal(cb.eventinj, 0);
    assert_true(nmi && window());
    assert_int_equal(kicks + ends_by, 0);
}

/* As after MOV SS: no window opens, and a kick would not let the instruction run. */
static void test_shadow_without_if(void **state)
{
    (void)state;
    enter(2, 1);
    assert_int_equal(cb.eventinj, 0);
    assert_true(nmi);
    assert_false(window());
    assert_int_equal(kicks, 0);
    assert_in_range(ends_by, now + MICROSECS(1), now + MILLISECS(1));
    /* It did run. */
    enter(2, 0);
    assert_int_equal(cb.eventinj, NMI_INJECTED);
}

/* The host took its time: nobody looks for work again before the guest runs. */
static void test_timer_is_past(void **state)
{
    (void)state;
    past = true;
    enter(2, 1);
    assert_int_equal(kicks, 1);
}

/* What was interrupted goes first; the NMI right behind. */
static void test_behind_an_event(void **state)
{
    (void)state;
    vc.arch.hvm.event = (struct hvm_event){ .valid = true, .vector = 14,
                                            .type = HVM_EVENT_EXC };
    enter(2, 0);
    assert_int_equal((uint8_t)cb.eventinj, 14);
    assert_true(nmi);
    assert_int_equal(kicks, 1);
    assert_int_equal(ends_by, 0);
}

static void test_nothing_due(void **state)
{
    (void)state;
    nmi = false;
    enter(2, 1);
    assert_int_equal(cb.eventinj, 0);
    assert_false(window());
    assert_int_equal(kicks + ends_by, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_at_once, setup),
        cmocka_unit_test_setup(test_shadow_with_if, setup),
        cmocka_unit_test_setup(test_shadow_without_if, setup),
        cmocka_unit_test_setup(test_timer_is_past, setup),
        cmocka_unit_test_setup(test_behind_an_event, setup),
        cmocka_unit_test_setup(test_nothing_due, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
