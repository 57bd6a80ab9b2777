/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses between VMAP_VIRT_START and _END, handed out first fit with a gap behind
 * each.
 */
#include <xen/alloc.h>
#include <xen/lib.h>
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
    unsigned long va = VMAP_VIRT_START;
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

static void *map_device(paddr_t pa, size_t len, uint64_t flags)
{
    paddr_t first = ROUND_DOWN(pa, PAGE_SIZE);
    struct area *a = xalloc(struct area);
    int rc;

    if (!a || !len)
        goto fail;
    a->len = ROUND_UP(pa + len, PAGE_SIZE) - first;
    spin_lock(&area_lock);
    rc = area_insert(a);
    spin_unlock(&area_lock);
    if (rc)
        goto fail;
    rc = map_pages_to_xen(a->va, first, a->len, flags | PTE_W | PTE_NX);
    if (rc) {
        spin_lock(&area_lock);
        list_del(&a->link);
        spin_unlock(&area_lock);
        goto fail;
    }
    return (char *)a->va + (pa - first);
fail:
    xfree(a);
    return NULL;
}

void *ioremap(paddr_t pa, size_t len)
{
    return map_device(pa, len, PTE_PCD | PTE_PWT);
}

void *ioremap_cached(paddr_t pa, size_t len)
{
    return map_device(pa, len, 0);
}

void iounmap(void *va)
{
    unsigned long v = (unsigned long)va & PAGE_MASK;
    struct area *a, *found = NULL;

    if (!va)
        return;
    spin_lock(&area_lock);
    list_for_each(a, &areas, link) {
        if (a->va == v) {
            found = a;
            break;
        }
    }
    spin_unlock(&area_lock);
    BUG_ON(!found);
    /* The address is free for others only when no TLB has it any more. */
    unmap_pages_from_xen(found->va, found->len);
    spin_lock(&area_lock);
    list_del(&found->link);
    spin_unlock(&area_lock);
    xfree(found);
}
