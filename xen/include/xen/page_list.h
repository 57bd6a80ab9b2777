/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of frames, by number: half the room of pointers, and there is one struct
 * page_info for each frame of the machine. A frame is on one list at most. The lock that
 * protects the list protects the links on it. A list of zeroes is empty.
 */
#ifndef XEN_PAGE_LIST_H
#define XEN_PAGE_LIST_H

#include <xen/mm.h>

/* Frame 0 is never listed: low memory does not get into the heap. */
#define PAGE_LIST_END 0u

static inline void page_list_init(struct page_list *l)
{
    l->first = l->last = PAGE_LIST_END;
}

static inline bool page_list_empty(const struct page_list *l)
{
    return l->first == PAGE_LIST_END;
}

static inline struct page_info *page_list_at(uint32_t nr)
{
    return nr == PAGE_LIST_END ? NULL : mfn_to_page(_mfn(nr));
}

/* NULL: the list is empty. */
static inline struct page_info *page_list_first(const struct page_list *l)
{
    return page_list_at(l->first);
}

/* NULL behind the last one. */
static inline struct page_info *page_list_next(const struct page_info *pg)
{
    return page_list_at(pg->link.next);
}

static inline void page_list_add(struct page_list *l, struct page_info *pg)
{
    uint32_t nr = (uint32_t)mfn_x(page_to_mfn(pg));

    pg->link = (struct page_link){.prev = PAGE_LIST_END, .next = l->first};
    if (l->first == PAGE_LIST_END)
        l->last = nr;
    else
        mfn_to_page(_mfn(l->first))->link.prev = nr;
    l->first = nr;
}

static inline void page_list_add_tail(struct page_list *l, struct page_info *pg)
{
    uint32_t nr = (uint32_t)mfn_x(page_to_mfn(pg));

    pg->link = (struct page_link){.prev = l->last, .next = PAGE_LIST_END};
    if (l->last == PAGE_LIST_END)
        l->first = nr;
    else
        mfn_to_page(_mfn(l->last))->link.next = nr;
    l->last = nr;
}

/* pg is on l, or on no list: then nothing happens. */
static inline void page_list_del(struct page_list *l, struct page_info *pg)
{
    struct page_link at = pg->link;
    uint32_t nr = (uint32_t)mfn_x(page_to_mfn(pg));

    if (at.prev != PAGE_LIST_END)
        mfn_to_page(_mfn(at.prev))->link.next = at.next;
    else if (l->first == nr)
        l->first = at.next;
    else
        return;
    if (at.next != PAGE_LIST_END)
        mfn_to_page(_mfn(at.next))->link.prev = at.prev;
    else
        l->last = at.prev;
    pg->link = (struct page_link){PAGE_LIST_END, PAGE_LIST_END};
}

/* The first one, taken off; NULL: the list is empty. */
static inline struct page_info *page_list_pop(struct page_list *l)
{
    struct page_info *pg = page_list_first(l);

    if (pg)
        page_list_del(l, pg);
    return pg;
}

/* All of from moves to the end of to. */
static inline void page_list_splice_tail(struct page_list *to, struct page_list *from)
{
    if (page_list_empty(from))
        return;
    if (page_list_empty(to)) {
        to->first = from->first;
    } else {
        mfn_to_page(_mfn(to->last))->link.next = from->first;
        mfn_to_page(_mfn(from->first))->link.prev = to->last;
    }
    to->last = from->last;
    page_list_init(from);
}

#define page_list_for_each(pg, l) \
    for (pg = page_list_first(l); pg; pg = page_list_next(pg))

#endif
