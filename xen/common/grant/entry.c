/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pinning an entry. The granter writes the entry and may withdraw it at any time, unless
 * it sees it in use. So: announce the use, then look whether the grant still stands; in
 * version 1 flags, domain and use bits are one word and a compare-and-swap does both.
 */
#include <asm/nospec.h>
#include <asm/p2m.h>

#include "private.h"

#define SWAP_TRIES 8

/* What an entry says, read once. */
struct terms {
    uint16_t flags;
    uint64_t frame;             /* gfn */
    uint16_t start, length;
    bool transitive;
    domid_t via;
    grant_ref_t via_ref;
};

static bool permits(uint16_t flags, domid_t domid, domid_t who, unsigned int pin)
{
    unsigned int type = flags & GTF_type_mask;

    if (domid != who)
        return false;
    if (type == GTF_transitive ? pin & (PIN_WHOLE | PIN_NO_TRANS)
                               : type != GTF_permit_access)
        return false;
    /* Memory types of the granter's choice are not offered to mappings. */
    if ((pin & PIN_WHOLE) && (flags & (GTF_sub_page | GTF_PWT | GTF_PCD | GTF_PAT)))
        return false;
    return !(pin & PIN_WRITE) || !(flags & GTF_readonly);
}

static uint16_t use_bits(unsigned int pin)
{
    return (uint16_t)(GTF_reading | (pin & PIN_WRITE ? GTF_writing : 0));
}

static int announce_v1(struct grant_entry_v1 *e, domid_t who, unsigned int pin,
                       struct terms *t, bool *announced)
{
    uint32_t *word = (uint32_t *)e, w = read_once(*word);

    BUILD_BUG_ON(offsetof(struct grant_entry_v1, domid) != 2);
    for (unsigned int i = 0; i < SWAP_TRIES; i++) {
        uint16_t flags = (uint16_t)w;

        /* Bits of version 2 mean nothing here. */
        if ((flags & GTF_type_mask) == GTF_transitive ||
            !permits(flags & (uint16_t)~GTF_sub_page, (domid_t)(w >> 16), who, pin))
            return GNTST_general_error;
        if (__atomic_compare_exchange_n(word, &w, w | use_bits(pin), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            *announced = true;
            *t = (struct terms){.flags = flags & (uint16_t)~GTF_sub_page,
                                .frame = read_once(e->frame), .length = PAGE_SIZE};
            return GNTST_okay;
        }
    }
    return GNTST_general_error;
}

static int announce_v2(union grant_entry_v2 *e, grant_status_t *status, domid_t who,
                       unsigned int pin, struct terms *t, bool *announced)
{
    uint32_t *word = (uint32_t *)e, before = read_once(*word);

    if (!permits((uint16_t)before, (domid_t)(before >> 16), who, pin))
        return GNTST_general_error;
    __atomic_fetch_or(status, use_bits(pin), __ATOMIC_SEQ_CST);
    *announced = true;
    if (read_once(*word) != before)
        return GNTST_general_error;

    *t = (struct terms){.flags = (uint16_t)before, .length = PAGE_SIZE};
    t->transitive = (t->flags & GTF_type_mask) == GTF_transitive;
    if (t->transitive) {
        t->via = read_once(e->transitive.trans_domid);
        t->via_ref = read_once(e->transitive.gref);
        return GNTST_okay;
    }
    t->frame = read_once(e->full_page.frame);
    if (t->flags & GTF_sub_page) {
        t->start = read_once(e->sub_page.page_off);
        t->length = read_once(e->sub_page.length);
    }
    return GNTST_okay;
}

/* Take back what no pin needs any more. [gt->lock] */
static void retract(struct grant_table *gt, grant_ref_t ref)
{
    const struct active_grant *a = grant_active(gt, ref);
    uint16_t gone = 0;

    if (gt->closed || a->lost)
        return;
    if (!a->writers)
        gone |= GTF_writing;
    if (!a->writers && !a->readers)
        gone |= GTF_reading;
    if (gt->version == 1)
        __atomic_fetch_and(&grant_v1(gt, ref)->flags, (uint16_t)~gone, __ATOMIC_SEQ_CST);
    else
        __atomic_fetch_and(grant_status(gt, ref), (uint16_t)~gone, __ATOMIC_SEQ_CST);
}

/*
 * A granter that changes an entry in use would have one pin's page, or lack of one, stand
 * for what another was promised.
 */
static bool same_terms(const struct active_grant *a, const struct terms *t)
{
    if (a->transitive != t->transitive)
        return false;
    if (t->transitive)
        return a->via == t->via && a->via_ref == t->via_ref;
    return gfn_x(a->gfn) == t->frame && a->start == t->start && a->length == t->length;
}

/*
 * The granter's frame, or what a transitive grant stands for: the first pin keeps it,
 * later ones use the same. [gt->lock]
 */
static int take_frame(struct domain *granter, struct active_grant *a,
                      const struct terms *t, bool write)
{
    bool in_use = a->readers | a->writers;
    struct page_info *pg;

    if (in_use && !same_terms(a, t))
        return GNTST_general_error;
    if (in_use && (!write || a->writers))
        return GNTST_okay;
    if (t->transitive) {
        a->transitive = true;
        a->via = t->via;
        a->via_ref = t->via_ref;
        return GNTST_okay;
    }
    pg = p2m_get_page(granter, in_use ? a->gfn : _gfn(t->frame), NULL,
                      P2M_GET_OWN | (write ? P2M_GET_WRITE : 0));
    if (!pg)
        return GNTST_bad_page;
    if (in_use) {
        /* The first writer beside readers: it may write, but only to that frame. */
        bool same = pg == a->page;

        page_put(pg);
        return same ? GNTST_okay : GNTST_bad_page;
    }
    a->page = pg;
    a->transitive = false;
    a->gfn = _gfn(t->frame);
    a->start = t->start;
    a->length = t->length;
    return GNTST_okay;
}

/* [granter's table lock] */
static int pin_entry(struct domain *granter, grant_ref_t ref, domid_t who,
                     unsigned int pin, struct terms *t)
{
    struct grant_table *gt = granter->grant_table;
    struct active_grant *a;
    bool write = pin & PIN_WRITE, announced = false;
    int rc;

    if (ref >= grant_nr_entries(gt))
        return GNTST_bad_gntref;
    ref = (grant_ref_t)array_index_nospec(ref, grant_nr_entries(gt));
    a = grant_active(gt, ref);
    if (a->lost || ((a->readers | a->writers) && a->domid != who))
        return GNTST_general_error;
    if (a->readers == UINT32_MAX || a->writers == UINT32_MAX)
        return GNTST_no_space;
    rc = gt->version == 1
             ? announce_v1(grant_v1(gt, ref), who, pin, t, &announced)
             : announce_v2(grant_v2(gt, ref), grant_status(gt, ref), who, pin, t,
                           &announced);
    if (rc == GNTST_okay && (uint32_t)t->start + t->length > PAGE_SIZE)
        rc = GNTST_general_error;
    if (rc == GNTST_okay)
        rc = take_frame(granter, a, t, write);
    if (rc != GNTST_okay) {
        /* The bits of an entry that never was ours to use may mean something else. */
        if (announced)
            retract(gt, ref);
        return rc;
    }
    a->domid = who;
    if (write)
        a->writers++;
    else
        a->readers++;
    return GNTST_okay;
}

void grant_unpin_ref(struct domain *granter, grant_ref_t ref, bool write)
{
    struct grant_table *gt = granter->grant_table;
    struct page_info *last = NULL;
    struct active_grant *a;

    spin_lock(&gt->lock);
    a = grant_active(gt, ref);
    ASSERT(write ? a->writers : a->readers);
    if (write)
        a->writers--;
    else
        a->readers--;
    a->lost |= a->page && (read_once(a->page->count) & PGC_QUARANTINED);
    if (!a->readers && !a->writers) {
        last = a->page;
        a->page = NULL;
    }
    retract(gt, ref);
    spin_unlock(&gt->lock);
    if (last)
        page_put(last);
}

/* The entry stands for another's: pin that one on behalf of this granter. */
static int pin_via(struct domain *granter, const struct terms *t, unsigned int pin,
                   struct pinned_grant *out)
{
    struct domain *via = domain_get_by_id(t->via);
    struct pinned_grant inner;
    int rc = GNTST_bad_domain;

