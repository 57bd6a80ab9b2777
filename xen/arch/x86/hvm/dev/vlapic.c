/* SPDX-License-Identifier: GPL-2.0-only */
/* Local APIC: modes and registers, by MMIO and by x2APIC MSR. APM vol. 2 chapter 16. */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/cpu_policy.h>
#include <asm/hvm.h>
#include <asm/msr.h>
#include <asm/vlapic.h>

/* Six local vectors, version 14h: what Xen's guests have always been shown. */
#define VERSION_VALUE  0x00050014u
#define SVR_WRITABLE   0x000003ffu
#define X2APIC_LDR(id) ((((id) >> 4) << 16) | (1u << ((id) & 15)))

bool vlapic_hw_enabled(const struct vlapic *vl)
{
    return vl->base & APIC_BASE_ENABLE;
}

bool vlapic_sw_enabled(const struct vlapic *vl)
{
    return vlapic_reg(vl, VL_SVR) & VL_SVR_ENABLE;
}

bool vlapic_x2apic(const struct vlapic *vl)
{
    return (vl->base & (APIC_BASE_ENABLE | APIC_BASE_EXTD)) ==
           (APIC_BASE_ENABLE | APIC_BASE_EXTD);
}

static bool has_feature(const struct vlapic *vl, unsigned int feature)
{
    return cpu_policy_has(vl->vcpu->domain->arch.policy, feature);
}

/* --- registers --------------------------------------------------------------------- */

static bool is_lvt(unsigned int offset)
{
    return offset >= VL_LVTT && offset <= VL_LVTERR;
}

/* Bits of a local vector entry that software may write. */
static uint32_t lvt_writable(const struct vlapic *vl, unsigned int offset)
{
    switch (offset) {
    case VL_LVTT:
        return has_feature(vl, X86_FEATURE_TSC_DEADLINE) ? 0x700ff : 0x300ff;
    case VL_LVT0: case VL_LVT1:
        return 0x1a7ff;
    case VL_LVTERR:
        return 0x100ff;
    default:
        return 0x107ff;
    }
}

static void write_lvtt(struct vlapic *vl, uint32_t val)
{
    uint64_t flags = spin_lock_irqsave(&vl->lock);
    bool was_deadline = (vlapic_reg(vl, VL_LVTT) >> 17 & 3) == 2;

    if (was_deadline != ((val >> 17 & 3) == 2)) {
        vlapic_set_reg(vl, VL_TMICT, 0);    /* APM 16.4.1: changing it disarms */
        vl->tsc_deadline = 0;
    }
    vlapic_set_reg(vl, VL_LVTT, val);
    vlapic_timer_rearm(vl);
    spin_unlock_irqrestore(&vl->lock, flags);
}

static void write_lvt(struct vlapic *vl, unsigned int offset, uint32_t val)
{
    val &= lvt_writable(vl, offset);
    if (!vlapic_sw_enabled(vl))
        val |= VL_LVT_MASKED;
    if (offset == VL_LVTT)
        write_lvtt(vl, val);
    else
        vlapic_set_reg(vl, offset, val);
}

static void write_svr(struct vlapic *vl, uint32_t val)
{
    unsigned int lvt;

    vlapic_set_reg(vl, VL_SVR, val & SVR_WRITABLE);
    if (!vlapic_sw_enabled(vl))
        for (lvt = VL_LVTT; lvt <= VL_LVTERR; lvt += 0x10)
            write_lvt(vl, lvt, vlapic_reg(vl, lvt));
}

static void write_tmict(struct vlapic *vl, uint32_t val)
{
    uint64_t flags = spin_lock_irqsave(&vl->lock);

    if ((vlapic_reg(vl, VL_LVTT) >> 17 & 3) != 2) {
        vlapic_set_reg(vl, VL_TMICT, val);
        vl->timer_start = NOW();
        vl->timer_done = false;
        vlapic_timer_rearm(vl);
    }
    spin_unlock_irqrestore(&vl->lock, flags);
}

