/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which features a guest may see.  What is in neither list below is never shown (I7):
 * a feature is added here together with the code that switches or emulates its state.
 */
#include <xen/compiler.h>
#include <asm/cpu_policy.h>

#define F(name) X86_FEATURE_##name

/* Given unasked to HVM and PVH guests when the host has them. */
static const uint16_t hvm_given[] = {
    /* leaf 1, EDX */
    F(FPU), F(VME), F(DE), F(PSE), F(TSC), F(MSR), F(PAE), F(MCE), F(CX8), F(SEP),
    F(MTRR), F(PGE), F(MCA), F(CMOV), F(PAT), F(PSE36), F(CLFLUSH), F(MMX), F(FXSR),
    F(SSE), F(SSE2), F(SS),
    /* leaf 1, ECX */
    F(SSE3), F(PCLMULQDQ), F(SSSE3), F(FMA), F(CX16), F(SSE4_1), F(SSE4_2), F(MOVBE),
    F(POPCNT), F(TSC_DEADLINE), F(AESNI), F(XSAVE), F(AVX), F(F16C), F(RDRAND),
    /* leaf 0x80000001 */
    F(SYSCALL), F(NX), F(MMXEXT), F(FFXSR), F(RDTSCP), F(LM), F(3DNOWEXT), F(3DNOW),
    F(LAHF_LM), F(CR8_LEGACY), F(ABM), F(SSE4A), F(MISALIGNSSE), F(3DNOWPREFETCH),
    F(XOP), F(FMA4), F(TBM),
    /* leaf 0xd.1 */
    F(XSAVEOPT), F(XSAVEC), F(XGETBV1),
    /* leaf 7.0 */
    F(FSGSBASE), F(BMI1), F(AVX2), F(SMEP), F(BMI2), F(ERMS), F(AVX512F), F(AVX512DQ),
    F(RDSEED), F(ADX), F(SMAP), F(AVX512_IFMA), F(CLFLUSHOPT), F(CLWB), F(AVX512CD),
    F(SHA), F(AVX512BW), F(AVX512VL), F(PREFETCHWT1), F(AVX512_VBMI), F(UMIP),
    F(AVX512_VBMI2), F(GFNI), F(VAES), F(VPCLMULQDQ), F(AVX512_VNNI),
    F(AVX512_BITALG), F(AVX512_VPOPCNTDQ), F(RDPID), F(CLDEMOTE), F(FSRM),
    F(MD_CLEAR), F(SERIALIZE),
    /* leaf 7.1 */
    F(AVX_VNNI), F(AVX512_BF16), F(FZRM), F(FSRS), F(FSRCS),
    /* leaves 0x80000008 and 0x80000021 */
    F(CLZERO), F(RSTR_FP_ERR_PTRS), F(IBPB), F(SSB_NO), F(BTC_NO), F(IBPB_RET),
    F(LFENCE_DISPATCH), F(VERW_CLEAR), F(NSCB), F(SRSO_NO), F(TSA_SQ_NO), F(TSA_L1_NO),
};

/* Given as well, but only to guests with nested paging. */
static const uint16_t hap_given[] = { F(PAGE1GB), F(PCID), F(INVPCID) };

/* Only on request, where a toolstack asks for them. */
static const uint16_t hvm_offered[] = { F(ITSC), F(MOVDIRI), F(MOVDIR64B) };

/* Emulated, or a description of what we make: there whatever the host has. */
static const uint16_t hvm_emulated[] = { F(APIC), F(X2APIC), F(HYPERVISOR) };

/* Descriptions of a topology that only the toolstack knows. */
static const uint16_t hvm_topology[] = { F(HTT), F(CMP_LEGACY) };

