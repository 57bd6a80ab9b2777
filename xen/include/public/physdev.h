/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_PHYSDEV_H
#define XEN_PUBLIC_PHYSDEV_H

#include "xen.h"

/* physdev_op(cmd, arg) */
#define PHYSDEVOP_IRQ_UNMASK_NOTIFY  4
#define PHYSDEVOP_irq_status_query   5
#define PHYSDEVOP_set_iopl           6
#define PHYSDEVOP_set_iobitmap       7
#define PHYSDEVOP_apic_read          8
#define PHYSDEVOP_apic_write         9
#define PHYSDEVOP_alloc_irq_vector  10
#define PHYSDEVOP_free_irq_vector   11
#define PHYSDEVOP_eoi               12
#define PHYSDEVOP_map_pirq          13
#define PHYSDEVOP_unmap_pirq        14
#define PHYSDEVOP_manage_pci_add    15
#define PHYSDEVOP_manage_pci_remove 16
#define PHYSDEVOP_pirq_eoi_gmfn_v1  17
#define PHYSDEVOP_restore_msi       19
#define PHYSDEVOP_manage_pci_add_ext 20
#define PHYSDEVOP_setup_gsi         21
#define PHYSDEVOP_get_free_pirq     23
#define PHYSDEVOP_pci_mmcfg_reserved 24
#define PHYSDEVOP_pci_device_add    25
#define PHYSDEVOP_pci_device_remove 26
#define PHYSDEVOP_restore_msi_ext   27
#define PHYSDEVOP_pirq_eoi_gmfn_v2  28
#define PHYSDEVOP_dbgp_op           29
#define PHYSDEVOP_prepare_msix      30
#define PHYSDEVOP_release_msix      31
#define PHYSDEVOP_pirq_eoi_gmfn     PHYSDEVOP_pirq_eoi_gmfn_v2

#define _XENIRQSTAT_needs_eoi 0
#define _XENIRQSTAT_shared    1
#define XENIRQSTAT_needs_eoi  (1U << _XENIRQSTAT_needs_eoi)
#define XENIRQSTAT_shared     (1U << _XENIRQSTAT_shared)

#define MAP_PIRQ_TYPE_MSI       0x0
#define MAP_PIRQ_TYPE_GSI       0x1
#define MAP_PIRQ_TYPE_UNKNOWN   0x2
#define MAP_PIRQ_TYPE_MSI_SEG   0x3
#define MAP_PIRQ_TYPE_MULTI_MSI 0x4

#define XEN_PCI_MMCFG_RESERVED 0x1

#define XEN_PCI_DEV_EXTFN  0x1
#define XEN_PCI_DEV_VIRTFN 0x2
#define XEN_PCI_DEV_PXM    0x4

#define PHYSDEVOP_DBGP_RESET_PREPARE 1
#define PHYSDEVOP_DBGP_RESET_DONE    2
#define PHYSDEVOP_DBGP_BUS_UNKNOWN   0
#define PHYSDEVOP_DBGP_BUS_PCI       1

#ifndef __ASSEMBLY__

struct physdev_eoi {
    uint32_t irq;
};
XEN_ABI_TYPE(physdev_eoi);

struct physdev_pirq_eoi_gmfn {
    xen_pfn_t gmfn;
};
XEN_ABI_TYPE(physdev_pirq_eoi_gmfn);

struct physdev_irq_status_query {
    uint32_t irq;
    uint32_t flags; /* out: XENIRQSTAT_* */
};
XEN_ABI_TYPE(physdev_irq_status_query);

struct physdev_set_iopl {
    uint32_t iopl;
};
XEN_ABI_TYPE(physdev_set_iopl);

struct physdev_set_iobitmap {
    XEN_GUEST_HANDLE(uint8) bitmap;
    uint32_t                nr_ports;
};
XEN_ABI_TYPE(physdev_set_iobitmap);

struct physdev_apic {
    unsigned long apic_physbase;
    uint32_t      reg;
    uint32_t      value;
};
XEN_ABI_TYPE(physdev_apic);

struct physdev_irq {
    uint32_t irq;
    uint32_t vector; /* out */
};
XEN_ABI_TYPE(physdev_irq);

