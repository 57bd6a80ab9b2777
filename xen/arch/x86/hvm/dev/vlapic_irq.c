/* SPDX-License-Identifier: GPL-2.0-only */
/* Local APIC: interrupts in and out, priorities, destinations. APM vol. 2, 16.5, 16.6. */
#include <xen/bitops.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <asm/cpu_policy.h>
#include <asm/hvm.h>
#include <asm/vioapic.h>
#include <asm/vlapic.h>

#define LOWEST_LEGAL_VECTOR 16
#define DEST_ALL 0xffffffffu

/* --- vector bitmaps: eight registers of 32 bits, 16 bytes apart -------------------- */

static uint32_t *vector_word(struct vlapic *vl, unsigned int bank, uint8_t vector)
{
    return &vl->regs[(bank + (vector / 32) * 0x10) / 4];
}

static bool vector_set(struct vlapic *vl, unsigned int bank, uint8_t vector)
{
    uint32_t bit = 1u << (vector & 31);

    return __atomic_fetch_or(vector_word(vl, bank, vector), bit, __ATOMIC_SEQ_CST) & bit;
}

static bool vector_clear(struct vlapic *vl, unsigned int bank, uint8_t vector)
{
    uint32_t bit = 1u << (vector & 31);

    return __atomic_fetch_and(vector_word(vl, bank, vector), ~bit, __ATOMIC_SEQ_CST) &
           bit;
}

static int highest_vector(const struct vlapic *vl, unsigned int bank)
{
    int word;
    uint32_t bits;

#pragma GCC unroll 8
    for (word = 7; word >= 0; word--) {
        bits = vlapic_reg(vl, bank + (unsigned int)word * 0x10);
        if (bits)
            return word * 32 + (int)fls_long(bits);
    }
    return -1;
}

/* --- inside ------------------------------------------------------------------------ */

uint8_t vlapic_ppr(const struct vlapic *vl)
{
    uint32_t tpr = vlapic_reg(vl, VL_TPR);
    int isr = highest_vector(vl, VL_ISR);
    uint32_t serving = isr < 0 ? 0 : (uint32_t)isr;

    return (uint8_t)((tpr & 0xf0) >= (serving & 0xf0) ? tpr : serving & 0xf0);
}

/* At most entries nothing is: all words are looked at before their order. */
static int request(const struct vlapic *vl)
{
    uint32_t all = 0;

#pragma GCC unroll 8
    for (unsigned int offset = VL_IRR; offset < VL_IRR + 0x80; offset += 0x10)
        all |= vlapic_reg(vl, offset);
    return all && vlapic_hw_enabled(vl) ? highest_vector(vl, VL_IRR) : -1;
}

int vlapic_pending_vector(struct vlapic *vl)
{
    int irr = request(vl);

    return irr >= 0 && (irr & 0xf0) > (vlapic_ppr(vl) & 0xf0) ? irr : -1;
}

int vlapic_requested_vector(struct vlapic *vl)
{
    int irr = request(vl), serving;

    if (irr < 0)
        return -1;
    serving = highest_vector(vl, VL_ISR);
    return (irr & 0xf0) > (serving < 0 ? 0 : serving & 0xf0) ? irr : -1;
}

void vlapic_take_request(struct vlapic *vl, uint8_t vector)
{
    vector_clear(vl, VL_IRR, vector);
}

void vlapic_return_request(struct vlapic *vl, uint8_t vector)
{
    vector_set(vl, VL_IRR, vector);
}

void vlapic_accept(struct vlapic *vl, uint8_t vector)
{
    vector_set(vl, VL_ISR, vector);
}

void vlapic_eoi(struct vlapic *vl)
{
    int vector = highest_vector(vl, VL_ISR);

    if (vector < 0)
        return;
    vector_clear(vl, VL_ISR, (uint8_t)vector);
    if (vector_clear(vl, VL_TMR, (uint8_t)vector))
        vioapic_eoi(vl->vcpu->domain, (uint8_t)vector);
}

