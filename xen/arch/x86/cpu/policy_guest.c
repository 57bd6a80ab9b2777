/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the CPUID instruction answers to a guest: its policy, the bits that follow its
 * state, and Xen's own leaves (public/arch-x86/cpuid.h).
 */
#include <xen/compiler.h>
#include <asm/cpu_policy.h>
#include <asm/cr.h>
#include <public/arch-x86/cpuid.h>

#define XEN_VERSION_LEAF ((4u << 16) | 17)
#define HYPERCALL_MSR    0x40000000u

#define FEATURE_BIT(name) (1u << (X86_FEATURE_##name % 32))

static void time_leaf(const struct cpuid_view *v, uint32_t subleaf,
                      struct cpuid_leaf *out)
{
    switch (subleaf) {
    case 0:
        out->a = (v->tsc_reliable ? 2 : 0) |
                 (cpu_policy_has(v->policy, X86_FEATURE_RDTSCP) ? 4 : 0);
        out->b = v->tsc_mode;
        out->c = v->tsc_khz;
        out->d = v->tsc_incarnation;
        break;
    case 1:
        out->a = (uint32_t)v->tsc_offset;
        out->b = (uint32_t)(v->tsc_offset >> 32);
        out->c = v->tsc_mul;
        out->d = (uint32_t)(int32_t)v->tsc_shift;
        break;
    case 2:
        out->a = v->host_tsc_khz;
        break;
    }
}

static void xen_leaf(const struct cpuid_view *v, uint32_t leaf, uint32_t subleaf,
                     struct cpuid_leaf *out)
{
    uint32_t limit = v->policy->hv_limit & 0xff;

    /* Below 2 a guest could not find the hypercall page: read it as "no wish". */
    if (limit < 2 || limit > XEN_CPUID_MAX_NUM_LEAVES)
        limit = XEN_CPUID_MAX_NUM_LEAVES;
    if (leaf > limit)
        return;

    switch (leaf) {
    case 0:
        out->a = 0x40000000u + limit;
        out->b = XEN_CPUID_SIGNATURE_EBX;
        out->c = XEN_CPUID_SIGNATURE_ECX;
        out->d = XEN_CPUID_SIGNATURE_EDX;
        break;
    case 1:
        out->a = XEN_VERSION_LEAF;
        break;
    case 2:
        out->a = 1;
        out->b = HYPERCALL_MSR;
        break;
    case 3:
        time_leaf(v, subleaf, out);
        break;
    case 4:
        if (subleaf)
            break;
        out->a = XEN_HVM_CPUID_IOMMU_MAPPINGS | XEN_HVM_CPUID_VCPU_ID_PRESENT |
                 XEN_HVM_CPUID_DOMID_PRESENT | XEN_HVM_CPUID_UPCALL_VECTOR;
        out->b = v->vcpu_id;
        out->c = v->domid;
        break;
    }
}

/* A leaf as the policy stores it; zeros beyond its limits, as on AMD. */
static void stored_leaf(const struct cpu_policy *p, uint32_t leaf, uint32_t subleaf,
                        struct cpuid_leaf *out)
{
    if (leaf >= 0x80000000u) {
        if (leaf - 0x80000000u < POLICY_EXTD_LEAVES && leaf <= p->extd[0].a)
            *out = p->extd[leaf - 0x80000000u];
        return;
    }
    if (leaf > p->basic[0].a || leaf >= POLICY_BASIC_LEAVES)
        return;
    switch (leaf) {
    case 4:
        if (subleaf < POLICY_CACHE_LEAVES)
            *out = p->cache[subleaf];
        break;
    case 7:
        if (subleaf < POLICY_FEAT_LEAVES)
            *out = p->feat[subleaf];
        break;
    case 0xb:
        if (subleaf < POLICY_TOPO_LEAVES)
            *out = p->topo[subleaf];
        break;
    case 0xd:
        if (subleaf < POLICY_XSAVE_LEAVES)
            *out = p->xsave[subleaf];
        break;
    default:
        *out = p->basic[leaf];
    }
}

static void xsave_sizes(const struct cpuid_view *v, uint32_t subleaf,
                        struct cpuid_leaf *out)
{
    const struct cpu_policy *p = v->policy;

    if (!p->xsave[0].a)
        return;
    if (subleaf == 0)
        out->b = cpu_policy_xsave_size(p, v->xcr0, false);
    else if (subleaf == 1 && (out->a & FEATURE_BIT(XSAVEC)))
        out->b = cpu_policy_xsave_size(p, v->xcr0, true);
}

void cpuid_view_query(const struct cpuid_view *v, uint32_t leaf, uint32_t subleaf,
                      struct cpuid_leaf *out)
{
    enum cpu_vendor vendor;

    *out = (struct cpuid_leaf){ 0 };
    if (leaf - 0x40000000u < 0x100) {
        xen_leaf(v, leaf - 0x40000000u, subleaf, out);
        return;
    }
    stored_leaf(v->policy, leaf, subleaf, out);

    switch (leaf) {
    case 1:
        out->b = (out->b & 0x00ffffff) | VCPU_APIC_ID(v->vcpu_id) << 24;
        if (v->cr4 & CR4_OSXSAVE)
            out->c |= FEATURE_BIT(OSXSAVE);
        if (!v->apic_enabled)
            out->d &= ~FEATURE_BIT(APIC);
        break;
    case 7:
        if (!subleaf && (v->cr4 & CR4_PKE))
            out->c |= FEATURE_BIT(OSPKE);
        break;
    case 0xb:
        /* Offered on AMD too: it is the only place of a 32-bit x2APIC id. */
        if (leaf <= v->policy->basic[0].a &&
            (v->policy->basic[1].c & FEATURE_BIT(X2APIC))) {
            out->c |= subleaf & 0xff;
            out->d = VCPU_APIC_ID(v->vcpu_id);
        }
        break;
    case 0xd:
        xsave_sizes(v, subleaf, out);
        break;
    case 0x80000001:
        vendor = cpu_policy_vendor(v->policy);
        if (vendor == VENDOR_INTEL && !v->long_mode)
            out->d &= ~FEATURE_BIT(SYSCALL);
        if (!v->apic_enabled)
            out->d &= ~FEATURE_BIT(APIC);
        break;
    }
}
