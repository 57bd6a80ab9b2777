/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page is taken away while QEMU's edu writes to it. The frame is known by its machine
 * address, which mapping a grant tells; so is the page of another domain in which it
 * comes back. That page must stay as it is: what the device began before and what it
 * begins after must both miss it. Only a translation left in the IOTLB lets either
 * through.
 */
#ifndef TESTS_DMA_H
#define TESTS_DMA_H

#include <public/grant_table.h>
#include "passthrough.h"
#include "refusal.h"

/* Frame numbers of ours, above the memory that the kernel was given and below 4 GiB. */
#define PLACES      0x10000ul   /* each case has its own */
#define PLACES_END  0x9c000ul
#define PLACE       0x2000ul
#define VIEW        0x9e000ul   /* the heir's page */
#define REGS        0x9e001ul   /* the device's registers */
#define TABLES      0x9f000ul   /* grant tables: two frames a party */
#define STORE       0x100000ul  /* what the heap does not need for the tests */

#define MOST        1024u   /* pages of a case, at most */
#define FIRST_REF   8u      /* the lower ones have uses of their own */
#define OTHER_REF   1023u   /* for bus_address() */
#define HEAP_PAGES  12000u  /* left for domains, tables and the pages in question */
#define NOWHERE     (~0ull)
#define MARK        0xedededededededeeull

/* A domain, and its grant table as we see it. */
struct party {
    domid_t id;
    volatile struct grant_entry_v1 *table;
};

static struct party self, heir;
static const uintptr_t regs = REGS << 12;
static uint32_t devfn;
static unsigned int heir_pages, in_flight;
/* The place: the device's pages, what comes over them, a second sight of them. */
static unsigned long first = PLACES, source = PLACES + MOST, again = PLACES + 2 * MOST;
static bool heir_seen;
static xen_pfn_t frame_list[MOST];

/* What one case left in the IOTLB is no matter to the next. */
static inline void next_place(void)
{
    first = first + PLACE < PLACES_END ? first + PLACE : PLACES;
    source = first + MOST;
    again = first + 2 * MOST;
}

static inline volatile uint64_t *at(unsigned long gfn)
{
    return (volatile uint64_t *)(gfn << 12);
}

static inline long memory_op(unsigned int cmd, void *arg)
{
    return HC2(__HYPERVISOR_memory_op, cmd, arg);
}

/* How many of the n pages from gfn on. */
static inline long reserve(unsigned int cmd, domid_t dom, unsigned long gfn,
                           unsigned int n)
{
    struct xen_memory_reservation r = {.nr_extents = n, .domid = dom};

    for (unsigned int i = 0; i < n; i++)
        frame_list[i] = gfn + i;
    set_xen_guest_handle(r.extent_start, frame_list);
    return memory_op(cmd, &r);
}

/* 0 when all of them. */
static inline long ours_populate(unsigned long gfn, unsigned int n)
{
    return reserve(XENMEM_populate_physmap, DOMID_SELF, gfn, n) - (long)n;
}

static inline long ours_decrease(unsigned long gfn, unsigned int n)
{
    return reserve(XENMEM_decrease_reservation, DOMID_SELF, gfn, n) - (long)n;
}

/* --- grants ------------------------------------------------------------------------ */

/* p lends us its page gfn under a reference. */
static inline void lend(const struct party *p, unsigned int ref, unsigned long gfn)
{
    p->table[ref].domid = 0;
    p->table[ref].frame = (uint32_t)gfn;
    __atomic_store_n(&p->table[ref].flags, GTF_permit_access, __ATOMIC_SEQ_CST);
}

/* Grant frames [0, n) of a domain of which we see the table at gfn and after. */
static inline long see_table(domid_t dom, unsigned long gfn, unsigned int n)
{
    struct xen_mem_acquire_resource r = {
        .domid = dom,
        .type = XENMEM_resource_grant_table,
        .id = XENMEM_resource_grant_table_id_shared,
        .nr_frames = n,
    };

    for (unsigned int i = 0; i < n; i++)
        frame_list[i] = gfn + i;
    set_xen_guest_handle(r.frame_list, frame_list);
    return memory_op(XENMEM_acquire_resource, &r);
}

