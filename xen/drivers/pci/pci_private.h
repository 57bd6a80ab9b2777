/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of drivers/pci/. */
#ifndef DRIVERS_PCI_PRIVATE_H
#define DRIVERS_PCI_PRIVATE_H

#include <xen/pci.h>
#include <xen/pci_regs.h>

struct acpi_mcfg_entry;

/* Take over the MCFG windows; before any other access. */
void pci_access_init(void);
/*
 * Make the extended config space of a bus readable. 0 also for segment 0 without a
 * window, where the ports serve; -ENODEV, -ENOMEM. [pcidevs_lock, or boot]
 */
int pci_map_bus(uint16_t segment, uint8_t bus);

/* Fill pdev->bar[] by sizing; memory and I/O decoding are off meanwhile. */
void pci_size_bars(struct pci_dev *pdev);

#endif