    if (via && via != granter && t->via != DOMID_SELF)
        rc = grant_pin(via, t->via_ref, granter->domain_id,
                       (pin & PIN_WRITE) | PIN_NO_TRANS, &inner);
    if (rc != GNTST_okay) {
        if (via)
            domain_put(via);
        return rc;
    }
    out->page = inner.page;
    out->start = inner.start;
    out->length = inner.length;
    out->via = via;
    out->via_ref = t->via_ref;
    return GNTST_okay;
}

int grant_pin(struct domain *granter, grant_ref_t ref, domid_t who, unsigned int flags,
              struct pinned_grant *pin)
{
    struct grant_table *gt = granter->grant_table;
    struct terms t;
    int rc;

    *pin =
        (struct pinned_grant){.granter = granter, .ref = ref, .write = flags & PIN_WRITE};
    if (!gt)
        return GNTST_bad_domain;
    spin_lock(&gt->lock);
    rc = pin_entry(granter, ref, who, flags, &t);
    if (rc == GNTST_okay) {
        const struct active_grant *a = grant_active(gt, ref);

        pin->page = a->page;
        pin->start = a->start;
        pin->length = a->length;
    }
    spin_unlock(&gt->lock);
    if (rc != GNTST_okay || !t.transitive)
        return rc;
    rc = pin_via(granter, &t, flags, pin);
    if (rc != GNTST_okay)
        grant_unpin_ref(granter, ref, pin->write);
    return rc;
}

void grant_unpin(const struct pinned_grant *pin)
{
    if (pin->via) {
        grant_unpin_ref(pin->via, pin->via_ref, pin->write);
        domain_put(pin->via);
    }
    grant_unpin_ref(pin->granter, pin->ref, pin->write);
}
