/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose FPU registers a CPU holds, by FXSAVE on the real registers: XMM15 stands for all.
 * A load left out where it was needed shows as another vCPU's value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/percpu.h>
#include <asm/cpu.h>
#include <asm/cpu_policy.h>
#include <asm/msr.h>
#include <asm/xstate.h>

struct cpu_info fake_cpu_info;
struct cpu_policy cpu_policy_host;
uint32_t host_features[X86_FEATURE_WORDS];

static struct vcpu *vcpu[2];
static struct domain dom;

void printk(const char *fmt, ...)
{
}

uint64_t cpu_policy_xcr0(const struct cpu_policy *p)
{
    return 0;
}

/* With the CPUs whose loads have to be helped: no load may lose anything by that. */
enum cpu_vendor cpu_policy_vendor(const struct cpu_policy *p)
{
    return VENDOR_AMD;
}

uint32_t cpu_policy_xsave_size(const struct cpu_policy *p, uint64_t xcr0, bool compacted)
{
    return 512;
}

void *charge_alloc_pages(struct charge *c, enum charge_tag tag, unsigned int order)
{
    return aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);
}

void charge_free_pages(void *p, unsigned int order)
{
    free(p);
}

static void put(uint64_t value)
{
    __asm__ volatile("movq %0, %%xmm15" ::"r"(value));
}

static uint64_t get(void)
{
    uint64_t value;

    __asm__ volatile("movq %%xmm15, %0" : "=r"(value));
    return value;
}

/* v comes in and, as its guest would, works with what it finds. */
static uint64_t enter(unsigned int cpu, struct vcpu *v)
{
    fake_cpu_info.cpu = cpu;
    xstate_restore(v);
    return get();
}

static void leave(struct vcpu *v, uint64_t value)
{
    put(value);
    xstate_save(v);
}

static int setup(void **state)
{
    host_features[X86_FEATURE_FXSR / 32] |= 1u << X86_FEATURE_FXSR % 32;
    assert_int_equal(xstate_init(), 0);
    dom.arch.hvm.params[HVM_PARAM_X87_FIP_WIDTH] = 0;
    for (unsigned int i = 0; i < 2; i++) {
        vcpu[i] = calloc(1, sizeof(*vcpu[i]));
        vcpu[i]->domain = &dom;
        vcpu[i]->arch.xsave = xstate_alloc(NULL);
        assert_non_null(vcpu[i]->arch.xsave);
    }
    return 0;
}

static int teardown(void **state)
{
    for (unsigned int i = 0; i < 2; i++) {
        xstate_free(vcpu[i]->arch.xsave);
        free(vcpu[i]);
    }
    return 0;
}

static void test_back_at_once(void **state)
{
    assert_int_equal(enter(1, vcpu[0]), 0);
    leave(vcpu[0], 11);
    /* Nobody but idle was here. That no load happens is the point: 12 is still there. */
    put(12);
    assert_int_equal(enter(1, vcpu[0]), 12);
    leave(vcpu[0], 11);
}

static void test_another_was_here(void **state)
{
    enter(1, vcpu[0]);
    leave(vcpu[0], 21);
    assert_int_equal(enter(1, vcpu[1]), 0);
    leave(vcpu[1], 22);
    assert_int_equal(enter(1, vcpu[0]), 21);
    leave(vcpu[0], 23);
    assert_int_equal(enter(1, vcpu[1]), 22);
}

static void test_was_elsewhere(void **state)
{
    enter(1, vcpu[0]);
    leave(vcpu[0], 31);
    assert_int_equal(enter(2, vcpu[0]), 31);
    leave(vcpu[0], 32);
    put(31);
    assert_int_equal(enter(1, vcpu[0]), 32);
    /* And CPU 2 must not believe that it has the newest either. */
    leave(vcpu[0], 33);
    put(32);
    assert_int_equal(enter(2, vcpu[0]), 33);
}

static void test_image_changed(void **state)
{
    enter(1, vcpu[0]);
    leave(vcpu[0], 41);
    xstate_reset(vcpu[0]);
    assert_int_equal(enter(1, vcpu[0]), 0);
}

static void test_new_vcpu_at_old_address(void **state)
{
    enter(1, vcpu[0]);
    leave(vcpu[0], 51);
    vcpu[0]->arch.xstate_cpu = 0; /* as a fresh, zeroed vCPU has it */
    memset(vcpu[0]->arch.xsave->legacy + 160, 0, 256);
    assert_int_equal(enter(1, vcpu[0]), 0);
}

static void put_control(uint16_t word)
{
    __asm__ volatile("fldcw %0" ::"m"(word));
}

static uint16_t get_control(void)
{
    uint16_t word;

    __asm__ volatile("fnstcw %0" : "=m"(word));
    return word;
}

