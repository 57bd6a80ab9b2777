/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of this directory: interrupt descriptors and their sources. */
#ifndef INTR_PRIVATE_H
#define INTR_PRIVATE_H

#include <xen/irq.h>
#include <xen/spinlock.h>

struct irq_desc;

/* What an interrupt comes from. */
struct irq_source {
    const char *name;
    /*
     * Point the hardware at desc->cpu and desc->vector, masked as desc->hw_masked says.
     * [irq_setup_lock held, desc->lock not]. Fails only before it has changed anything.
     */
    int (*program)(struct irq_desc *desc);
    void (*set_mask)(struct irq_desc *desc, bool masked); /* [desc->lock] */
    /* Level: the processor's EOI did not reach the source. NULL: it cannot miss. */
    void (*end_level)(struct irq_desc *desc); /* [desc->lock] */
};

struct irq_desc {
    spinlock_t lock;            /* LOCK_IRQ, interrupts off */
    unsigned int irq;
    const struct irq_source *source; /* NULL: nothing there */
    unsigned int cpu;           /* target [irq_setup_lock] */
    uint8_t vector;             /* 0: none [irq_setup_lock] */
    bool level, active_low;     /* [irq_setup_lock and lock to write] */
    bool hw_masked;             /* state of the hardware [lock] */
    bool user_masked;           /* by irq_mask() [lock] */
    bool awaits_guest;          /* level: until irq_eoi_guest() [lock] */
    bool moving;                /* program() is at work: leave the mask alone [lock] */
    irq_handler_t fn;           /* [lock] */
    void *data;                 /* [lock] */
    const char *name;           /* [lock] */
    struct domain *guest;       /* [lock] */
    unsigned int running;       /* CPUs inside fn; atomic */
    struct msi_source *msi;     /* [irq_setup_lock] */
    uint64_t count;             /* [lock] */
};

extern spinlock_t irq_setup_lock; /* LOCK_IRQ_SETUP: routing of all interrupts */
extern struct irq_desc *irq_table; /* nr_irqs of them */

/* NULL when there is no such interrupt. */
struct irq_desc *irq_desc_get(unsigned int irq);

/*
 * vector.c [irq_setup_lock]: a vector on one CPU of mask for desc: 0, -EINVAL, -ENOSPC.
 */
int vector_assign(const struct irq_desc *desc, const cpumask_t *mask, unsigned int *cpu,
                  uint8_t *vector);
/* Give it back once no interrupt for it is under way. Interrupts are on. */
void vector_retire(unsigned int cpu, uint8_t vector);
unsigned int vectors_in_use(unsigned int cpu);

/* irq.c: a device interrupt came in with this vector. */
void irq_deliver(unsigned int irq, uint8_t vector);
/* Route desc, which has no route, to a CPU of mask: 0 or -errno. [irq_setup_lock] */
int irq_route(struct irq_desc *desc, const cpumask_t *mask);
/* Take the route away; masked before. [irq_setup_lock] */
void irq_unroute(struct irq_desc *desc);

/* A handler that belongs to a guest, and taking it away. [irq_setup_lock] */
int irq_bind_to_guest(struct irq_desc *desc, struct domain *d, irq_handler_t fn,
                      void *data);
void irq_unbind_from_guest(struct irq_desc *desc, const struct domain *d);

/* ioapic.c: silence the 8259s, before the local APIC stops listening to them. */
void pic_disable(void);
/* How many GSIs there are, or -errno; then, with irq_table there, their sources. */
int ioapic_count_gsis(void);
int ioapic_init(void);
/* The entry of a GSI as the hardware has it. */
uint64_t ioapic_read_entry(unsigned int gsi);

#endif
