/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction that ends an NMI's handler, executed alone: every way in which it may
 * leave the guest. The test plays the CPU. Broken, a guest dies of an exception that is
 * intercepted for that time only, loses one, or finds a flag that is not its own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <asm/msr.h>
#include "svm.h"

#define RIP  0x401000ul
#define ELSE 0x402000ul     /* where a handler or another task begins */
#define FLAGS 0x202ul

static struct vcpu vc;
static struct svm_vcpu sv;
static struct vmcb cb;
static const struct cpu_user_regs *const regs = &vc.arch.regs;
static const struct hvm_event *const event = &vc.arch.hvm.event;

void hvm_triple_fault(struct vcpu *v)
{
    (void)v;
    fail();
}

void hvm_unblock_nmi(struct vcpu *v)
{
    v->arch.hvm.nmi_blocked = false;
}

static void update_cr(struct vcpu *v, unsigned int cr)
{
    (void)v;
    assert_int_equal(cr, 2);
}

static const struct hvm_ops ops = { .update_cr = update_cr };
const struct hvm_ops *hvm = &ops;

/* In 64-bit code, in the handler of an NMI, at an IRET. */
static int setup(void **state)
{
    (void)state;
    memset(&vc, 0, sizeof(vc));
    memset(&sv, 0, sizeof(sv));
    memset(&cb, 0, sizeof(cb));
    sv.vmcb = &cb;
    vc.arch.hvm.vendor = &sv;
    vc.arch.hvm.nmi_blocked = true;
    vc.arch.hvm.efer = EFER_LME | EFER_LMA;
    vc.arch.regs.rip = RIP;
    vc.arch.regs.rflags = FLAGS;
    cb.dr6 = DR6_RESET;
    cb.exceptions = SVM_EXCEPTIONS;
    cb.intercept3 = INTERCEPT_IRET;
    return 0;
}

/* The entry after the IRET's intercept. */
static void enter(void)
{
    svm_begin_step(&vc);
    assert_true(svm_step_now(&vc));
    cb.rflags = regs->rflags;
    svm_arm_step(&vc);
    assert_true(cb.rflags & X86_EFLAGS_TF);
    assert_true(cb.exceptions & 1u << EXC_PF);
}

/* And what it ended with; true: nobody else has to handle it. */
static bool leave(uint64_t code, uint64_t rip, uint64_t rflags)
{
    bool handled;

    vc.arch.regs.rip = rip;
    vc.arch.regs.rflags = rflags;
    cb.exitcode = code;
    handled = svm_step_exit(&vc);
    assert_int_equal(cb.exceptions, SVM_EXCEPTIONS);
    return handled;
}

static void expect_over(void)
{
    assert_false(sv.stepping);
    assert_false(vc.arch.hvm.nmi_blocked);
}

/* NMIs wait on, for the IRET to come. */
static void expect_waiting(void)
{
    assert_false(sv.stepping);
    assert_true(vc.arch.hvm.nmi_blocked);
    assert_true(cb.intercept3 & INTERCEPT_IRET);
}

static void expect_event(uint8_t vector, bool has_error, uint32_t error)
{
    assert_true(event->valid);
    assert_int_equal(event->vector, vector);
    assert_int_equal(event->type, HVM_EVENT_EXC);
    assert_int_equal(event->has_error, has_error);
    assert_int_equal(event->error, error);
}

static void test_executed(void **state)
{
    (void)state;
    enter();
    assert_false(cb.intercept3 & INTERCEPT_IRET);
    cb.dr6 |= DR6_BS;
    assert_true(leave(EXIT_EXCEPTION + EXC_DB, ELSE, FLAGS));
    expect_over();
    assert_false(event->valid);
    assert_int_equal(cb.dr6, DR6_RESET);
}