/* The count reached so far is kept, only its speed changes. */
static void write_tdcr(struct vlapic *vl, uint32_t val)
{
    uint64_t flags = spin_lock_irqsave(&vl->lock);
    uint32_t left = vlapic_timer_count(vl), old = vlapic_reg(vl, VL_TMICT);
    unsigned int code;

    vlapic_set_reg(vl, VL_TDCR, val & 0xb);
    code = (val & 3) | (val & 8) >> 1;
    vl->timer_start = NOW() - (s_time_t)(old - left) *
                      (VLAPIC_TICK_NS << ((code + 1) & 7));
    vlapic_timer_rearm(vl);
    spin_unlock_irqrestore(&vl->lock, flags);
}

/* xAPIC and x2APIC alike, for what both have. -EPERM: no such writable register. */
int vlapic_reg_write(struct vlapic *vl, unsigned int offset, uint32_t val)
{
    switch (offset) {
    case VL_TPR:
        vlapic_set_reg(vl, VL_TPR, val & 0xff);
        return 0;
    case VL_EOI:
        vlapic_eoi(vl);
        return 0;
    case VL_SVR:
        write_svr(vl, val);
        return 0;
    case VL_ESR:
        vlapic_set_reg(vl, VL_ESR, __atomic_exchange_n(&vl->esr_pending, 0,
                                                       __ATOMIC_RELAXED));
        return 0;
    case VL_TMICT:
        write_tmict(vl, val);
        return 0;
    case VL_TDCR:
        write_tdcr(vl, val);
        return 0;
    default:
        if (!is_lvt(offset))
            return -EPERM;
        write_lvt(vl, offset, val);
        return 0;
    }
}

static uint32_t reg_read(struct vlapic *vl, unsigned int offset)
{
    uint64_t flags;
    uint32_t val;

    switch (offset) {
    case VL_PPR:
        return vlapic_ppr(vl);
    case VL_TMCCT:
        flags = spin_lock_irqsave(&vl->lock);
        val = vlapic_timer_count(vl);
        spin_unlock_irqrestore(&vl->lock, flags);
        return val;
    default:
        return vlapic_reg(vl, offset);
    }
}

static bool readable(unsigned int offset)
{
    if (offset >= VL_ISR && offset <= VL_ESR)
        return true;
    if (is_lvt(offset) || (offset >= VL_TPR && offset <= VL_SVR))
        return offset != VL_EOI && offset != VL_RRD;
    return offset == VL_ID || offset == VL_VERSION || offset == VL_ICR ||
           offset == VL_TMICT || offset == VL_TMCCT || offset == VL_TDCR;
}

/* --- MMIO -------------------------------------------------------------------------- */

bool vlapic_mmio_claims(const struct vcpu *v, paddr_t gpa)
{
    const struct vlapic *vl = v->arch.hvm.vlapic;

    return vl && vlapic_hw_enabled(vl) && !vlapic_x2apic(vl) &&
           (gpa & PAGE_MASK) == (vl->base & PAGE_MASK);
}

/* Registers are the low four bytes of each sixteen; the rest reads as zero. */
int vlapic_mmio_read(struct vcpu *v, paddr_t gpa, unsigned int size, uint64_t *val)
{
    unsigned int offset = gpa & 0xff0, byte = gpa & 15;
    uint64_t reg = 0;

    if (readable(offset) || offset == VL_ICR2)
        reg = reg_read(v->arch.hvm.vlapic, offset);
    *val = byte < 4 ? reg >> (8 * byte) : 0;
    if (size < 8)
        *val &= (1ull << (8 * size)) - 1;
    return IO_OK;
}

int vlapic_mmio_write(struct vcpu *v, paddr_t gpa, unsigned int size, uint64_t val)
{
    struct vlapic *vl = v->arch.hvm.vlapic;
    unsigned int offset = gpa & 0xff0;

    /* Only aligned 32-bit stores are defined (APM 16.3.2); others do nothing. */
    if (size != 4 || (gpa & 15))
        return IO_OK;
    switch (offset) {
    case VL_LDR:
        vlapic_set_reg(vl, VL_LDR, (uint32_t)val & 0xff000000);
        break;
    case VL_DFR:
        vlapic_set_reg(vl, VL_DFR, (uint32_t)val | 0x0fffffff);
        break;
    case VL_ICR:
        vlapic_send_icr(vl, (uint32_t)val, vlapic_reg(vl, VL_ICR2) >> 24);
        break;
    case VL_ICR2:
        vlapic_set_reg(vl, VL_ICR2, (uint32_t)val & 0xff000000);
        break;
    default:
        if (vlapic_reg_write(vl, offset, (uint32_t)val) != 0)
            vlapic_error(vl, VL_ESR_REG_ILLEGAL);
        break;
    }
    return IO_OK;
}

