/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the neutral files and the two vendors. */
#ifndef PASSTHROUGH_PRIVATE_H
#define PASSTHROUGH_PRIVATE_H

#include <xen/acpi.h>
#include <xen/iommu.h>
#include <xen/list.h>
#include <xen/mm.h>
#include <xen/ratelimit.h>
#include <xen/softirq.h>
#include <xen/table_pool.h>
#include <xen/timer.h>
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

/* One entry of a unit's command queue. */
struct iommu_command {
    uint64_t word[2];
};

/* What differs between vendors in a domain's tables and in their flushes. */
struct iommu_model {
    const struct pt_format *format;
    pt_entry_t absent;          /* how an empty entry is written; not present in format */
    unsigned int levels;
    unsigned int max_leaf;      /* largest superpage, as a level of the engine */
    pt_attr_t attr;             /* of every leaf, besides read and write */
    bool write_back;            /* some unit does not snoop the CPU's caches */
    unsigned int max_ids;       /* tags there are, with 0, which no domain gets */
    /* Of a flush of pages; what has a larger hull drops the whole tag. Negative: all. */
    int max_order;
    struct iommu_command (*cmd_pages)(uint16_t id, uint64_t addr, unsigned int order);
    struct iommu_command (*cmd_domain)(uint16_t id);
    /* Units by index. dead: it missed a deadline and was given up. */
    bool (*dead)(unsigned int unit);
    /* Before a flush: let the unit see the tables as they are. NULL, 0 or -ETIMEDOUT. */
    int (*settle)(unsigned int unit);
    /* Queue commands; wait with the number that was returned: 0 or -ETIMEDOUT. */
    uint64_t (*post)(unsigned int unit, const struct iommu_command *cmds, unsigned int n);
    int (*wait)(unsigned int unit, uint64_t number);
};

/*
 * Device page tables of one domain: the engine's tree, and the tables it took out, which
 * wait for a completed flush. Guarded by d->iommu.lock.
 */
struct iommu_tables {
    struct pt pt;
    struct table_pool pool;
    struct page_list retired;   /* tables no longer linked */
    uint64_t changing;          /* the block that is being mapped or unmapped */
    pt_entry_t absent;          /* how an empty entry is written */
    /* units do not snoop: push each entry out of the caches */
    bool write_back;
    bool quarantine;            /* a unit may walk them for ever: never reuse a table */
    bool closing;               /* the tree is being freed */
};

/* The largest block that is mapped or unmapped at once: 1 GiB. */
#define IOMMU_MAX_ORDER 18U

/* -ENOMEM, -EINVAL. */
int iommu_tables_init(struct iommu_tables *t, struct domain *d,
                      const struct iommu_model *model);
/* All or nothing. -ENOMEM; -EINVAL: order above IOMMU_MAX_ORDER, not aligned to it. */
int iommu_tables_map(struct iommu_tables *t, dfn_t dfn, mfn_t mfn, unsigned int order,
                     pt_attr_t attr);
int iommu_tables_unmap(struct iommu_tables *t, dfn_t dfn, unsigned int order);
/*
 * Allocate what map or unmap of the block would, with their errors; all or nothing.
 * prune: take out the tables on the way to the block in which nothing is.
 */
int iommu_tables_prepare_map(struct iommu_tables *t, dfn_t dfn, unsigned int order);
int iommu_tables_prepare_unmap(struct iommu_tables *t, dfn_t dfn, unsigned int order);
void iommu_tables_prune(struct iommu_tables *t, dfn_t dfn, unsigned int order);
/*
 * What has to be flushed besides n ranges before the retired tables may go: units can
 * have cached entries that lead to them. Count 0: nothing.
 */
struct iommu_range iommu_tables_missed(const struct iommu_tables *t,
                                       const struct iommu_range *ranges, unsigned int n);
/*
 * A flush has failed, for good: units may walk any of the tables for ever. None is reused
 * from now on, and none taken out of the tree any more, so that a domain that lives on
 * does not lose another with each change. No way back.
 */
void iommu_tables_lose(struct iommu_tables *t);
/* Free what is retired: every unit that knew the tables has been flushed. */
void iommu_tables_reap(struct iommu_tables *t);
/* Free the tree, some tables at a time: 0 or -ERESTART. No unit uses it any more. */
int iommu_tables_free(struct iommu_tables *t);

/* d->iommu.priv: what the devices of a domain see. */
struct iommu_space {
    const struct iommu_model *model;
    struct iommu_tables tables; /* [d->iommu.lock] */
    uint16_t id;                /* tag in the IOTLB */
    unsigned int users[ACPI_MAX_IOMMUS]; /* devices per unit [d->iommu.lock] */
    uint32_t served;            /* units that ever had one, by bit [d->iommu.lock] */
};

