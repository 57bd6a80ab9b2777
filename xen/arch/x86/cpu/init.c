/* SPDX-License-Identifier: GPL-2.0-only */
/* Control registers and MSRs that every CPU has alike. */
#include <xen/lib.h>
#include <asm/cpu.h>
#include <asm/cpu_init.h>
#include <asm/cpu_policy.h>
#include <asm/cpufeature.h>
#include <asm/cr.h>
#include <asm/msr.h>
#include <asm/spec_ctrl.h>

static bool boot_cpu_done;

/*
 * rdtsc_ordered() and speculation barriers count on LFENCE waiting (APM vol. 2, 3.2.1).
 */
static void init_lfence(enum cpu_vendor vendor)
{
    uint64_t val;

    if (vendor != VENDOR_AMD && vendor != VENDOR_HYGON)
        return;
    if (!rdmsr_safe(MSR_DE_CFG, &val) && !(val & DE_CFG_LFENCE_SERIALISE))
        wrmsr_safe(MSR_DE_CFG, val | DE_CFG_LFENCE_SERIALISE);
}

/* Each bank reports and the exception is on: an error stops the machine, and says so. */
static void init_machine_check(void)
{
    uint64_t cap;
    unsigned int i;

    if (!cpu_has(X86_FEATURE_MCA) || !cpu_has(X86_FEATURE_MCE))
        return;
    cap = rdmsr(MSR_MCG_CAP);
    if (cap & (1U << 8))
        wrmsr_safe(MSR_MCG_CTL, ~0ULL);
    for (i = 0; i < (cap & 0xff); i++) {
        wrmsr_safe(MSR_MC0_CTL + 4 * i, ~0ULL);
        wrmsr_safe(MSR_MC0_CTL + 4 * i + 1, 0);
    }
    wrmsr_safe(MSR_MCG_STATUS, 0);
    write_cr4(read_cr4() | CR4_MCE);
}

/* What the boot CPU promised must hold here too: vCPUs move between CPUs. */
static void check_same_features(void)
{
    static const uint32_t leaves[][3] = {
        /* leaf, register, feature word */
        {1, 3, 0}, {1, 2, 1}, {0x80000001, 3, 2}, {0x80000001, 2, 3}, {7, 1, 5},
    };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(leaves); i++) {
        uint32_t r[4], missing;

        cpuid_count(leaves[i][0], 0, &r[0], &r[1], &r[2], &r[3]);
        missing = host_features[leaves[i][2]] & ~r[leaves[i][1]];
        if (missing)
            panic("CPUID %#x: features %08x of the boot CPU are missing on another",
                  leaves[i][0], missing);
    }
}

void cpu_init(void)
{
    if (boot_cpu_done)
        check_same_features();
    boot_cpu_done = true;
    init_lfence(cpu_policy_vendor(&cpu_policy_host));
    init_machine_check();
    spec_ctrl_cpu_init();
}
