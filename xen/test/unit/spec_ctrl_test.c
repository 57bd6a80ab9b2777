/* SPDX-License-Identifier: GPL-2.0-only */
/* What is in force on which CPU with which words, and when branches are forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/param.h>
#include <xen/percpu.h>
#include <asm/cpu_policy.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/spec_ctrl.h>

#include "msr_fake.h"

/* CPUID 1 EAX of some processor of each. */
#define BULLDOZER 0x00600f12
#define ZEN2      0x00830f10
#define DHYANA    0x00900f02
#define ZEN3      0x00a20f10

extern const struct param __start_host_params[], __stop_host_params[];

struct cpu_info fake_cpu_info;
struct cpu_policy cpu_policy_host;
uint32_t host_features[X86_FEATURE_WORDS];

static uint64_t efer;
static unsigned int barriers;
static char log_text[1024];

void printk(const char *fmt, ...)
{
    size_t have = strlen(log_text);
    va_list args;

    va_start(args, fmt);
    vsnprintf(log_text + have, sizeof(log_text) - have, fmt, args);
    va_end(args);
}

uint64_t rdmsr(uint32_t msr)
{
    assert_int_equal(msr, MSR_EFER);
    return efer;
}

void wrmsr(uint32_t msr, uint64_t val)
{
    if (msr == MSR_EFER) {
        efer = val;
        return;
    }
    assert_int_equal(msr, MSR_PRED_CMD);
    assert_int_equal(val, PRED_CMD_IBPB);
    assert_true(features_test(host_features, X86_FEATURE_IBPB));
    barriers++;
}

static int words(const char *value)
{
    assert_int_equal(__stop_host_params - __start_host_params, 1);
    assert_string_equal(__start_host_params->name, "spec-ctrl");
    return __start_host_params->fn(value);
}

static void give(unsigned int feature)
{
    host_features[feature / 32] |= 1u << (feature % 32);
}

/* A processor with nothing but what the caller adds before boot(). */
static void processor(uint32_t signature)
{
    memset(host_features, 0, sizeof(host_features));
    cpu_policy_host.basic[1].a = signature;
}

static void boot(const char *value)
{
    assert_int_equal(words("yes"), 0);
    assert_int_equal(words(value), 0);
    log_text[0] = '\0';
    efer = EFER_LME | EFER_NXE;
    spec_ctrl_init();
    spec_ctrl_cpu_init();
}

static void run(unsigned int cpu, const struct vcpu *v)
{
    fake_cpu_info.cpu = cpu;
    spec_ctrl_switch_in(v);
}

/* A guest could steer the next vCPU, or the same one coming back would cost a barrier. */
static void test_switch(void **state)
{
    struct vcpu a = {0}, b = {0};

    processor(ZEN3);
    give(X86_FEATURE_IBPB);
    boot("");
    spec_ctrl_vcpu_init(&a);
    spec_ctrl_vcpu_init(&b);
    barriers = 0;
    run(1, &a);
    run(1, &a);
    assert_int_equal(barriers, 0);
    run(1, &b);
    assert_int_equal(barriers, 1);
    run(2, &a);
    run(1, &b);
    assert_int_equal(barriers, 1);
    run(1, &a);
    assert_int_equal(barriers, 2);

    /* Another vCPU in the same memory is not the same vCPU. */
    spec_ctrl_vcpu_init(&a);
    run(1, &a);
    assert_int_equal(barriers, 3);

    boot("ibpb=no");
    run(1, &b);
    assert_int_equal(barriers, 3);
    processor(ZEN3);
    boot("ibpb");
    run(1, &a);
    assert_int_equal(barriers, 3);
}

/* Where any branch can be taken for a RET nothing short of a barrier at exits helps. */
static void test_exit(void **state)
{
    static const struct {
        uint32_t signature;
        bool btc_no;
        const char *value;
        uint8_t exit;
    } cases[] = {
        {ZEN3, false, "", SPEC_EXIT_RSB},
        {BULLDOZER, false, "", SPEC_EXIT_RSB},
        {ZEN2, false, "", SPEC_EXIT_RSB | SPEC_EXIT_IBPB},
        {DHYANA, false, "", SPEC_EXIT_RSB | SPEC_EXIT_IBPB},
        {ZEN2, true, "", SPEC_EXIT_RSB},
        {ZEN2, false, "no-ibpb-entry", SPEC_EXIT_RSB},
        {ZEN2, false, "ibpb=no", SPEC_EXIT_RSB | SPEC_EXIT_IBPB},
        {ZEN2, false, "rsb=off", SPEC_EXIT_IBPB},
        {ZEN2, false, "no", 0},
        {ZEN2, false, "no,rsb", SPEC_EXIT_RSB},
        {ZEN3, false, "ibpb-entry", SPEC_EXIT_RSB | SPEC_EXIT_IBPB},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        bool open = cases[i].signature == ZEN2 && !cases[i].btc_no &&
                    !(cases[i].exit & SPEC_EXIT_IBPB);

        processor(cases[i].signature);
        give(X86_FEATURE_IBPB);
        if (cases[i].btc_no)
            give(X86_FEATURE_BTC_NO);
        boot(cases[i].value);
        assert_int_equal(spec_exit, cases[i].exit);
        assert_int_equal(strstr(log_text, "branch type confusion") != NULL, open);
    }

    /* Old microcode: the bit would be a #GP in the middle of an exit. */
    processor(ZEN2);
    boot("ibpb-entry");
    assert_int_equal(spec_exit, SPEC_EXIT_RSB);
    assert_non_null(strstr(log_text, "branch type confusion"));
}

static void test_auto_ibrs(void **state)
{
    processor(ZEN3);
    boot("");
    assert_int_equal(efer, EFER_LME | EFER_NXE);
    give(X86_FEATURE_AUTO_IBRS);
    boot("");
    assert_int_equal(efer, EFER_LME | EFER_NXE | 1u << 21);
    boot("ibrs=no");
    assert_int_equal(efer, EFER_LME | EFER_NXE);
}

/* A misspelt word would be taken for protection that is there. */
static void test_bad_words(void **state)
{
    static const char *const bad[] = {"rbs", "rsb=2", "ssbd", "rsb,,ibpb", "no-no"};

    processor(ZEN3);
    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(words(bad[i]), -EINVAL);
    assert_int_equal(words("yes"), 0);
    assert_int_equal(words("nothing,rsb=no"), -EINVAL);
    spec_ctrl_init();
    assert_int_equal(spec_exit, 0);
}

static void test_said(void **state)
{
    processor(ZEN3);
    give(X86_FEATURE_IBPB);
    boot("rsb=no");
    assert_non_null(strstr(log_text, "return stack filled no\n"));
    assert_non_null(strstr(log_text, "IBPB between vCPUs yes, at exits no, "
                                     "AutoIBRS no (CPU cannot)\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_switch),    cmocka_unit_test(test_exit),
        cmocka_unit_test(test_auto_ibrs), cmocka_unit_test(test_bad_words),
        cmocka_unit_test(test_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
