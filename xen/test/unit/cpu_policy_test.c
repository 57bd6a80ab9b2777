/* SPDX-License-Identifier: GPL-2.0-only */
/* CPU policies from fake CPUs: QEMU's EPYC under TCG, and one that barely exists. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <xen/errno.h>
#include <asm/cpu_policy.h>
#include <public/arch-x86/cpuid.h>

struct fake_leaf {
    uint32_t leaf, subleaf, a, b, c, d;
};

/* Words as QEMU 7.2 shows them for -cpu EPYC; 8 of leaf 1's bits are per CPU. */
static const struct fake_leaf epyc[] = {
    { 0, 0, 0xd, 0x68747541, 0x444d4163, 0x69746e65 },
    { 1, 0, 0x00800f12, 0x00020800, 0xf6d8320b, 0x178bfbfd },
    { 7, 0, 0, 0x009801a9, 0, 0 },
    { 0xb, 0, 0, 1, 0x100, 0 },
    { 0xb, 1, 1, 2, 0x201, 0 },
    { 0xd, 0, 7, 0x340, 0x340, 0 },
    { 0xd, 1, 5, 0, 0, 0 },
    { 0xd, 2, 0x100, 0x240, 0, 0 },
    { 0x80000000, 0, 0x8000001e, 0x68747541, 0x444d4163, 0x69746e65 },
    { 0x80000001, 0, 0x00800f12, 0, 0x00400075, 0x2dd3fbfd },
    { 0x80000002, 0, 0x20444d41, 0x43595045, 0x6f725020, 0x73736563 },
    { 0x80000007, 0, 0, 0, 0, 0x100 },
    { 0x80000008, 0, 0x3028, 0, 0x3001, 0 },
    { 0x8000000a, 0, 1, 0x10, 0, 1 },
    { 0x8000001e, 0, 1, 2, 3, 0 },
    { ~0u, 0, 0, 0, 0, 0 },
};

/* No extended leaves: it answers them with leaf 1, as real CPUs did. */
static const struct fake_leaf minimal[] = {
    { 0, 0, 1, 0x756e6547, 0x6c65746e, 0x49656e69 },
    { 1, 0, 0x633, 0, 0, 0x1f9 },
    { ~0u, 0, 0, 0, 0, 0 },
};

static const struct fake_leaf *table;

static void fake_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_leaf *out)
{
    *out = (struct cpuid_leaf){ 0 };
    if (table == minimal && leaf > 1)
        leaf = 1;
    for (const struct fake_leaf *t = table; t->leaf != ~0u; t++) {
        if (t->leaf == leaf && t->subleaf == subleaf)
            *out = (struct cpuid_leaf){ t->a, t->b, t->c, t->d };
    }
}

static struct cpu_policy raw, host, max, def;

static void build(const struct fake_leaf *t, bool hap)
{
    table = t;
    cpu_policy_read(&raw, fake_cpuid);
    host = raw;
    cpu_policy_make_host(&host);
    cpu_policy_make_hvm(&host, hap, &max, &def);
}

static void epyc_default(void **state)
{
    (void)state;
    build(epyc, true);
    assert_int_equal(cpu_policy_vendor(&raw), VENDOR_AMD);
    assert_true(cpu_policy_has(&host, X86_FEATURE_MONITOR));
    assert_true(cpu_policy_has(&host, X86_FEATURE_SVM));
    /* Shown to nobody. */
    assert_false(cpu_policy_has(&max, X86_FEATURE_MONITOR));
    assert_false(cpu_policy_has(&max, X86_FEATURE_SVM));
    assert_false(cpu_policy_has(&max, X86_FEATURE_TOPOEXT));
    assert_int_equal(max.extd[0xa].a | max.extd[0xa].d, 0);
    assert_int_equal(max.extd[0x1e].a, 0);
    /* Asked for only. */
    assert_true(cpu_policy_has(&max, X86_FEATURE_ITSC));
    assert_false(cpu_policy_has(&def, X86_FEATURE_ITSC));
    assert_true(cpu_policy_has(&max, X86_FEATURE_CMP_LEGACY));
    assert_false(cpu_policy_has(&def, X86_FEATURE_HTT));
    /* Emulated, so there although this CPU has no x2APIC. */
    assert_false(cpu_policy_has(&host, X86_FEATURE_X2APIC));
    assert_true(cpu_policy_has(&def, X86_FEATURE_X2APIC));
    assert_true(cpu_policy_has(&def, X86_FEATURE_HYPERVISOR));
    assert_true(cpu_policy_has(&def, X86_FEATURE_AVX2));
    assert_true(cpu_policy_has(&def, X86_FEATURE_PAGE1GB));
    assert_int_equal(cpu_policy_xcr0(&def), 7);
    assert_int_equal(cpu_policy_maxphysaddr(&def), 40);
    /* Leaf 1's bits are repeated in 0x80000001, dynamic and HTT bits are not there. */
    assert_int_equal(def.extd[1].d & 0x0183f3ff, def.basic[1].d & 0x0183f3ff);
    assert_false(cpu_policy_has(&def, X86_FEATURE_OSXSAVE));

    build(epyc, false);
    assert_false(cpu_policy_has(&max, X86_FEATURE_PAGE1GB));
}

