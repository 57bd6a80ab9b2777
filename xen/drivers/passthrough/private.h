/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the neutral files and the two vendors. */
#ifndef PASSTHROUGH_PRIVATE_H
#define PASSTHROUGH_PRIVATE_H

#include <xen/iommu.h>
#include <xen/list.h>
#include <asm/pt.h>

extern const struct iommu_ops amd_iommu_ops, vtd_iommu_ops;

/* What iommu= asked for beyond xen/iommu.h. */
struct iommu_options {
    bool enable;        /* iommu=off clears it */
    bool required;      /* refuse to boot without */
    bool superpages;
    bool qinval;        /* VT-d: queued rather than register-based invalidation */
    bool snoop;         /* VT-d: make non-snooped DMA snoop where possible */
};
extern struct iommu_options iommu_options;

/*
 * Device page tables of one domain: the engine's tree, and the tables it took out, which
 * wait for a completed flush. Guarded by d->iommu.lock.
 */
struct iommu_tables {
    struct domain *d;
    struct pt pt;
    struct list retired;        /* page_info.list of tables no longer linked */
    pt_entry_t absent;          /* how an empty entry is written */
    /* units do not snoop: push each entry out of the caches */
    bool write_back;
    bool quarantine;            /* a unit may walk them for ever: never reuse a table */
};

/* -ENOMEM, -EINVAL. absent: a value that is not present in fmt, 0 for most. */
int iommu_tables_init(struct iommu_tables *t, struct domain *d,
                      const struct pt_format *fmt, unsigned int levels,
                      unsigned int max_leaf, pt_entry_t absent);
/* All or nothing, order 0..18, addresses aligned to it. -ENOMEM, -EINVAL. */
int iommu_tables_map(struct iommu_tables *t, dfn_t dfn, mfn_t mfn, unsigned int order,
                     pt_attr_t attr);
int iommu_tables_unmap(struct iommu_tables *t, dfn_t dfn, unsigned int order);
/* Free what is retired: every unit that knew the tables has been flushed. */
void iommu_tables_reap(struct iommu_tables *t);
/* Free the tree, some tables at a time: 0 or -ERESTART. No unit uses it any more. */
int iommu_tables_free(struct iommu_tables *t);

/* Push [p, p + len) out of the caches, for units that do not snoop them. */
void iommu_write_back(const void *p, size_t len);

/* Requester ids that a device's DMA may carry: its own, then its bridges'. */
#define IOMMU_MAX_RIDS 4
unsigned int iommu_requesters(const struct pci_dev *pdev, uint16_t rid[IOMMU_MAX_RIDS]);

/*
 * A unit saw rid's access to addr refused. Counts, finds the owner and logs, rate
 * limited. Softirq context, no lock held. Returns true when the device faults so fast
 * that its reports should be switched off.
 */
bool iommu_report_fault(uint16_t segment, uint16_t rid, uint64_t addr, const char *what,
                        uint64_t detail);

/* Debug keys. */
void iommu_keys_init(void);

/* Take devices away from d without giving them to anyone. [pcidevs_lock] */
int iommu_release_device(struct domain *d, struct pci_dev *pdev);

#endif