/* "feature is useless, or #UD, without needs" (APM vol. 3 appendix D, SDM vol. 1). */
static const struct {
    uint16_t feature, needs;
} dependencies[] = {
    { F(VME), F(FPU) }, { F(MMX), F(FPU) }, { F(FXSR), F(FPU) },
    { F(MMXEXT), F(MMX) }, { F(3DNOW), F(MMX) }, { F(3DNOWEXT), F(3DNOW) },
    { F(FFXSR), F(FXSR) }, { F(SSE), F(FXSR) }, { F(SSE2), F(SSE) },
    { F(SSE3), F(SSE2) }, { F(SSSE3), F(SSE3) }, { F(SSE4_1), F(SSSE3) },
    { F(SSE4_2), F(SSE4_1) }, { F(SSE4A), F(SSE3) }, { F(MISALIGNSSE), F(SSE) },
    { F(AESNI), F(SSE2) }, { F(PCLMULQDQ), F(SSE2) }, { F(SHA), F(SSE2) },
    { F(GFNI), F(SSE2) }, { F(RSTR_FP_ERR_PTRS), F(FXSR) },

    { F(XSAVE), F(FXSR) }, { F(OSXSAVE), F(XSAVE) }, { F(XSAVEOPT), F(XSAVE) },
    { F(XSAVEC), F(XSAVE) }, { F(XGETBV1), F(XSAVE) }, { F(XSAVES), F(XSAVEC) },
    { F(AVX), F(XSAVE) }, { F(AVX), F(SSE2) }, { F(F16C), F(AVX) }, { F(FMA), F(AVX) },
    { F(AVX2), F(AVX) }, { F(XOP), F(AVX) }, { F(FMA4), F(AVX) }, { F(TBM), F(XOP) },
    { F(LWP), F(XSAVE) }, { F(MPX), F(XSAVE) }, { F(PKU), F(XSAVE) },
    { F(OSPKE), F(PKU) }, { F(VAES), F(AVX) }, { F(VAES), F(AESNI) },
    { F(VPCLMULQDQ), F(AVX) }, { F(VPCLMULQDQ), F(PCLMULQDQ) }, { F(AVX_VNNI), F(AVX2) },

    { F(AVX512F), F(AVX2) }, { F(AVX512F), F(FMA) }, { F(AVX512F), F(F16C) },
    { F(AVX512DQ), F(AVX512F) }, { F(AVX512_IFMA), F(AVX512F) },
    { F(AVX512PF), F(AVX512F) }, { F(AVX512ER), F(AVX512F) },
    { F(AVX512CD), F(AVX512F) }, { F(AVX512BW), F(AVX512F) },
    { F(AVX512VL), F(AVX512F) }, { F(AVX512_VNNI), F(AVX512F) },
    { F(AVX512_VPOPCNTDQ), F(AVX512F) }, { F(AVX512_4VNNIW), F(AVX512F) },
    { F(AVX512_4FMAPS), F(AVX512F) }, { F(AVX512_VP2INTERSECT), F(AVX512F) },
    { F(AVX512_VBMI), F(AVX512BW) }, { F(AVX512_VBMI2), F(AVX512BW) },
    { F(AVX512_BITALG), F(AVX512BW) }, { F(AVX512_BF16), F(AVX512BW) },
    { F(AVX512_FP16), F(AVX512BW) },

    { F(PSE36), F(PSE) }, { F(PCID), F(LM) }, { F(INVPCID), F(PCID) },
    { F(LM), F(PAE) }, { F(LM), F(SSE2) }, { F(LM), F(NX) }, { F(LM), F(SYSCALL) },
    { F(LAHF_LM), F(LM) }, { F(PAGE1GB), F(LM) }, { F(CX16), F(CX8) },
    { F(FSGSBASE), F(LM) }, { F(RDTSCP), F(TSC) }, { F(ITSC), F(TSC) },
    { F(TSC_DEADLINE), F(TSC) }, { F(TSC_DEADLINE), F(APIC) }, { F(TSC_ADJUST), F(TSC) },
    { F(X2APIC), F(APIC) }, { F(EXTAPIC), F(APIC) }, { F(MCA), F(MCE) },
    { F(MONITORX), F(LM) }, { F(RTM_ALWAYS_ABORT), F(RTM) },
};

static void set_feature(uint32_t *features, unsigned int feature)
{
    features[feature / 32] |= 1u << (feature % 32);
}

/* Set those of a list that the host has; host NULL means all. */
static void add_list(uint32_t *features, const uint32_t *host, const uint16_t *list,
                     unsigned int n)
{
    for (unsigned int i = 0; i < n; i++) {
        if (!host || features_test(host, list[i]))
            set_feature(features, list[i]);
    }
}

/* One pass may uncover what an earlier row needed, so go on until nothing falls. */
void features_close(uint32_t features[X86_FEATURE_WORDS])
{
    bool changed;

    do {
        changed = false;
        for (unsigned int i = 0; i < ARRAY_SIZE(dependencies); i++) {
            unsigned int f = dependencies[i].feature;

            if (features_test(features, f) &&
                !features_test(features, dependencies[i].needs)) {
                features[f / 32] &= ~(1u << (f % 32));
                changed = true;
            }
        }
    } while (changed);
}

void features_hvm(const uint32_t host[X86_FEATURE_WORDS], bool hap,
                  uint32_t max[X86_FEATURE_WORDS], uint32_t def[X86_FEATURE_WORDS])
{
    for (unsigned int i = 0; i < X86_FEATURE_WORDS; i++)
        def[i] = 0;

    add_list(def, host, hvm_given, ARRAY_SIZE(hvm_given));
    if (hap)
        add_list(def, host, hap_given, ARRAY_SIZE(hap_given));
    add_list(def, NULL, hvm_emulated, ARRAY_SIZE(hvm_emulated));

    for (unsigned int i = 0; i < X86_FEATURE_WORDS; i++)
        max[i] = def[i];
    add_list(max, host, hvm_offered, ARRAY_SIZE(hvm_offered));
    add_list(max, NULL, hvm_topology, ARRAY_SIZE(hvm_topology));

    features_close(max);
    features_close(def);
}
