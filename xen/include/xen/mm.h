/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machine frames: the frame table, the page heap, references and types.
 *
 * A frame is free (in the heap), in use by the hypervisor, or owned by a domain. An owned
 * frame lives while its reference count is not zero; whoever drops the last reference
 * returns it. Every translation that leads to a frame (p2m, IOMMU, grant mapping) holds
 * one reference, so a frame cannot reach the heap while it is mapped anywhere (I1).
 */
#ifndef XEN_MM_H
#define XEN_MM_H

#include <xen/list.h>
#include <xen/spinlock.h>
#include <xen/types.h>
#include <asm/page.h>

struct domain;
struct charge;

/* One for each frame of the machine, so every byte counts. */
struct page_info {
    struct page_link link; /* free list [heap lock] or owner's list [owner->page_lock] */
    uint64_t count;        /* PGC_* and references; atomic */
    uint64_t type;         /* PGT_* and type references; atomic */
    union {
        struct domain *owner; /* stable while referenced: then count is not zero */
        struct { /* with PGC_FREE only; else these bits say something else */
            uint8_t order;  /* of the free block this page heads [heap lock] */
            uint8_t flags;
        };
        uint64_t aux;       /* of a hypervisor page: who it is charged to */
    };
};

/* count: the low bits are references, the high ones state. */
#define PGC_COUNT_MASK   ((1ULL << 48) - 1)
#define PGC_ALLOCATED    (1ULL << 63) /* the owner's allocation holds one reference */
#define PGC_SHARED       (1ULL << 62) /* made by us for a domain; not in tot_pages */
#define PGC_FREE         (1ULL << 61) /* in the heap */
#define PGC_RESERVED     (1ULL << 60) /* not RAM, firmware's, or the image */
#define PGC_QUARANTINED  (1ULL << 59) /* never goes back to the heap */
#define PGC_UNCOUNTED    (1ULL << 58) /* a domain's, but not in its tot_pages */
#define PGC_TAG_SHIFT    48           /* of PGC_SHARED: its enum charge_tag */
#define PGC_TAG_MASK     0xffULL

/* type: what the frame is used as; only one at a time, counted. */
#define PGT_COUNT_MASK   ((1ULL << 48) - 1)
#define PGT_NONE         0ULL
#define PGT_WRITABLE     (1ULL << 60)
#define PGT_TYPE_MASK    (0xfULL << 60)

/* Frame table. mfn_valid: the frame has a page_info (RAM or a hole inside RAM). */
extern unsigned long max_page;   /* first mfn behind the highest RAM */
extern unsigned long total_pages; /* RAM frames of the machine */
bool mfn_valid(mfn_t mfn);
#ifdef XEN_HOST_TEST
struct page_info *mfn_to_page(mfn_t mfn);
mfn_t page_to_mfn(const struct page_info *pg);
#else
static inline struct page_info *mfn_to_page(mfn_t mfn)
{
    return (struct page_info *)FRAMETABLE_START + mfn_x(mfn);
}
static inline mfn_t page_to_mfn(const struct page_info *pg)
{
    return _mfn((unsigned long)(pg - (const struct page_info *)FRAMETABLE_START));
}
#endif
static inline paddr_t page_to_paddr(const struct page_info *pg)
{
    return mfn_to_paddr(page_to_mfn(pg));
}

/* Direct map. All RAM is mapped read-write, never executable. */
void *mfn_to_virt(mfn_t mfn);
void *paddr_to_virt(paddr_t pa);
paddr_t virt_to_paddr(const void *va); /* direct map and image addresses */
mfn_t virt_to_mfn(const void *va);
struct page_info *virt_to_page(const void *va);
static inline void *page_to_virt(const struct page_info *pg)
{
    return mfn_to_virt(page_to_mfn(pg));
}

/* --- page heap: xen/common/mem/heap.c ---------------------------------------------- */

#define MEMF_ZERO                                                                        \
    (1U << 0) /* contents all zero (freed guest pages are anyhow scrubbed) */
