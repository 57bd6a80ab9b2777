/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupt descriptors: requesting, delivering, masking, routing. */
#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/init.h>
#include <xen/iommu.h>
#include <xen/lib.h>
#include <asm/apic.h>
#include <asm/cpu.h>

#include "private.h"

/* Message-signalled interrupts beyond the GSIs. */
#define MSI_IRQS 2048

unsigned int nr_gsis, nr_irqs;
struct irq_desc *irq_table;
DEFINE_SPINLOCK(irq_setup_lock, LOCK_IRQ_SETUP);

struct irq_desc *irq_desc_get(unsigned int irq)
{
    struct irq_desc *desc = irq < nr_irqs ? &irq_table[irq] : NULL;

    return desc && desc->source ? desc : NULL;
}

/* --- masks -------------------------------------------------------------------------- */

/* Bring the hardware's mask in line with what everybody wants. desc->lock held. */
static void update_mask(struct irq_desc *desc)
{
    bool want = desc->user_masked || desc->awaits_guest || !desc->fn;

    if (desc->moving || !desc->vector || desc->hw_masked == want)
        return;
    desc->hw_masked = want;
    desc->source->set_mask(desc, want);
}

static void change_mask(unsigned int irq, bool masked)
{
    struct irq_desc *desc = irq_desc_get(irq);
    uint64_t flags;

    if (!desc)
        return;
    flags = spin_lock_irqsave(&desc->lock);
    desc->user_masked = masked;
    update_mask(desc);
    spin_unlock_irqrestore(&desc->lock, flags);
}

void irq_mask(unsigned int irq)
{
    change_mask(irq, true);
}

void irq_unmask(unsigned int irq)
{
    change_mask(irq, false);
}

void irq_eoi_guest(unsigned int irq, const struct domain *d)
{
    struct irq_desc *desc = irq_desc_get(irq);
    uint64_t flags;

    if (!desc)
        return;
    flags = spin_lock_irqsave(&desc->lock);
    /* It may have gone to somebody else since d heard it. */
    if (desc->guest == d) {
        desc->awaits_guest = false;
        update_mask(desc);
    }
    spin_unlock_irqrestore(&desc->lock, flags);
}

/* --- delivery ----------------------------------------------------------------------- */

/*
 * The EOI of an interrupt that the local APIC holds for an edge stops there. A remapped
 * one is broadcast with the remapping entry's vector, which the source does not know.
 */
static bool ended_by_hand(const struct irq_desc *desc, uint8_t vector)
{
    return desc->source->end_level && (iommu_intremap || !apic_vector_is_level(vector));
}

static void end_interrupt(struct irq_desc *desc, bool by_hand)
{
    apic_eoi();
    if (!by_hand)
        return;
    spin_lock(&desc->lock);
    desc->source->end_level(desc);
    spin_unlock(&desc->lock);
}

void irq_deliver(unsigned int irq, uint8_t vector)
{
    struct irq_desc *desc = &irq_table[irq];
    irq_handler_t fn;
    void *data;
    bool eoi_last, by_hand;

    spin_lock(&desc->lock);
    fn = desc->fn;
    data = desc->data;
    desc->count++;
    __atomic_fetch_add(&desc->running, 1, __ATOMIC_RELAXED);
    if (desc->level && desc->guest) {
        /* Only the guest can quieten the device; other interrupts must pass meanwhile. */
        desc->awaits_guest = true;
        update_mask(desc);
    }
    eoi_last = desc->level && !desc->guest;
    by_hand = desc->level && ended_by_hand(desc, vector);
    spin_unlock(&desc->lock);

    if (!eoi_last)
        end_interrupt(desc, by_hand);
    if (fn)
        fn(irq, data);
    if (eoi_last)
        end_interrupt(desc, by_hand);
    __atomic_fetch_sub(&desc->running, 1, __ATOMIC_RELEASE);
}

/* --- routes ------------------------------------------------------------------------- */

/* Hand the hardware's mask to program(), and take it back. */
static void set_moving(struct irq_desc *desc, bool moving)
{
    uint64_t flags = spin_lock_irqsave(&desc->lock);

    if (moving && desc->vector && !desc->hw_masked)
        desc->source->set_mask(desc, true);
    if (moving)
        desc->hw_masked = true;
    desc->moving = moving;
    update_mask(desc);
    spin_unlock_irqrestore(&desc->lock, flags);
}

int irq_route(struct irq_desc *desc, const cpumask_t *mask)
{
    unsigned int cpu;
    uint8_t vector;
    int rc;

    ASSERT_LOCKED(&irq_setup_lock);
    ASSERT(!desc->vector);
    rc = vector_assign(desc, mask, &cpu, &vector);
    if (rc)
        return rc;

    set_moving(desc, true);
    desc->cpu = cpu;
    desc->vector = vector;
    rc = desc->source->program(desc);
    if (rc)
        desc->vector = 0;
    set_moving(desc, false);
    if (rc)
        vector_retire(cpu, vector);
    return rc;
}

