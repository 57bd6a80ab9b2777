/* SPDX-License-Identifier: GPL-2.0-only */
/* PRED_CMD of a guest: what its CPUID says, and what becomes of its barrier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/cpu_policy.h>
#include <asm/hvm.h>
#include <asm/msr.h>

#include "msr_fake.h"

static struct cpu_policy host, most, some;
static struct domain dom;
static struct vcpu v = {.domain = &dom};
static unsigned int writes, reads;
static uint64_t written;

/* --- the machine, and what this test has no use for ----------------------------------
 */

int wrmsr_safe(uint32_t msr, uint64_t val)
{
    assert_int_equal(msr, MSR_PRED_CMD);
    writes++;
    written = val;
    return 0;
}

int rdmsr_safe(uint32_t msr, uint64_t *val)
{
    reads++;
    *val = 0;
    return 0;
}

static int no_such_read(struct vcpu *vcpu, uint32_t msr, uint64_t *val)
{
    return 1;
}

static int no_such_write(struct vcpu *vcpu, uint32_t msr, uint64_t val)
{
    return 1;
}

static const struct hvm_ops ops = {.msr_read = no_such_read, .msr_write = no_such_write};
const struct hvm_ops *hvm = &ops;

int mtrr_msr_read(struct vcpu *vcpu, uint32_t msr, uint64_t *val)
{
    return 1;
}

int mtrr_msr_write(struct vcpu *vcpu, uint32_t msr, uint64_t val)
{
    return 1;
}

void gprintk(const char *level, const char *fmt, ...)
{
}

#define UNUSED(type, name, ...)                                                          \
    type name(__VA_ARGS__)                                                               \
    {                                                                                    \
        fail_msg("%s is not for PRED_CMD", __func__);                                    \
        return 0;                                                                        \
    }
UNUSED(int, vlapic_msr_read, struct vcpu *vcpu, uint32_t msr, uint64_t *val)
UNUSED(int, vlapic_msr_write, struct vcpu *vcpu, uint32_t msr, uint64_t val)
UNUSED(uint64_t, vlapic_base_msr, struct vcpu *vcpu)
UNUSED(int, vlapic_set_base_msr, struct vcpu *vcpu, uint64_t val)
UNUSED(uint64_t, hvm_guest_tsc, struct vcpu *vcpu)
UNUSED(int, hvm_set_efer, struct vcpu *vcpu, uint64_t val)
UNUSED(int, hvm_write_hypercall_page, struct vcpu *vcpu, uint64_t val)

void hvm_set_guest_tsc(struct vcpu *vcpu, uint64_t val)
{
    fail_msg("not for PRED_CMD");
}

/* --- the tests -----------------------------------------------------------------------
 */

/* A guest of a processor with the extended leaves, with or without the barrier. */
static void guest(bool ibpb)
{
    static const char vendor[] = "AuthenticAMD";

    memset(&host, 0, sizeof(host));
    host.basic[0].a = POLICY_BASIC_LEAVES - 1;
    memcpy(&host.basic[0].b, vendor, 4);
    memcpy(&host.basic[0].d, vendor + 4, 4);
    memcpy(&host.basic[0].c, vendor + 8, 4);
    host.extd[0].a = 0x80000000 + POLICY_EXTD_LEAVES - 1;
    host.extd[8].b = ibpb ? 1u << 12 : 0;
    cpu_policy_make_host(&host);
    cpu_policy_make_hvm(&host, true, &most, &some);
    dom.arch.policy = &some;
    writes = reads = 0;
}

/* The guest would think it is safe: it is told of the barrier, and nothing happens. */
static void test_barrier(void **state)
{
    static const uint64_t others[] = {2, 3, 1 << 7 | 1, 1ULL << 32, 1ULL << 63 | 1};

    guest(true);
    assert_true(some.extd[8].b & 1u << 12);
    assert_int_equal(hvm_msr_write(&v, 0x49, 1), 0);
    assert_int_equal(writes, 1);
    assert_int_equal(written, 1);
    assert_int_equal(hvm_msr_write(&v, 0x49, 0), 0);
    assert_true(writes == 1 || !written);

    writes = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(others); i++)
        assert_int_equal(hvm_msr_write(&v, 0x49, others[i]), -EPERM);
    assert_int_equal(writes, 0);
}

static void test_write_only(void **state)
{
    uint64_t val;

    guest(true);
    assert_int_equal(hvm_msr_read(&v, 0x49, &val), -EPERM);
    assert_int_equal(reads, 0);
}

static void test_not_there(void **state)
{
    guest(false);
    assert_false(some.extd[8].b & 1u << 12);
    assert_int_equal(hvm_msr_write(&v, 0x49, 1), -EPERM);

    /* A toolstack has hidden it. */
    guest(true);
    some.extd[8].b = 0;
    assert_int_equal(hvm_msr_write(&v, 0x49, 1), -EPERM);
    assert_int_equal(writes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_barrier),
        cmocka_unit_test(test_write_only),
        cmocka_unit_test(test_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
