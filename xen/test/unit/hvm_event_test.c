/* SPDX-License-Identifier: GPL-2.0-only */
/* Faults that meet faults: APM vol. 2 table 8-5. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <xen/domain.h>
#include <asm/hvm.h>

#define UD 6
#define DF 8
#define NP 11
#define GP 13
#define PF 14

static unsigned int triple_faults;
static struct vcpu vc;

void hvm_triple_fault(struct vcpu *v)
{
    assert_ptr_equal(v, &vc);
    triple_faults++;
}

static void update_cr(struct vcpu *v, unsigned int cr)
{
    (void)v;
    assert_int_equal(cr, 2);
}

static const struct hvm_ops ops = { .update_cr = update_cr };
const struct hvm_ops *hvm = &ops;

static int reset(void **state)
{
    (void)state;
    memset(&vc, 0, sizeof(vc));
    triple_faults = 0;
    return 0;
}

static void raise(uint8_t vector)
{
    hvm_inject_exception(&vc, vector, vector == UD ? -1 : 5);
}

static void expect(bool valid, uint8_t vector, bool has_error, uint32_t error)
{
    const struct hvm_event *e = &vc.arch.hvm.event;

    assert_int_equal(e->valid, valid);
    if (!valid)
        return;
    assert_int_equal(e->vector, vector);
    assert_int_equal(e->type, HVM_EVENT_EXC);
    assert_int_equal(e->has_error, has_error);
    assert_int_equal(e->error, error);
}

static void single(void **state)
{
    (void)state;
    raise(UD);
    expect(true, UD, false, 0);
    raise(GP);
    expect(true, GP, true, 5);
}

static void double_faults(void **state)
{
    static const uint8_t first[] = { GP, PF, PF }, second[] = { NP, GP, PF };

    for (unsigned int i = 0; i < 3; i++) {
        reset(state);
        raise(first[i]);
        raise(second[i]);
        expect(true, DF, true, 0);
        assert_int_equal(triple_faults, 0);
    }
}

static void page_fault_after_gp_is_delivered(void **state)
{
    (void)state;
    raise(GP);
    hvm_inject_page_fault(&vc, 0xdead000, 2);
    expect(true, PF, true, 2);
    assert_int_equal(vc.arch.hvm.event.cr2, 0xdead000);
    assert_int_equal(vc.arch.hvm.guest_cr[2], 0xdead000);
}

static void fault_in_double_fault_ends_it(void **state)
{
    (void)state;
    raise(PF);
    raise(PF);
    raise(GP);
    assert_int_equal(triple_faults, 1);
    expect(false, 0, false, 0);
}

static void interrupts_yield_to_faults(void **state)
{
    (void)state;
    vc.arch.hvm.event = (struct hvm_event){
        .valid = true, .type = HVM_EVENT_EXTINT, .vector = PF,
    };
    raise(PF);
    expect(true, PF, true, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(single, reset),
        cmocka_unit_test_setup(double_faults, reset),
        cmocka_unit_test_setup(page_fault_after_gp_is_delivered, reset),
        cmocka_unit_test_setup(fault_in_double_fault_ends_it, reset),
        cmocka_unit_test_setup(interrupts_yield_to_faults, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