void irq_unroute(struct irq_desc *desc)
{
    unsigned int cpu = desc->cpu;
    uint8_t vector = desc->vector;

    ASSERT_LOCKED(&irq_setup_lock);
    if (!vector)
        return;
    set_moving(desc, true);
    desc->vector = 0;
    set_moving(desc, false);
    vector_retire(cpu, vector);
}

int irq_set_gsi_trigger(unsigned int gsi, bool level, bool active_low)
{
    struct irq_desc *desc = gsi < nr_gsis ? irq_desc_get(gsi) : NULL;
    uint64_t flags;
    int rc = 0;

    if (!desc)
        return -EINVAL;
    spin_lock(&irq_setup_lock);
    if (desc->fn) {
        rc = desc->level == level && desc->active_low == active_low ? 0 : -EBUSY;
    } else {
        /* Without an owner it has no route: the hardware hears of it with the next. */
        flags = spin_lock_irqsave(&desc->lock);
        desc->level = level;
        desc->active_low = active_low;
        spin_unlock_irqrestore(&desc->lock, flags);
    }
    spin_unlock(&irq_setup_lock);
    return rc;
}

bool irq_gsi_is_level(unsigned int gsi)
{
    const struct irq_desc *desc = gsi < nr_gsis ? irq_desc_get(gsi) : NULL;

    return desc && desc->level;
}

/* --- owners ------------------------------------------------------------------------- */

static int install(struct irq_desc *desc, irq_handler_t fn, void *data, const char *name,
                   struct domain *guest)
{
    uint64_t flags;
    int rc;

    ASSERT_LOCKED(&irq_setup_lock);
    if (desc->fn)
        return -EBUSY;
    if (!desc->vector) {
        rc = irq_route(desc, &cpu_online_map);
        if (rc)
            return rc;
    }
    flags = spin_lock_irqsave(&desc->lock);
    desc->fn = fn;
    desc->data = data;
    desc->name = name;
    desc->guest = guest;
    desc->awaits_guest = desc->user_masked = false;
    update_mask(desc);
    spin_unlock_irqrestore(&desc->lock, flags);
    return 0;
}

/* The handler is not running anywhere when this returns. */
static void uninstall(struct irq_desc *desc)
{
    uint64_t flags = spin_lock_irqsave(&desc->lock);

    desc->fn = NULL;
    desc->guest = NULL;
    desc->name = NULL;
    desc->awaits_guest = false;
    update_mask(desc);
    spin_unlock_irqrestore(&desc->lock, flags);
    while (__atomic_load_n(&desc->running, __ATOMIC_ACQUIRE))
        cpu_relax();
    /* A message keeps its route until it is freed, a GSI's is given back. */
    if (!desc->msi)
        irq_unroute(desc);
}

int irq_request(unsigned int irq, irq_handler_t fn, void *data, const char *name)
{
    struct irq_desc *desc = irq_desc_get(irq);
    int rc;

    if (!desc || !fn)
        return -EINVAL;
    spin_lock(&irq_setup_lock);
    rc = install(desc, fn, data, name, NULL);
    spin_unlock(&irq_setup_lock);
    return rc;
}

void irq_release(unsigned int irq)
{
    struct irq_desc *desc = irq_desc_get(irq);

    if (!desc)
        return;
    spin_lock(&irq_setup_lock);
    if (desc->fn && !desc->guest)
        uninstall(desc);
    spin_unlock(&irq_setup_lock);
}

int irq_bind_to_guest(struct irq_desc *desc, struct domain *d, irq_handler_t fn,
                      void *data)
{
    return install(desc, fn, data, "guest", d);
}

void irq_unbind_from_guest(struct irq_desc *desc, const struct domain *d)
{
    if (desc->fn && desc->guest == d)
        uninstall(desc);
}

int __init irq_init(void)
{
    unsigned int i;
    int rc;

    irq_cpu_init(0);
    rc = ioapic_count_gsis();
    if (rc < 0)
        return rc;
    nr_gsis = (unsigned int)rc;
    nr_irqs = nr_gsis + MSI_IRQS;
    irq_table = xalloc_array(struct irq_desc, nr_irqs);
    if (!irq_table)
        return -ENOMEM;
    for (i = 0; i < nr_irqs; i++) {
        irq_table[i].irq = i;
        irq_table[i].hw_masked = true;
        spin_lock_init(&irq_table[i].lock, LOCK_IRQ, "irq");
    }
    return ioapic_init();
}