/* TMR before IRR: whoever sees the request also sees its kind. */
void vlapic_set_irq(struct vcpu *v, uint8_t vector, bool level)
{
    struct vlapic *vl = v->arch.hvm.vlapic;

    if (vector < LOWEST_LEGAL_VECTOR) {
        vlapic_error(vl, VL_ESR_RECV_ILLEGAL);
        return;
    }
    if (level)
        vector_set(vl, VL_TMR, vector);
    if (!vector_set(vl, VL_IRR, vector))
        vcpu_kick(v);
}

void vlapic_fire_lvt(struct vlapic *vl, unsigned int lvt)
{
    uint32_t entry = vlapic_reg(vl, lvt);

    if (entry & VL_LVT_MASKED)
        return;
    if (lvt != VL_LVTT && lvt != VL_LVTERR && (entry >> 8 & 7) == VL_NMI) {
        hvm_post_nmi(vl->vcpu);
        return;
    }
    /* A bad vector in the error entry itself must not report for ever. */
    if (lvt != VL_LVTERR || (entry & 0xff) >= LOWEST_LEGAL_VECTOR)
        vlapic_set_irq(vl->vcpu, entry & 0xff, false);
}

void vlapic_error(struct vlapic *vl, uint32_t bit)
{
    if (!(__atomic_fetch_or(&vl->esr_pending, bit, __ATOMIC_RELAXED) & bit))
        vlapic_fire_lvt(vl, VL_LVTERR);
}

/* --- destinations ------------------------------------------------------------------ */

static bool matches_logical(const struct vlapic *vl, uint32_t dest)
{
    uint32_t ldr = vlapic_reg(vl, VL_LDR);

    if (vlapic_x2apic(vl))
        return ldr >> 16 == dest >> 16 && (ldr & dest & 0xffff);
    ldr >>= 24;
    if (vlapic_reg(vl, VL_DFR) >> 28 == 0xf)
        return ldr & dest;
    return ldr >> 4 == dest >> 4 && (ldr & dest & 0xf);
}

static bool matches(const struct vlapic *vl, uint32_t dest, bool logical)
{
    uint32_t id;

    if (!vlapic_hw_enabled(vl))
        return false;
    if (dest == DEST_ALL || (dest == 0xff && !vlapic_x2apic(vl)))
        return true;
    if (logical)
        return matches_logical(vl, dest);
    id = vlapic_reg(vl, VL_ID);
    return (vlapic_x2apic(vl) ? id : id >> 24) == dest;
}

/* One that waits for its SIPI is reset already; what was sent to it since stays. */
static void post_init(struct vlapic *vl)
{
    uint64_t flags = spin_lock_irqsave(&vl->lock);

    if (vl->start != VL_WAIT_SIPI) {
        vl->start = VL_INIT_PENDING;
        vl->init_first = true;
    }
    spin_unlock_irqrestore(&vl->lock, flags);
    vcpu_kick(vl->vcpu);
}

/* Only a processor that was sent INIT listens (APM vol. 2, 16.5, start-up IPIs). */
static void post_sipi(struct vlapic *vl, uint8_t vector)
{
    uint64_t flags = spin_lock_irqsave(&vl->lock);
    bool heard = vl->start == VL_WAIT_SIPI || vl->start == VL_INIT_PENDING;

    if (heard) {
        vl->sipi_vector = vector;
        vl->start = VL_SIPI_PENDING;
    }
    spin_unlock_irqrestore(&vl->lock, flags);
    if (heard) {
        /* Also one that VCPUOP_down stopped before the INIT. */
        write_once(vl->vcpu->is_initialised, true);
        (void)vcpu_up(vl->vcpu);
        vcpu_kick(vl->vcpu);
    }
}