static void test_faults(void **state)
{
    (void)state;
    enter();
    cb.exitinfo1 = 0xfff8;
    assert_true(leave(EXIT_EXCEPTION + EXC_GP, RIP, FLAGS | X86_EFLAGS_TF));
    expect_waiting();
    expect_event(EXC_GP, true, 0xfff8);
    assert_int_equal(regs->rflags, FLAGS);
}

static void test_something_else(void **state)
{
    (void)state;
    enter();
    assert_false(leave(EXIT_INTR, RIP, FLAGS | X86_EFLAGS_TF));
    assert_true(sv.stepping);
    assert_int_equal(regs->rflags, FLAGS);
    assert_true(svm_step_now(&vc));
}

/* --- it went on without a trap ----------------------------------------------------- */

/* INT n in place of the IRET clears TF; so the handler runs until something happens. */
static void test_fault_elsewhere(void **state)
{
    static const struct {
        uint8_t vector;
        bool has_error;
    } faults[] = {
        { EXC_DE, false }, { EXC_BR, false }, { EXC_UD, false }, { EXC_NM, false },
        { EXC_TS, true }, { EXC_NP, true }, { EXC_SS, true }, { EXC_GP, true },
        { EXC_PF, true }, { EXC_MF, false }, { EXC_XF, false },
    };

    for (unsigned int i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        setup(state);
        enter();
        cb.exitinfo1 = 6;
        cb.exitinfo2 = 0x1234;
        assert_true(leave(EXIT_EXCEPTION + faults[i].vector, ELSE, FLAGS));
        expect_over();
        expect_event(faults[i].vector, faults[i].has_error, faults[i].has_error ? 6 : 0);
        if (faults[i].vector == EXC_PF)
            assert_int_equal(vc.arch.hvm.guest_cr[2], 0x1234);
        assert_int_equal(regs->rip, ELSE);
    }
}

/* Such an instruction is executed again, and not intercepted then. */
static void test_trap_elsewhere(void **state)
{
    static const uint8_t traps[] = { EXC_BP, EXC_OF };

    for (unsigned int i = 0; i < 2; i++) {
        setup(state);
        enter();
        assert_true(leave(EXIT_EXCEPTION + traps[i], ELSE, FLAGS));
        expect_over();
        assert_false(event->valid);
    }
}

/* Those that always leave the guest, and other exits, have their own handlers. */
static void test_exit_elsewhere(void **state)
{
    static const uint64_t codes[] = { EXIT_EXCEPTION + EXC_MC, EXIT_INTR, EXIT_CPUID,
                                      EXIT_NPF, EXIT_SHUTDOWN };

    for (unsigned int i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        setup(state);
        enter();
        assert_false(leave(codes[i], ELSE, FLAGS));
        expect_over();
        assert_false(event->valid);
    }
}

static void test_alignment_elsewhere(void **state)
{
    (void)state;
    enter();
    cb.exitinfo1 = 0;
    assert_true(leave(EXIT_EXCEPTION + EXC_AC, ELSE, FLAGS));
    expect_event(EXC_AC, true, 0);
    expect_over();
}

/* --- it is not there any more ------------------------------------------------------ */

/* An exit that another instruction made, and whose handler has stepped over it. */
static void test_emulated_instead(void **state)
{
    (void)state;
    enter();
    assert_false(leave(EXIT_CPUID, RIP, FLAGS | X86_EFLAGS_TF));
    vc.arch.regs.rip = RIP + 2;
    assert_false(svm_step_now(&vc));
    expect_waiting();
}

static void test_reset_meanwhile(void **state)
{
    (void)state;
    svm_begin_step(&vc);
    hvm_unblock_nmi(&vc);
    assert_false(svm_step_now(&vc));
    expect_over();
}

static void test_event_first(void **state)
{
    (void)state;
    svm_begin_step(&vc);
    hvm_inject_exception(&vc, EXC_UD, -1);
    assert_false(svm_step_now(&vc));
    expect_waiting();
}

/* --- a nested task ----------------------------------------------------------------- */

