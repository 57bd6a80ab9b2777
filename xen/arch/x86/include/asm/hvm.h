/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HVM and PVH guests, vendor-neutral part. Implementation: hvm/ (SVM helper) and
 * hvm/dev/ (emulated devices), hvm/irq.c (which interrupt is next).
 */
#ifndef ASM_HVM_H
#define ASM_HVM_H

#include <xen/list.h>
#include <xen/spinlock.h>
#include <xen/timer.h>
#include <xen/types.h>
#include <asm/emulate.h>
#include <asm/guest_walk.h>
#include <public/hvm/params.h>

struct domain;
struct vcpu;
struct vlapic;
struct vioapic;
struct vpit;
struct cpu_user_regs;
struct hvm_save_ctxt;

struct hvm_domain {
    spinlock_t lock;                  /* LOCK_HVM: params, save */
    uint64_t params[HVM_NR_PARAMS];   /* [lock] */
    struct vioapic *vioapic;          /* NULL: none */
    struct vpit *vpit;
    uint8_t callback_via_type;        /* HVM_PARAM_CALLBACK_TYPE_* */
    uint8_t callback_vector;
    unsigned int callback_gsi;        /* 0: none */
    spinlock_t io_lock;               /* LOCK_VDEV */
    struct list io_handlers;          /* port and MMIO ranges; hvm/io.c */
    uint32_t pci_cf8;                 /* latched config address */
    bool is_s3_suspended;
    void *vendor;                     /* SVM: I/O permission map of domain 0 */
};

/* Pending exception or interrupt to be injected at the next entry. */
struct hvm_event {
    bool valid;
    uint8_t vector;
    uint8_t type;                     /* HVM_EVENT_* */
    bool has_error;
    uint32_t error;
    uint64_t cr2;
    uint8_t insn_len;                 /* software interrupts */
};

#define HVM_EVENT_EXTINT 0
#define HVM_EVENT_NMI    2
#define HVM_EVENT_EXC    3
#define HVM_EVENT_SWINT  4

struct hvm_vcpu {
    uint64_t guest_cr[5];             /* as the guest sees them: 0, 2, 3, 4 */
    uint64_t efer;
    uint64_t pat, mtrr_def, mtrr_cap, mtrr_fixed[11], mtrr_var[16];
    int64_t tsc_offset;               /* guest TSC = host TSC + offset */
    uint64_t tsc_adjust, tsc_aux;
    uint64_t dr[4], dr6, dr7;
    struct vlapic *vlapic;
    uint8_t evtchn_upcall_vector;     /* HVMOP_set_evtchn_upcall_vector, 0: none */
    bool nmi_pending;
    bool nmi_blocked;                 /* from an NMI's injection until its IRET is done */
    bool init_done;                   /* has its first register state */
    struct hvm_event event;
    bool insn_retired;                /* this exit stepped over an instruction */
    void *vendor;                     /* struct svm_vcpu */
    uint64_t p2m_gen;                 /* p2m_tlb_generation() at the last entry */
    void *window;                     /* hvm/compat.c; NULL outside of its calls */
    struct gw_line walked[GW_LINES];  /* hvm/guest_walk_cache.c */
};

enum hvm_seg { SEG_CS, SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_SS, SEG_TR, SEG_LDTR,
               SEG_GDTR, SEG_IDTR };

struct segment_reg {
    uint16_t sel;
    /* VMCB form: type/S/DPL/P bits 0-7, AVL L D G 8-11 */
    uint16_t attr;
    uint32_t limit;
    uint64_t base;
};

struct hvm_saved_msrs {
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip, shadow_gs;
    uint64_t star, lstar, cstar, syscall_mask;
};

