/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU policies: what CPUID and the feature MSRs show.  Five of them are fixed at boot
 * (raw, host, HVM maximum, HVM default), and each domain has its own.
 *
 * The functions here are pure: they touch only what they are given, so they build and
 * run on the host (xen/test/unit/cpu_policy_test.c).  Only the cpu_policy_* objects at
 * the end are global; they are written once by cpu_policy_init() and constant after.
 */
#ifndef ASM_X86_CPU_POLICY_H
#define ASM_X86_CPU_POLICY_H

#include <xen/types.h>
#include <asm/cpufeature.h>
#include <public/xen.h>

struct cpuid_leaf {
    uint32_t a, b, c, d;
};

/*
 * The leaves that the 4.17 ABI can carry.  Its clients refuse a whole list for one leaf
 * beyond these bounds, so they are limits, not conveniences.
 */
#define POLICY_BASIC_LEAVES 14      /* 0 ... 0xd */
#define POLICY_CACHE_LEAVES 6       /* leaf 4 */
#define POLICY_FEAT_LEAVES  3       /* leaf 7 */
#define POLICY_TOPO_LEAVES  2       /* leaf 0xb */
#define POLICY_XSAVE_LEAVES 63      /* leaf 0xd */
#define POLICY_EXTD_LEAVES  34      /* 0x80000000 ... 0x80000021 */

/* The longest lists cpu_policy_to_leaves() and cpu_policy_to_msrs() can produce. */
#define CPU_POLICY_MAX_LEAVES 120
#define CPU_POLICY_MAX_MSRS   2

enum cpu_vendor {
    VENDOR_OTHER,
    VENDOR_AMD,
    VENDOR_HYGON,
    VENDOR_INTEL,
};

struct cpu_policy {
    /* Slots 4, 7, 0xb and 0xd stay zero: those leaves are arrays of their own. */
    struct cpuid_leaf basic[POLICY_BASIC_LEAVES];
    struct cpuid_leaf cache[POLICY_CACHE_LEAVES];
    struct cpuid_leaf feat[POLICY_FEAT_LEAVES];
    struct cpuid_leaf topo[POLICY_TOPO_LEAVES];
    struct cpuid_leaf xsave[POLICY_XSAVE_LEAVES];
    struct cpuid_leaf extd[POLICY_EXTD_LEAVES];
    uint32_t hv_limit, hv2_limit;   /* EAX of 0x40000000 and 0x40000100, 0: default */
    uint64_t platform_info;         /* MSR 0xce */
    uint64_t arch_caps;             /* MSR 0x10a */
};

/* Where an objection to a policy lies; (uint32_t)-1 in the fields it does not concern. */
struct cpu_policy_error {
    uint32_t leaf, subleaf, msr;
};

#define CPU_POLICY_NO_ERROR ((struct cpu_policy_error){ ~0u, ~0u, ~0u })

/* A source of CPUID: the instruction, or a table in tests. */
typedef void cpuid_source(uint32_t leaf, uint32_t subleaf, struct cpuid_leaf *out);

/* Vendor by leaf 0. */
enum cpu_vendor cpu_policy_vendor(const struct cpu_policy *p);

/* Fill *p with all that the source shows, up to the bounds above. */
void cpu_policy_read(struct cpu_policy *p, cpuid_source *source);

/* Reduce to known features whose dependencies are there.  In place. */
void cpu_policy_make_host(struct cpu_policy *p);

/*
 * Fill *max and *def with the most, and with what, an HVM or PVH guest gets on the host.
 * hap: guests have nested paging.
 */
void cpu_policy_make_hvm(const struct cpu_policy *host, bool hap,
                         struct cpu_policy *max, struct cpu_policy *def);

/*
 * May a domain limited by max have the policy p?  0 or -EINVAL with *err filled.
 * Only limits are refused; too many feature bits are what cpu_policy_clamp() is for.
 */
int cpu_policy_check(const struct cpu_policy *max, const struct cpu_policy *p,
                     struct cpu_policy_error *err);

/*
 * Bring p within max: features reduced and closed over their dependencies, limits cut,
 * XSAVE geometry recomputed, leaves that no guest may see cleared.
 */
