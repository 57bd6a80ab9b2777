/* SPDX-License-Identifier: GPL-2.0-only */
/* Domain 0's I/O APIC pins and the machine's GSIs behind them. */
#ifndef HVM_DEV_VIOAPIC_HOST_H
#define HVM_DEV_VIOAPIC_HOST_H

#include <asm/vioapic.h>

#define RTE_LOW_ACTIVE  (1ull << 13)
#define RTE_LEVEL       (1ull << 15)
#define RTE_MASKED      (1ull << 16)

/* Entry gsi is now e. Not under the vioapic's lock: binding may program the IOMMU. */
void vioapic_host_update(struct vioapic *vio, unsigned int gsi, uint64_t e);
/* The guest is done with these level-triggered interrupts. */
void vioapic_host_eoi(struct vioapic *vio, const unsigned long *gsis);
void vioapic_host_release(struct vioapic *vio);

#endif
