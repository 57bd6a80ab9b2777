/* SPDX-License-Identifier: GPL-2.0-only */
/* Circular doubly linked lists. The caller's lock protects a list. */
#ifndef XEN_LIST_H
#define XEN_LIST_H

#include <xen/compiler.h>
#include <xen/types.h>

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(name) {&(name), &(name)}
#define LIST(name) struct list name = LIST_INIT(name)

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

/* Put e right behind at: at the head of the list when at is the list itself. */
static inline void list_add(struct list *at, struct list *e)
{
    struct list *after = at->next;

    e->prev = at;
    e->next = after;
    at->next = e;
    after->prev = e;
}

static inline void list_add_tail(struct list *l, struct list *e)
{
    list_add(l->prev, e);
}

/* Take e out; e becomes an empty list, so a second removal is harmless. */
static inline void list_del(struct list *e)
{
    struct list *p = e->prev, *n = e->next;

    p->next = n;
    n->prev = p;
    list_init(e);
}

/* Move all of from to the end of to; from is empty afterwards. */
static inline void list_splice_tail(struct list *to, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_first(l, type, member) list_entry((l)->next, type, member)

#define list_for_each(e, l, member)                                            \
    for (e = list_entry((l)->next, __typeof__(*e), member); &e->member != (l); \
         e = list_entry(e->member.next, __typeof__(*e), member))

/* As list_for_each; e may be removed or freed in the body. */
#define list_for_each_safe(e, tmp, l, member)                                  \
    for (e = list_entry((l)->next, __typeof__(*e), member),                    \
        tmp = list_entry(e->member.next, __typeof__(*e), member);              \
         &e->member != (l);                                                    \
         e = tmp, tmp = list_entry(tmp->member.next, __typeof__(*e), member))

/* Lists of frames, by frame number; the functions are in xen/page_list.h. */
struct page_link {
    uint32_t next, prev;
};
struct page_list {
    uint32_t first, last;
};

#endif