/* Vendor operations. The vCPU is current or paused. */
struct hvm_ops {
    const char *name;
    bool nrips;
    int (*cpu_up)(void);              /* on each CPU */
    void (*cpu_down)(void);
    int (*domain_init)(struct domain *d);
    void (*domain_destroy)(struct domain *d);
    int (*vcpu_init)(struct vcpu *v);
    void (*vcpu_destroy)(struct vcpu *v);
    void (*switch_out)(struct vcpu *v);
    void (*switch_in)(struct vcpu *v);
    noreturn void (*run)(struct vcpu *v); /* the resume loop */
    void (*get_segment)(struct vcpu *v, enum hvm_seg seg, struct segment_reg *r);
    void (*set_segment)(struct vcpu *v, enum hvm_seg seg, const struct segment_reg *r);
    /* What every exit asks of them: SEG_CS's attr, SEG_SS's privilege level. */
    unsigned int (*code_attr)(struct vcpu *v);
    unsigned int (*cpl)(struct vcpu *v);
    void (*update_cr)(struct vcpu *v, unsigned int cr);   /* guest_cr[] changed */
    void (*update_efer)(struct vcpu *v);
    void (*set_tsc_offset)(struct vcpu *v, int64_t offset);
    unsigned int (*interrupt_shadow)(struct vcpu *v);
    int (*msr_read)(struct vcpu *v, uint32_t msr, uint64_t *val);   /* vendor MSRs */
    int (*msr_write)(struct vcpu *v, uint32_t msr, uint64_t val);
    void (*get_insn_bytes)(struct vcpu *v, uint8_t *buf, unsigned int *len);
    void (*flush_guest_tlb)(void);    /* this CPU: new ASIDs for all */
    void (*clear_interrupt_shadow)(struct vcpu *v);
    void (*flush_vcpu_tlb)(struct vcpu *v);  /* all translations of v */
    uint8_t hypercall_insn[3];        /* what the hypercall page holds */
    /* MSRs that live in the vendor's control block, for saved contexts. */
    void (*save_msrs)(struct vcpu *v, struct hvm_saved_msrs *m);
    void (*load_msrs)(struct vcpu *v, const struct hvm_saved_msrs *m);
};
extern const struct hvm_ops *hvm;     /* svm_ops; NULL: no hardware virtualization */

/* boot: detect and enable; -ENODEV names what lacks */
int hvm_init(void);
int hvm_domain_init(struct domain *d);
int hvm_domain_relinquish(struct domain *d);
void hvm_domain_destroy(struct domain *d);
int hvm_vcpu_init(struct vcpu *v);
void hvm_vcpu_destroy(struct vcpu *v);

/* The CPU just came up (boot CPU included): 0 or -errno. */
int hvm_cpu_up(void);

/* VMMCALL / VMCALL of current. true: finished, step over the instruction. */
bool hvm_do_hypercall(struct vcpu *v);
/* WRMSR to the hypercall MSR: fill the page at val. 0 or -EPERM. */
int hvm_write_hypercall_page(struct vcpu *v, uint64_t val);
/*
 * What current's domain shares with us is laid out for the mode that it is in: at calls
 * that a kernel makes first after its start, and after it was restored.
 */
void hvm_latch_shared_layout(void);
/* XSETBV of current: 0 or -EPERM. */
int hvm_set_xcr0(struct vcpu *v, uint32_t index, uint64_t val);
/* XCR0 of v, asked of the CPU when v is current: its XSETBV may go unseen. */
uint64_t hvm_get_xcr0(struct vcpu *v);
/* A fault while delivering a double fault. */
void hvm_triple_fault(struct vcpu *v);
/* Code size of current by CS and EFER: 2, 4 or 8 (bytes of default address size). */
unsigned int hvm_code_bytes(struct vcpu *v);
unsigned int hvm_cpl(struct vcpu *v);
/* Advance RIP over an instruction of len bytes: interrupt shadow ends, TF traps. */
void hvm_skip_insn(struct vcpu *v, unsigned int len);
/* Registers and control state, rate limited. */
void hvm_dump_vcpu(struct vcpu *v);

/*
 * Inject at the next entry; a second fault while one is pending becomes #DF per APM
 * §8.2.9.
 */
void hvm_inject_exception(struct vcpu *v, uint8_t vector, int error /* -1: none */);
void hvm_inject_page_fault(struct vcpu *v, uint64_t cr2, uint32_t error);

/* Power-on / INIT state; then real mode start at vector << 12 (SIPI). */
void hvm_vcpu_reset(struct vcpu *v, uint16_t cs, uint16_t ip);
/* PVH entry: flat 32-bit protected mode at eip with ebx (PVH boot ABI). */
void hvm_vcpu_pvh_start(struct vcpu *v, uint32_t eip, uint32_t ebx);
/*
 * 0; -EINVAL for a state that cannot run. struct vcpu_hvm_context of VCPUOP_initialise.
 */
