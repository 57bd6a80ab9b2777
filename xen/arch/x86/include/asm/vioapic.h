/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated I/O APICs. Domain 0 sees one for each of the machine's, at the same address
 * and with the same GSIs; unmasking an entry binds the machine's GSI to the domain.
 * Other domains have one of 48 pins when their emulation flags ask for it; the toolstack
 * says which GSIs are behind its pins.
 */
#ifndef ASM_VIOAPIC_H
#define ASM_VIOAPIC_H

#include <xen/bitops.h>
#include <xen/spinlock.h>
#include <xen/types.h>

struct domain;
struct vcpu;

#define VIOAPIC_MAX_UNITS 8
#define VIOAPIC_MAX_GSIS  256
#define VIOAPIC_DOMU_PINS 48
#define VIOAPIC_DOMU_BASE 0xfec00000ull

/* Who holds an input line; it is asserted while anyone does. */
#define VIOAPIC_LINE_HOST 1u
#define VIOAPIC_LINE_DEV  2u
#define VIOAPIC_LINE_EVENT 4u   /* the event channel callback */

struct vioapic_unit {
    paddr_t base;
    unsigned int gsi_base, pins;    /* constant */
    uint32_t id, select;            /* [lock] */
};

struct vioapic {
    struct domain *domain;
    bool host_gsis;                 /* pins are wired to the machine's GSIs */
    unsigned int units, gsis;       /* constant */
    struct vioapic_unit unit[VIOAPIC_MAX_UNITS];
    spinlock_t lock;                /* LOCK_VDEV; interrupts off while held */
    uint64_t rte[VIOAPIC_MAX_GSIS]; /* redirection entries by GSI [lock] */
    uint8_t line[VIOAPIC_MAX_GSIS]; /* VIOAPIC_LINE_* [lock] */
    DECLARE_BITMAP(bound, VIOAPIC_MAX_GSIS);    /* host GSI is ours; atomic */
    uint16_t machine[VIOAPIC_MAX_GSIS];         /* the host GSI of a bound pin */
    DECLARE_BITMAP(level, VIOAPIC_MAX_GSIS);    /* bound as level-triggered; atomic */
    DECLARE_BITMAP(refused, VIOAPIC_MAX_GSIS);  /* said so in the log; atomic */
};

int vioapic_init(struct domain *d);      /* -ENOMEM; nothing if the domain has none */
void vioapic_destroy(struct domain *d);  /* unbinds the host's GSIs; idempotent */

void vioapic_assert(struct domain *d, unsigned int gsi, uint8_t who); /* any context */
void vioapic_deassert(struct domain *d, unsigned int gsi, uint8_t who);
/* A local APIC finished a level-triggered vector. */
void vioapic_eoi(struct domain *d, uint8_t vector);

/*
 * Wire the machine's level-triggered GSI to a pin of a domain other than 0; the caller
 * serialises these two. -EOPNOTSUPP: d has no I/O APIC; -EINVAL: no such pin or GSI, or
 * an edge; -EEXIST: the pin is taken; -EPERM, -EBUSY: see irq_bind_guest().
 */
int vioapic_bind_machine(struct domain *d, unsigned int pin, unsigned int gsi);
/* No interrupt is under way when it returns; nothing if the pin is not wired. */
void vioapic_unbind_machine(struct domain *d, unsigned int pin);

int vioapic_read(struct vcpu *v, uint64_t addr, unsigned int size, uint64_t *val,
                 void *data);
int vioapic_write(struct vcpu *v, uint64_t addr, unsigned int size, uint64_t val,
                  void *data);

void vioapic_register_save(void);

#endif
