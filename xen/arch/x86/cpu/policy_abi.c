/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies as the lists of the ABI: xen_cpuid_leaf_t and xen_msr_entry_t. */
#include <xen/compiler.h>
#include <xen/errno.h>
#include <asm/cpu_policy.h>

#define MSR_PLATFORM_INFO 0xce
#define MSR_ARCH_CAPS     0x10a

#define HV_LEAF  0x40000000u
#define HV2_LEAF 0x40000100u

/* The families of leaves, in the order that lists carry them. */
enum { BASIC, CACHE, FEAT, TOPO, XSAVE, EXTD, FAMILIES };

static const struct {
    uint32_t leaf;          /* number of the first, or only, leaf */
    uint8_t count;
    bool subleaves;         /* counts subleaves, not leaves */
} families[FAMILIES] = {
    [BASIC] = { 0, POLICY_BASIC_LEAVES, false },
    [CACHE] = { 4, POLICY_CACHE_LEAVES, true },
    [FEAT] = { 7, POLICY_FEAT_LEAVES, true },
    [TOPO] = { 0xb, POLICY_TOPO_LEAVES, true },
    [XSAVE] = { 0xd, POLICY_XSAVE_LEAVES, true },
    [EXTD] = { 0x80000000, POLICY_EXTD_LEAVES, false },
};

static struct cpuid_leaf *family_leaves(struct cpu_policy *p, unsigned int family)
{
    switch (family) {
    case BASIC: return p->basic;
    case CACHE: return p->cache;
    case FEAT: return p->feat;
    case TOPO: return p->topo;
    case XSAVE: return p->xsave;
    default: return p->extd;
    }
}

/* Append one leaf; false: no room. */
static bool put_leaf(xen_cpuid_leaf_t *out, uint32_t room, uint32_t *used, uint32_t leaf,
                     uint32_t subleaf, const struct cpuid_leaf *data)
{
    if (*used == room)
        return false;
    out[*used] = (xen_cpuid_leaf_t){
        .leaf = leaf,
        .subleaf = subleaf,
        .a = data->a,
        .b = data->b,
        .c = data->c,
        .d = data->d,
    };
    ++*used;
    return true;
}

/*
 * Whether the list carries entry i of a family. Empty leaves below a family's limit
 * belong to it: clients take the length of a list they got as the room for one they make
 * (libxc), and theirs has them.
 */
static bool in_list(const struct cpu_policy *p, unsigned int family, uint32_t i)
{
    uint64_t components;

    switch (family) {
    case BASIC:
        return i <= p->basic[0].a && i != 4 && i != 7 && i != 0xb && i != 0xd;
    case FEAT:
        return p->basic[0].a >= 7 && i <= p->feat[0].a;
    case XSAVE:
        components = p->xsave[0].a | (uint64_t)p->xsave[0].d << 32 | p->xsave[1].c |
                     (uint64_t)p->xsave[1].d << 32;
        return p->basic[0].a >= 0xd && (i < 2 || (components >> i & 1));
    case EXTD:
        return i <= (p->extd[0].a & 0xffff);
    default:
        return p->basic[0].a >= families[family].leaf;
    }
}

static bool put_family(const struct cpu_policy *p, unsigned int family,
                       xen_cpuid_leaf_t *out, uint32_t room, uint32_t *used)
{
    const struct cpuid_leaf *data = family_leaves((struct cpu_policy *)p, family);

    for (uint32_t i = 0; i < families[family].count; i++) {
        bool sub = families[family].subleaves;
        uint32_t leaf = families[family].leaf + (sub ? 0 : i);
        uint32_t subleaf = sub ? i : XEN_CPUID_NO_SUBLEAF;

        if (in_list(p, family, i) && !put_leaf(out, room, used, leaf, subleaf, &data[i]))
            return false;
    }
    return true;
}

