/* SPDX-License-Identifier: GPL-2.0-only */
/* The two save records of a local APIC. The vCPU is paused. */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/hvm.h>
#include <asm/msr.h>
#include <asm/vlapic.h>
#include <public/hvm/save.h>

#define DISABLED_HW 1u
#define DISABLED_SW 2u

static int save_hidden(struct domain *d, struct vcpu *v, void *record)
{
    struct vlapic *vl = v->arch.hvm.vlapic;
    struct hvm_hw_lapic *r = record;
    uint32_t tdcr = vlapic_reg(vl, VL_TDCR);
    unsigned int code = (tdcr & 3) | (tdcr & 8) >> 1;

    (void)d;
    r->apic_base_msr = vl->base;
    r->disabled = (vlapic_hw_enabled(vl) ? 0 : DISABLED_HW) |
                  (vlapic_sw_enabled(vl) ? 0 : DISABLED_SW);
    r->timer_divisor = 1u << ((code + 1) & 7);
    r->tdt_msr = vl->tsc_deadline;
    return 0;
}

static int load_hidden(struct domain *d, struct vcpu *v, const void *record, uint32_t len)
{
    const uint64_t mode = APIC_BASE_ENABLE | APIC_BASE_EXTD;
    const struct hvm_hw_lapic *r = record;
    struct vlapic *vl = v->arch.hvm.vlapic;
    uint64_t flags;

    (void)d;
    if (len < sizeof(*r) || (r->apic_base_msr & mode) == APIC_BASE_EXTD ||
        (r->apic_base_msr & ~(mode | APIC_BASE_BSP | PAGE_MASK)))
        return -EINVAL;
    flags = spin_lock_irqsave(&vl->lock);
    vl->base = r->apic_base_msr;
    vl->tsc_deadline = r->tdt_msr;
    vlapic_timer_rearm(vl);
    spin_unlock_irqrestore(&vl->lock, flags);
    return 0;
}

static int save_regs(struct domain *d, struct vcpu *v, void *record)
{
    struct vlapic *vl = v->arch.hvm.vlapic;
    struct hvm_hw_lapic_regs *r = record;
    uint64_t flags = spin_lock_irqsave(&vl->lock);
    uint32_t count = vlapic_timer_count(vl);

    (void)d;
    memcpy(r->data, vl->regs, sizeof(r->data));
    memcpy(&r->data[VL_TMCCT], &count, sizeof(count));
    spin_unlock_irqrestore(&vl->lock, flags);
    return 0;
}

/*
 * The image is the toolstack's, so fixed registers are ours again and masks are applied
 * as a guest's write would; a running timer goes on from the saved count.
 */
static int load_regs(struct domain *d, struct vcpu *v, const void *record, uint32_t len)
{
    static const uint16_t fixed[] = { VL_ID, VL_VERSION };
    struct vlapic *vl = v->arch.hvm.vlapic;
    uint32_t kept[ARRAY_SIZE(fixed)], left, initial, tdcr;
    unsigned int i, code;
    uint64_t flags;

    (void)d;
    if (len < VLAPIC_REG_BYTES)
        return -EINVAL;
    flags = spin_lock_irqsave(&vl->lock);
    for (i = 0; i < ARRAY_SIZE(fixed); i++)
        kept[i] = vlapic_reg(vl, fixed[i]);
    memcpy(vl->regs, record, VLAPIC_REG_BYTES);
    for (i = 0; i < ARRAY_SIZE(fixed); i++)
        vlapic_set_reg(vl, fixed[i], kept[i]);
    /* The id's place depends on the mode, which the other record has set. */
    vlapic_set_reg(vl, VL_ID, vlapic_x2apic(vl) ? v->vcpu_id * 2 : v->vcpu_id * 2 << 24);
    vlapic_set_reg(vl, VL_TPR, vlapic_reg(vl, VL_TPR) & 0xff);
    vlapic_set_reg(vl, VL_LVTT, vlapic_reg(vl, VL_LVTT) & 0x710ff);
    for (i = 0; i < 16; i++) {
        /* Vectors 0-15 cannot be pending or in service. */
        vl->regs[VL_IRR / 4] &= ~(1u << i);
        vl->regs[VL_ISR / 4] &= ~(1u << i);
    }
    initial = vlapic_reg(vl, VL_TMICT);
    left = MIN(vlapic_reg(vl, VL_TMCCT), initial);
    tdcr = vlapic_reg(vl, VL_TDCR) & 0xb;
    vlapic_set_reg(vl, VL_TDCR, tdcr);
    code = (tdcr & 3) | (tdcr & 8) >> 1;
    vl->timer_start = NOW() - (s_time_t)(initial - left) *
                      (VLAPIC_TICK_NS << ((code + 1) & 7));
    vl->timer_done = left == 0;
    vlapic_timer_rearm(vl);
    spin_unlock_irqrestore(&vl->lock, flags);
    return 0;
}

void vlapic_register_save(void)
{
    static const struct hvm_save_handler hidden = {
        .type = HVM_SAVE_CODE(LAPIC), .per_vcpu = true,
        .size = HVM_SAVE_LENGTH(LAPIC), .save = save_hidden, .load = load_hidden,
    };
    static const struct hvm_save_handler regs = {
        .type = HVM_SAVE_CODE(LAPIC_REGS), .per_vcpu = true,
        .size = HVM_SAVE_LENGTH(LAPIC_REGS), .save = save_regs, .load = load_regs,
    };

    hvm_register_save(&hidden);
    hvm_register_save(&regs);
}
