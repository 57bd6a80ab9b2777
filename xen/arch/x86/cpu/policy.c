/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Building policies: reading a CPU, and deriving what guests get.
 * Leaf layouts: APM vol. 3 appendix E, SDM vol. 2A "CPUID".
 */
#include <xen/compiler.h>
#include <xen/errno.h>
#include <xen/string.h>
#include <asm/cpu_policy.h>

#define EXTD(p, leaf) ((p)->extd[(leaf) & 0xffff])

/* XCR0 components by the feature that brings them. */
#define XCR0_X87_SSE 0x3ULL
#define XCR0_AVX     0x4ULL
#define XCR0_AVX512  0xe0ULL
#define XCR0_PKRU    0x200ULL

/* 512 bytes of FXSAVE image and the 64-byte header (APM vol. 2 11.5.2). */
#define XSAVE_LEGACY_SIZE 576

/* Where a feature word lives; words that are MSRs have no entry. */
static uint32_t *feature_word(struct cpu_policy *p, unsigned int word)
{
    switch (word) {
    case 0: return &p->basic[1].d;
    case 1: return &p->basic[1].c;
    case 2: return &EXTD(p, 0x80000001).d;
    case 3: return &EXTD(p, 0x80000001).c;
    case 4: return &p->xsave[1].a;
    case 5: return &p->feat[0].b;
    case 6: return &p->feat[0].c;
    case 7: return &EXTD(p, 0x80000007).d;
    case 8: return &EXTD(p, 0x80000008).b;
    case 9: return &p->feat[0].d;
    case 10: return &p->feat[1].a;
    case 11: return &EXTD(p, 0x80000021).a;
    case 12: return &p->feat[1].b;
    case 13: return &p->feat[2].d;
    case 14: return &p->feat[1].c;
    case 15: return &p->feat[1].d;
    case 18: return &EXTD(p, 0x80000021).c;
    default: return NULL;
    }
}

void cpu_policy_get_features(const struct cpu_policy *p,
                             uint32_t features[X86_FEATURE_WORDS])
{
    for (unsigned int i = 0; i < X86_FEATURE_WORDS; i++) {
        const uint32_t *word = feature_word((struct cpu_policy *)p, i);

        features[i] = word ? *word : 0;
    }
    features[16] = (uint32_t)p->arch_caps;
    features[17] = (uint32_t)(p->arch_caps >> 32);
}

void cpu_policy_set_features(struct cpu_policy *p,
                             const uint32_t features[X86_FEATURE_WORDS])
{
    for (unsigned int i = 0; i < X86_FEATURE_WORDS; i++) {
        uint32_t *word = feature_word(p, i);

        if (word)
            *word = features[i];
    }
    p->arch_caps = features[16] | ((uint64_t)features[17] << 32);
}

bool cpu_policy_has(const struct cpu_policy *p, unsigned int feature)
{
    const uint32_t *word = feature_word((struct cpu_policy *)p, feature / 32);

    if (word)
        return (*word >> (feature % 32)) & 1;
    return feature / 32 >= 16 && feature / 32 <= 17 &&
           (p->arch_caps >> (feature - 16 * 32)) & 1;
}

enum cpu_vendor cpu_policy_vendor(const struct cpu_policy *p)
{
    static const struct {
        char text[13];
        enum cpu_vendor vendor;
    } known[] = {
        { "AuthenticAMD", VENDOR_AMD },
        { "HygonGenuine", VENDOR_HYGON },
        { "GenuineIntel", VENDOR_INTEL },
    };
    uint32_t text[3] = { p->basic[0].b, p->basic[0].d, p->basic[0].c };

    for (unsigned int i = 0; i < ARRAY_SIZE(known); i++) {
        if (!memcmp(text, known[i].text, sizeof(text)))
            return known[i].vendor;
    }
    return VENDOR_OTHER;
}

static void read_subleaves(struct cpu_policy *p, cpuid_source *source)
{
    unsigned int i;

    if (p->basic[0].a >= 4) {
        /* The list ends at a cache of type 0; AMD has none here. */
        for (i = 0; i < POLICY_CACHE_LEAVES; i++) {
            source(4, i, &p->cache[i]);
            if (!(p->cache[i].a & 0x1f))
                break;
        }
    }
    if (p->basic[0].a >= 7) {
        source(7, 0, &p->feat[0]);
        for (i = 1; i < POLICY_FEAT_LEAVES && i <= p->feat[0].a; i++)
            source(7, i, &p->feat[i]);
    }
    if (p->basic[0].a >= 0xb) {
        for (i = 0; i < POLICY_TOPO_LEAVES; i++)
            source(0xb, i, &p->topo[i]);
    }
    if (p->basic[0].a >= 0xd) {
        uint64_t parts;

        source(0xd, 0, &p->xsave[0]);
        source(0xd, 1, &p->xsave[1]);
        parts = p->xsave[0].a | ((uint64_t)p->xsave[0].d << 32) | p->xsave[1].c |
                ((uint64_t)p->xsave[1].d << 32);
        for (i = 2; i < POLICY_XSAVE_LEAVES; i++) {
            if ((parts >> i) & 1)
                source(0xd, i, &p->xsave[i]);
        }
    }
}

