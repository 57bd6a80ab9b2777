/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASM_X86_PT_H
#define ASM_X86_PT_H

#include <xen/compiler.h>
#include <xen/types.h>

/*
 * The page-table engine: one radix tree with 512 entries a table, whatever
 * the entries look like. A format descriptor translates between an entry and
 * (frame, attributes); everything else is shared.
 *
 * Levels count from the leaves: an entry of level 0 maps one 4 KiB page, of
 * level 1 2 MiB, of level 2 1 GiB. "pfn" is the frame number being translated
 * (virtual, guest or device address >> 12), "mfn" what it translates to.
 *
 * Locking: none here. The owner of a struct pt serialises writers. A reader may
 * walk beside a writer as long as no retired table is freed under it.
 *
 * What hardware can see: every store goes through one function, whole entries
 * at a time, and a table is complete before it is linked. So at each moment a
 * pfn translates to what it was, to what it will be, or to nothing.
 */

#define PT_ENTRIES      512u
#define PT_MAX_LEVELS   6u

typedef uint64_t pt_entry_t;

/* Attributes of a translation; without R, W and X there is no translation. */
typedef uint32_t pt_attr_t;
#define PT_R            (1u << 0)
#define PT_W            (1u << 1)
#define PT_X            (1u << 2)
#define PT_USER         (1u << 3)   /* host format only */
#define PT_GLOBAL       (1u << 4)   /* host format only */
#define PT_SNOOP        (1u << 5)   /* device formats: DMA snoops caches */
#define PT_CACHE_SHIFT  8
#define PT_CACHE_MASK   (7u << PT_CACHE_SHIFT)
#define PT_WB           (0u << PT_CACHE_SHIFT)
#define PT_WT           (1u << PT_CACHE_SHIFT)
#define PT_UC_MINUS     (2u << PT_CACHE_SHIFT)
#define PT_UC           (3u << PT_CACHE_SHIFT)
#define PT_WC           (4u << PT_CACHE_SHIFT)
#define PT_WP           (5u << PT_CACHE_SHIFT)
#define PT_SOFT_SHIFT   12          /* four bits for the owner of the tree */
#define PT_SOFT_MASK    (0xfu << PT_SOFT_SHIFT)
#define PT_SOFT(x)      (((uint32_t)(x) << PT_SOFT_SHIFT) & PT_SOFT_MASK)
#define PT_SOFT_GET(a)  (((a) & PT_SOFT_MASK) >> PT_SOFT_SHIFT)
#define PT_RW           (PT_R | PT_W)
#define PT_RWX          (PT_R | PT_W | PT_X)

/*
 * How entries look. An attribute a format cannot express is dropped by leaf()
 * and missing from leaf_attr(). attr_mask lists those that survive.
 */
struct pt_format {
    const char *name;
    uint8_t min_levels, max_levels;
    uint8_t leaf_levels;        /* bit n: an entry of level n can be a leaf */
    pt_attr_t attr_mask;
    pt_entry_t (*leaf)(unsigned int level, unsigned long mfn, pt_attr_t attr);
    pt_entry_t (*table)(unsigned int level, unsigned long mfn);
    pt_attr_t (*leaf_attr)(unsigned int level, pt_entry_t e);
    /* What walks need, as data: they are the hypervisor's commonest work. */
    pt_entry_t present_bits;    /* present: one of these is set */
    pt_entry_t size_bits;       /* tell leaves from tables above level 0 */
    bool leaf_has_size;         /* a leaf has one of size_bits; false: a table has */
    pt_entry_t large_flags;     /* in a large leaf no part of the address */
};

#define PT_ADDR         0x000ffffffffff000ull

static inline bool pt_present(const struct pt_format *fmt, pt_entry_t e)
{
    return e & fmt->present_bits;
}

/* e is present. */
static inline bool pt_is_leaf(const struct pt_format *fmt, unsigned int level,
                              pt_entry_t e)
{
    return !level || !(e & fmt->size_bits) != fmt->leaf_has_size;
}

/* The frame that a present entry leads to. */
static inline unsigned long pt_mfn(const struct pt_format *fmt, unsigned int level,
                                   pt_entry_t e)
{
    pt_entry_t addr = e & PT_ADDR;

    if (level && pt_is_leaf(fmt, level, e))
        addr &= ~fmt->large_flags;
    return addr >> 12;
}

/*
 * The formats. x86: 4-level (5-level) long mode; it relies on EFER.NXE and a
 * PAT of 0x050100070406. NPT: APM vol. 2 15.25; every access is a user access,
 * so leaves are user pages. EPT: SDM vol. 3 28.3. AMD-Vi: AMD IOMMU spec 2.2.3.
 * VT-d: VT-d spec 3.7 and 9.8. The device formats carry no soft bits.
 */
extern const struct pt_format pt_x86, pt_npt, pt_ept, pt_amdvi, pt_vtd;

/*
 * The world of a tree. map_table returns a pointer that stays valid as long as
 * the table is allocated.
 */
struct pt_ops {
    /* A zeroed table. 0, or -ENOMEM with *mfn untouched. */
    int (*alloc_table)(void *ctx, unsigned long *mfn);
    /* A table that was never linked, or of a tree nobody walks any more. */
    void (*free_table)(void *ctx, unsigned long mfn);
    /*
     * A table that has just been unlinked: paging-structure caches may still
     * point to it. The owner keeps it, unchanged, until the TLB flush that
     * covers it has completed, then frees it (I1).
     */
    void (*retire_table)(void *ctx, unsigned long mfn);
    pt_entry_t *(*map_table)(void *ctx, unsigned long mfn);
    /*
     * Whether no entry of a linked table is present, for owners that count them in
     * written(); NULL: the engine looks at all 512.
     */
    bool (*table_empty)(void *ctx, unsigned long mfn);
    /* Not 0: frame 0's address in a linear map of all tables; no map_table then. */
    unsigned long direct_map;
    /*
     * Told after each store; may be NULL. For tests, and for IOMMUs that do
     * not snoop the CPU's caches.
     */
    void (*written)(void *ctx, pt_entry_t *slot, unsigned long table_mfn,
                    unsigned int index, pt_entry_t old, pt_entry_t now);
};