static void test_x87_is_loaded(void **state)
{
    uint16_t ours = get_control();

    enter(1, vcpu[0]);
    put_control(0x27f);
    leave(vcpu[0], 61);
    enter(1, vcpu[1]);
    assert_int_equal(get_control(), FCW_RESET);
    leave(vcpu[1], 62);
    enter(1, vcpu[0]);
    assert_int_equal(get_control(), 0x27f);
    leave(vcpu[0], 63);
    put_control(ours);
}

/* --- x87 pointers ------------------------------------------------------------------- */

struct env {
    uint32_t control, status, tag, ip;
    uint16_t cs, opcode;
    uint32_t data;
    uint16_t ds, unused;
};

static struct env get_env(void)
{
    struct env e;

    __asm__ volatile("fnstenv %0" : "=m"(e));
    return e;
}

/* A division by zero that is not masked, and not yet noticed. */
static void divide(void)
{
    static const float one = 1, zero = 0;
    uint16_t control = 0x37b;

    __asm__ volatile("fninit; fldcw %2; flds %0; fdivs %1"
                     ::"m"(one), "m"(zero), "m"(control));
}

static void init(void)
{
    __asm__ volatile("fnclex; fninit");
}

/* What 32-bit software sees of it on this processor; newer ones of Intel have zeros. */
static struct env selectors_here(void)
{
    static uint8_t image[512] __attribute__((aligned(16)));
    struct env e;

    divide();
    __asm__ volatile("fxsave %0; fnclex; fninit; fxrstor %0" : "+m"(image));
    e = get_env();
    init();
    return e;
}

static struct env after_another(struct vcpu *v)
{
    struct env e;

    enter(1, v);
    divide();
    leave(v, 71);
    init();
    enter(1, vcpu[1]);
    assert_int_equal(get_env().ip, 0);
    leave(vcpu[1], 72);
    assert_int_equal(enter(1, v), 71);
    e = get_env();
    init();
    leave(v, 73);
    return e;
}

/* The handler of the exception finds the instruction by selector and offset. */
static void test_selectors_of_32_bits(void **state)
{
    struct env here = selectors_here(), e;

    vcpu[0]->arch.hvm.efer = 0;
    e = after_another(vcpu[0]);
    assert_true(e.status & 0x80);
    assert_int_equal(e.cs, here.cs);
    assert_int_equal(e.ds, here.ds);
    assert_int_not_equal(e.ip, 0);
}

static uint64_t saved_ip(const struct vcpu *v)
{
    uint64_t ip;

    memcpy(&ip, v->arch.xsave->legacy + 8, 8);
    return ip;
}

/* Of the program that this is, which is above 4 GiB. */
static void test_offsets_of_64_bits(void **state)
{
    vcpu[0]->arch.hvm.efer = EFER_LMA;
    enter(1, vcpu[0]);
    divide();
    leave(vcpu[0], 81);
    init();
    assert_int_equal(saved_ip(vcpu[0]) >> 32, (uint64_t)divide >> 32);
    enter(1, vcpu[1]);
    leave(vcpu[1], 82);
    enter(1, vcpu[0]);
    leave(vcpu[0], 83);
    init();
    assert_int_equal(saved_ip(vcpu[0]) >> 32, (uint64_t)divide >> 32);
}

/* The mode may change while it is away: what counts is how it was saved. */
static void test_mode_changes(void **state)
{
    struct env here = selectors_here();

    vcpu[0]->arch.hvm.efer = 0;
    enter(1, vcpu[0]);
    divide();
    leave(vcpu[0], 91);
    init();
    vcpu[0]->arch.hvm.efer = EFER_LMA;
    enter(2, vcpu[0]);
    assert_int_equal(get_env().cs, here.cs);
    init();
}

/* For a 64-bit kernel whose programs have 32 bits, say. */
static void test_width_is_told(void **state)
{
    struct env here = selectors_here();

    vcpu[0]->arch.hvm.efer = EFER_LMA;
    dom.arch.hvm.params[HVM_PARAM_X87_FIP_WIDTH] = 4;
    assert_int_equal(after_another(vcpu[0]).cs, here.cs);
    vcpu[0]->arch.hvm.efer = 0;
    dom.arch.hvm.params[HVM_PARAM_X87_FIP_WIDTH] = 8;
    after_another(vcpu[0]);
    enter(1, vcpu[0]);
    divide();
    leave(vcpu[0], 93);
    init();
    assert_int_equal(saved_ip(vcpu[0]) >> 32, (uint64_t)divide >> 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_back_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_was_here, setup, teardown),
        cmocka_unit_test_setup_teardown(test_was_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_image_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_vcpu_at_old_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_x87_is_loaded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_selectors_of_32_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_offsets_of_64_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mode_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_width_is_told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
