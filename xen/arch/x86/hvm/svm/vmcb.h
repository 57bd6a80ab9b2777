/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual machine control block (APM vol. 2 appendix B) and its codes (appendix C).
 */
#ifndef SVM_VMCB_H
#define SVM_VMCB_H

#include <xen/compiler.h>
#include <xen/types.h>

struct vmcb_seg {
    uint16_t sel, attr;
    uint32_t limit;
    uint64_t base;
};

struct vmcb {
    /* control area */
    uint16_t cr_read, cr_write;         /* 000 */
    uint16_t dr_read, dr_write;         /* 004 */
    uint32_t exceptions;                /* 008 */
    uint32_t intercept3, intercept4, intercept5;    /* 00c */
    uint8_t rsvd18[0x3c - 0x18];
    uint16_t pause_threshold, pause_count;
    uint64_t iopm_pa, msrpm_pa;         /* 040 */
    uint64_t tsc_offset;                /* 050 */
    uint32_t asid;                      /* 058 */
    uint8_t tlb_control, rsvd5d[3];
    uint64_t vintr;                     /* 060 */
    uint64_t shadow;                    /* 068 */
    uint64_t exitcode, exitinfo1, exitinfo2, exitintinfo;   /* 070 */
    uint64_t np_enable;                 /* 090 */
    uint8_t rsvd98[0xa8 - 0x98];
    uint64_t eventinj;                  /* 0a8 */
    uint64_t n_cr3;                     /* 0b0 */
    uint64_t lbr_enable;                /* 0b8 */
    uint32_t clean, rsvdc4;             /* 0c0 */
    uint64_t nrip;                      /* 0c8 */
    uint8_t insn_count, insn[15];       /* 0d0 */
    uint8_t rsvde0[0x400 - 0xe0];

    /* state save area */
    struct vmcb_seg es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;   /* 400 */
    uint8_t rsvd4a0[0x4cb - 0x4a0];
    uint8_t cpl;                        /* 4cb */
    uint32_t rsvd4cc;
    uint64_t efer;                      /* 4d0 */
    uint8_t rsvd4d8[0x548 - 0x4d8];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;  /* 548 */
    uint8_t rsvd580[0x5d8 - 0x580];
    uint64_t rsp;                       /* 5d8 */
    uint8_t rsvd5e0[0x5f8 - 0x5e0];
    uint64_t rax, star, lstar, cstar, sfmask, kernel_gs_base;   /* 5f8 */
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;           /* 628 */
    uint64_t cr2;                       /* 640 */
    uint8_t rsvd648[0x668 - 0x648];
    uint64_t g_pat;                     /* 668 */
    uint64_t debugctl, br_from, br_to, int_from, int_to;        /* 670 */
    uint8_t rsvd698[0x1000 - 0x698];
};

#define VMCB_CHECK(field, at) BUILD_BUG_ON(offsetof(struct vmcb, field) != (at))
VMCB_CHECK(pause_threshold, 0x3c);
VMCB_CHECK(exitcode, 0x70);
VMCB_CHECK(eventinj, 0xa8);
VMCB_CHECK(nrip, 0xc8);
VMCB_CHECK(es, 0x400);
VMCB_CHECK(tr, 0x490);
VMCB_CHECK(cpl, 0x4cb);
VMCB_CHECK(cr4, 0x548);
VMCB_CHECK(rip, 0x578);
VMCB_CHECK(rsp, 0x5d8);
VMCB_CHECK(rax, 0x5f8);
VMCB_CHECK(cr2, 0x640);
VMCB_CHECK(g_pat, 0x668);
BUILD_BUG_ON(sizeof(struct vmcb) != 4096);