struct pt {
    const struct pt_format *fmt;
    const struct pt_ops *ops;
    void *ctx;
    unsigned long root;         /* mfn of the top table; 0 when there is none */
    uint8_t levels;             /* number of levels, so the root is level - 1 */
    uint8_t max_leaf;           /* largest leaf level to use */
};

/* The answer of a lookup. */
struct pt_leaf {
    unsigned long mfn;          /* of the pfn asked for; present only */
    pt_attr_t attr;             /* 0: nothing is mapped there */
    /* Size of the leaf or, where nothing is mapped, of the aligned hole. */
    uint8_t level;
};

/*
 * Progress of a range operation. The caller zeroes done, sets budget to the
 * number of entries and tables to touch before -ERESTART (0: no limit), and
 * calls again with the same arguments until the result is not -ERESTART.
 */
struct pt_cursor {
    unsigned long done;         /* pages finished from the start of the range */
    unsigned int budget;
};

/*
 * Starts a tree with an empty root. max_leaf is cut to what the format has.
 * 0, -EINVAL for a number of levels the format does not have, -ENOMEM.
 */
int pt_init(struct pt *pt, const struct pt_format *fmt, const struct pt_ops *ops,
            void *ctx, unsigned int levels, unsigned int max_leaf);

/* Number of pfns the tree can translate (2^(9 * levels)). */
unsigned long pt_limit(const struct pt *pt);

/* What pfn translates to. Never allocates; pfns past pt_limit() are a hole. */
struct pt_leaf pt_lookup(const struct pt *pt, unsigned long pfn);

/*
 * The hardware's view of an intermediate entry is rarely needed; this gives the
 * raw entry of the given level on the path to pfn, or 0 if the path ends above
 * it. For dumps.
 */
pt_entry_t pt_raw_entry(const struct pt *pt, unsigned long pfn, unsigned int level);

/*
 * Makes the path to the entry of the given level complete, splitting a superpage
 * that covers it. Translations do not change. All tables are allocated
 * before the single store that links them: -ENOMEM changes nothing. -EINVAL for
 * pfn or level out of range. Afterwards pt_set() and pt_clear() of that entry
 * cannot fail.
 */
int pt_prepare(struct pt *pt, unsigned long pfn, unsigned int level);

/*
 * Replaces the entry of the given level on the path to pfn, which must have
 * been prepared, by one leaf (attr == 0: by nothing). Tables below it are
 * retired. pfn and mfn must be aligned to the level, and the level one that the
 * format can express: anything else is a bug. Returns the number of tables retired.
 */
unsigned int pt_set(struct pt *pt, unsigned long pfn, unsigned int level,
                    unsigned long mfn, pt_attr_t attr);
static inline unsigned int pt_clear(struct pt *pt, unsigned long pfn,
                                    unsigned int level)
{
    return pt_set(pt, pfn, level, 0, 0);
}

/* An entry that pt_lookup_from() found, and where its table begins. Zeroed: nowhere. */
struct pt_place {
    pt_entry_t *table;
    unsigned long table_mfn, pfn;
    unsigned int level, index;
};

/*
 * As pt_lookup(), for one pfn after another: neighbours of the place that the call before
 * found cost no walk. Between the calls, and until pt_clear_at() has emptied the leaf at
 * the place, nothing may be added to or taken from the tree but by pt_clear_at().
 */
struct pt_leaf pt_lookup_from(const struct pt *pt, unsigned long pfn,
                              struct pt_place *at);
void pt_clear_at(struct pt *pt, const struct pt_place *at);

/*
 * Maps nr pages from pfn to mfn on with the largest leaves that alignment, format
 * and max_leaf allow, replacing what was there. 0; -ENOMEM or -ERESTART with
 * cur->done pages mapped and the others as before; -EINVAL for a range past the
 * end or attributes without R, W and X.
 */
int __must_check pt_map(struct pt *pt, unsigned long pfn, unsigned long mfn,
                        unsigned long nr, pt_attr_t attr, struct pt_cursor *cur);

/*
 * Removes nr pages from pfn on. Tables that the range covers whole are retired.
 * Results as pt_map(); -ENOMEM is possible only where a superpage that reaches
 * over an end of the range has to be split.
 */
int __must_check pt_unmap(struct pt *pt, unsigned long pfn, unsigned long nr,
                          struct pt_cursor *cur);

/*
 * Splits the leaf that covers pfn until it is of the given level or smaller.
 * 0 also if it was. -ENOMEM (nothing changed), -EINVAL.
 */
int __must_check pt_split(struct pt *pt, unsigned long pfn, unsigned int level);

/*
 * If the 512 entries below the entry of the given level (> 0) on the path to pfn
 * are leaves that one leaf can replace, do that and retire the table. Returns
 * whether it did. The translation is the same, but the table is in caches: flush.
 */
bool pt_coalesce(struct pt *pt, unsigned long pfn, unsigned int level);

/*
 * Unlinks the empty tables on the path to pfn, the root excepted, and retires
 * them. Returns how many.
 */
unsigned int pt_prune(struct pt *pt, unsigned long pfn);

/*
 * Frees the tree including its root with free_table(); no hardware may walk it
 * any more. Frees at most budget tables (0: no limit), then -ERESTART.
 */
int __must_check pt_destroy(struct pt *pt, unsigned int budget);

#endif
