/* SPDX-License-Identifier: GPL-2.0-only */
/* The save record has room for one I/O APIC of 48 pins: a domU's. */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/hvm.h>
#include <asm/vioapic.h>
#include <public/hvm/save.h>

static int save_ioapic(struct domain *d, struct vcpu *v, void *record)
{
    struct vioapic *vio = d->arch.hvm.vioapic;
    struct hvm_hw_vioapic *r = record;
    uint64_t flags;
    unsigned int i;

    (void)v;
    if (!vio || vio->units != 1 || vio->host_gsis)
        return -ENODATA;
    flags = spin_lock_irqsave(&vio->lock);
    r->base_address = vio->unit[0].base;
    r->ioregsel = vio->unit[0].select;
    r->id = vio->unit[0].id;
    for (i = 0; i < VIOAPIC_NUM_PINS; i++)
        r->redirtbl[i].bits = vio->rte[i];
    spin_unlock_irqrestore(&vio->lock, flags);
    return 0;
}

static int load_ioapic(struct domain *d, struct vcpu *v, const void *record, uint32_t len)
{
    struct vioapic *vio = d->arch.hvm.vioapic;
    const struct hvm_hw_vioapic *r = record;
    uint64_t flags;
    unsigned int i;

    (void)v;
    if (!vio || vio->host_gsis)
        return -ENODEV;
    if (len < sizeof(*r) || r->base_address != vio->unit[0].base)
        return -EINVAL;
    flags = spin_lock_irqsave(&vio->lock);
    vio->unit[0].select = r->ioregsel & 0xff;
    vio->unit[0].id = r->id & 0xf;
    for (i = 0; i < VIOAPIC_NUM_PINS; i++)
        vio->rte[i] = r->redirtbl[i].bits & 0xff0000000001efffull;
    spin_unlock_irqrestore(&vio->lock, flags);
    return 0;
}

void vioapic_register_save(void)
{
    static const struct hvm_save_handler h = {
        .type = HVM_SAVE_CODE(IOAPIC), .size = HVM_SAVE_LENGTH(IOAPIC),
        .save = save_ioapic, .load = load_ioapic,
    };

    hvm_register_save(&h);
}