void cpu_policy_read(struct cpu_policy *p, cpuid_source *source)
{
    uint32_t limit;

    memset(p, 0, sizeof(*p));
    source(0, 0, &p->basic[0]);
    limit = MIN(p->basic[0].a, POLICY_BASIC_LEAVES - 1u);
    for (uint32_t i = 1; i <= limit; i++) {
        if (i != 4 && i != 7 && i != 0xb && i != 0xd)
            source(i, 0, &p->basic[i]);
    }
    read_subleaves(p, source);

    source(0x80000000, 0, &p->extd[0]);
    /* A CPU without extended leaves answers with any basic leaf's data. */
    if ((p->extd[0].a >> 16) != 0x8000) {
        memset(&p->extd[0], 0, sizeof(p->extd[0]));
        return;
    }
    limit = MIN(p->extd[0].a & 0xffff, POLICY_EXTD_LEAVES - 1u);
    for (uint32_t i = 1; i <= limit; i++)
        source(0x80000000 + i, 0, &p->extd[i]);
}

/* Cut limits to what the arrays hold. */
static void cut_limits(struct cpu_policy *p)
{
    p->basic[0].a = MIN(p->basic[0].a, POLICY_BASIC_LEAVES - 1u);
    p->feat[0].a = MIN(p->feat[0].a, POLICY_FEAT_LEAVES - 1u);
    if (p->extd[0].a)
        p->extd[0].a = MIN(p->extd[0].a, 0x80000000u + POLICY_EXTD_LEAVES - 1);
}

void cpu_policy_make_host(struct cpu_policy *p)
{
    uint32_t features[X86_FEATURE_WORDS];

    cut_limits(p);
    cpu_policy_get_features(p, features);
    features_close(features);
    cpu_policy_set_features(p, features);
}

uint64_t cpu_policy_xcr0(const struct cpu_policy *p)
{
    uint64_t mask = XCR0_X87_SSE;

    if (!cpu_policy_has(p, X86_FEATURE_XSAVE))
        return 0;
    if (cpu_policy_has(p, X86_FEATURE_AVX))
        mask |= XCR0_AVX;
    if (cpu_policy_has(p, X86_FEATURE_AVX512F))
        mask |= XCR0_AVX512;
    if (cpu_policy_has(p, X86_FEATURE_PKU))
        mask |= XCR0_PKRU;
    return mask & (p->xsave[0].a | ((uint64_t)p->xsave[0].d << 32));
}

uint32_t cpu_policy_xsave_size(const struct cpu_policy *p, uint64_t mask, bool compact)
{
    uint32_t size = XSAVE_LEGACY_SIZE;

    for (unsigned int i = 2; i < POLICY_XSAVE_LEAVES; i++) {
        const struct cpuid_leaf *part = &p->xsave[i];

        if (!((mask >> i) & 1))
            continue;
        if (!compact) {
            size = MAX(size, part->a + part->b);
            continue;
        }
        if (part->c & 2)
            size = ROUND_UP(size, 64u);
        size += part->a;
    }
    return size;
}

unsigned int cpu_policy_maxphysaddr(const struct cpu_policy *p)
{
    unsigned int bits = EXTD(p, 0x80000008).a & 0xff;

    return p->extd[0].a >= 0x80000008 && bits ? bits : 36;
}

/* XSAVE geometry follows from the features, whoever wrote the leaves. */
static void derive_xsave(const struct cpu_policy *max, struct cpu_policy *p)
{
    uint32_t features = p->xsave[1].a;
    uint64_t mask;

    memcpy(p->xsave, max->xsave, sizeof(p->xsave));
    p->xsave[1] = (struct cpuid_leaf){ .a = features };
    mask = cpu_policy_xcr0(p);
    if (!mask || p->basic[0].a < 0xd) {
        memset(p->xsave, 0, sizeof(p->xsave));
        return;
    }
    p->xsave[0] = (struct cpuid_leaf){
        .a = (uint32_t)mask,
        .b = cpu_policy_xsave_size(p, mask, false),
        .c = cpu_policy_xsave_size(p, mask, false),
        .d = (uint32_t)(mask >> 32),
    };
    for (unsigned int i = 2; i < POLICY_XSAVE_LEAVES; i++) {
        if (!((mask >> i) & 1))
            memset(&p->xsave[i], 0, sizeof(p->xsave[i]));
    }
}

/* Clear the leaves that describe things guests do not have. */
static void clear_hidden(struct cpu_policy *p)
{
    static const uint8_t basic[] = { 3, 5, 6, 8, 9, 0xa, 0xc };
    static const uint8_t extd[] = {
        0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16,
        0x17, 0x18, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20,
    };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(basic); i++)
        memset(&p->basic[basic[i]], 0, sizeof(p->basic[0]));
    for (i = 0; i < ARRAY_SIZE(extd); i++)
        memset(&p->extd[extd[i]], 0, sizeof(p->extd[0]));
    memset(p->topo, 0, sizeof(p->topo));
    p->feat[2].a = p->feat[2].b = p->feat[2].c = 0;
    EXTD(p, 0x80000007).a = EXTD(p, 0x80000007).b = EXTD(p, 0x80000007).c = 0;
    EXTD(p, 0x80000008).d = 0;
    EXTD(p, 0x80000021).b = EXTD(p, 0x80000021).d = 0;
}