/* The switch would store our TF in the task's own state, for it to find later. */
static void enter_task_switch(void)
{
    vc.arch.hvm.efer = 0;
    vc.arch.regs.rflags = FLAGS | X86_EFLAGS_NT;
    cb.tr.sel = 0x20;
    svm_begin_step(&vc);
    assert_true(svm_step_now(&vc));
    assert_true(svm_step_runs_on(&vc));
    cb.rflags = regs->rflags;
    svm_arm_step(&vc);
    assert_int_equal(cb.rflags, FLAGS | X86_EFLAGS_NT);
    assert_true(vc.arch.hvm.nmi_blocked);
    assert_false(cb.intercept3 & INTERCEPT_IRET);
}

/* Any exit after it shows it, and be it that both tasks are at the same instruction. */
static void test_task_switch(void **state)
{
    static const uint64_t rips[] = { ELSE, RIP };

    for (unsigned int i = 0; i < 2; i++) {
        setup(state);
        enter_task_switch();
        cb.tr.sel = 0x18;
        assert_false(leave(EXIT_VINTR, rips[i], FLAGS));
        expect_over();
        assert_int_equal(regs->rflags, FLAGS);
    }
}

/* An exit before it shows nothing: it goes on. */
static void test_task_switch_later(void **state)
{
    (void)state;
    enter_task_switch();
    assert_false(leave(EXIT_INTR, RIP, FLAGS | X86_EFLAGS_NT));
    assert_true(sv.stepping);
    assert_true(vc.arch.hvm.nmi_blocked);
    assert_true(svm_step_now(&vc));
}

static void test_task_switch_faults(void **state)
{
    (void)state;
    enter_task_switch();
    cb.exitinfo1 = 0x18;
    assert_true(leave(EXIT_EXCEPTION + EXC_TS, RIP, FLAGS | X86_EFLAGS_NT));
    expect_waiting();
    expect_event(EXC_TS, true, 0x18);
}

/* The new task's T bit (APM vol. 2, 12.2.5): its trap is the guest's own. */
static void test_task_switch_traps(void **state)
{
    (void)state;
    enter_task_switch();
    cb.tr.sel = 0x18;
    cb.dr6 |= DR6_BT;
    assert_true(leave(EXIT_EXCEPTION + EXC_DB, ELSE, FLAGS));
    expect_over();
    expect_event(EXC_DB, false, 0);
    assert_int_equal(cb.dr6, DR6_RESET | DR6_BT);
}

/* Long mode has no tasks to switch to, that IRET faults: as any other. */
static void test_no_task_switch(void **state)
{
    (void)state;
    vc.arch.regs.rflags = FLAGS | X86_EFLAGS_NT;
    enter();
    assert_true(leave(EXIT_EXCEPTION + EXC_GP, RIP,
                      FLAGS | X86_EFLAGS_NT | X86_EFLAGS_TF));
    expect_waiting();
    expect_event(EXC_GP, true, 0);
    assert_int_equal(regs->rflags, FLAGS | X86_EFLAGS_NT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_executed, setup),
        cmocka_unit_test_setup(test_faults, setup),
        cmocka_unit_test_setup(test_something_else, setup),
        cmocka_unit_test_setup(test_fault_elsewhere, setup),
        cmocka_unit_test_setup(test_trap_elsewhere, setup),
        cmocka_unit_test_setup(test_exit_elsewhere, setup),
        cmocka_unit_test_setup(test_alignment_elsewhere, setup),
        cmocka_unit_test_setup(test_emulated_instead, setup),
        cmocka_unit_test_setup(test_reset_meanwhile, setup),
        cmocka_unit_test_setup(test_event_first, setup),
        cmocka_unit_test_setup(test_task_switch, setup),
        cmocka_unit_test_setup(test_task_switch_later, setup),
        cmocka_unit_test_setup(test_task_switch_faults, setup),
        cmocka_unit_test_setup(test_task_switch_traps, setup),
        cmocka_unit_test_setup(test_no_task_switch, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
