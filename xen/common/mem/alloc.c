/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small objects in one-page slabs of fixed size classes; larger ones in whole pages. A
 * small object has a header with charge and tag in front. For whole pages these are in
 * the first page's page_info.aux, and what charge_alloc() (not charge_alloc_pages()) took
 * keeps the number of pages in page_info.type, which nobody else uses there. Small
 * objects are never page aligned, so charge_free() can tell the two kinds apart.
 */
#include <xen/alloc.h>
#include <xen/bitops.h>
#include <xen/lib.h>
#include <xen/list.h>
#include <xen/mm.h>
#include <xen/spinlock.h>

#include "private.h"

#define OBJ_MAGIC  0x4a42u
#define SLAB_MAGIC 0x534c4142u

struct obj {
    struct charge *charge;
    uint16_t magic;     /* OBJ_MAGIC while allocated */
    uint8_t tag, class;
    uint32_t pad;
};
BUILD_BUG_ON(sizeof(struct obj) != 16);

struct slab {
    struct list link;   /* on its class's list while it has room */
    uint32_t magic;
    uint16_t class, in_use;
    struct free_obj *free;
    uint64_t pad[4];
};
BUILD_BUG_ON(sizeof(struct slab) != 64);

struct free_obj {
    struct free_obj *next;
};

/* Object sizes, headers included; chosen to fill the 4032 bytes of a slab well. */
static const uint16_t class_size[] = {
    32, 48, 64, 96, 128, 192, 256, 336, 448, 576, 800, 1008, 1344, 2016,
};
#define CLASSES ARRAY_SIZE(class_size)
#define SMALL_MAX (2016 - sizeof(struct obj))

static DEFINE_SPINLOCK(alloc_lock, LOCK_ALLOC);
static struct list partial[CLASSES]; /* [alloc_lock] */

static void charge_add(struct charge *c, unsigned int tag, uint64_t bytes)
{
    alloc_count_bytes((int64_t)bytes);
    if (!c)
        return;
    __atomic_fetch_add(&c->bytes[tag], bytes, __ATOMIC_RELAXED);
    __atomic_fetch_add(&c->objects[tag], 1, __ATOMIC_RELAXED);
}

static void charge_sub(struct charge *c, unsigned int tag, uint64_t bytes)
{
    uint64_t had, objects;

    alloc_count_bytes(-(int64_t)bytes);
    if (!c)
        return;
    had = __atomic_fetch_sub(&c->bytes[tag], bytes, __ATOMIC_RELAXED);
    objects = __atomic_fetch_sub(&c->objects[tag], 1, __ATOMIC_RELAXED);
    BUG_ON(had < bytes || !objects);
}

/* aux of a page in use: order, tag, and the low 48 bits of the charge's address. */
static uint64_t aux_pack(const struct charge *c, unsigned int tag, unsigned int order)
{
    return (uint64_t)(uintptr_t)c << 16 | (uint64_t)tag << 8 | order;
}

static struct charge *aux_charge(uint64_t aux)
{
    return (struct charge *)(uintptr_t)((int64_t)aux >> 16);
}

/* --- slabs ------------------------------------------------------------------------- */

static struct slab *slab_create(unsigned int class)
{
    struct page_info *pg = heap_alloc_for(NULL, 0, 0);
    unsigned int size = class_size[class];
    struct slab *s;
    char *o;

    if (!pg)
        return NULL;
    s = page_to_virt(pg);
    *s = (struct slab){.magic = SLAB_MAGIC, .class = (uint16_t)class};
    for (o = (char *)(s + 1); o + size <= (char *)s + PAGE_SIZE; o += size) {
        struct free_obj *f = (struct free_obj *)(o + sizeof(struct obj));

        ((struct obj *)o)->magic = 0;
        f->next = s->free;
        s->free = f;
    }
    return s;
}

static void *small_alloc(struct charge *c, enum charge_tag tag, unsigned int class)
{
    uint64_t irq = spin_lock_irqsave(&alloc_lock);
    struct list *l = &partial[class];
    struct free_obj *f;
    struct slab *s;
    struct obj *o;

    if (!l->next)
        list_init(l);
    if (list_empty(l)) {
        s = slab_create(class);
        if (!s) {
            spin_unlock_irqrestore(&alloc_lock, irq);
            return NULL;
        }
        list_add(l, &s->link);
    }
    s = list_first(l, struct slab, link);
    f = s->free;
    s->free = f->next;
    s->in_use++;
    if (!s->free)
        list_del(&s->link);
    spin_unlock_irqrestore(&alloc_lock, irq);

    o = (struct obj *)f - 1;
    *o = (struct obj){.charge = c, .magic = OBJ_MAGIC, .tag = (uint8_t)tag,
                      .class = (uint8_t)class};
    memset(f, 0, class_size[class] - sizeof(*o));
    charge_add(c, tag, class_size[class]);
    return f;
}

