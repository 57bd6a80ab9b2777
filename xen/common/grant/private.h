/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of xen/common/grant/.
 *
 * A grant in use is pinned: its frame is referenced, and the granter sees the reading and
 * writing bits. The pin goes last, after every translation that used it was flushed (I1).
 */
#ifndef GRANT_PRIVATE_H
#define GRANT_PRIVATE_H

#include <xen/domain.h>
#include <xen/grant_table.h>
#include <xen/lib.h>
#include <xen/mm.h>

#define V1_PER_FRAME     (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define V2_PER_FRAME     (PAGE_SIZE / sizeof(union grant_entry_v2))
#define STATUS_PER_FRAME (PAGE_SIZE / sizeof(grant_status_t))

/*
 * The hypervisor's view of one entry that is or was in use. What the first pin found
 * holds for all that come while it is there.
 */
struct active_grant {
    struct page_info *page;      /* referenced while pinned, NULL: a transitive grant */
    union {
        gfn_t gfn;
        grant_ref_t via_ref;     /* transitive: what it stands for */
    };
    uint32_t readers, writers;   /* pins */
    domid_t domid;               /* who holds them */
    union {
        uint16_t start;          /* the part of the page that is granted */
        domid_t via;             /* transitive: whose grant via_ref is */
    };
    uint16_t length;
    bool transitive;
    bool lost;                   /* some device may use the page for ever: so it stays */
};

#define MT_HOST     (1U << 0)    /* mapped at gfn */
#define MT_DEVICE   (1U << 1)
#define MT_READONLY (1U << 2)
#define MT_BUSY     (1U << 3)    /* being mapped or unmapped by somebody */

/* One mapping that this domain has of another's grant; its index is the handle. */
struct maptrack {
    struct domain *granter;      /* referenced; NULL: free */
    gfn_t gfn;
    mfn_t mfn;
    grant_ref_t ref;
    uint32_t next;               /* free list; while busy: the batch */
    uint8_t flags;               /* MT_* */
    uint8_t drop;                /* while busy: which of MT_HOST, MT_DEVICE is to go */
    int8_t status;               /* while busy: what became of it, GNTST_* */
    uint16_t element;            /* while busy: of the guest's array */
};

#define MAPTRACK_PER_PAGE (PAGE_SIZE / sizeof(struct maptrack))
#define NO_HANDLE (~0U)

struct grant_table {
    spinlock_t lock;             /* LOCK_GRANT: all but the map tracking */
    unsigned int version, max_version;
    unsigned int nr_frames, max_frames;
    unsigned int nr_status;
    bool closed;                 /* the frames are gone, pins may be left */
    void **shared;               /* max_frames pointers to frames of entries */
    grant_status_t **status;
    struct active_grant **active; /* one array for each frame, as long as in version 1 */

    spinlock_t maptrack_lock;    /* LOCK_MAPTRACK */
    struct maptrack **maptrack;  /* [maptrack_lock to add pages] */
    unsigned int nr_maptrack_pages, max_maptrack_pages;
    uint32_t maptrack_free;      /* NO_HANDLE: none */
    unsigned int nr_mapped;
    uint32_t release_next;       /* where grant_table_release_mappings() goes on */
};

static inline bool grant_in_use(const struct active_grant *a)
{
    return a->readers || a->writers || a->lost;
}

/* A pinned frame. */
struct pinned_grant {
    struct page_info *page;
    uint16_t start, length;
    struct domain *granter;      /* borrowed from the caller */
    grant_ref_t ref;
    bool write;
    struct domain *via;          /* transitive: referenced owner of the real grant */
    grant_ref_t via_ref;
};

/* --- table.c ----------------------------------------------------------------------- */

unsigned int grant_nr_entries(const struct grant_table *gt);  /* [gt->lock] */
int grant_grow(struct domain *d, unsigned int frames);        /* [gt->lock] 0, -errno */
int grant_set_version(struct domain *d, unsigned int version); /* 0, -EINVAL, -EBUSY... */

static inline unsigned int grant_status_frames(unsigned int frames)
{
    return DIV_ROUND_UP(frames * V2_PER_FRAME, STATUS_PER_FRAME);
}