static void minimal_cpu(void **state)
{
    (void)state;
    build(minimal, true);
    assert_int_equal(raw.extd[0].a, 0);
    assert_int_equal(raw.extd[1].d, 0);
    assert_int_equal(def.basic[0].a, 1);
    assert_int_equal(cpu_policy_xcr0(&def), 0);
    assert_false(cpu_policy_has(&def, X86_FEATURE_LM));
    assert_true(cpu_policy_has(&def, X86_FEATURE_APIC));
    assert_int_equal(cpu_policy_maxphysaddr(&def), 36);
}

static void dependencies_fall_together(void **state)
{
    uint32_t f[X86_FEATURE_WORDS];

    (void)state;
    build(epyc, true);
    cpu_policy_get_features(&def, f);
    assert_true(features_test(f, X86_FEATURE_FMA));
    f[X86_FEATURE_XSAVE / 32] &= ~(1u << (X86_FEATURE_XSAVE % 32));
    features_close(f);
    assert_false(features_test(f, X86_FEATURE_AVX));
    assert_false(features_test(f, X86_FEATURE_AVX2));
    assert_false(features_test(f, X86_FEATURE_FMA));
    assert_false(features_test(f, X86_FEATURE_F16C));
    assert_false(features_test(f, X86_FEATURE_XGETBV1));
    assert_true(features_test(f, X86_FEATURE_SSE4_2));

    /* SSE2 is under long mode, and that under much else; PCID takes a second pass. */
    f[X86_FEATURE_PCID / 32] |= 1u << (X86_FEATURE_PCID % 32);
    f[X86_FEATURE_FPU / 32] &= ~(1u << (X86_FEATURE_FPU % 32));
    features_close(f);
    assert_false(features_test(f, X86_FEATURE_LM));
    assert_false(features_test(f, X86_FEATURE_PCID));
    assert_false(features_test(f, X86_FEATURE_PAGE1GB));
    assert_false(features_test(f, X86_FEATURE_LAHF_LM));
}

static void clamp_without_xsave(void **state)
{
    struct cpu_policy p;

    (void)state;
    build(epyc, true);
    p = def;
    p.basic[1].c &= ~(1u << (X86_FEATURE_XSAVE % 32));
    p.basic[1].c |= 1u << (X86_FEATURE_MONITOR % 32);
    p.extd[1].c |= 1u << (X86_FEATURE_SVM % 32);
    p.extd[8].a = 0x3034;
    cpu_policy_clamp(&max, &p);
    assert_false(cpu_policy_has(&p, X86_FEATURE_MONITOR));
    assert_false(cpu_policy_has(&p, X86_FEATURE_SVM));
    assert_false(cpu_policy_has(&p, X86_FEATURE_AVX));
    assert_int_equal(p.xsave[0].a, 0);
    assert_int_equal(p.xsave[2].a, 0);
    assert_int_equal(cpu_policy_maxphysaddr(&p), 40);
}

static void limits_are_refused(void **state)
{
    struct cpu_policy_error err;
    struct cpu_policy p;

    (void)state;
    build(epyc, true);
    assert_int_equal(cpu_policy_check(&max, &def, &err), 0);
    assert_int_equal(err.leaf, ~0u);
    p = def;
    p.basic[0].a = 0x20;
    assert_int_equal(cpu_policy_check(&max, &p, &err), -EINVAL);
    assert_int_equal(err.leaf, 0);
    p = def;
    p.feat[0].a = 1;
    assert_int_equal(cpu_policy_check(&max, &p, &err), -EINVAL);
    assert_int_equal(err.leaf, 7);
    assert_int_equal(err.subleaf, 0);
    p = def;
    p.extd[0].a = 0x80000021;
    assert_int_equal(cpu_policy_check(&max, &p, &err), -EINVAL);
    assert_int_equal(err.leaf, 0x80000000);
    p = def;
    p.platform_info = 1u << 31;
    assert_int_equal(cpu_policy_check(&max, &p, &err), -EINVAL);
    assert_int_equal(err.msr, 0xce);
}

static void lists_round_trip(void **state)
{
    xen_cpuid_leaf_t leaves[CPU_POLICY_MAX_LEAVES];
    xen_msr_entry_t msrs[CPU_POLICY_MAX_MSRS];
    uint32_t nr = CPU_POLICY_MAX_LEAVES, nr_msrs = CPU_POLICY_MAX_MSRS, few;
    struct cpu_policy_error err;
    struct cpu_policy p;

    (void)state;
    build(epyc, true);
    assert_int_equal(cpu_policy_to_leaves(&def, leaves, &nr), 0);
    assert_in_range(nr, 8, 60);
    memset(&p, 0, sizeof(p));
    assert_int_equal(cpu_policy_from_leaves(&p, leaves, nr, &err), 0);
    assert_memory_equal(&p, &def, sizeof(p));
    few = nr - 1;
    assert_int_equal(cpu_policy_to_leaves(&def, leaves, &few), -ENOBUFS);

    assert_int_equal(cpu_policy_to_msrs(&def, msrs, &nr_msrs), 0);
    assert_int_equal(nr_msrs, 0);
    msrs[0] = (xen_msr_entry_t){ .idx = 0xce, .val = 1ull << 31 };
    msrs[1] = (xen_msr_entry_t){ .idx = 0x10a, .val = 1ull << 62 };
    assert_int_equal(cpu_policy_from_msrs(&p, msrs, 2, &err), 0);
    assert_int_equal(p.arch_caps, 1ull << 62);
}

