/* SPDX-License-Identifier: GPL-2.0-only */
/* A fake device with its host side, and a p2m that only knows what is mapped. */
#ifndef VPCI_WORLD_H
#define VPCI_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/acpi.h>
#include <xen/errno.h>
#include <xen/irq.h>
#include <asm/hvm.h>
#include <asm/p2m.h>
#include "../../drivers/vpci/private.h"
#include "fake_charge.h"

#define MSI_CAP     0x50
#define MSIX_CAP    0x70
#define EXP_CAP     0x80
#define AF_CAP      0xc0
#define BAR0_SIZE   0x8000ULL       /* table at page 2, PBA at page 3 */
#define BAR2_SIZE   0x100000ULL     /* 64 bits wide */
#define VECTORS     4U
#define NO_GSI      99U             /* one that the domain may not have */
#define S           PCI_SBDF(0, 0, 3, 0)
#define PINS        48U

extern struct domain d;
extern struct pci_dev dev;
extern uint8_t cfg[4096];               /* the device's config space */
extern unsigned int cfg_writes;
extern bool mapped[1U << 20];           /* by gfn */
struct fake_vector {
    irq_handler_t fn;
    void *data;
    bool masked;
};
extern struct fake_vector bound[2][VECTORS];    /* MSI, MSI-X */
extern bool hw_enabled[2], hw_mask_all;
extern unsigned int hw_vectors;         /* of MSI */
extern unsigned int bind_fails;         /* at this vector, 0: at none */
extern uint8_t msix_bar;                /* where table and PBA are */
extern uint64_t sent_address;           /* the last message that the guest got */
extern uint32_t sent_data;
extern unsigned long guest_shift;       /* gfn - mfn of what is mapped */
extern unsigned long taken;             /* a gfn with memory, 0: none */
extern struct pci_dev other;            /* a second device, if the test adds it */
extern uint8_t other_cfg[4096];
extern unsigned int wired[PINS];        /* the GSI of a pin, 0: none */
extern unsigned int wires;
extern bool preempt;                    /* the CPU has other things to do, always */
extern uint8_t device_page[PAGE_SIZE];  /* what ioremap() gives */
extern paddr_t remapped;                /* for this address */

unsigned int count_mapped(void);
/* Config accesses of the guest's, writes until they are done. */
uint32_t rd(unsigned int reg, unsigned int size);
void wr(unsigned int reg, unsigned int size, uint32_t val);
void reset_world(bool privileged);
/* The device goes, and nothing else is to be done meanwhile. */
void unplug(struct pci_dev *pdev);
/* A domain with the device. */
void enter(bool privileged);
/* The domain goes: nothing of it may be left. */
void leave(void);

#endif
