/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host interrupts. irq numbers: 0 .. nr_gsis-1 are the GSIs of the I/O APICs, numbers
 * above are handed out to message-signalled interrupts. Implementation:
 * xen/arch/x86/intr/.
 */
#ifndef XEN_IRQ_H
#define XEN_IRQ_H

#include <xen/cpumask.h>
#include <xen/spinlock.h>

struct domain;
struct pci_dev;
struct cpu_user_regs;

extern unsigned int nr_gsis; /* GSIs that exist, all I/O APICs together */
extern unsigned int nr_irqs; /* size of the irq space */

/* Handler: interrupt context, interrupts off, no lock held. */
typedef void (*irq_handler_t)(unsigned int irq, void *data);

/*
 * Install a hypervisor handler. Allocates a vector, programs and unmasks the source.
 * -EBUSY: somebody owns it; -ENOSPC: no vector; -EINVAL: no such irq.
 */
int irq_request(unsigned int irq, irq_handler_t fn, void *data, const char *name);
void irq_release(unsigned int irq);

/*
 * What an MSI source must send so that irq arrives; the IOMMU's interrupt remapping has
 * already been applied (source = requester id) when one is active.
 */
struct msi_msg {
    uint64_t address;
    uint32_t data;
};

/*
 * Number for one message-signalled source of pdev (NULL: a chipset device such as an
 * IOMMU, never remapped). entry tells MSI-X entries apart. write_msg programs the device
 * and is called now and at each move to another CPU, mask hides the source.
 */
struct msi_source {
    struct pci_dev *pdev;
    unsigned int entry;
    void (*write_msg)(struct msi_source *src, const struct msi_msg *msg);
    void (*set_mask)(struct msi_source *src, bool masked);
    void *priv;
};
int irq_alloc_msi(struct msi_source *src); /* irq number or -ENOSPC, -ENOMEM */
void irq_free_msi(unsigned int irq);

/*
 * Trigger mode of a GSI, from the MADT's overrides or as a guest asked. -EINVAL: no such
 * GSI; -EBUSY: someone has it, with another mode.
 */
int irq_set_gsi_trigger(unsigned int gsi, bool level, bool active_low);
bool irq_gsi_is_level(unsigned int gsi);

/* GSI that an ISA interrupt arrives on, by the MADT's overrides. */
unsigned int irq_isa_gsi(unsigned int isa_irq);

void irq_mask(unsigned int irq);
void irq_unmask(unsigned int irq);
/*
 * A level-triggered interrupt bound to a guest stays in service until this. Nothing
 * happens if it is not bound to d. Any context; takes LOCK_IRQ.
 */
void irq_eoi_guest(unsigned int irq, const struct domain *d);

/*
 * Bind irq to a guest: fn is called (interrupt context) at each interrupt; a
 * level-triggered GSI is masked before fn and unmasked by irq_eoi_guest. -EBUSY when
 * taken (no sharing between domains), -EPERM when d may not use it (d->irq_caps).
 */
int irq_bind_guest(unsigned int irq, struct domain *d, irq_handler_t fn, void *data);
void irq_unbind_guest(unsigned int irq, struct domain *d);

/* Direct vectors of the hypervisor (IPIs, APIC timer): fixed, one function each. */
void vector_register(uint8_t vector, void (*fn)(struct cpu_user_regs *regs));
void do_irq(struct cpu_user_regs *regs); /* entry from the IDT stubs */

/*
 * Boot: find the I/O APICs, mask everything. Needs the MADT and apic_init(). 0 or -errno.
 */
int irq_init(void);
void irq_cpu_init(unsigned int cpu); /* before cpu takes interrupts */

void irq_dump(void); /* debug key 'i' */

#endif