static void strange_lists(void **state)
{
    static const xen_cpuid_leaf_t bad[] = {
        { .leaf = 0xe, .subleaf = XEN_CPUID_NO_SUBLEAF },
        { .leaf = 1, .subleaf = 0 },
        { .leaf = 4, .subleaf = 6 },
        { .leaf = 7, .subleaf = XEN_CPUID_NO_SUBLEAF },
        { .leaf = 0xd, .subleaf = 63 },
        { .leaf = 0x40000001, .subleaf = XEN_CPUID_NO_SUBLEAF },
        { .leaf = 0x80000022, .subleaf = XEN_CPUID_NO_SUBLEAF },
        { .leaf = 0xffffffff, .subleaf = XEN_CPUID_NO_SUBLEAF },
    };
    xen_msr_entry_t msr = { .idx = 0x1b };
    struct cpu_policy_error err;
    struct cpu_policy p = { 0 };

    (void)state;
    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(cpu_policy_from_leaves(&p, &bad[i], 1, &err), -ERANGE);
        assert_int_equal(err.leaf, bad[i].leaf);
        assert_int_equal(err.subleaf, bad[i].subleaf);
    }
    assert_int_equal(cpu_policy_from_leaves(&p, bad, 121, &err), -E2BIG);
    assert_int_equal(cpu_policy_from_msrs(&p, &msr, 1, &err), -ERANGE);
    assert_int_equal(err.msr, 0x1b);
    msr = (xen_msr_entry_t){ .idx = 0xce, .flags = 1 };
    assert_int_equal(cpu_policy_from_msrs(&p, &msr, 1, &err), -EINVAL);
    msr = (xen_msr_entry_t){ .idx = 0xce, .val = 1ull << 32 };
    assert_int_equal(cpu_policy_from_msrs(&p, &msr, 1, &err), -EOVERFLOW);
}

static struct cpuid_leaf ask(const struct cpuid_view *v, uint32_t leaf, uint32_t sub)
{
    struct cpuid_leaf out;

    cpuid_view_query(v, leaf, sub, &out);
    return out;
}

static void guest_view(void **state)
{
    struct cpuid_view v = {
        .policy = &def, .vcpu_id = 3, .domid = 7, .apic_enabled = true, .xcr0 = 1,
        .tsc_khz = 1000000,
    };

    (void)state;
    build(epyc, true);
    assert_int_equal(ask(&v, 1, 0).b >> 24, 6);
    assert_false(ask(&v, 1, 0).c & (1u << 27));
    assert_true(ask(&v, 1, 0).d & (1u << 9));
    v.cr4 = 1u << 18;
    v.apic_enabled = false;
    assert_true(ask(&v, 1, 0).c & (1u << 27));
    assert_false(ask(&v, 1, 0).d & (1u << 9));
    assert_false(ask(&v, 0x80000001, 0).d & (1u << 9));
    assert_int_equal(ask(&v, 0xb, 0).d, 6);
    assert_int_equal(ask(&v, 0xd, 0).b, 576);
    v.xcr0 = 7;
    assert_int_equal(ask(&v, 0xd, 0).b, 0x340);
    assert_int_equal(ask(&v, 0xd, 0).c, 0x340);
    /* Beyond the limits: zeros. */
    assert_int_equal(ask(&v, 0xe, 0).a | ask(&v, 0xe, 0).d, 0);
    assert_int_equal(ask(&v, 0x8000001f, 0).a, 0);

    assert_int_equal(ask(&v, 0x40000000, 0).a, 0x40000005);
    assert_int_equal(ask(&v, 0x40000000, 0).b, XEN_CPUID_SIGNATURE_EBX);
    assert_int_equal(ask(&v, 0x40000001, 0).a, 0x40011);
    assert_int_equal(ask(&v, 0x40000002, 0).b, 0x40000000);
    assert_int_equal(ask(&v, 0x40000003, 0).c, 1000000);
    assert_int_equal(ask(&v, 0x40000004, 0).b, 3);
    assert_int_equal(ask(&v, 0x40000004, 0).c, 7);
    assert_int_equal(ask(&v, 0x40000006, 0).a, 0);
    assert_int_equal(ask(&v, 0x40000100, 0).a, 0);
    assert_int_equal(ask(&v, 0x20000000, 0).a, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epyc_default),
        cmocka_unit_test(minimal_cpu),
        cmocka_unit_test(dependencies_fall_together),
        cmocka_unit_test(clamp_without_xsave),
        cmocka_unit_test(limits_are_refused),
        cmocka_unit_test(lists_round_trip),
        cmocka_unit_test(strange_lists),
        cmocka_unit_test(guest_view),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
