/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI devices of the machine: xen/drivers/pci/. */
#ifndef XEN_PCI_H
#define XEN_PCI_H

#include <xen/list.h>
#include <xen/types.h>

struct domain;
struct vpci;

/* Segment, bus, device, function: segment << 16 | bus << 8 | devfn. */
typedef struct {
    uint32_t v;
} sbdf_t;

#define PCI_SBDF(seg, bus, dev, fn) \
    ((sbdf_t){(uint32_t)(seg) << 16 | (uint32_t)(bus) << 8 | (dev) << 3 | (fn)})
#define PCI_SEG(s)   ((uint16_t)((s).v >> 16))
#define PCI_BUS(s)   ((uint8_t)((s).v >> 8))
#define PCI_DEVFN(s) ((uint8_t)(s).v)
#define PCI_DEV(s)   (((s).v >> 3) & 31)
#define PCI_FN(s)    ((s).v & 7)
#define PCI_RID(s)   ((uint16_t)(s).v) /* requester id */

struct pci_bar {
    uint64_t addr;          /* as firmware or dom0 set it */
    uint64_t size;          /* 0: none */
    bool is_io, is_64, prefetch;
};

/*
 * A reset between two owners. DRAIN: what the last owner's device had asked for is still
 * under way. SETTLE: it was told to reset itself; no access before the deadline.
 */
enum pci_reset_state { PCI_RESET_NONE, PCI_RESET_DRAIN, PCI_RESET_SETTLE };

struct pci_reset {
    enum pci_reset_state state; /* [LOCK_PCIDEVS] */
    s_time_t deadline;          /* of the state, system time */
    /* Registers as they were before a guest had it, to be put back. */
    struct pci_saved {
        uint32_t bar[6], rom;
        uint32_t rebar[6];      /* controls of resizable BARs */
        uint16_t devctl, devctl2;
        uint8_t rebars, cache_line, latency, line;
    } saved;
};

/* Requester ids that one device's DMA may carry. */
#define PCI_MAX_RIDS 4

struct pci_dev {
    sbdf_t sbdf;
    struct list link;        /* all devices [LOCK_PCIDEVS] */
    struct list domain_link; /* d->iommu.devices [LOCK_PCIDEVS] */
    struct domain *domain;   /* owner, NULL: nobody, its DMA is blocked [LOCK_PCIDEVS] */
    bool is_bridge, is_hidden, is_virtfn;
    bool quarantined;        /* taken from dom0 or a dead domain [LOCK_PCIDEVS] */
    uint16_t vendor, device;
    uint32_t class_rev;
    struct pci_bar bar[7];   /* 6: expansion ROM */
    /* config offsets of capabilities, 0: it has none */
    uint8_t msi_pos, msix_pos, pcie_pos, pm_pos, af_pos;
    struct pci_reset reset;
    unsigned int fault_count; /* IOMMU faults seen [LOCK_PCIDEVS] */
    unsigned int fault_burst; /* of these since fault_since [LOCK_PCIDEVS] */
    s_time_t fault_since;
    /*
     * The requester ids that its owner's tables were opened for, and on which IOMMU;
     * nr_rids is 0 without an owner. Kept, as domain 0 may number buses anew meanwhile
     * [LOCK_PCIDEVS].
     */
    uint16_t rid[PCI_MAX_RIDS];
    uint8_t nr_rids, iommu_unit;
    void *iommu_priv;
    bool msi_single;         /* no room in a remapping table: MSI has one vector */
    void *msi;               /* MSI/MSI-X state of the host side */
    struct vpci *vpci;       /* virtual config space of its owner */
};

#define PCI_ROM_BAR 6

extern struct spinlock pcidevs_lock; /* LOCK_PCIDEVS */
extern struct list pci_devices;      /* all, ascending [pcidevs_lock] */

/* Raw config space; unaligned or absent: all ones / ignored. Any context. */
uint32_t pci_conf_read(sbdf_t s, unsigned int reg, unsigned int size);
void pci_conf_write(sbdf_t s, unsigned int reg, unsigned int size, uint32_t val);

int pci_init(void); /* MCFG, bus scan */
struct pci_dev *pci_find(sbdf_t s);                  /* [pcidevs_lock held] */
int pci_add_device(sbdf_t s);                        /* PHYSDEVOP_pci_device_add */
/* -ENODEV: not there; -EBUSY: a guest's; -ERESTART: being reset, call again. */
int pci_remove_device(sbdf_t s);
int pci_mmcfg_reserved(uint64_t address, uint16_t segment, uint8_t start, uint8_t end,
                       bool reserved);
/* The nth MMCFG window of the machine; false when there are fewer. */
struct acpi_mcfg_entry;
bool pci_window_nth(unsigned int nth, struct acpi_mcfg_entry *where);

/*
 * Message-signalled interrupts of a device, host side (pci/msi.c). One state per device,
 * which the caller serialises (vpci holds its owner's vpci_lock).
 */
struct pci_msi_info {
    unsigned int vectors;    /* it can have; MSI: a power of two, 1 for lack of entries */
    bool is_64, maskable;    /* MSI only */
    uint8_t table_bar, pba_bar;
    uint32_t table_offset, pba_offset;
};
/* What the capability says; false when the device does not have it. */
bool pci_msi_info(const struct pci_dev *pdev, bool msix, struct pci_msi_info *info);
/*
 * Give vector number entry a host interrupt bound to d: fn(irq, data) at each arrival.
 * It is let through at once; see pci_msi_mask(). -EBUSY: it has one; -EINVAL: no such
 * entry; -ENXIO: the MSI-X table cannot be reached; -ENOSPC, -ENOMEM, -EPERM.
 */
int pci_msi_bind(struct pci_dev *pdev, bool msix, unsigned int entry, struct domain *d,
                 void (*fn)(unsigned int irq, void *data), void *data);
void pci_msi_unbind(struct pci_dev *pdev, bool msix, unsigned int entry);
/* Mask or unmask one bound vector at the device. */
void pci_msi_mask(struct pci_dev *pdev, bool msix, unsigned int entry, bool masked);
/*
 * MSI with this many vectors, a power of two and all bound; 0: off. MSI-X, and whether
 * the function is masked. Nothing happens to a device without the capability.
 */
void pci_msi_enable(struct pci_dev *pdev, unsigned int vectors);
void pci_msix_enable(struct pci_dev *pdev, bool enable, bool mask_all);
/* Unbind all, disable both kinds, free the state. */
void pci_msi_release(struct pci_dev *pdev);

/*
 * Function level reset of a device that changes hands (pci/reset.c; PCI Express Base 4.0,
 * 6.6.2, and the Advanced Features ECN). All under pcidevs_lock; none of them waits.
 *
 * save: before a guest gets the device, read what a reset clears and finish puts back.
 */
void pci_reset_save(struct pci_dev *pdev);
/*
 * The owner is gone, the IOMMU refuses the device's DMA, MSI and MSI-X are off: switch
 * off the rest and begin. Nothing happens to a device that has no such reset.
 */
void pci_reset_start(struct pci_dev *pdev);
/*
 * Before the next owner gets it. 0: it is reset and decodes nothing, or no reset was
 * begun; -ERESTART: ask again, at most 2.1 s after the start; -ETIMEDOUT, -ENODEV: it did
 * not come back. Then each call looks again.
 */
int pci_reset_finish(struct pci_dev *pdev);

/* Config offset of capability id, 0: none. */
unsigned int pci_find_cap(sbdf_t s, uint8_t id);
unsigned int pci_find_ext_cap(sbdf_t s, uint16_t id);

#endif