/* Pages of a space, or of dom if foreign, to frames of ours, in one batch. */
static inline long place_batch(uint16_t space, domid_t dom, unsigned long from,
                               unsigned long to, unsigned int n)
{
    static xen_ulong_t idxs[MOST];
    static xen_pfn_t gpfns[MOST];
    static int errs[MOST];
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = space, .size = (uint16_t)n,
    };
    long rc;

    if (space == XENMAPSPACE_gmfn_foreign)
        b.u.foreign_domid = dom;
    for (unsigned int i = 0; i < n; i++) {
        idxs[i] = from + i;
        gpfns[i] = to + i;
        errs[i] = 1;
    }
    set_xen_guest_handle(b.idxs, idxs);
    set_xen_guest_handle(b.gpfns, gpfns);
    set_xen_guest_handle(b.errs, errs);
    rc = memory_op(XENMEM_add_to_physmap_batch, &b);
    for (unsigned int i = 0; i < n && !rc; i++)
        rc = errs[i];
    return rc;
}

static inline long own_table(unsigned long gfn)
{
    struct xen_add_to_physmap add = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_grant_table, .gpfn = gfn,
    };
    long rc = memory_op(XENMEM_add_to_physmap, &add);

    add.idx++;
    add.gpfn++;
    return rc ? rc : memory_op(XENMEM_add_to_physmap, &add);
}

/* Machine address of p's page gfn; NOWHERE if it has none there. */
static inline uint64_t bus_address(const struct party *p, unsigned long gfn)
{
    struct gnttab_map_grant_ref m = {
        .flags = GNTMAP_device_map, .ref = OTHER_REF, .dom = p->id, .status = 99,
    };
    struct gnttab_unmap_grant_ref u = {0};

    lend(p, OTHER_REF, gfn);
    if (HC(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, &m, 1, 0, 0) || m.status)
        return NOWHERE;
    u.handle = m.handle;
    u.dev_bus_addr = m.dev_bus_addr;
    if (HC(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, &u, 1, 0, 0) ||
        u.status)
        return NOWHERE;
    return m.dev_bus_addr;
}

/* --- the heir: who gets a frame next ------------------------------------------------ */

/* Pages: a call for more keeps a list of them, which can be in the very frame. */
#define AT_ONCE     16

/*
 * The heir takes pages out of the heap until it has the frame, which must be in there; we
 * see that page then. NULL: the frame was not free.
 */
static inline volatile uint64_t *inherit(uint64_t frame)
{
    long got = AT_ONCE;

    while (got == AT_ONCE && frame != NOWHERE) {
        got = reserve(XENMEM_populate_physmap, heir.id, heir_pages, AT_ONCE);
        heir_pages += got > 0 ? got : 0;
        for (long i = 1; i <= got; i++) {
            if (bus_address(&heir, heir_pages - i) != frame)
                continue;
            heir_seen = see_page(heir.id, heir_pages - i, VIEW) == 0;
            return heir_seen ? at(VIEW) : NULL;
        }
    }
    print("frame %lx is not in the heap: the heir has %u pages, %lu are free\n",
          frame >> 12, heir_pages, free_pages());
    return NULL;
}

static inline void disinherit(void)
{
    if (heir_seen)
        drop_page(VIEW);
    heir_seen = false;
    while (heir_pages) {
        unsigned int n = heir_pages < 512 ? heir_pages : 512;

        heir_pages -= n;
        reserve(XENMEM_decrease_reservation, heir.id, heir_pages, n);
    }
}

/* --- the device -------------------------------------------------------------------- */

static inline bool is_marked(unsigned long gfn)
{
    for (unsigned int k = 0; k < EDU_BYTES / 8; k++)
        if (at(gfn)[k] != MARK)
            return false;
    return true;
}

static inline void dma_begin(unsigned long gfn)
{
    edu_begin(regs, EDU_BUFFER, gfn << 12);
}

/* The IOTLB has the translation of gfn afterwards. */
static inline bool warm(unsigned long gfn)
{
    dma_begin(gfn);
    return edu_end(regs) && is_marked(gfn);
}

/* A transfer to gfn is reported as a fault, ours when the device is. */
static inline bool fault_shown(unsigned long gfn, bool ours)
{
    return !strlen(command_line()) ||
           refusal_shown(regs, devfn, ours ? 0 : DOMID_IO, (uint64_t)gfn << 12);
}

/* --- a way to lose a page ---------------------------------------------------------- */

/* Each returns 0 or an error; the pages are first to first + n, i is the device's. */
struct way {
    long (*prepare)(unsigned int n);
    long (*take)(unsigned int n);
    long (*give)(unsigned int n);   /* their owner lets go; NULL: take did that */
    long (*clean)(unsigned int n);
    const struct party *owner;      /* whose pages they are ... */
    const unsigned long *at;        /* ... from this gfn on; NULL: 0 */
    const unsigned long *kept;      /* not given away: here we still see them */
    bool replaced;                  /* afterwards others are there */
    bool device_too;                /* the device is nobody's then */
};