/* --- MSRs -------------------------------------------------------------------------- */

static int read_deadline(struct vlapic *vl, uint64_t *val)
{
    uint64_t flags;

    if (!has_feature(vl, X86_FEATURE_TSC_DEADLINE))
        return -EPERM;
    flags = spin_lock_irqsave(&vl->lock);
    *val = vl->tsc_deadline;
    spin_unlock_irqrestore(&vl->lock, flags);
    return 0;
}

static int write_deadline(struct vlapic *vl, uint64_t val)
{
    uint64_t flags;

    if (!has_feature(vl, X86_FEATURE_TSC_DEADLINE))
        return -EPERM;
    flags = spin_lock_irqsave(&vl->lock);
    if ((vlapic_reg(vl, VL_LVTT) >> 17 & 3) == 2) {
        vl->tsc_deadline = val;
        vlapic_timer_rearm(vl);
    }
    spin_unlock_irqrestore(&vl->lock, flags);
    return 0;
}

int vlapic_msr_read(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    struct vlapic *vl = v->arch.hvm.vlapic;
    unsigned int offset = (msr & 0xff) << 4;

    if (msr == MSR_TSC_DEADLINE)
        return read_deadline(vl, val);
    if (msr < VLAPIC_MSR_FIRST || msr > VLAPIC_MSR_LAST || !vlapic_x2apic(vl))
        return -EPERM;
    if (!readable(offset) || offset == VL_APR || offset == VL_DFR)
        return -EPERM;
    *val = reg_read(vl, offset);
    if (offset == VL_ICR)
        *val |= (uint64_t)vlapic_reg(vl, VL_ICR2) << 32;
    return 0;
}

/* Reserved bits are #GP here, where xAPIC ignores them (APM 16.11.1). */
static bool reserved_bits(const struct vlapic *vl, unsigned int offset, uint64_t val)
{
    switch (offset) {
    case VL_TPR:
        return val & ~0xffull;
    case VL_EOI: case VL_ESR:
        return val != 0;
    case VL_SVR:
        return val & ~(uint64_t)SVR_WRITABLE;
    case VL_TDCR:
        return val & ~0xbull;
    case VL_TMICT:
        return val >> 32;
    default:
        /* Delivery status and remote IRR are read-only, not reserved. */
        return is_lvt(offset) && (val & ~(uint64_t)(lvt_writable(vl, offset) | 0x5000));
    }
}

int vlapic_msr_write(struct vcpu *v, uint32_t msr, uint64_t val)
{
    struct vlapic *vl = v->arch.hvm.vlapic;
    unsigned int offset = (msr & 0xff) << 4;

    if (msr == MSR_TSC_DEADLINE)
        return write_deadline(vl, val);
    if (msr < VLAPIC_MSR_FIRST || msr > VLAPIC_MSR_LAST || !vlapic_x2apic(vl))
        return -EPERM;
    if (offset == VL_ICR) {
        if (val & 0xfff32000)       /* reserved, delivery status among them */
            return -EPERM;
        vlapic_set_reg(vl, VL_ICR2, (uint32_t)(val >> 32));
        vlapic_send_icr(vl, (uint32_t)val, (uint32_t)(val >> 32));
        return 0;
    }
    if (offset == VL_SELF_IPI) {
        if (val & ~0xffull)
            return -EPERM;
        vlapic_send_icr(vl, (uint32_t)val | 1u << 18, 0);
        return 0;
    }
    return reserved_bits(vl, offset, val) ? -EPERM
                                          : vlapic_reg_write(vl, offset, (uint32_t)val);
}

uint8_t vlapic_get_cr8(struct vcpu *v)
{
    return (uint8_t)(vlapic_reg(v->arch.hvm.vlapic, VL_TPR) >> 4);
}

