/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_ARCH_X86_XEN_X86_64_H
#define XEN_PUBLIC_ARCH_X86_XEN_X86_64_H

/* Flat descriptors of the hypervisor's part of every PV guest's GDT. */
#define FLAT_RING3_CS32 0xe023
#define FLAT_RING3_CS64 0xe033
#define FLAT_RING3_DS32 0xe02b
#define FLAT_RING3_DS64 0x0000
#define FLAT_RING3_SS32 0xe02b
#define FLAT_RING3_SS64 0xe02b

/* PV kernels run in ring 3 as well, hence the same selectors. */
#define FLAT_KERNEL_CS64 FLAT_RING3_CS64
#define FLAT_KERNEL_CS32 FLAT_RING3_CS32
#define FLAT_KERNEL_DS64 FLAT_RING3_DS64
#define FLAT_KERNEL_DS32 FLAT_RING3_DS32
#define FLAT_KERNEL_SS64 FLAT_RING3_SS64
#define FLAT_KERNEL_SS32 FLAT_RING3_SS32
#define FLAT_KERNEL_CS   FLAT_KERNEL_CS64
#define FLAT_KERNEL_DS   FLAT_KERNEL_DS64
#define FLAT_KERNEL_SS   FLAT_KERNEL_SS64
#define FLAT_USER_CS64   FLAT_RING3_CS64
#define FLAT_USER_CS32   FLAT_RING3_CS32
#define FLAT_USER_DS64   FLAT_RING3_DS64
#define FLAT_USER_DS32   FLAT_RING3_DS32
#define FLAT_USER_SS64   FLAT_RING3_SS64
#define FLAT_USER_SS32   FLAT_RING3_SS32
#define FLAT_USER_CS     FLAT_USER_CS64
#define FLAT_USER_DS     FLAT_USER_DS64
#define FLAT_USER_SS     FLAT_USER_SS64

/* Linear addresses a 64-bit PV guest leaves to the hypervisor: [start, end). */
#define __HYPERVISOR_VIRT_START 0xFFFF800000000000
#define __HYPERVISOR_VIRT_END   0xFFFF880000000000
#define __MACH2PHYS_VIRT_START  0xFFFF800000000000
#define __MACH2PHYS_VIRT_END    0xFFFF804000000000

#ifndef HYPERVISOR_VIRT_START
#define HYPERVISOR_VIRT_START xen_mk_ulong(__HYPERVISOR_VIRT_START)
#define HYPERVISOR_VIRT_END   xen_mk_ulong(__HYPERVISOR_VIRT_END)
#endif
#define MACH2PHYS_VIRT_START xen_mk_ulong(__MACH2PHYS_VIRT_START)
#define MACH2PHYS_VIRT_END   xen_mk_ulong(__MACH2PHYS_VIRT_END)
#define MACH2PHYS_NR_ENTRIES ((MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) / 8)

/* set_segment_base(which, base) */
#define SEGBASE_FS          0
#define SEGBASE_GS_USER     1
#define SEGBASE_GS_KERNEL   2
#define SEGBASE_GS_USER_SEL 3

/* iret_context.flags: return by SYSRET, rcx and r11 may be lost. */
#define _VGCF_in_syscall 8
#define VGCF_in_syscall  (1 << _VGCF_in_syscall)
#define VGCF_IN_SYSCALL  VGCF_in_syscall

#ifndef __ASSEMBLY__

/* What a PV kernel leaves on its stack for the iret hypercall. */
struct iret_context {
    uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

#if defined(__XEN__) || defined(__XEN_TOOLS__)
/* Legacy register: 64, 32, 16 bits, low byte and, where there is one, high byte. */
#define XEN_ABI_REG_ABCD(n) \
    union { uint64_t r##n##x; uint32_t e##n##x; uint16_t n##x; \
            struct { uint8_t n##l, n##h; }; }
#define XEN_ABI_REG_BYTE(x) \
    union { uint64_t r##x; uint32_t e##x; uint16_t x; uint8_t x##l; }
#define XEN_ABI_REG_WORD(x) \
    union { uint64_t r##x; uint32_t e##x; uint16_t x; }
#define XEN_ABI_REG_NUM(n) \
    union { uint64_t r##n; uint32_t r##n##d; uint16_t r##n##w; uint8_t r##n##b; }
#else
/* Guests know the 64-bit registers under their "e" names too. */
#define XEN_ABI_REG_PAIR(x) union { uint64_t r##x, e##x; uint32_t _e##x; }
#define XEN_ABI_REG_ABCD(n) XEN_ABI_REG_PAIR(n##x)
#define XEN_ABI_REG_BYTE(x) XEN_ABI_REG_PAIR(x)
#define XEN_ABI_REG_WORD(x) XEN_ABI_REG_PAIR(x)
#define XEN_ABI_REG_NUM(n)  uint64_t r##n
#endif

struct cpu_user_regs {
    XEN_ABI_REG_NUM(15);
    XEN_ABI_REG_NUM(14);
    XEN_ABI_REG_NUM(13);
    XEN_ABI_REG_NUM(12);
    XEN_ABI_REG_BYTE(bp);
    XEN_ABI_REG_ABCD(b);
    XEN_ABI_REG_NUM(11);
    XEN_ABI_REG_NUM(10);
    XEN_ABI_REG_NUM(9);
    XEN_ABI_REG_NUM(8);
    XEN_ABI_REG_ABCD(a);
    XEN_ABI_REG_ABCD(c);
    XEN_ABI_REG_ABCD(d);
    XEN_ABI_REG_BYTE(si);
    XEN_ABI_REG_BYTE(di);
    uint32_t error_code;
    uint32_t entry_vector;
    XEN_ABI_REG_WORD(ip);
    uint16_t cs, _pad0[1];
    uint8_t  saved_upcall_mask;
    uint8_t  _pad1[3];
    XEN_ABI_REG_WORD(flags);
    XEN_ABI_REG_BYTE(sp);
    uint16_t ss, _pad2[3];
    uint16_t es, _pad3[3];
    uint16_t ds, _pad4[3];
    uint16_t fs, _pad5[3];
    uint16_t gs, _pad6[3];
};
XEN_ABI_TYPE(cpu_user_regs);

#undef XEN_ABI_REG_ABCD
#undef XEN_ABI_REG_BYTE
#undef XEN_ABI_REG_WORD
#undef XEN_ABI_REG_NUM
#undef XEN_ABI_REG_PAIR

#define xen_pfn_to_cr3(pfn) ((unsigned long)(pfn) << 12)
#define xen_cr3_to_pfn(cr3) ((unsigned long)(cr3) >> 12)

struct arch_vcpu_info {
    unsigned long cr2;
    unsigned long pad;
};
typedef struct arch_vcpu_info arch_vcpu_info_t;

typedef unsigned long xen_callback_t;

#endif /* !__ASSEMBLY__ */

#endif