void cpu_policy_clamp(const struct cpu_policy *max, struct cpu_policy *p);

/* Gather and scatter the feature words; words without a leaf here are MSRs. */
void cpu_policy_get_features(const struct cpu_policy *p,
                             uint32_t features[X86_FEATURE_WORDS]);
void cpu_policy_set_features(struct cpu_policy *p,
                             const uint32_t features[X86_FEATURE_WORDS]);

bool cpu_policy_has(const struct cpu_policy *p, unsigned int feature);

/* The XCR0 bits that a guest of this policy may set; 0 without XSAVE. */
uint64_t cpu_policy_xcr0(const struct cpu_policy *p);

/* Bytes of a standard or compacted XSAVE area for the components in mask. */
uint32_t cpu_policy_xsave_size(const struct cpu_policy *p, uint64_t mask, bool compact);

/* Width of guest-physical addresses in bits, 36 when the policy does not say. */
unsigned int cpu_policy_maxphysaddr(const struct cpu_policy *p);

/* Drop each feature that lacks something it needs. */
void features_close(uint32_t features[X86_FEATURE_WORDS]);

/* Features that guests may have at all, and those they get unasked. */
void features_hvm(const uint32_t host[X86_FEATURE_WORDS], bool hap,
                  uint32_t max[X86_FEATURE_WORDS], uint32_t def[X86_FEATURE_WORDS]);

/*
 * ABI lists.  *nr: room in, entries written out; empty leaves below a limit are in.
 * -ENOBUFS when the room does not do (nothing said about what was written).
 */
int cpu_policy_to_leaves(const struct cpu_policy *p, xen_cpuid_leaf_t *leaves,
                         uint32_t *nr);
int cpu_policy_to_msrs(const struct cpu_policy *p, xen_msr_entry_t *msrs, uint32_t *nr);

/*
 * Overlay ABI lists on *p.  -ERANGE: leaf or MSR outside the ABI, -EINVAL: flags set,
 * -EOVERFLOW: value too wide; *err says where.  *p may be half changed on error, so
 * work on a copy.
 */
int cpu_policy_from_leaves(struct cpu_policy *p, const xen_cpuid_leaf_t *leaves,
                           uint32_t nr, struct cpu_policy_error *err);
int cpu_policy_from_msrs(struct cpu_policy *p, const xen_msr_entry_t *msrs,
                         uint32_t nr, struct cpu_policy_error *err);

/* What a CPUID instruction sees besides the policy. */
struct cpuid_view {
    const struct cpu_policy *policy;
    uint32_t vcpu_id, domid;
    uint64_t cr4, xcr0;
    bool apic_enabled;              /* APIC base MSR bit 11 */
    bool long_mode;                 /* executing 64-bit code */
    uint32_t tsc_mode, tsc_khz, tsc_incarnation, host_tsc_khz;
    uint64_t tsc_offset;
    uint32_t tsc_mul;               /* 32.32 factor and shift from ticks to ns */
    int8_t tsc_shift;
    bool tsc_reliable;
};

/* The initial and x2APIC id of a vCPU, as toolstack and firmware tables assume it. */
#define VCPU_APIC_ID(vcpu_id) ((vcpu_id) * 2)

/* Answer CPUID for a guest, Xen's own leaves at 0x40000000 included. */
void cpuid_view_query(const struct cpuid_view *view, uint32_t leaf, uint32_t subleaf,
                      struct cpuid_leaf *out);

/* Constant after cpu_policy_init(). */
extern struct cpu_policy cpu_policy_raw, cpu_policy_host;
extern struct cpu_policy cpu_policy_hvm_max, cpu_policy_hvm_default;

/* Read the boot CPU and fill raw and host, and host_features.  No allocation. */
void cpu_policy_init(void);

/* Fill the guest policies once it is known whether guests have nested paging. */
void cpu_policy_init_guests(bool hap);

/* The policy of a XEN_SYSCTL_cpu_policy_* index; NULL: not in this build. */
const struct cpu_policy *cpu_policy_by_index(unsigned int index);

#endif