/* Debug builds: whoever still uses what was freed shall notice. */
static void spoil(void *p, size_t size)
{
#ifdef CONFIG_DEBUG
    memset(p, 0xa5, size);
#endif
}

static void small_free(void *p)
{
    struct slab *s = (struct slab *)((uintptr_t)p & PAGE_MASK);
    struct obj *o = (struct obj *)p - 1;
    struct free_obj *f = p;
    uint64_t irq;
    bool empty;

    BUG_ON(s->magic != SLAB_MAGIC || o->magic != OBJ_MAGIC || o->class != s->class);
    charge_sub(o->charge, o->tag, class_size[o->class]);
    o->magic = 0;
    spoil(p, class_size[o->class] - sizeof(*o));

    irq = spin_lock_irqsave(&alloc_lock);
    if (!s->free)
        list_add(&partial[s->class], &s->link);
    f->next = s->free;
    s->free = f;
    empty = --s->in_use == 0;
    if (empty)
        list_del(&s->link);
    spin_unlock_irqrestore(&alloc_lock, irq);
    if (empty) {
        s->magic = 0;
        heap_free(virt_to_page(s), 0);
    }
}

/* --- whole pages ------------------------------------------------------------------- */

static void *large_alloc(struct charge *c, enum charge_tag tag, size_t size)
{
    unsigned long pages = DIV_ROUND_UP(size, PAGE_SIZE);
    unsigned int order = order_from_bytes(size);
    struct page_info *pg;

    if (order > MAX_ORDER)
        return NULL;
    pg = heap_alloc_for(NULL, order, 0);
    if (!pg)
        return NULL;
    heap_free_range(pg + pages, (1UL << order) - pages);
    pg->aux = aux_pack(c, tag, 0);
    pg->type = pages;
    memset(page_to_virt(pg), 0, pages << PAGE_SHIFT);
    charge_add(c, tag, pages << PAGE_SHIFT);
    return page_to_virt(pg);
}

static void large_free(void *p)
{
    struct page_info *pg = virt_to_page(p);
    unsigned long pages = pg->type;

    BUG_ON(!pages || pages > 1UL << MAX_ORDER);
    charge_sub(aux_charge(pg->aux), (pg->aux >> 8) & 0xff, pages << PAGE_SHIFT);
    pg->type = 0;
    spoil(p, pages << PAGE_SHIFT);
    heap_free_range(pg, pages);
}

/* --- the interface ----------------------------------------------------------------- */

void *charge_alloc(struct charge *c, enum charge_tag tag, size_t size)
{
    unsigned int class = 0;

    if (alloc_should_fail())
        return NULL;
    if (size > SMALL_MAX)
        return large_alloc(c, tag, size);
    while (class_size[class] < size + sizeof(struct obj))
        class++;
    return small_alloc(c, tag, class);
}

void *charge_alloc_array(struct charge *c, enum charge_tag tag, size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    return charge_alloc(c, tag, bytes);
}

void charge_free(void *p)
{
    if (!p)
        return;
    if ((uintptr_t)p & ~PAGE_MASK)
        small_free(p);
    else
        large_free(p);
}

void charge_disown(void *p)
{
    struct page_info *pg = virt_to_page(p);
    struct obj *o = (struct obj *)p - 1;

    if ((uintptr_t)p & ~PAGE_MASK) {
        charge_sub(o->charge, o->tag, class_size[o->class]);
        charge_add(NULL, o->tag, class_size[o->class]);
        o->charge = NULL;
    } else {
        unsigned int tag = (pg->aux >> 8) & 0xff;

        charge_sub(aux_charge(pg->aux), tag, pg->type << PAGE_SHIFT);
        charge_add(NULL, tag, pg->type << PAGE_SHIFT);
        pg->aux = aux_pack(NULL, tag, 0);
    }
}

void *charge_alloc_pages(struct charge *c, enum charge_tag tag, unsigned int order)
{
    struct page_info *pg;

    if (alloc_should_fail())
        return NULL;
    pg = heap_alloc_for(NULL, order, MEMF_ZERO);
    if (!pg)
        return NULL;
    pg->aux = aux_pack(c, tag, order);
    charge_add(c, tag, PAGE_SIZE << order);
    return page_to_virt(pg);
}

void charge_restore(struct page_info *pg, const struct charge *c, enum charge_tag tag)
{
    pg->aux = aux_pack(c, tag, 0);
}

void charge_free_pages(void *p, unsigned int order)
{
    struct page_info *pg;

    if (!p)
        return;
    pg = virt_to_page(p);
    BUG_ON((pg->aux & 0xff) != order);
    charge_sub(aux_charge(pg->aux), (pg->aux >> 8) & 0xff, PAGE_SIZE << order);
    heap_free(pg, order);
}