struct vcpu_hvm_context;
int hvm_set_context(struct vcpu *v, const struct vcpu_hvm_context *ctx);

/* MSR and CPUID of current: 0 or -EPERM (-> #GP). hvm/msr.c, hvm/cpuid.c */
int hvm_msr_read(struct vcpu *v, uint32_t msr, uint64_t *val);
int hvm_msr_write(struct vcpu *v, uint32_t msr, uint64_t val);
void hvm_cpuid(struct vcpu *v, uint32_t leaf, uint32_t sub, uint32_t out[4]);
int hvm_set_cr0(struct vcpu *v, uint64_t val);
int hvm_set_cr3(struct vcpu *v, uint64_t val);
int hvm_set_cr4(struct vcpu *v, uint64_t val);
int hvm_set_efer(struct vcpu *v, uint64_t val);
/*
 * HLT by current, whose RIP is behind it. Waits for an event, with interrupts off for an
 * NMI, INIT or VCPUOP_up only; the last vCPU of a domain to do that powers it off.
 */
void hvm_hlt(struct vcpu *v);
/* An NMI for v, also out of a HLT with interrupts off. Any context. */
void hvm_post_nmi(struct vcpu *v);
/*
 * v = current or paused: its NMIs are no longer held back. One that is pending is v's to
 * look for afterwards; hvm_post_nmi() wakes nobody for it while they are.
 */
void hvm_unblock_nmi(struct vcpu *v);
uint64_t hvm_guest_tsc(struct vcpu *v);
void hvm_set_guest_tsc(struct vcpu *v, uint64_t tsc);

/* --- hvm/irq.c (DEV): next interrupt ----------------------------------------------- */

struct hvm_intr {
    enum { HVM_INTR_NONE, HVM_INTR_NMI, HVM_INTR_VECTOR } kind;
    uint8_t vector;
    bool from_lapic;      /* goes from IRR to ISR; else it is the callback or an NMI */
};
/* An NMI is pending, and v is not in the handler of another. */
bool hvm_nmi_due(struct vcpu *v);
/* Highest-priority deliverable interrupt (TPR respected, RFLAGS.IF not), not consumed. */
struct hvm_intr hvm_intr_pending(struct vcpu *v);
/* Another one than next (of these two) may be due once the guest writes to CR8. */
bool hvm_intr_cr8_matters(struct vcpu *v, struct hvm_intr next);
/*
 * For v = current. The CPU gets it to deliver from here on, and whoever requests it again
 * makes a new interrupt. Then comes exactly one of the other two.
 */
void hvm_intr_hand_over(struct vcpu *v, struct hvm_intr intr);
void hvm_intr_delivered(struct vcpu *v, struct hvm_intr intr);
void hvm_intr_withdraw(struct vcpu *v, struct hvm_intr intr);
void hvm_set_callback_via(struct domain *d, uint64_t via);
/*
 * In the resume loop of v = current, interrupts on, no lock, before the last look at
 * softirqs: applies INIT and SIPI, which may put v to sleep here.
 */
void hvm_dev_before_entry(struct vcpu *v);
/* Assert a GSI of the vIOAPIC (dev emulation, host interrupts). Any context. */
void hvm_gsi_assert(struct domain *d, unsigned int gsi);
void hvm_gsi_deassert(struct domain *d, unsigned int gsi);
/* Deliver an MSI message of a device to the vlapics. */
void hvm_deliver_msi(struct domain *d, uint64_t address, uint32_t data);

/* --- hvm/io.c (DEV): ports and MMIO ------------------------------------------------ */

#define IO_OK        0
#define IO_UNHANDLED 1  /* nobody there: all-ones on read, dropped on write */
#define IO_RETRY     2

struct hvm_io_handler {
    struct list link;
    bool mmio;
    uint64_t start, end;  /* inclusive port or guest physical range */
    int (*read)(struct vcpu *v, uint64_t addr, unsigned int size, uint64_t *val,
                void *data);
    int (*write)(struct vcpu *v, uint64_t addr, unsigned int size, uint64_t val,
                 void *data);
    void *data;
};
int hvm_register_io(struct domain *d, bool mmio, uint64_t start, uint64_t end,
                    int (*read)(struct vcpu *, uint64_t, unsigned int, uint64_t *,
                                void *),
                    int (*write)(struct vcpu *, uint64_t, unsigned int, uint64_t, void *),
                    void *data);