/* Zero what lies beyond the limits, so that lists and answers agree. */
static void clear_beyond_limits(struct cpu_policy *p)
{
    unsigned int i;

    for (i = p->basic[0].a + 1; i < POLICY_BASIC_LEAVES; i++)
        memset(&p->basic[i], 0, sizeof(p->basic[i]));
    if (p->basic[0].a < 4)
        memset(p->cache, 0, sizeof(p->cache));
    if (p->basic[0].a < 7)
        memset(p->feat, 0, sizeof(p->feat));
    for (i = p->feat[0].a + 1; i < POLICY_FEAT_LEAVES; i++)
        memset(&p->feat[i], 0, sizeof(p->feat[i]));
    for (i = (p->extd[0].a & 0xffff) + 1; i < POLICY_EXTD_LEAVES; i++)
        memset(&p->extd[i], 0, sizeof(p->extd[i]));
}

/* AMD repeats some of leaf 1 in 0x80000001, Intel does not (APM vol. 3 E.4.2). */
static void repeat_leaf1(struct cpu_policy *p)
{
    const uint32_t shared = 0x0183f3ff;
    enum cpu_vendor vendor = cpu_policy_vendor(p);

    if (p->extd[0].a < 0x80000001)
        return;
    EXTD(p, 0x80000001).d &= ~shared;
    if (vendor == VENDOR_AMD || vendor == VENDOR_HYGON)
        EXTD(p, 0x80000001).d |= p->basic[1].d & shared;
}

static uint32_t lower_limit(uint32_t want, uint32_t max)
{
    return want < max ? want : max;
}

void cpu_policy_clamp(const struct cpu_policy *max, struct cpu_policy *p)
{
    uint32_t features[X86_FEATURE_WORDS], limit[X86_FEATURE_WORDS];

    p->basic[0].a = lower_limit(p->basic[0].a, max->basic[0].a);
    p->feat[0].a = lower_limit(p->feat[0].a, max->feat[0].a);
    p->extd[0].a = p->extd[0].a ? lower_limit(p->extd[0].a, max->extd[0].a) : 0;
    if (p->extd[0].a && p->extd[0].a < 0x80000000)
        p->extd[0].a = 0x80000000;
    clear_beyond_limits(p);

    cpu_policy_get_features(p, features);
    cpu_policy_get_features(max, limit);
    for (unsigned int i = 0; i < X86_FEATURE_WORDS; i++)
        features[i] &= limit[i];
    features_close(features);
    cpu_policy_set_features(p, features);

    repeat_leaf1(p);
    p->basic[1].b &= 0x00ffff00;

    clear_hidden(p);
    derive_xsave(max, p);
    if (p->extd[0].a >= 0x80000008) {
        unsigned int bits = EXTD(p, 0x80000008).a & 0xff;

        /* A narrower address width is the toolstack's choice, a wider one a lie. */
        if (bits < 36 || bits > cpu_policy_maxphysaddr(max))
            bits = cpu_policy_maxphysaddr(max);
        EXTD(p, 0x80000008).a = bits | 48u << 8;
    }
    p->platform_info &= max->platform_info;
}

int cpu_policy_check(const struct cpu_policy *max, const struct cpu_policy *p,
                     struct cpu_policy_error *err)
{
    *err = CPU_POLICY_NO_ERROR;
    if (p->basic[0].a > max->basic[0].a) {
        err->leaf = 0;
        return -EINVAL;
    }
    if (p->feat[0].a > max->feat[0].a) {
        err->leaf = 7;
        err->subleaf = 0;
        return -EINVAL;
    }
    if (p->extd[0].a > max->extd[0].a) {
        err->leaf = 0x80000000;
        return -EINVAL;
    }
    if (p->platform_info & ~max->platform_info) {
        err->msr = 0xce;
        return -EINVAL;
    }
    return 0;
}

void cpu_policy_make_hvm(const struct cpu_policy *host, bool hap,
                         struct cpu_policy *max, struct cpu_policy *def)
{
    uint32_t from[X86_FEATURE_WORDS], most[X86_FEATURE_WORDS], some[X86_FEATURE_WORDS];

    cpu_policy_get_features(host, from);
    features_hvm(from, hap, most, some);

    *def = *host;
    def->platform_info = 0;
    cpu_policy_set_features(def, most);
    *max = *def;
    cpu_policy_clamp(def, max);

    *def = *max;
    cpu_policy_set_features(def, some);
    cpu_policy_clamp(max, def);
    /* One processor to a package until a toolstack says otherwise. */
    def->basic[1].b &= 0x0000ff00;
    EXTD(def, 0x80000008).c = 0;
    memset(def->cache, 0, sizeof(def->cache));
}