/* -ENOMEM, -ENOSPC: no tag is left, -EINVAL. */
int iommu_space_init(struct domain *d, const struct iommu_model *model);
/* No device left: free the tables piece by piece, 0 or -ERESTART. Takes the lock. */
int iommu_space_free_tables(struct domain *d);
/* All the rest; the tables are gone. Nothing happens the second time. */
void iommu_space_destroy(struct domain *d);
/*
 * Change entries, no flush. Tables are allocated first: -ENOMEM leaves everything as it
 * was. -EINVAL: order above IOMMU_MAX_ORDER, frames not aligned to it, or past the end.
 * unmap: holes are fine. [d->iommu.lock]
 */
int iommu_space_map(struct domain *d, dfn_t dfn, mfn_t mfn, unsigned int order,
                    unsigned int flags);
int iommu_space_unmap(struct domain *d, dfn_t dfn, unsigned int order);
bool iommu_space_lookup(struct domain *d, dfn_t dfn, mfn_t *mfn, unsigned int *flags);
/*
 * Invalidate n ranges on every unit that serves d, wait for completion. After 0 nothing
 * that was removed before the call can be used by a device, and tables that were taken
 * out have been freed. -ETIMEDOUT: a unit did not answer in time, or one that once served
 * d did not when it was left; the others are flushed. [d->iommu.lock]
 */
int iommu_space_flush(struct domain *d, const struct iommu_range *ranges, unsigned int n);
/*
 * A device of d behind the unit is about to be let in; or is blocked again, and what it
 * used is flushed there: 0 or -ETIMEDOUT, from when on d is poisoned. Both take the lock.
 */
void iommu_space_join(struct domain *d, unsigned int unit);
int iommu_space_leave(struct domain *d, unsigned int unit);

/* Push [p, p + len) out of the caches, for units that do not snoop them. */
void iommu_write_back(const void *p, size_t len);

/*
 * Requester ids that a device's DMA may carry: its own, then its bridges'. Of a device
 * with an owner: those that it had when it was given to it. [pcidevs_lock]
 */
#define IOMMU_MAX_RIDS PCI_MAX_RIDS
unsigned int iommu_requesters(const struct pci_dev *pdev, uint16_t rid[IOMMU_MAX_RIDS]);
/* Can the IOMMU not tell the two apart, as they have one of these in common? */
bool iommu_share_requester(const struct pci_dev *a, const struct pci_dev *b);
/*
 * Does a device of d other than pdev carry this requester id? Bridges do not count: what
 * comes with a bridge's name is DMA of devices behind it.
 */
bool iommu_rid_in_use(const struct domain *d, const struct pci_dev *pdev, uint16_t rid);
/*
 * The devices, bridges not, that have an owner and whose DMA can carry this requester id:
 * the first of them, or the next after that one; NULL: no more. They have one owner.
 * [pcidevs_lock]
 */
struct pci_dev *iommu_next_owned(uint16_t segment, uint16_t rid,
                                 const struct pci_dev *after);

/*
 * Reads what a unit reports, in rounds in softirq context. A device can cause reports
 * faster than they are read: between two rounds that found some the CPU does other things
 * (I6). Embedded in a vendor's unit; one that is set up stays for good.
 */
struct iommu_faults {
    /* Read what is there, but no more than a ring: how many reports that were. */
    unsigned int (*read)(void *unit);
    void *unit;
    struct tasklet work;
    struct timer timer;
    s_time_t next;              /* no round before this [work] */
    struct ratelimit lines;     /* about the unit itself [work] */
};

/* At boot; f is zero. No failure, no lock needed. */
void iommu_faults_init(struct iommu_faults *f, unsigned int (*read)(void *), void *unit);
/* The unit has interrupted: a round follows, at once or when it is due. Any context. */
void iommu_faults_pending(struct iommu_faults *f);
/* From f's read function: may it print a line about the unit itself? Rate limited. */
bool iommu_faults_line(struct iommu_faults *f);

/*
 * A unit saw rid's access to addr refused. Counts, finds the owner and logs, rate
 * limited. Softirq context, no lock held. Returns true when there are so many that
 * reports for rid should be switched off; a guest's devices that can have caused them
 * are then off the bus, all that send under this id.
 */
bool iommu_report_fault(uint16_t segment, uint16_t rid, uint64_t addr, const char *what,
                        uint64_t detail);

/*
 * Regions that firmware reserves can overlap and differ in rights. Nothing says which
 * holds, so a device can do what any of them allows: IOMMU_* for the page at an address,
 * and how far that is so, cut from *last. Both [pcidevs_lock]
 */
unsigned int iommu_reserved_rights(paddr_t at, paddr_t *last);
/* At boot: a line for each pair that differs; how many. */
unsigned int iommu_reserved_overlaps(void);

/* Debug keys. */
void iommu_keys_init(void);

/*
 * Take a device away from d without giving it to anyone. -ETIMEDOUT: a unit did not
 * answer; it is done all the same. -ERESTART: not yet, call again. [pcidevs_lock]
 */
int iommu_release_device(struct domain *d, struct pci_dev *pdev);

#endif