static inline struct grant_entry_v1 *grant_v1(const struct grant_table *gt,
                                              grant_ref_t ref)
{
    return (struct grant_entry_v1 *)gt->shared[ref / V1_PER_FRAME] + ref % V1_PER_FRAME;
}

static inline union grant_entry_v2 *grant_v2(const struct grant_table *gt,
                                             grant_ref_t ref)
{
    return (union grant_entry_v2 *)gt->shared[ref / V2_PER_FRAME] + ref % V2_PER_FRAME;
}

static inline grant_status_t *grant_status(const struct grant_table *gt, grant_ref_t ref)
{
    return gt->status[ref / STATUS_PER_FRAME] + ref % STATUS_PER_FRAME;
}

static inline struct active_grant *grant_active(const struct grant_table *gt,
                                                grant_ref_t ref)
{
    return gt->active[ref / V1_PER_FRAME] + ref % V1_PER_FRAME;
}

/* --- entry.c: GNTST_* -------------------------------------------------------------- */

#define PIN_WRITE      (1U << 0)
#define PIN_WHOLE      (1U << 1) /* for mapping: no part of a page, no transitive grant */
#define PIN_NO_TRANS   (1U << 2)

/* Pin granter's grant ref for domain who. */
int grant_pin(struct domain *granter, grant_ref_t ref, domid_t who, unsigned int flags,
              struct pinned_grant *pin);
void grant_unpin(const struct pinned_grant *pin);
/*
 * As grant_unpin, for a mapping. If the page is in quarantine because a flush of its
 * mapping never completed, the granter must not think that it is free: the use bits stay
 * as long as the table does, and the entry takes no pins any more.
 */
void grant_unpin_ref(struct domain *granter, grant_ref_t ref, bool write);

/* --- maptrack.c -------------------------------------------------------------------- */

/* A busy entry without granter's details, or NULL. */
struct maptrack *maptrack_alloc(struct domain *d, grant_handle_t *handle);
void maptrack_free(struct domain *d, grant_handle_t handle);
/* Mark busy. NULL: there is no such mapping, or somebody is at it (busy). */
struct maptrack *maptrack_claim(struct domain *d, grant_handle_t handle, bool *busy);
void maptrack_unclaim(struct domain *d, struct maptrack *mt);
/* Of a handle that the caller has marked busy. */
struct maptrack *maptrack_entry(const struct grant_table *gt, grant_handle_t handle);

/* --- batch.c ----------------------------------------------------------------------- */

/* As many as a p2m transaction takes out with one flush. */
#define GRANT_BATCH 512

/*
 * Mappings that are made or taken out in one p2m transaction: busy entries, chained in
 * the order of the guest's array. Guest memory is out of reach while the transaction is
 * open, so the array is read before and its results are written after.
 */
struct grant_batch {
    struct domain *d;
    bool force;                  /* what is not mapped any more counts as unmapped */
    grant_handle_t first, last;  /* NO_HANDLE: none */
};

void grant_batch_init(struct grant_batch *b, struct domain *d);
void grant_batch_add(struct grant_batch *b, unsigned int element, grant_handle_t handle,
                     struct maptrack *mt);
/*
 * The element's mapping, out of the chain but still busy; NULL: it has none there. To be
 * called for one element after the other.
 */
struct maptrack *grant_batch_take(struct grant_batch *b, unsigned int element,
                                  grant_handle_t *handle);
/* No longer busy; gone, pin and all, if it is mapped neither way. */
void grant_let_go(struct domain *d, grant_handle_t handle, struct maptrack *mt);

/* --- map.c, unmap.c, copy.c -------------------------------------------------------- */

/*
 * Unmap whatever there is of the mappings of a batch, which then is empty. NO_HANDLE, or
 * the first one that stays as it was, and can be tried again: there was no memory.
 */
grant_handle_t grant_batch_drop(struct grant_batch *b);

long grant_op_map(uint64_t array, unsigned int count);
long grant_op_unmap(unsigned int cmd, uint64_t array, unsigned int count);
long grant_op_copy(uint64_t array, unsigned int count);
/* Stop before element done and go on there. */
long grant_op_continue(unsigned int cmd, uint64_t array, size_t size, unsigned int done,
                       unsigned int count);

#endif
