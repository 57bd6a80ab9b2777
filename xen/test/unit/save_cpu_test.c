/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one event of a saved context. Broken, a guest that is saved at the wrong moment
 * misses an interrupt that nobody sends again, or gets one that was another context's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <xen/domain.h>
#include <asm/cpu_policy.h>
#include <asm/vlapic.h>
#include <asm/xstate.h>
#include <public/hvm/save.h>
#include "private.h"

#define GP 13

static struct domain dom;
static struct vcpu vc;
static struct xsave_area area;
static struct hvm_hw_cpu record;
static struct hvm_save_handler cpu_handler;

uint64_t xstate_mask;
uint32_t xstate_size = sizeof(area);

void hvm_register_save(const struct hvm_save_handler *h)
{
    if (h->type == HVM_SAVE_CODE(CPU))
        cpu_handler = *h;
}

/* --- what is not looked at ---------------------------------------------------------- */

void xstate_reset(struct vcpu *v)
{
    (void)v;
}

bool xcr0_valid(uint64_t val, uint64_t mask)
{
    return val <= mask;
}

uint64_t hvm_get_xcr0(struct vcpu *v)
{
    return v->arch.xcr0;
}

uint64_t cpu_policy_xcr0(const struct cpu_policy *p)
{
    (void)p;
    return 0;
}

unsigned int cpu_policy_maxphysaddr(const struct cpu_policy *p)
{
    (void)p;
    return 40;
}

uint64_t hvm_cr4_valid_bits(struct vcpu *v)
{
    (void)v;
    return ~0ul;
}

uint64_t hvm_efer_valid_bits(struct vcpu *v)
{
    (void)v;
    return ~0ul;
}

uint64_t hvm_guest_tsc(struct vcpu *v)
{
    (void)v;
    return 1;
}

void hvm_set_guest_tsc(struct vcpu *v, uint64_t tsc)
{
    (void)v;
    (void)tsc;
}

int mtrr_msr_write(struct vcpu *v, uint32_t msr, uint64_t val)
{
    (void)v;
    (void)msr;
    (void)val;
    return 0;
}

int vcpu_up(struct vcpu *v)
{
    (void)v;
    return 0;
}

/* As hvm/irq.c has it. */
bool hvm_nmi_due(struct vcpu *v)
{
    return v->arch.hvm.nmi_pending && !v->arch.hvm.nmi_blocked;
}

void hvm_unblock_nmi(struct vcpu *v)
{
    v->arch.hvm.nmi_blocked = false;
}

static void get_segment(struct vcpu *v, enum hvm_seg seg, struct segment_reg *r)
{
    (void)v;
    (void)seg;
    *r = (struct segment_reg){ 0 };
}

static void set_segment(struct vcpu *v, enum hvm_seg seg, const struct segment_reg *r)
{
    (void)v;
    (void)seg;
    (void)r;
}

static void update_cr(struct vcpu *v, unsigned int cr)
{
    (void)v;
    (void)cr;
}

static void update(struct vcpu *v)
{
    (void)v;
}

static void save_msrs(struct vcpu *v, struct hvm_saved_msrs *m)
{
    (void)v;
    *m = (struct hvm_saved_msrs){ 0 };
}

static void load_msrs(struct vcpu *v, const struct hvm_saved_msrs *m)
{
    (void)v;
    (void)m;
}

static const struct hvm_ops ops = {
    .get_segment = get_segment, .set_segment = set_segment, .update_cr = update_cr,
    .update_efer = update, .flush_vcpu_tlb = update, .save_msrs = save_msrs,
    .load_msrs = load_msrs,
};
const struct hvm_ops *hvm = &ops;

/* --- the tests ---------------------------------------------------------------------- */

static int setup(void **state)
{
    (void)state;
    memset(&vc, 0, sizeof(vc));
    memset(&record, 0, sizeof(record));
    vc.domain = &dom;
    vc.arch.xsave = &area;
    vc.is_initialised = true;
    hvm_register_cpu_records();
    return 0;
}

static void save(void)
{
    memset(&record, 0, sizeof(record));
    assert_int_equal(cpu_handler.save(&dom, &vc, &record), 0);
}

static void load(void)
{
    assert_int_equal(cpu_handler.load(&dom, &vc, &record, sizeof(record)), 0);
}

static void expect_saved(uint8_t type, uint8_t vector)
{
    assert_true(record.pending_valid);
    assert_int_equal(record.pending_type, type);
    assert_int_equal(record.pending_vector, vector);
    assert_int_equal(record.pending_reserved, 0);
}

/* It comes back as an event to be injected, and as nothing else. */
static void test_nmi_comes_back(void **state)
{
    (void)state;
    vc.arch.hvm.nmi_pending = true;
    save();
    expect_saved(HVM_EVENT_NMI, EXC_NMI);
    assert_false(record.pending_error_valid);
    setup(state);
    record.pending_valid = 1;
    record.pending_type = HVM_EVENT_NMI;
    record.pending_vector = EXC_NMI;
    load();
    assert_true(vc.arch.hvm.event.valid);
    assert_int_equal(vc.arch.hvm.event.type, HVM_EVENT_NMI);
    assert_false(vc.arch.hvm.nmi_pending);
}

static void test_nothing_due(void **state)
{
    (void)state;
    save();
    assert_false(record.pending_valid);
}

/* It is not for the handler that it waits for. */
static void test_nmi_in_handler(void **state)
{
    (void)state;
    vc.arch.hvm.nmi_pending = vc.arch.hvm.nmi_blocked = true;
    save();
    assert_false(record.pending_valid);
}

/* Without its fault a guest could not go on. */
static void test_event_goes_first(void **state)
{
    (void)state;
    vc.arch.hvm.nmi_pending = true;
    vc.arch.hvm.event = (struct hvm_event){
        .valid = true, .vector = GP, .type = HVM_EVENT_EXC, .has_error = true, .error = 8,
    };
    save();
    expect_saved(HVM_EVENT_EXC, GP);
    assert_true(record.pending_error_valid);
    assert_int_equal(record.error_code, 8);
}

static void test_old_nmi_goes(void **state)
{
    (void)state;
    vc.arch.hvm.nmi_pending = vc.arch.hvm.nmi_blocked = true;
    load();
    assert_false(vc.arch.hvm.nmi_pending);
    assert_false(vc.arch.hvm.nmi_blocked);
    assert_false(vc.arch.hvm.event.valid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nmi_comes_back, setup),
        cmocka_unit_test_setup(test_nothing_due, setup),
        cmocka_unit_test_setup(test_nmi_in_handler, setup),
        cmocka_unit_test_setup(test_event_goes_first, setup),
        cmocka_unit_test_setup(test_old_nmi_goes, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
