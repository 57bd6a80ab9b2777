/* SPDX-License-Identifier: GPL-2.0-only */
/* Indices and fields of model-specific registers (APM vol. 2 appendix A, SDM vol. 4). */
#ifndef ASM_X86_MSR_H
#define ASM_X86_MSR_H

#define MSR_TSC             0x00000010
#define MSR_APIC_BASE       0x0000001b
#define APIC_BASE_BSP       (1u << 8)
#define APIC_BASE_EXTD      (1u << 10)
#define APIC_BASE_ENABLE    (1u << 11)
#define MSR_FEATURE_CONTROL 0x0000003a
#define MSR_TSC_ADJUST      0x0000003b
#define MSR_SPEC_CTRL       0x00000048
#define MSR_PRED_CMD        0x00000049
#define PRED_CMD_IBPB       (1u << 0)
#define MSR_PATCH_LEVEL     0x0000008b
#define MSR_PLATFORM_INFO   0x000000ce
#define MSR_MTRR_CAP        0x000000fe
#define MSR_ARCH_CAPS       0x0000010a
#define MSR_SYSENTER_CS     0x00000174
#define MSR_SYSENTER_ESP    0x00000175
#define MSR_SYSENTER_EIP    0x00000176
#define MSR_MCG_CAP         0x00000179
#define MSR_MCG_STATUS      0x0000017a
#define MSR_MCG_CTL         0x0000017b
#define MSR_MISC_ENABLE     0x000001a0
#define MSR_DEBUGCTL        0x000001d9
#define MSR_LASTBRANCHFROM  0x000001db
#define MSR_LASTBRANCHTO    0x000001dc
#define MSR_LASTINTFROM     0x000001dd
#define MSR_LASTINTTO       0x000001de
#define MSR_MTRR_PHYSBASE0  0x00000200
#define MSR_MTRR_PHYSMASK(n) (0x00000201 + 2 * (n))
#define MSR_MTRR_FIX_64K    0x00000250
#define MSR_MTRR_FIX_16K_0  0x00000258
#define MSR_MTRR_FIX_16K_1  0x00000259
#define MSR_MTRR_FIX_4K_0   0x00000268
#define MSR_MTRR_FIX_4K_7   0x0000026f
#define MSR_PAT             0x00000277
#define MSR_MTRR_DEF_TYPE   0x000002ff
#define MSR_MC0_CTL         0x00000400
#define MSR_TSC_DEADLINE    0x000006e0
#define MSR_X2APIC_FIRST    0x00000800
#define MSR_X2APIC_LAST     0x000008ff
#define MSR_XSS             0x00000da0

#define MSR_XEN_HYPERCALL   0x40000000

#define MSR_EFER            0xc0000080
#define EFER_SCE            (1u << 0)
#define EFER_LME            (1u << 8)
#define EFER_LMA            (1u << 10)
#define EFER_NXE            (1u << 11)
#define EFER_SVME           (1u << 12)
#define EFER_FFXSE          (1u << 14)
#define EFER_AIBRSE         (1u << 21)
/* Where SYSCALL goes: selectors, 64-bit and compatibility entry, flags to clear. */
#define MSR_STAR            0xc0000081
#define MSR_LSTAR           0xc0000082
#define MSR_CSTAR           0xc0000083
#define MSR_SYSCALL_MASK    0xc0000084
/* Hidden bases, and what RDTSCP and RDPID return. */
#define MSR_TSC_AUX         0xc0000103
#define MSR_KERNEL_GS_BASE  0xc0000102
#define MSR_GS_BASE         0xc0000101
#define MSR_FS_BASE         0xc0000100

#define MSR_K7_EVNTSEL0     0xc0010000
#define MSR_K7_PERFCTR3     0xc0010007
#define MSR_SYSCFG          0xc0010010
#define SYSCFG_TOM2_ENABLE  (1u << 21)
#define SYSCFG_TOM2_WB      (1u << 22)
#define MSR_HWCR            0xc0010015
#define MSR_TOP_MEM         0xc001001a
#define MSR_TOP_MEM2        0xc001001d
#define MSR_NB_CFG          0xc001001f
#define MSR_MMCFG_BASE      0xc0010058
#define MSR_PSTATE_LIMIT    0xc0010061
#define MSR_VM_CR           0xc0010114
#define VM_CR_SVM_DISABLE   (1u << 4)
#define MSR_VM_HSAVE_PA     0xc0010117
#define MSR_DE_CFG          0xc0011029
#define DE_CFG_LFENCE_SERIALISE (1u << 1)

#endif
