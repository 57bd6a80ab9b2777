/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's local APIC (APM vol. 2 chapter 16). Register pages are the vCPU's own:
 * it writes them while it runs, everyone else only sets IRR and TMR bits, atomically.
 * Other vCPUs read ID, LDR, DFR, SVR and TPR as they are at that moment.
 */
#ifndef ASM_VLAPIC_H
#define ASM_VLAPIC_H

#include <xen/spinlock.h>
#include <xen/timer.h>
#include <xen/types.h>

struct domain;
struct vcpu;

/* Offsets in the register page; the x2APIC MSR is 0x800 + offset / 16. */
enum vlapic_reg {
    VL_ID = 0x20, VL_VERSION = 0x30, VL_TPR = 0x80, VL_APR = 0x90, VL_PPR = 0xa0,
    VL_EOI = 0xb0, VL_RRD = 0xc0, VL_LDR = 0xd0, VL_DFR = 0xe0, VL_SVR = 0xf0,
    VL_ISR = 0x100, VL_TMR = 0x180, VL_IRR = 0x200, VL_ESR = 0x280,
    VL_ICR = 0x300, VL_ICR2 = 0x310, VL_LVTT = 0x320, VL_LVTTHMR = 0x330,
    VL_LVTPC = 0x340, VL_LVT0 = 0x350, VL_LVT1 = 0x360, VL_LVTERR = 0x370,
    VL_TMICT = 0x380, VL_TMCCT = 0x390, VL_TDCR = 0x3e0, VL_SELF_IPI = 0x3f0
};

#define VLAPIC_REG_BYTES   1024u            /* as the save record has them */
#define VLAPIC_DEFAULT_BASE 0xfee00000ull
#define VLAPIC_TICK_NS     10u              /* the bus clock guests see: 100 MHz */
#define VLAPIC_MSR_FIRST   0x800u
#define VLAPIC_MSR_LAST    0x8ffu

#define VL_LVT_MASKED      (1u << 16)
#define VL_SVR_ENABLE      (1u << 8)

enum vlapic_mode {
    VL_FIXED, VL_LOWEST, VL_SMI, VL_RESERVED, VL_NMI, VL_INIT, VL_STARTUP, VL_EXTINT
};

/* Where a vCPU is between INIT and running, APM vol. 2 16.5. */
enum vlapic_start {
    VL_RUNNING,
    VL_WAIT_SIPI,       /* after INIT, or never started */
    VL_INIT_PENDING,    /* runs, shall take the INIT at its next entry */
    VL_SIPI_PENDING     /* shall start at sipi_vector; init_first: reset before */
};

struct vlapic {
    struct vcpu *vcpu;
    uint64_t base;          /* MSR 0x1b [own vCPU] */
    /* offset / 4; IRR and TMR atomic, else own vCPU */
    uint32_t regs[VLAPIC_REG_BYTES / 4];
    uint32_t esr_pending;   /* errors since ESR was last written; atomic */

    spinlock_t lock;        /* LOCK_VLAPIC; interrupts off while held */
    struct timer timer;
    s_time_t timer_start;   /* when the count was TMICT [lock] */
    bool timer_done;        /* one-shot has fired [lock] */
    uint64_t tsc_deadline;  /* guest TSC, 0: not armed [lock] */
    uint8_t start;          /* enum vlapic_start [lock] */
    bool init_first;        /* [lock] */
    uint8_t sipi_vector;    /* [lock] */
};

/* An interrupt message on the virtual bus. */
struct vlapic_msg {
    uint32_t dest;          /* 0xff or 0xffffffff: all */
    bool logical;
    bool level;             /* fixed: EOI goes to the I/O APICs */
    uint8_t mode;           /* enum vlapic_mode */
    uint8_t vector;
};

/* Deliver to all that match; how many took it. Any context, interrupts included. */
unsigned int vlapic_deliver(struct domain *d, const struct vlapic_msg *msg);
/* Make vector pending in v. Any context. */
void vlapic_set_irq(struct vcpu *v, uint8_t vector, bool level);

/* For v itself, or a paused v. -1: nothing above the processor priority. */
int vlapic_pending_vector(struct vlapic *vl);
/* The same as if the task priority were 0. */
int vlapic_requested_vector(struct vlapic *vl);
/*
 * The way of a vector from IRR to ISR, by v itself. Once taken, the same vector may be
 * requested anew. A taken request is accepted (it is in service) or returned.
 */
void vlapic_take_request(struct vlapic *vl, uint8_t vector);
void vlapic_accept(struct vlapic *vl, uint8_t vector);
void vlapic_return_request(struct vlapic *vl, uint8_t vector);
uint8_t vlapic_ppr(const struct vlapic *vl);

bool vlapic_hw_enabled(const struct vlapic *vl);
bool vlapic_sw_enabled(const struct vlapic *vl);
bool vlapic_x2apic(const struct vlapic *vl);

/* The register page of current, by MMIO; true: gpa is in it. */
bool vlapic_mmio_claims(const struct vcpu *v, paddr_t gpa);
int vlapic_mmio_read(struct vcpu *v, paddr_t gpa, unsigned int size, uint64_t *val);
int vlapic_mmio_write(struct vcpu *v, paddr_t gpa, unsigned int size, uint64_t val);

/* INIT and SIPI that wait for current: reset it, start it or put it to sleep. */
void vlapic_apply_start(struct vcpu *v);
bool vlapic_start_pending(const struct vlapic *vl);

void vlapic_timer_init(struct vlapic *vl);
void vlapic_timer_rearm(struct vlapic *vl);               /* lock held */
uint32_t vlapic_timer_count(struct vlapic *vl);           /* TMCCT */

int vlapic_init(struct vcpu *v);                          /* -ENOMEM */
void vlapic_destroy(struct vcpu *v);
void vlapic_register_save(void);

/* For the files of the vlapic only. */
static inline uint32_t vlapic_reg(const struct vlapic *vl, unsigned int offset)
{
    return __atomic_load_n(&vl->regs[offset / 4], __ATOMIC_RELAXED);
}

static inline void vlapic_set_reg(struct vlapic *vl, unsigned int offset, uint32_t val)
{
    __atomic_store_n(&vl->regs[offset / 4], val, __ATOMIC_RELAXED);
}

int vlapic_reg_write(struct vlapic *vl, unsigned int offset, uint32_t val);
void vlapic_send_icr(struct vlapic *vl, uint32_t low, uint32_t dest);
void vlapic_eoi(struct vlapic *vl);
void vlapic_error(struct vlapic *vl, uint32_t bit);
void vlapic_fire_lvt(struct vlapic *vl, unsigned int lvt);
#define VL_ESR_SEND_ILLEGAL (1u << 5)
#define VL_ESR_RECV_ILLEGAL (1u << 6)
#define VL_ESR_REG_ILLEGAL  (1u << 7)

#endif
