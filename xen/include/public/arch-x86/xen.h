/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_ARCH_X86_XEN_H
#define XEN_PUBLIC_ARCH_X86_XEN_H

#ifndef XEN_PUBLIC_XEN_H
#error "include <public/xen.h>, not the architecture's part of it"
#endif

#ifndef __ASSEMBLY__

/*
 * A guest handle is a guest's pointer wrapped so that nobody can dereference it
 * by mistake. Each type has a plain and a const handle.
 */
#define XEN_ABI_HANDLE(name, type) typedef struct { type *p; } __guest_handle_##name
#define __DEFINE_XEN_GUEST_HANDLE(name, type) \
    XEN_ABI_HANDLE(name, type); \
    XEN_ABI_HANDLE(const_##name, const type)
#define DEFINE_XEN_GUEST_HANDLE(name) __DEFINE_XEN_GUEST_HANDLE(name, name)
#define __XEN_GUEST_HANDLE(name) __guest_handle_##name
#define XEN_GUEST_HANDLE(name)   __XEN_GUEST_HANDLE(name)
#define XEN_GUEST_HANDLE_PARAM(name) XEN_GUEST_HANDLE(name)
#define set_xen_guest_handle_raw(hnd, val) ((void)((hnd).p = (val)))
#define set_xen_guest_handle(hnd, val) set_xen_guest_handle_raw(hnd, val)

/* The usual pair for struct tag: its typedef tag_t and the handles of that. */
#define XEN_ABI_TYPE(tag) \
    typedef struct tag tag##_t; \
    DEFINE_XEN_GUEST_HANDLE(tag##_t)

typedef unsigned long xen_pfn_t;
typedef unsigned long xen_ulong_t;
#define PRI_xen_pfn   "lx"
#define PRIu_xen_pfn  "lu"
#define PRI_xen_ulong "lx"

#endif /* !__ASSEMBLY__ */

#ifdef __x86_64__
#include "xen-x86_64.h"
#else
#error "only the x86-64 ABI is described here"
#endif

#define XEN_HAVE_PV_GUEST_ENTRY 1
#define XEN_HAVE_PV_UPCALL_MASK 1

/* From this GDT page on, descriptors belong to the hypervisor. */
#define FIRST_RESERVED_GDT_PAGE  14
#define FIRST_RESERVED_GDT_BYTE  (FIRST_RESERVED_GDT_PAGE * 4096)
#define FIRST_RESERVED_GDT_ENTRY (FIRST_RESERVED_GDT_BYTE / 8)

/* vCPUs with a vcpu_info inside shared_info; others must register their own. */
#define XEN_LEGACY_MAX_VCPUS 32

#ifndef __ASSEMBLY__

/* set_trap_table(); flags: DPL in bits 0-1, bit 2 masks events on entry. */
struct trap_info {
    uint8_t       vector;
    uint8_t       flags;
    uint16_t      cs;
    unsigned long address;
};
XEN_ABI_TYPE(trap_info);
#define TI_GET_DPL(ti)      ((ti)->flags & 3)
#define TI_GET_IF(ti)       ((ti)->flags & 4)
#define TI_SET_DPL(ti, dpl) ((ti)->flags |= (dpl))
#define TI_SET_IF(ti, on)   ((ti)->flags |= ((on) ? 4 : 0))

typedef uint64_t tsc_timestamp_t;

#define _VGCF_i387_valid               0
#define _VGCF_in_kernel                2
#define _VGCF_failsafe_disables_events 3
#define _VGCF_syscall_disables_events  4
#define _VGCF_online                   5
#define VGCF_i387_valid               (1 << _VGCF_i387_valid)
#define VGCF_in_kernel                (1 << _VGCF_in_kernel)
#define VGCF_failsafe_disables_events (1 << _VGCF_failsafe_disables_events)
#define VGCF_syscall_disables_events  (1 << _VGCF_syscall_disables_events)
#define VGCF_online                   (1 << _VGCF_online)
#define VGCF_I387_VALID VGCF_i387_valid
#define VGCF_IN_KERNEL  VGCF_in_kernel

/* State of a PV vCPU; fpu_ctxt is an FXSAVE image. */
struct vcpu_guest_context {
    struct { char x[512]; } fpu_ctxt;
    unsigned long        flags; /* VGCF_* */
    struct cpu_user_regs user_regs;
    struct trap_info     trap_ctxt[256];
    unsigned long        ldt_base, ldt_ents;
    unsigned long        gdt_frames[16], gdt_ents;
    unsigned long        kernel_ss, kernel_sp;
    unsigned long        ctrlreg[8];
    unsigned long        debugreg[8];
    unsigned long        event_callback_eip;
    unsigned long        failsafe_callback_eip;
    unsigned long        syscall_callback_eip;
    unsigned long        vm_assist;
    uint64_t             fs_base, gs_base_kernel, gs_base_user;
};
XEN_ABI_TYPE(vcpu_guest_context);

struct arch_shared_info {
    unsigned long max_pfn;
    xen_pfn_t     pfn_to_mfn_frame_list_list;
    unsigned long nmi_reason; /* XEN_NMIREASON_* */
    unsigned long p2m_cr3;
    unsigned long p2m_vaddr;
    unsigned long p2m_generation;
};
typedef struct arch_shared_info arch_shared_info_t;

#if defined(__XEN__) || defined(__XEN_TOOLS__)

#define XEN_X86_EMU_LAPIC    (1U << 0)
#define XEN_X86_EMU_HPET     (1U << 1)
#define XEN_X86_EMU_PM       (1U << 2)
#define XEN_X86_EMU_RTC      (1U << 3)
#define XEN_X86_EMU_IOAPIC   (1U << 4)
#define XEN_X86_EMU_PIC      (1U << 5)
#define XEN_X86_EMU_VGA      (1U << 6)
#define XEN_X86_EMU_IOMMU    (1U << 7)
#define XEN_X86_EMU_PIT      (1U << 8)
#define XEN_X86_EMU_USE_PIRQ (1U << 9)
#define XEN_X86_EMU_VPCI     (1U << 10)
#define XEN_X86_EMU_ALL      ((1U << 11) - 1)

#define XEN_X86_MSR_RELAXED    (1U << 0)
#define XEN_X86_MISC_FLAGS_MAX XEN_X86_MSR_RELAXED

struct xen_arch_domainconfig {
    uint32_t emulation_flags; /* XEN_X86_EMU_* */
    uint32_t misc_flags;      /* XEN_X86_MSR_RELAXED */
};

#endif

#define XEN_CPUID_NO_SUBLEAF 0xffffffffu

struct xen_cpuid_leaf {
    uint32_t leaf, subleaf;
    uint32_t a, b, c, d;
};
XEN_ABI_TYPE(xen_cpuid_leaf);

struct xen_msr_entry {
    uint32_t idx;
    uint32_t flags; /* must be zero */
    uint64_t val;
};
XEN_ABI_TYPE(xen_msr_entry);

#endif /* !__ASSEMBLY__ */

/* ud2a; .ascii "xen": makes the hypervisor emulate the next instruction for PV. */
#ifdef __ASSEMBLY__
#define XEN_EMULATE_PREFIX .byte 0x0f,0x0b,0x78,0x65,0x6e ;
#define XEN_CPUID          XEN_EMULATE_PREFIX cpuid
#else
#define XEN_EMULATE_PREFIX ".byte 0x0f,0x0b,0x78,0x65,0x6e ; "
#define XEN_CPUID          XEN_EMULATE_PREFIX "cpuid"
#endif

/* HVM guests write debug text here, a byte at a time. */
#define XEN_HVM_DEBUGCONS_IOPORT 0xe9

#endif
