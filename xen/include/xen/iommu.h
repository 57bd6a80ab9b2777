/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IOMMUs, vendor-neutral (xen/drivers/passthrough/). The two vendors are twins behind
 * struct iommu_ops. Mappings change only through the p2m transaction (asm/p2m.h), which
 * flushes with completion before any frame is released (I1).
 */
#ifndef XEN_IOMMU_H
#define XEN_IOMMU_H

#include <xen/list.h>
#include <xen/pci.h>
#include <xen/spinlock.h>
#include <xen/types.h>

struct domain;
struct msi_msg;
struct iommu_model;
struct iommu_space;

#define IOMMU_READ  1U
#define IOMMU_WRITE 2U

/* What iommu= and the hardware allow. */
extern bool iommu_enabled;
extern bool iommu_intremap;
extern bool iommu_verbose;
/* Some unit caches entries that are not present (VT-d CAP.CM, AMD-Vi NpCache): the p2m
 * then flushes additions as well. */
extern bool iommu_caches_absent;
extern unsigned int iommu_deadline_ms; /* I8: a flush must complete within this */

/* A contiguous piece of a domain's device address space whose translations changed. */
struct iommu_range {
    dfn_t start;
    unsigned long count;
};

struct iommu_stats {
    uint64_t flush_commands;  /* invalidation commands queued */
    uint64_t flush_pages;     /* pages they covered */
    uint64_t flush_waits;     /* completions waited for */
    uint64_t faults;
};

struct domain_iommu {
    bool enabled;             /* has tables and is mirrored */
    bool need_sync;           /* p2m transactions must mirror into it */
    /*
     * A unit that served it no longer answers and may use whatever it ever saw: every
     * flush fails from now on, so that the p2m quarantines what it takes out [lock].
     */
    bool poisoned;
    bool tables_gone;         /* freed although need_sync is set: poisoned [lock] */
    spinlock_t lock;          /* LOCK_IOMMU_MAP */
    struct list devices;      /* struct pci_dev.domain_link [LOCK_PCIDEVS] */
    struct iommu_stats stats; /* [lock] */
    struct iommu_space *priv; /* drivers/passthrough/private.h */
};

struct iommu_ops {
    const char *name;
    int (*init)(void);                       /* find and start all units */
    /* What its tables and flushes are like: private to the directory. */
    const struct iommu_model *model;
    /*
     * Device <-> domain [pcidevs_lock]. A device that is not attached is blocked. detach
     * waits for the flush; on -ETIMEDOUT the device is blocked as far as tables go.
     */
    int (*attach)(struct domain *d, struct pci_dev *pdev);
    int (*detach)(struct domain *d, struct pci_dev *pdev);
    /*
     * Another requester id that firmware says rid's requests carry, or rid. NULL: none.
     */
    uint16_t (*alias)(uint16_t segment, uint16_t rid);
    /* Take the units' registers out of what d may map. 0 or -ENOMEM. */
    int (*deny)(struct domain *d);
    /* Is pdev part of a unit itself, and so nobody's to use? */
    bool (*owns)(const struct pci_dev *pdev);
    /*
     * Regions pdev (NULL: any device) needs mapped one to one: fn(start, end inclusive,
     * IOMMU_*), until != 0. [pcidevs_lock]
     */
    int (*reserved)(const struct pci_dev *pdev,
                    int (*fn)(paddr_t start, paddr_t end, unsigned int flags, void *arg),
                    void *arg);
    /*
     * Interrupt remapping: enter what msg or rte (unmasked or not) says and rewrite it to
     * what the source shall send; again with the same source: change the entry in place.
     * -ENOSPC, -ENODEV. LOCK_IRQ_SETUP at most is held.
     */
    int (*remap_msi)(struct pci_dev *pdev, unsigned int entry, struct msi_msg *msg);
    void (*unmap_msi)(struct pci_dev *pdev, unsigned int entry);
    int (*remap_ioapic)(unsigned int apic_id, unsigned int pin, uint64_t *rte);
    /*
     * Do remapped interrupts of an I/O APIC carry this requester id? What a device of
     * that name writes cannot be told from them.
     */
    bool (*is_ioapic)(uint16_t segment, uint16_t rid);
    void (*set_stalled)(bool on);            /* tests: queues stop being worked off */
    void (*dump)(void);                      /* units: registers, queues */
};

