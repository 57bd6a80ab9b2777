/* SPDX-License-Identifier: GPL-2.0-only */
/* Virtual PCI config space of a domain: xen/drivers/vpci/. */
#ifndef XEN_VPCI_H
#define XEN_VPCI_H

#include <xen/pci.h>

/* Give pdev's owner its view of pdev: handlers for header, MSI, MSI-X. -ENOMEM. */
int vpci_add(struct pci_dev *pdev);
/*
 * Take that away. From the first call on the owner sees no such device, and a guest's
 * does no DMA and decodes nothing. -ERESTART: something of it is mapped or bound yet, and
 * a softirq is pending: call again, from anywhere. [pcidevs_lock held, at each call]
 */
int __must_check vpci_remove(struct pci_dev *pdev);
/* Was vpci_remove() begun and not ended? [pcidevs_lock held] */
bool vpci_leaves(const struct pci_dev *pdev);
/*
 * The device was reset by its owner, domain 0: decoding, MSI and MSI-X are off, and what
 * is in the p2m for it goes. 0, also if nobody has it; -EBUSY: it is a guest's.
 * [pcidevs_lock held]
 */
int vpci_device_reset(struct pci_dev *pdev);

/*
 * Clear bus mastering of a guest's device; it cannot set it again before it is assigned
 * anew. False: it is not set, so what was seen of the device is from before it was given
 * to the guest, or from before the last call. [pcidevs_lock held]
 */
bool vpci_stop_dma(struct pci_dev *pdev);

/*
 * A guest's config access; size 1, 2, 4; absent device: all ones / ignored. False: what
 * the write asks for is not done yet, and a softirq is pending: do that, then the same
 * write again. Others' writes to the device get false as well until it is done; reads see
 * what was before. Nothing is lost if nobody comes back.
 */
uint32_t vpci_read(struct domain *d, sbdf_t s, unsigned int reg, unsigned int size);
bool __must_check vpci_write(struct domain *d, sbdf_t s, unsigned int reg,
                             unsigned int size, uint32_t val);

/*
 * MMCFG windows and MSI-X tables, wherever the guest has put them. claims: the address
 * must not be mapped through. mmio: IO_OK, IO_UNHANDLED, IO_RETRY (asm/hvm.h).
 */
bool vpci_mmio_claims(struct domain *d, paddr_t gpa);
int vpci_mmio(struct domain *d, paddr_t gpa, unsigned int size, bool write,
              uint64_t *val);

/* An interrupt line, INTA (0) to INTD, of a slot. */
struct vpci_line {
    uint16_t seg;
    uint8_t bus, dev, intx;
};
/*
 * Let the devices of d that pull the line do so, and bring the machine's GSI that it
 * arrives on to a pin of d's I/O APIC, until the devices leave or the binding is undone.
 * Lines may share a GSI. The devices' interrupt line register says which pin it is.
 * -EOPNOTSUPP: d has no vPCI or I/O APIC; -ENODEV: nothing of d's pulls the line;
 * -EEXIST: done already, or all pins are in use; -EINVAL: no such line, or the GSI is
 * none or an edge; -EPERM, -EBUSY: see irq_bind_guest().
 */
int vpci_bind_intx(struct domain *d, const struct vpci_line *l, unsigned int gsi);
/*
 * The segment of a line that is named without one: 0 if d has such a line there, else the
 * only one in which it has (gsi: and that arrives at this GSI). False: there are several.
 */
bool vpci_name_line(struct domain *d, struct vpci_line *l, const unsigned int *gsi);
/* -ENOENT: there is no such binding. */
int vpci_unbind_intx(struct domain *d, const struct vpci_line *l, unsigned int gsi);
/* Whatever line of d's the GSI is. */
void vpci_unbind_gsi(struct domain *d, unsigned int gsi);

/* A domain without devices so far. -ENOMEM. */
int vpci_domain_init(struct domain *d);
/* Let d see, but not touch, a device that is the hypervisor's. */
int vpci_show(struct domain *d, struct pci_dev *pdev);

/* Domain 0: claim the MMCFG windows of the machine for trapping. */
int vpci_setup_dom0(struct domain *d);
void vpci_domain_destroy(struct domain *d);

#endif
