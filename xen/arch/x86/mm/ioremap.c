/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device memory at addresses between VMAP_VIRT_START and _END, handed out first fit with
 * an unmapped page on either side of each.
 */
#include <xen/alloc.h>
#include <xen/lib.h>
#include <xen/list.h>
#include <xen/mm.h>

struct area {
    struct list link;      /* ascending by va [area_lock] */
    unsigned long va;
    size_t len;            /* mapped; one unmapped page follows */
};

static DEFINE_SPINLOCK(area_lock, LOCK_VMAP_AREA);
static struct list areas = LIST_INIT(areas);

/* Give a its address and put it on the list. -ENOSPC: the range is full. */
static int area_insert(struct area *a)
{
    struct list *before = &areas;
    unsigned long va = VMAP_VIRT_START + PAGE_SIZE;
    struct area *at;

    list_for_each(at, &areas, link) {
        if (at->va - va >= a->len + PAGE_SIZE)
            break;
        va = at->va + at->len + PAGE_SIZE;
        before = &at->link;
    }
    if (va + a->len + PAGE_SIZE > VMAP_VIRT_END)
        return -ENOSPC;
    a->va = va;
    list_add(before, &a->link);
    return 0;
}

static struct area *area_find(unsigned long va)
{
    struct area *a;

    list_for_each(a, &areas, link)
        if (a->va == va)
            return a;
    return NULL;
}

/* The address of a, whose length is known; NULL: there is none, and a is gone. */
static void *map_area(struct area *a, paddr_t pa, uint64_t flags)
{
    int rc;

    spin_lock(&area_lock);
    rc = area_insert(a);
    spin_unlock(&area_lock);
    if (rc)
        goto fail;
    rc = map_pages_to_xen(a->va, pa, a->len, flags | PTE_W | PTE_NX);
    if (rc) {
        spin_lock(&area_lock);
        list_del(&a->link);
        spin_unlock(&area_lock);
        goto fail;
    }
    return (void *)a->va;
fail:
    charge_free(a);
    return NULL;
}

static void *map_device(struct area *a, paddr_t pa, size_t len, uint64_t flags)
{
    paddr_t first = ROUND_DOWN(pa, PAGE_SIZE);
    char *va;

    if (!a)
        return NULL;
    /* Whole pages. */
    a->len = ROUND_UP(pa + len, PAGE_SIZE) - first;
    va = map_area(a, first, flags);
    return va ? va + (pa - first) : NULL;
}

void *ioremap_for(struct charge *c, unsigned int tag, paddr_t pa, size_t len)
{
    struct area *a = len ? charge_alloc(c, tag, sizeof(*a)) : NULL;

    return map_device(a, pa, len, PTE_PCD | PTE_PWT);
}

void *ioremap(paddr_t pa, size_t len)
{
    return ioremap_for(NULL, CHARGE_MISC, pa, len);
}

void *ioremap_cached(paddr_t pa, size_t len)
{
    return map_device(len ? xalloc(struct area) : NULL, pa, len, 0);
}

void iounmap(void *va)
{
    struct area *a;

    if (!va)
        return;
    spin_lock(&area_lock);
    a = area_find((unsigned long)va & PAGE_MASK);
    spin_unlock(&area_lock);
    BUG_ON(!a);
    /* The address is free for others only when no TLB has it any more. */
    unmap_pages_from_xen(a->va, a->len);
    spin_lock(&area_lock);
    list_del(&a->link);
    spin_unlock(&area_lock);
    charge_free(a);
}