#define MEMF_DMA32   (1U << 1) /* below 4 GiB */
#define MEMF_NO_REFCOUNT (1U << 2) /* not counted in tot_pages */
#define MAX_ORDER    18

/*
 * 1 << order aligned frames, NULL when there are none. Hypervisor use without a domain;
 * anything done for a domain uses alloc.h or domain_alloc_pages.
 */
struct page_info *heap_alloc(unsigned int order, unsigned int memflags);
/*
 * The same for d, which may use up what it has claimed. Only domain_alloc_pages calls it.
 */
struct page_info *heap_alloc_for(struct domain *d, unsigned int order,
                                 unsigned int memflags);
void heap_free(struct page_info *pg, unsigned int order);
/* Scrub, then free n frames in a row: they held a guest's data. */
void heap_free_scrub(struct page_info *pg, unsigned long n);

/* Boot: hand RAM [start, end) bytes to the heap. */
void heap_add_range(paddr_t start, paddr_t end);

/* Free frames, and those nobody has claimed (a claim is a promise to a domain). */
unsigned long heap_free_pages(void);
unsigned long heap_unclaimed_pages(void);
/* Free frames with addresses of min_bits to max_bits bits (0: no bound). */
unsigned long heap_free_between(unsigned int min_bits, unsigned int max_bits);
/* Sum of all domains' outstanding claims. */
unsigned long heap_outstanding_claims(void);
/*
 * Promise pages to d until it has that many more (0: drop the claim). Counts what d has
 * already. -ENOMEM: not enough free; -EINVAL: d already has a claim, beyond
 * d->max_pages, or d is dying: nobody would drop it any more.
 */
int domain_set_claim(struct domain *d, unsigned long pages);

/* Frames given up for ever (a flush that timed out, broken RAM). */
extern unsigned long quarantined_pages;
void page_quarantine(struct page_info *pg);

/* --- frames of a domain: xen/common/mem/domain_pages.c ----------------------------- */

/*
 * 1 << order fresh scrubbed frames for d, each with one reference (PGC_ALLOCATED), on
 * d->page_list and in d->tot_pages; consumes d's claim. NULL: no memory, over max_pages,
 * or d is dying. When d dies later the frames go at once: who uses one needs page_get().
 */
struct page_info *domain_alloc_pages(struct domain *d, unsigned int order,
                                     unsigned int memflags);
/*
 * Drop the allocation's reference once; false when it was dropped before. The caller has
 * another one: a dying domain's frames can be another's before they are looked at.
 */
bool page_drop_allocation(struct page_info *pg);

/* One more reference if pg is owned by d (any owner when d is NULL) and alive. */
bool __must_check page_get(struct page_info *pg, const struct domain *d);
/* References for n consecutive frames, all or none. */
bool __must_check page_get_range(struct page_info *pg, unsigned long n,
                                 const struct domain *d);
/* Drop one; the last one frees (unlists, uncharges, scrubs). Any context without locks
 * above LOCK_PAGE. */
void page_put(struct page_info *pg);
/* As page_get plus a writable type reference; page_put_type undoes both. */
bool __must_check page_get_type(struct page_info *pg, const struct domain *d,
                                uint64_t type);
void page_put_type(struct page_info *pg);

/*
 * A zeroed hypervisor page that d may map (shared info, grant frames): charged to d under
 * tag, owned by d, one reference held by the caller, PGC_SHARED. page_put frees it.
 */
struct page_info *domain_alloc_shared(struct domain *d, unsigned int tag);

/* Return all of d's frames: 0 or -ERESTART (I6). d is dying and its p2m is gone. */
int domain_free_all_pages(struct domain *d);

/*
 * Device and firmware memory in the hypervisor's address space (uncached unless cached).
 */
void *ioremap(paddr_t pa, size_t len);
void *ioremap_cached(paddr_t pa, size_t len);
/* As ioremap(), on behalf of a domain, whose charge it goes to under tag (I2). */
void *ioremap_for(struct charge *c, unsigned int tag, paddr_t pa, size_t len);
void iounmap(void *va);

#endif