static inline bool failed(unsigned int n, const char *step, long rc)
{
    if (rc)
        print("%u pages, %s: %ld\n", n, step, rc);
    return rc != 0;
}

static inline bool all_zero(volatile uint64_t *page)
{
    for (unsigned int k = 0; k < 512; k++)
        if (page[k]) {
            print("a page that was taken away changed: %lx\n", page[k]);
            return false;
        }
    return true;
}

/* After the page was taken: what was begun, what is begun now, both miss its frame. */
static inline bool missed(const struct way *w, unsigned int n, unsigned int i,
                          volatile uint64_t *seen)
{
    if (!edu_end(regs) || !all_zero(seen))
        return false;
    dma_begin(first + i);
    if (!edu_end(regs) || !all_zero(seen))
        return false;
    if (w->replaced)
        return is_marked(first + i);
    return n > 1 || fault_shown(first + i, !w->device_too);
}

static inline bool lost(const struct way *w, unsigned int n, unsigned int i)
{
    volatile uint64_t *seen;
    uint64_t frame;
    bool ok;

    next_place();
    if (failed(n, "prepare", w->prepare(n)))
        return false;
    frame = bus_address(w->owner, (w->at ? *w->at : 0) + i);
    if (frame == NOWHERE || failed(n, "first DMA", !warm(first + i)))
        return false;
    dma_begin(first + i);
    if (failed(n, "take", w->take(n)))
        return false;
    in_flight += edu_busy(regs);
    if (w->give && failed(n, "give", w->give(n)))
        return false;
    seen = w->kept ? at(*w->kept + i) : inherit(frame);
    if (w->kept)
        memset((void *)seen, 0, 4096);
    ok = seen && missed(w, n, i, seen);
    disinherit();
    return !failed(n, "clean", w->clean ? w->clean(n) : 0) && ok;
}

/* The batches of the hypervisor hold 16, 32 or 512 pages. */
static const struct {
    unsigned int n, i;
} batches[] = {
    {1, 0}, {2, 1}, {15, 14}, {16, 15}, {17, 16}, {511, 510}, {512, 511}, {513, 512},
    {513, 0},
};

static inline bool lost_in_batches(const struct way *w)
{
    for (unsigned int k = 0; k < sizeof(batches) / sizeof(batches[0]); k++)
        if (!lost(w, batches[k].n, batches[k].i)) {
            print("page %u of %u\n", batches[k].i, batches[k].n);
            return false;
        }
    return true;
}

/* --- the stage --------------------------------------------------------------------- */

/* A domain that never runs, with its grant table at two frames from gfn on. */
static inline long furnish(struct party *p, unsigned long gfn)
{
    long rc = 0;

    if (populate(p->id, MOST, 1) != 1)
        rc = -XEN_ENOMEM;
    if (!rc)
        rc = see_table(p->id, gfn, 2);
    p->table = (void *)at(gfn);
    return rc;
}

/* Most of the memory goes out of the way, so that the heir finds what was freed. */
static inline void drain_heap(void)
{
    struct xen_memory_reservation r = {.nr_extents = 1, .extent_order = 9,
                                       .domid = DOMID_SELF};
    xen_pfn_t gfn = STORE;

    set_xen_guest_handle(r.extent_start, &gfn);
    while (free_pages() > HEAP_PAGES + 512 &&
           memory_op(XENMEM_populate_physmap, &r) == 1)
        gfn += 512;
    print("%lu pages are free\n", free_pages());
}

/* Our tables do not come from the heap, where they could be in a frame that was freed. */
static inline long set_tables_aside(void)
{
    struct xen_domctl op = {0};

    op.u.paging_mempool.size = 2u << 20;
    return domctl(&op, XEN_DOMCTL_set_paging_mempool_size, 0);
}

/* A device full of marks, an heir, and our own grant table. */
static inline long set_stage(void)
{
    volatile uint64_t *page = page_alloc();
    long rc;

    devfn = edu_devfn();
    if (devfn > 255)
        return -XEN_ENODEV;
    edu_config_write(devfn, 4, edu_config_read(devfn, 4) | 6);
    rc = map_registers(devfn, REGS);
    for (unsigned int k = 0; k < 512; k++)
        page[k] = MARK;
    if (!rc && !edu_dma(regs, (uintptr_t)page, EDU_BUFFER))
        rc = -XEN_EIO;
    if (!rc)
        rc = set_tables_aside();
    drain_heap();
    self.table = (void *)at(TABLES);
    if (!rc)
        rc = own_table(TABLES);
    if (!rc)
        rc = create(1, &heir.id);
    return rc ? rc : furnish(&heir, TABLES + 2);
}

#endif