static bool take(struct vlapic *vl, const struct vlapic_msg *m)
{
    switch (m->mode) {
    case VL_FIXED: case VL_LOWEST:
        if (!vlapic_sw_enabled(vl))
            return false;
        vlapic_set_irq(vl->vcpu, m->vector, m->level);
        return true;
    case VL_NMI:
        hvm_post_nmi(vl->vcpu);
        return true;
    case VL_INIT:
        post_init(vl);
        return true;
    case VL_STARTUP:
        post_sipi(vl, m->vector);
        return true;
    default:
        return false;       /* SMI and ExtINT: nothing here would handle them */
    }
}

/* Arbitration: the lowest processor priority, the earlier vCPU among equals. */
static struct vlapic *arbitrate(struct domain *d, const struct vlapic_msg *m)
{
    struct vlapic *best = NULL;
    struct vcpu *v;

    for_each_vcpu(d, v) {
        struct vlapic *vl = v->arch.hvm.vlapic;

        if (vl && vlapic_sw_enabled(vl) && matches(vl, m->dest, m->logical) &&
            (!best || vlapic_ppr(vl) < vlapic_ppr(best)))
            best = vl;
    }
    return best;
}

/* The usual case, one vCPU by its id, without a search. */
static struct vlapic *by_id(struct domain *d, uint32_t dest)
{
    struct vcpu *v = domain_vcpu(d, dest / 2);
    struct vlapic *vl;

    if (!v)
        return NULL;
    vl = v->arch.hvm.vlapic;
    return vl && matches(vl, dest, false) ? vl : NULL;
}

unsigned int vlapic_deliver(struct domain *d, const struct vlapic_msg *m)
{
    unsigned int taken = 0;
    struct vlapic *vl;
    struct vcpu *v;

    BUILD_BUG_ON(VCPU_APIC_ID(1) != 2);
    if (m->mode == VL_LOWEST) {
        vl = arbitrate(d, m);
        return vl ? take(vl, m) : 0;
    }
    if (!m->logical && m->dest < 0xff) {
        vl = by_id(d, m->dest);
        return vl ? take(vl, m) : 0;
    }
    for_each_vcpu(d, v) {
        vl = v->arch.hvm.vlapic;
        if (vl && matches(vl, m->dest, m->logical))
            taken += take(vl, m);
    }
    return taken;
}

/* --- interprocessor interrupts ----------------------------------------------------- */

static void send_to_others(struct vlapic *vl, const struct vlapic_msg *m, bool self)
{
    struct vcpu *v;

    for_each_vcpu(vl->vcpu->domain, v)
        if (v->arch.hvm.vlapic && (self || v != vl->vcpu) &&
            vlapic_hw_enabled(v->arch.hvm.vlapic))
            take(v->arch.hvm.vlapic, m);
}

/* @dest as the mode has it: 8 bits in xAPIC, 32 in x2APIC. */
void vlapic_send_icr(struct vlapic *vl, uint32_t low, uint32_t dest)
{
    struct vlapic_msg m = {
        .dest = dest, .logical = low >> 11 & 1, .mode = low >> 8 & 7,
        .vector = low & 0xff,
    };
    bool self_ipi = (low >> 18 & 3) == 1;

    vlapic_set_reg(vl, VL_ICR, low & ~(1u << 12));
    /* INIT level de-assert is a relic that does nothing (APM vol. 2, 16.5). */
    if (m.mode == VL_INIT && (low & 0xc000) == 0x8000)
        return;
    if ((m.mode == VL_FIXED || m.mode == VL_LOWEST) && m.vector < LOWEST_LEGAL_VECTOR) {
        vlapic_error(vl, VL_ESR_SEND_ILLEGAL);
        return;
    }
    if (!vlapic_x2apic(vl) && dest == 0xff)
        m.dest = DEST_ALL;
    switch (low >> 18 & 3) {
    case 0:
        vlapic_deliver(vl->vcpu->domain, &m);
        break;
    case 1:
        if (self_ipi && m.mode == VL_FIXED)
            take(vl, &m);
        break;
    default:
        send_to_others(vl, &m, (low >> 18 & 3) == 2);
        break;
    }
}
