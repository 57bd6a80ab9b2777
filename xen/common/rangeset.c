/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sorted list of disjoint ranges that do not touch. Both changes replace a run of old
 * ranges by at most two new ones, so the memory for those is taken first and nothing can
 * fail once the list is being changed (I4).
 */
#include <xen/lib.h>
#include <xen/rangeset.h>

struct range {
    struct list link;
    unsigned long s, e; /* inclusive */
};

void rangeset_init(struct rangeset *r, struct charge *c, const char *name)
{
    list_init(&r->ranges);
    rwlock_init(&r->lock, LOCK_RANGESET, name);
    r->charge = c;
    r->name = name;
}

void rangeset_destroy(struct rangeset *r)
{
    struct range *x, *next;

    if (!r->ranges.next)
        return; /* never initialised */
    list_for_each_safe(x, next, &r->ranges, link) {
        list_del(&x->link);
        charge_free(x);
    }
}

/* The first range that ends at or behind v; NULL when there is none. */
static struct range *first_ending_from(struct rangeset *r, unsigned long v)
{
    struct range *x;

    list_for_each(x, &r->ranges, link)
        if (x->e >= v)
            return x;
    return NULL;
}

static struct range *next_of(struct rangeset *r, struct range *x)
{
    return x->link.next == &r->ranges ? NULL
                                      : list_entry(x->link.next, struct range, link);
}

static struct range *range_new(struct rangeset *r, unsigned long s, unsigned long e)
{
    struct range *x = charge_alloc(r->charge, CHARGE_RANGESET, sizeof(*x));

    if (x) {
        x->s = s;
        x->e = e;
    }
    return x;
}

/* Insert n where x was, or at the end when x is NULL. */
static void insert_before(struct rangeset *r, struct range *x, struct range *n)
{
    list_add_tail(x ? &x->link : &r->ranges, &n->link);
}

static void swallow(struct range *x)
{
    list_del(&x->link);
    charge_free(x);
}

int rangeset_add(struct rangeset *r, unsigned long s, unsigned long e)
{
    struct range *x, *n, *after;

    if (s > e)
        return -EINVAL;
    n = range_new(r, s, e);
    if (!n)
        return -ENOMEM;
    write_lock(&r->lock);
    /* Everything that overlaps or touches becomes part of the new range. */
    for (x = first_ending_from(r, s ? s - 1 : 0); x; x = after) {
        if (e != ULONG_MAX && x->s > e + 1)
            break;
        after = next_of(r, x);
        n->s = MIN(n->s, x->s);
        n->e = MAX(n->e, x->e);
        swallow(x);
    }
    insert_before(r, x, n);
    write_unlock(&r->lock);
    return 0;
}

int rangeset_remove(struct rangeset *r, unsigned long s, unsigned long e)
{
    struct range *x, *after, *spare;

    if (s > e)
        return -EINVAL;
    /* Needed only where one range is cut in two. */
    spare = range_new(r, 0, 0);
    write_lock(&r->lock);
    x = first_ending_from(r, s);
    if (!spare && x && x->s < s && x->e > e) {
        write_unlock(&r->lock);
        return -ENOMEM;
    }
    for (; x && x->s <= e; x = after) {
        after = next_of(r, x);
        if (x->s < s && x->e > e) {
            spare->s = e + 1;
            spare->e = x->e;
            x->e = s - 1;
            list_add(&x->link, &spare->link);
            spare = NULL;
            break;
        }
        if (x->s < s)
            x->e = s - 1;
        else if (x->e > e)
            x->s = e + 1;
        else
            swallow(x);
    }
    write_unlock(&r->lock);
    charge_free(spare);
    return 0;
}

bool rangeset_contains(struct rangeset *r, unsigned long s, unsigned long e)
{
    struct range *x;
    bool yes;

    read_lock(&r->lock);
    x = first_ending_from(r, s);
    yes = s <= e && x && x->s <= s && x->e >= e;
    read_unlock(&r->lock);
    return yes;
}

bool rangeset_overlaps(struct rangeset *r, unsigned long s, unsigned long e)
{
    struct range *x;
    bool yes;

    read_lock(&r->lock);
    x = first_ending_from(r, s);
    yes = s <= e && x && x->s <= e;
    read_unlock(&r->lock);
    return yes;
}

bool rangeset_empty(struct rangeset *r)
{
    return list_empty(&r->ranges);
}

int rangeset_for_each(struct rangeset *r, unsigned long s, unsigned long e,
                      int (*fn)(unsigned long s, unsigned long e, void *arg), void *arg)
{
    int rc = 0;

    /* fn runs without the lock, so the place is found again for each range. */
    while (!rc && s <= e) {
        unsigned long from = 0, to = 0;
        struct range *x;
        bool found;

        read_lock(&r->lock);
        x = first_ending_from(r, s);
        found = x && x->s <= e;
        if (found) {
            from = MAX(x->s, s);
            to = MIN(x->e, e);
        }
        read_unlock(&r->lock);
        if (!found)
            break;
        rc = fn(from, to, arg);
        if (to == ULONG_MAX)
            break;
        s = to + 1;
    }
    return rc;
}
