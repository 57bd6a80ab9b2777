/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Assignment over a small PCI tree and made-up firmware tables, the same cases for both
 * vendors. The vendor's half parses its table and reads its entries as the unit would.
 *
 *   00:02.0 a device          00:03.0 bridge to conventional PCI: 01:01.0, 01:02.0
 *   00:04.0 a device with a reserved region     00:05.0 PCI bridge: 02:00.0
 */
#ifndef PASSTHROUGH_CASES_H
#define PASSTHROUGH_CASES_H

#include <xen/domain.h>
#include <xen/iommu.h>

#define RESERVED_BASE   0x7f000000ULL
#define IOAPIC_RID      0xa0            /* what the I/O APIC's interrupts carry */

struct passthrough_vendor {
    const char *name;
    const struct iommu_ops *ops;
    void (*reset)(void);                            /* tables parsed, all blocked */
    void (*domain)(struct domain *d, unsigned int id);  /* tables to attach to */
    unsigned int (*owner)(uint16_t rid);            /* id of whose tables, 0: blocked */
    bool has_rights;                                /* a region says read or write */
    void (*settled)(void);          /* the unit holds no entry of before; may be NULL */
};

/* The unit no longer answers. */
extern bool unit_silent;
/* Devices that were told to leave their interrupt tables, in the way of the vendor. */
extern unsigned int intremap_left;
/* Mapping for domain 0: counted only. */
extern unsigned long identity_pages;
/* The region of 00:04.0 begins at RESERVED_BASE. */
extern paddr_t reserved_last;
/*
 * It may only be read then, and there are two more, of two pages from the second one of
 * the first on: one that may only be written, and one that allows nothing, where firmware
 * can say such things.
 */
extern bool overlapping;

int run_passthrough_cases(const struct passthrough_vendor *vendor);

#endif
