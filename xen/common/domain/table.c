/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of all domains and the references to them. */
#include "private.h"

struct domain *dom0;

static LIST(all_domains);
static DEFINE_RWLOCK(table_lock, LOCK_DOMLIST);

static bool ref_unless_zero(struct domain *d)
{
    uint32_t n = read_once(d->refcount);

    while (n) {
        if (__atomic_compare_exchange_n(&d->refcount, &n, n + 1, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

/* First domain with an id >= id; table_lock is held. */
static struct list *find_at_least(domid_t id)
{
    struct list *at = all_domains.next;

    while (at != &all_domains && list_entry(at, struct domain, link)->domain_id < id)
        at = at->next;
    return at;
}

int domain_table_insert(struct domain *d)
{
    struct list *at;
    int rc = 0;

    write_lock(&table_lock);
    at = find_at_least(d->domain_id);
    if (at != &all_domains &&
        list_entry(at, struct domain, link)->domain_id == d->domain_id)
        rc = -EEXIST;
    else
        list_add(at->prev, &d->link);
    write_unlock(&table_lock);
    return rc;
}

void domain_table_remove(struct domain *d)
{
    write_lock(&table_lock);
    list_del(&d->link);
    write_unlock(&table_lock);
}

domid_t domain_table_free_id(void)
{
    static domid_t last; /* [table_lock] ids are not reused soon: logs stay readable */
    domid_t id;
    unsigned int tries;

    write_lock(&table_lock);
    id = last;
    for (tries = 0; tries < DOMID_LIMIT; tries++) {
        struct list *at;

        id = id + 1U < DOMID_LIMIT ? (domid_t)(id + 1) : 1;
        at = find_at_least(id);
        if (at == &all_domains || list_entry(at, struct domain, link)->domain_id != id)
            break;
    }
    if (tries == DOMID_LIMIT)
        id = DOMID_INVALID;
    else
        last = id;
    write_unlock(&table_lock);
    return id;
}

struct domain *domain_get_by_id(domid_t id)
{
    struct domain *found = NULL;
    struct list *at;

    if (id == DOMID_SELF)
        id = current->domain->domain_id;
    read_lock(&table_lock);
    at = find_at_least(id);
    if (at != &all_domains) {
        struct domain *d = list_entry(at, struct domain, link);

        if (d->domain_id == id && ref_unless_zero(d))
            found = d;
    }
    read_unlock(&table_lock);
    return found;
}

struct domain *domain_next(struct domain *prev, domid_t from)
{
    struct domain *found = NULL;
    struct list *at;

    read_lock(&table_lock);
    at = prev ? prev->link.next : find_at_least(from);
    for (; at != &all_domains && !found; at = at->next) {
        struct domain *d = list_entry(at, struct domain, link);

        if (ref_unless_zero(d))
            found = d;
    }
    read_unlock(&table_lock);
    if (prev)
        domain_put(prev);
    return found;
}

void domain_get(struct domain *d)
{
    uint32_t n = __atomic_fetch_add(&d->refcount, 1, __ATOMIC_RELAXED);

    BUG_ON(n == 0 || n == UINT32_MAX);
}

void domain_put(struct domain *d)
{
    uint32_t n = __atomic_fetch_sub(&d->refcount, 1, __ATOMIC_ACQ_REL);

    BUG_ON(n == 0);
    if (n == 1)
        tasklet_schedule(&d->final_free);
}