extern const struct iommu_ops *iommu; /* NULL: no IOMMU in use */

/* Boot: parse iommu=, choose a vendor from IVRS / DMAR, start. -ENODEV: none present. */
int iommu_init(void);
int iommu_domain_init(struct domain *d, bool enable);
/* Dying: take devices away (to quarantine), free tables; 0 or -ERESTART. */
int iommu_domain_relinquish(struct domain *d);
void iommu_domain_destroy(struct domain *d);
/* Domain 0: assign every PCI device, map reserved regions (RMRR, unity maps). */
int iommu_setup_dom0(struct domain *d);

/*
 * Move a device. d NULL: to quarantine (blocked). -EBUSY: not free, or it shares a
 * requester id with a device that stays elsewhere; -EOPNOTSUPP: d has no device tables;
 * -EINVAL: d is dying; -EPERM: it needs reserved regions and relaxed is false, or it has
 * the requester id of an I/O APIC; -ENODEV.
 * -ERESTART: its last owner's reset is not over, or not all of its memory is out of that
 * owner's view; call again. -ETIMEDOUT: the reset never will be.
 */
int iommu_assign(struct domain *d, sbdf_t s, bool relaxed);
/*
 * From d (NULL: quarantine) to quarantine (d NULL: to domain 0). -ENODEV: not d's;
 * -EBUSY: back to domain 0 only when no other domain has a device of its requester id;
 * -ETIMEDOUT: a unit or, after its reset, the device did not answer; -ERESTART: the reset
 * that began when a guest lost the device is not over, or not all of its memory is out of
 * d's view; call again. What domain 0 lost in part, to a domain that died meanwhile,
 * counts as in quarantine.
 */
int iommu_deassign(struct domain *d, sbdf_t s);

/*
 * The nth region that firmware reserves (RMRR, unity map) for the device, or for any
 * (sbdf NULL): addresses of its first and last byte. -ENOENT: there are fewer, or no such
 * device. Takes pcidevs_lock.
 */
int iommu_reserved_nth(const sbdf_t *sbdf, unsigned int nth, paddr_t *start,
                       paddr_t *last);

/*
 * A device appeared (goes to domain 0, or to quarantine if it shares its requester id
 * with a guest's device) or is about to go: -EBUSY: a guest has it; -ERESTART: it is
 * being reset, or taken from domain 0, call again. [pcidevs_lock held]
 */
int iommu_device_arrived(struct pci_dev *pdev);
int iommu_device_leaves(struct pci_dev *pdev);

/* For the p2m transaction only. */
int iommu_map(struct domain *d, dfn_t dfn, mfn_t mfn, unsigned int order,
              unsigned int flags);
int iommu_unmap(struct domain *d, dfn_t dfn, unsigned int order);
/*
 * Allocate what iommu_map or iommu_unmap of the block would: no translation changes.
 * -ENOMEM, -EINVAL. prune: tables on the way to the block in which nothing is go.
 */
int iommu_prepare_map(struct domain *d, dfn_t dfn, unsigned int order);
int iommu_prepare_unmap(struct domain *d, dfn_t dfn, unsigned int order);
void iommu_prune(struct domain *d, dfn_t dfn, unsigned int order);
/* Fault injection: no unit works its queue off any more, so waits miss their deadline. */
void iommu_set_stalled(bool on);
/*
 * Fault injection: the next iommu_flush begins later, once: see TESTOP_DELAY_FLUSH. Takes
 * over the caller's reference on the word's page.
 */
void iommu_delay_flush(uint32_t *late);
int __must_check iommu_flush(struct domain *d, const struct iommu_range *r,
                             unsigned int n);

/* Debug keys 'Q', 'V', 'o'. */
void iommu_dump(void);
void iommu_dump_domain(struct domain *d);

struct xen_domctl;
/* d NULL: the quarantine, DOMID_IO. -ENOSYS: not one of ours. */
long iommu_domctl(struct xen_domctl *op, struct domain *d, bool *copyback);

#endif