/* cr_write: a bit a register */
#define INTERCEPT_CR4       (1u << 4)
#define INTERCEPT_CR8       (1u << 8)
/* intercept3 */
#define INTERCEPT_INTR      (1u << 0)
#define INTERCEPT_NMI       (1u << 1)
#define INTERCEPT_SMI       (1u << 2)
#define INTERCEPT_INIT      (1u << 3)
#define INTERCEPT_VINTR     (1u << 4)
#define INTERCEPT_CR0_SEL   (1u << 5)
#define INTERCEPT_RDPMC     (1u << 15)
#define INTERCEPT_CPUID     (1u << 18)
#define INTERCEPT_IRET      (1u << 20)
#define INTERCEPT_INVD      (1u << 22)
#define INTERCEPT_HLT       (1u << 24)
#define INTERCEPT_INVLPGA   (1u << 26)
#define INTERCEPT_IOIO      (1u << 27)
#define INTERCEPT_MSR       (1u << 28)
#define INTERCEPT_TASK      (1u << 29)
#define INTERCEPT_FERR      (1u << 30)
#define INTERCEPT_SHUTDOWN  (1u << 31)
/* intercept4 */
#define INTERCEPT_VMRUN     (1u << 0)
#define INTERCEPT_VMMCALL   (1u << 1)
#define INTERCEPT_VMLOAD    (1u << 2)
#define INTERCEPT_VMSAVE    (1u << 3)
#define INTERCEPT_STGI      (1u << 4)
#define INTERCEPT_CLGI      (1u << 5)
#define INTERCEPT_SKINIT    (1u << 6)
#define INTERCEPT_WBINVD    (1u << 9)
#define INTERCEPT_MONITOR   (1u << 10)
#define INTERCEPT_MWAIT     (1u << 11)
#define INTERCEPT_MWAIT_ARM (1u << 12)
#define INTERCEPT_XSETBV    (1u << 13)
#define INTERCEPT_RDPRU     (1u << 14)

/* vintr */
#define VINTR_TPR_MASK  0xfUL
#define VINTR_IRQ       (1UL << 8)
#define VINTR_PRIO_SHIFT 16
#define VINTR_IGN_TPR   (1UL << 20)
#define VINTR_MASKING   (1UL << 24)
#define VINTR_VECTOR_SHIFT 32
/* What a request for a virtual interrupt consists of. */
#define VINTR_REQUEST                                                                   \
    (VINTR_IRQ | 0xfUL << VINTR_PRIO_SHIFT | VINTR_IGN_TPR | 0xffUL << VINTR_VECTOR_SHIFT)

#define TLB_KEEP      0
#define TLB_FLUSH_ALL 1

/* eventinj and exitintinfo */
#define EVENT_TYPE_SHIFT 8
#define EVENT_TYPE(e)    (((e) >> EVENT_TYPE_SHIFT) & 7)
#define EVENT_ERROR      (1UL << 11)
#define EVENT_VALID      (1UL << 31)

enum exit_code {
    EXIT_CR0_READ = 0x00,
    EXIT_CR0_WRITE = 0x10,
    EXIT_CR4_WRITE = 0x14,
    EXIT_CR8_WRITE = 0x18,
    EXIT_DR0_READ = 0x20,
    EXIT_DR0_WRITE = 0x30,
    EXIT_EXCEPTION = 0x40,
    EXIT_INTR = 0x60, EXIT_NMI, EXIT_SMI, EXIT_INIT, EXIT_VINTR, EXIT_CR0_SEL,
    EXIT_RDPMC = 0x6f,
    EXIT_CPUID = 0x72, EXIT_RSM, EXIT_IRET, EXIT_SWINT, EXIT_INVD, EXIT_PAUSE,
    EXIT_HLT, EXIT_INVLPG, EXIT_INVLPGA, EXIT_IOIO, EXIT_MSR, EXIT_TASK, EXIT_FERR,
    EXIT_SHUTDOWN, EXIT_VMRUN, EXIT_VMMCALL, EXIT_VMLOAD, EXIT_VMSAVE, EXIT_STGI,
    EXIT_CLGI, EXIT_SKINIT, EXIT_RDTSCP, EXIT_ICEBP, EXIT_WBINVD, EXIT_MONITOR,
    EXIT_MWAIT, EXIT_MWAIT_ARMED, EXIT_XSETBV, EXIT_RDPRU,
    EXIT_TABLE_SIZE = 0x90,
    EXIT_NPF = 0x400,
};

/* exitinfo1 of EXIT_IOIO */
#define IOIO_IN     (1u << 0)
#define IOIO_STRING (1u << 2)
#define IOIO_SIZE(i) (((i) >> 4) & 7)
#define IOIO_PORT(i) ((uint16_t)((i) >> 16))

/* exitinfo1 of a CR access with decode assists: bit 63 valid, low bits the register */
#define CR_DECODED  (1UL << 63)

/* exitinfo1 of EXIT_NPF */
#define NPF_WRITE   (1UL << 1)
#define NPF_FETCH   (1UL << 4)

#endif