int cpu_policy_to_leaves(const struct cpu_policy *p, xen_cpuid_leaf_t *leaves,
                         uint32_t *nr)
{
    struct cpuid_leaf hv = { .a = p->hv_limit }, hv2 = { .a = p->hv2_limit };
    uint32_t used = 0;

    for (unsigned int family = BASIC; family < EXTD; family++) {
        if (!put_family(p, family, leaves, *nr, &used))
            return -ENOBUFS;
    }
    if (!put_leaf(leaves, *nr, &used, HV_LEAF, XEN_CPUID_NO_SUBLEAF, &hv) ||
        !put_leaf(leaves, *nr, &used, HV2_LEAF, XEN_CPUID_NO_SUBLEAF, &hv2) ||
        !put_family(p, EXTD, leaves, *nr, &used))
        return -ENOBUFS;
    *nr = used;
    return 0;
}

/* The place of a leaf in a policy; NULL when the ABI has none. */
static struct cpuid_leaf *find_leaf(struct cpu_policy *p, uint32_t leaf, uint32_t subleaf)
{
    for (unsigned int family = CACHE; family < EXTD; family++) {
        if (leaf != families[family].leaf)
            continue;
        if (subleaf >= families[family].count)
            return NULL;
        return &family_leaves(p, family)[subleaf];
    }
    if (subleaf != XEN_CPUID_NO_SUBLEAF)
        return NULL;
    if (leaf < POLICY_BASIC_LEAVES)
        return &p->basic[leaf];
    if (leaf - 0x80000000u < POLICY_EXTD_LEAVES)
        return &p->extd[leaf - 0x80000000u];
    return NULL;
}

int cpu_policy_from_leaves(struct cpu_policy *p, const xen_cpuid_leaf_t *leaves,
                           uint32_t nr, struct cpu_policy_error *err)
{
    *err = CPU_POLICY_NO_ERROR;
    if (nr > CPU_POLICY_MAX_LEAVES)
        return -E2BIG;

    for (uint32_t i = 0; i < nr; i++) {
        const xen_cpuid_leaf_t *in = &leaves[i];
        struct cpuid_leaf *place;

        if (in->subleaf == XEN_CPUID_NO_SUBLEAF && in->leaf == HV_LEAF) {
            p->hv_limit = in->a;
            continue;
        }
        if (in->subleaf == XEN_CPUID_NO_SUBLEAF && in->leaf == HV2_LEAF) {
            p->hv2_limit = in->a;
            continue;
        }
        place = find_leaf(p, in->leaf, in->subleaf);
        if (!place) {
            err->leaf = in->leaf;
            err->subleaf = in->subleaf;
            return -ERANGE;
        }
        *place = (struct cpuid_leaf){ in->a, in->b, in->c, in->d };
    }
    return 0;
}

int cpu_policy_to_msrs(const struct cpu_policy *p, xen_msr_entry_t *msrs, uint32_t *nr)
{
    const struct {
        uint32_t index;
        uint64_t value;
    } have[CPU_POLICY_MAX_MSRS] = {
        { MSR_PLATFORM_INFO, p->platform_info },
        { MSR_ARCH_CAPS, p->arch_caps },
    };
    uint32_t used = 0;

    for (unsigned int i = 0; i < CPU_POLICY_MAX_MSRS; i++) {
        if (!have[i].value)
            continue;
        if (used == *nr)
            return -ENOBUFS;
        msrs[used++] = (xen_msr_entry_t){ .idx = have[i].index, .val = have[i].value };
    }
    *nr = used;
    return 0;
}

static int take_msr(struct cpu_policy *p, const xen_msr_entry_t *in)
{
    if (in->flags)
        return -EINVAL;
    switch (in->idx) {
    case MSR_PLATFORM_INFO:
        if (in->val >> 32)
            return -EOVERFLOW;
        p->platform_info = in->val;
        return 0;
    case MSR_ARCH_CAPS:
        p->arch_caps = in->val;
        return 0;
    default:
        return -ERANGE;
    }
}

int cpu_policy_from_msrs(struct cpu_policy *p, const xen_msr_entry_t *msrs, uint32_t nr,
                         struct cpu_policy_error *err)
{
    *err = CPU_POLICY_NO_ERROR;
    if (nr > CPU_POLICY_MAX_MSRS)
        return -E2BIG;

    for (uint32_t i = 0; i < nr; i++) {
        int rc = take_msr(p, &msrs[i]);

        if (rc) {
            err->msr = msrs[i].idx;
            return rc;
        }
    }
    return 0;
}