void vlapic_set_cr8(struct vcpu *v, uint8_t cr8)
{
    vlapic_set_reg(v->arch.hvm.vlapic, VL_TPR, (cr8 & 15u) << 4);
}

/* --- reset and mode ---------------------------------------------------------------- */

static void set_id(struct vlapic *vl)
{
    uint32_t id = VCPU_APIC_ID(vl->vcpu->vcpu_id);

    if (vlapic_x2apic(vl)) {
        vlapic_set_reg(vl, VL_ID, id);
        vlapic_set_reg(vl, VL_LDR, X2APIC_LDR(id));
    } else {
        vlapic_set_reg(vl, VL_ID, id << 24);
        vlapic_set_reg(vl, VL_LDR, 0);
    }
}

/* INIT or power-on state of the registers; mode, base and id stay (APM 16.3.3). */
void vlapic_reset(struct vcpu *v)
{
    struct vlapic *vl = v->arch.hvm.vlapic;
    uint64_t flags = spin_lock_irqsave(&vl->lock);
    unsigned int i, lvt;

    for (i = 0; i < ARRAY_SIZE(vl->regs); i++)
        vlapic_set_reg(vl, i * 4, 0);
    vlapic_set_reg(vl, VL_VERSION, VERSION_VALUE);
    vlapic_set_reg(vl, VL_SVR, 0xff);
    vlapic_set_reg(vl, VL_DFR, 0xffffffff);
    for (lvt = VL_LVTT; lvt <= VL_LVTERR; lvt += 0x10)
        vlapic_set_reg(vl, lvt, VL_LVT_MASKED);
    set_id(vl);
    vl->tsc_deadline = 0;
    vlapic_timer_rearm(vl);
    spin_unlock_irqrestore(&vl->lock, flags);
    __atomic_store_n(&vl->esr_pending, 0, __ATOMIC_RELAXED);
}

uint64_t vlapic_base_msr(struct vcpu *v)
{
    return v->arch.hvm.vlapic->base;
}

/* Which changes of mode are legal: APM vol. 2, figure 16-35. */
int vlapic_set_base_msr(struct vcpu *v, uint64_t val)
{
    struct vlapic *vl = v->arch.hvm.vlapic;
    unsigned int bits = cpu_policy_maxphysaddr(v->domain->arch.policy);
    uint64_t mode = APIC_BASE_ENABLE | APIC_BASE_EXTD, from = vl->base & mode;
    uint64_t to = val & mode;

    if ((val & ~(mode | APIC_BASE_BSP | PAGE_MASK)) || val >> bits)
        return -EPERM;
    if ((to & APIC_BASE_EXTD) && !has_feature(vl, X86_FEATURE_X2APIC))
        return -EPERM;
    if (to == APIC_BASE_EXTD || (from == mode && to == APIC_BASE_ENABLE) ||
        (from == 0 && to == mode))
        return -EPERM;
    vl->base = (val & ~(uint64_t)APIC_BASE_BSP) | (vl->base & APIC_BASE_BSP);
    if (from == to)
        return 0;
    if (to == 0)
        vlapic_reset(v);
    else if (to == mode || from == 0)
        set_id(vl);
    return 0;
}

int vlapic_init(struct vcpu *v)
{
    struct vlapic *vl = charge_alloc(&v->domain->charge, CHARGE_VLAPIC, sizeof(*vl));

    if (!vl)
        return -ENOMEM;
    vl->vcpu = v;
    spin_lock_init(&vl->lock, LOCK_VLAPIC, "vlapic");
    vl->base = VLAPIC_DEFAULT_BASE | APIC_BASE_ENABLE;
    if (v->vcpu_id == 0)
        vl->base |= APIC_BASE_BSP;
    vl->start = VL_WAIT_SIPI;
    vlapic_timer_init(vl);
    v->arch.hvm.vlapic = vl;
    vlapic_reset(v);
    return 0;
}

void vlapic_destroy(struct vcpu *v)
{
    struct vlapic *vl = v->arch.hvm.vlapic;

    if (!vl)
        return;
    timer_kill(&vl->timer);
    v->arch.hvm.vlapic = NULL;
    charge_free(vl);
}