/* bus: segment in bits 16-31 for the _SEG and _MULTI types. */
struct physdev_map_pirq {
    domid_t  domid;
    int      type; /* MAP_PIRQ_TYPE_* */
    int      index;
    int      pirq; /* in and out, -1 for any */
    int      bus;
    int      devfn;
    int      entry_nr;
    uint64_t table_base; /* MSI-X */
};
XEN_ABI_TYPE(physdev_map_pirq);

struct physdev_unmap_pirq {
    domid_t domid;
    int     pirq;
};
XEN_ABI_TYPE(physdev_unmap_pirq);

struct physdev_manage_pci {
    uint8_t bus;
    uint8_t devfn;
};
XEN_ABI_TYPE(physdev_manage_pci);

struct physdev_restore_msi {
    uint8_t bus;
    uint8_t devfn;
};
XEN_ABI_TYPE(physdev_restore_msi);

struct physdev_manage_pci_ext {
    uint8_t  bus;
    uint8_t  devfn;
    uint32_t is_extfn;
    uint32_t is_virtfn;
    struct {
        uint8_t bus;
        uint8_t devfn;
    } physfn;
};
XEN_ABI_TYPE(physdev_manage_pci_ext);

/* The argument of physdev_op_compat. */
struct physdev_op {
    uint32_t cmd;
    union {
        physdev_irq_status_query_t irq_status_query;
        physdev_set_iopl_t         set_iopl;
        physdev_set_iobitmap_t     set_iobitmap;
        physdev_apic_t             apic_op;
        physdev_irq_t              irq_op;
    } u;
};
XEN_ABI_TYPE(physdev_op);

struct physdev_setup_gsi {
    int     gsi;
    uint8_t triggering; /* 0 edge, 1 level */
    uint8_t polarity;   /* 0 active high, 1 active low */
};
XEN_ABI_TYPE(physdev_setup_gsi);

struct physdev_get_free_pirq {
    int      type;
    uint32_t pirq; /* out */
};
XEN_ABI_TYPE(physdev_get_free_pirq);

struct physdev_pci_mmcfg_reserved {
    uint64_t address;
    uint16_t segment;
    uint8_t  start_bus;
    uint8_t  end_bus;
    uint32_t flags; /* XEN_PCI_MMCFG_RESERVED */
};
XEN_ABI_TYPE(physdev_pci_mmcfg_reserved);

struct physdev_pci_device_add {
    uint16_t seg;
    uint8_t  bus;
    uint8_t  devfn;
    uint32_t flags; /* XEN_PCI_DEV_* */
    struct {
        uint8_t bus;
        uint8_t devfn;
    } physfn;
    uint32_t optarr[XEN_FLEX_ARRAY_DIM]; /* [0]: proximity domain, with _PXM */
};
XEN_ABI_TYPE(physdev_pci_device_add);

struct physdev_pci_device {
    uint16_t seg;
    uint8_t  bus;
    uint8_t  devfn;
};
XEN_ABI_TYPE(physdev_pci_device);

struct physdev_dbgp_op {
    uint8_t op;
    uint8_t bus;
    union {
        physdev_pci_device_t pci;
    } u;
};
XEN_ABI_TYPE(physdev_dbgp_op);

/*
 * Not in 4.17: numbers and layout are those of 4.20's physdev.h, and of Linux 6.12's
 * (include/xen/interface/physdev.h), whose pciback calls it.
 */
#ifdef XEN_PUBLIC_LATER
#define PHYSDEVOP_pci_device_reset 32

#define PCI_DEVICE_RESET_COLD 0x0
#define PCI_DEVICE_RESET_WARM 0x1
#define PCI_DEVICE_RESET_HOT  0x2
#define PCI_DEVICE_RESET_FLR  0x3
#define PCI_DEVICE_RESET_MASK 0x3

struct pci_device_reset {
    physdev_pci_device_t dev;
    uint32_t             flags; /* PCI_DEVICE_RESET_*, all other bits 0 */
};
XEN_ABI_TYPE(pci_device_reset);
#endif

#endif /* !__ASSEMBLY__ */

#endif