void hvm_unregister_io(struct domain *d);
/* A port access of current that exited (size 1, 2, 4). */
int hvm_port_io(struct vcpu *v, uint16_t port, unsigned int size, bool write,
                uint64_t *val);
int hvm_mmio(struct vcpu *v, paddr_t gpa, unsigned int size, bool write, uint64_t *val);
/* Has gpa a handler? (The local APIC's page is asked for v itself.) */
bool hvm_mmio_claimed(struct vcpu *v, paddr_t gpa);
/* No handler claims the port and d->arch.ioport_caps has it: it need not be intercepted.
 * hvm_port_io() does the host's access for such a port. */
bool hvm_port_direct(struct domain *d, uint16_t port);
/*
 * Emulate the instruction at RIP (MMIO or string I/O). false: could not; domain crashed.
 */
bool hvm_emulate_one(struct vcpu *v, paddr_t gpa, bool gpa_valid);
/* Length of the instruction at RIP, 0 when it cannot be fetched (exception injected). */
unsigned int hvm_insn_length(struct vcpu *v);
/* The same if it is id; when it is another (the guest changed its code): 0 and #UD. */
unsigned int hvm_insn_length_of(struct vcpu *v, enum insn_id id);

void hvm_dev_init(void);                 /* boot: save records of the devices */

int hvm_dev_domain_init(struct domain *d);
void hvm_dev_domain_destroy(struct domain *d);
int hvm_dev_vcpu_init(struct vcpu *v);   /* vlapic */
void hvm_dev_vcpu_destroy(struct vcpu *v);
/* Called with the vCPU going on or off a CPU, for its timers. */
void hvm_dev_switch_in(struct vcpu *v);
void hvm_dev_switch_out(struct vcpu *v);

int vlapic_msr_read(struct vcpu *v, uint32_t msr, uint64_t *val);
int vlapic_msr_write(struct vcpu *v, uint32_t msr, uint64_t val);
uint64_t vlapic_base_msr(struct vcpu *v);
int vlapic_set_base_msr(struct vcpu *v, uint64_t val);
uint8_t vlapic_get_cr8(struct vcpu *v);
void vlapic_set_cr8(struct vcpu *v, uint8_t cr8);
void vlapic_reset(struct vcpu *v);

/* --- save/restore records: hvm/save.c (SVM helper); each device registers its own -- */
struct hvm_save_handler {
    uint16_t type;
    bool per_vcpu;
    uint32_t size;
    int (*save)(struct domain *d, struct vcpu *v, void *record);
    int (*load)(struct domain *d, struct vcpu *v, const void *record, uint32_t len);
};
void hvm_register_save(const struct hvm_save_handler *h);

/* HVM context of the whole domain, d paused. -ENOSPC: size is too small. */
uint32_t hvm_save_size(struct domain *d);
int hvm_save_all(struct domain *d, void *buf, uint32_t size, uint32_t *used);
/* -EINVAL: malformed or unknown records; -ENODATA; the domain may be half loaded then. */
int hvm_load_all(struct domain *d, const void *buf, uint32_t size);
/* One record without its descriptor: -ENOENT, -ENODATA, -ENOSPC. */
int hvm_save_one(struct domain *d, uint16_t type, uint16_t instance, void *buf,
                 uint32_t size, uint32_t *used);

/*
 * XEN_DOMCTL_set_cpu_policy: p has been checked against the maximum; d has not run yet.
 */
struct cpu_policy;
int domain_set_cpu_policy(struct domain *d, const struct cpu_policy *p);

/*
 * XEN_DOMCTL_{get,set}tscinfo; set: -EINVAL for a mode or frequency that cannot be given.
 */
struct xen_domctl_tsc_info;
int hvm_set_tsc_info(struct domain *d, const struct xen_domctl_tsc_info *info);
void hvm_get_tsc_info(struct domain *d, struct xen_domctl_tsc_info *info);

#endif
