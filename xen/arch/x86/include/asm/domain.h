/* SPDX-License-Identifier: GPL-2.0-only */
/* The architecture's half of domains and vCPUs (embedded in struct domain / vcpu). */
#ifndef ASM_DOMAIN_H
#define ASM_DOMAIN_H

#include <xen/rangeset.h>
#include <xen/spinlock.h>
#include <xen/types.h>
#include <asm/hvm.h>
#include <public/xen.h>

struct cpu_policy;
struct p2m;
struct xsave_area;

struct arch_domain {
    struct p2m *p2m;
    struct cpu_policy *policy;      /* what CPUID and MSRs show (CHARGE_POLICY) */
    uint32_t emulation_flags;       /* XEN_X86_EMU_* */
    struct rangeset ioport_caps;
    struct hvm_domain hvm;
    uint32_t tsc_mode;
    bool tsc_set;
    uint32_t tsc_khz;
    int64_t tsc_elapsed_offset;
    spinlock_t vpci_lock;           /* LOCK_VPCI */
    void *vpci;                     /* vpci's per-domain state (MMCFG windows) */
    struct e820_guest {             /* XENMEM_(set_)memory_map [d->lock] */
        void *entries;              /* struct e820entry[nr], CHARGE_MISC */
        unsigned int nr;
    } e820;
};

struct arch_vcpu {
    struct cpu_user_regs regs;      /* guest registers while it does not run */
    struct hvm_vcpu hvm;
    struct xsave_area *xsave;       /* FPU/XSAVE image (CHARGE_FPU) */
    unsigned int xstate_cpu;        /* 1 + CPU that loaded it last; 0: none or stale */
    uint64_t xcr0;                  /* guest's */
    uint64_t xss;
    uint64_t spec_id;               /* asm/spec_ctrl.h */
};

#endif
