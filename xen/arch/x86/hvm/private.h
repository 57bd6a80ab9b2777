/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared among the files of hvm/; architecture constants that they need. */
#ifndef HVM_PRIVATE_H
#define HVM_PRIVATE_H

#include <asm/cr.h>
#include <asm/hvm.h>

#define X86_EFLAGS_TF (1UL << 8)
#define X86_EFLAGS_IF (1UL << 9)
#define X86_EFLAGS_NT (1UL << 14)
#define X86_EFLAGS_RF (1UL << 16)
#define X86_EFLAGS_VM (1UL << 17)
#define X86_EFLAGS_AC (1UL << 18)

#define SEG_ATTR_S  0x010
#define SEG_ATTR_P  0x080
#define SEG_ATTR_L  0x200
#define SEG_ATTR_DB 0x400
#define SEG_ATTR_G  0x800

#define DR6_BS    (1UL << 14)
#define DR6_BT    (1UL << 15)
#define DR6_RESET 0xffff0ff0UL
#define DR7_RESET 0x400UL

#define EXC_DE 0
#define EXC_DB 1
#define EXC_NMI 2
#define EXC_BP 3
#define EXC_OF 4
#define EXC_BR 5
#define EXC_UD 6
#define EXC_NM 7
#define EXC_DF 8
#define EXC_TS 10
#define EXC_NP 11
#define EXC_SS 12
#define EXC_GP 13
#define EXC_PF 14
#define EXC_MF 16
#define EXC_AC 17
#define EXC_MC 18
#define EXC_XF 19

/*
 * Where copies of current find its window (struct hvm_vcpu) while it has one: above all
 * that a 32-bit caller can name, canonical.
 */
#define HVM_WINDOW       (1ull << 46)
#define HVM_WINDOW_BYTES 552

/* As hypercall_dispatch(), for 32-bit callers. -ENOSYS: their layout is not known. */
long hvm_compat_hypercall(unsigned int nr, unsigned long a[6]);

/* The vendors' entry points; NULL: the machine or the build has none. */
const struct hvm_ops *svm_probe(void);

/* do_softirq() for v = current about to enter; tells the guest if it was switched out. */
void hvm_run_softirqs(struct vcpu *v);

/* Machine-check banks of every guest, and so its MSR_MCG_CAP. */
#define MC_BANKS 2
#define MCG_CAP  MC_BANKS

void mtrr_init(struct vcpu *v);
/* 1: not an MTRR, else as hvm_msr_read / hvm_msr_write. */
int mtrr_msr_read(struct vcpu *v, uint32_t msr, uint64_t *val);
int mtrr_msr_write(struct vcpu *v, uint32_t msr, uint64_t val);
bool pat_valid(uint64_t val);

void hvm_register_cpu_records(void);

/* Bits of CR4 that v's policy offers. */
uint64_t hvm_cr4_valid_bits(struct vcpu *v);
/* EFER bits likewise, LMA excluded. */
uint64_t hvm_efer_valid_bits(struct vcpu *v);

#endif
