/* SPDX-License-Identifier: GPL-2.0-only */
/* The table itself: frames, versions, life and death. */
#include "private.h"

unsigned int grant_nr_entries(const struct grant_table *gt)
{
    ASSERT_LOCKED(&gt->lock);
    if (gt->closed)
        return 0;
    return gt->nr_frames * (gt->version == 1 ? V1_PER_FRAME : V2_PER_FRAME);
}

/* --- growing ----------------------------------------------------------------------- */

/* A frame more of entries, and of what belongs to it. */
static int add_frame(struct domain *d)
{
    struct grant_table *gt = d->grant_table;
    struct page_info *pg = domain_alloc_shared(d, CHARGE_GRANT_TABLE);

    if (!pg)
        return -ENOMEM;
    /* Left from a version change or an attempt that failed later: reused. */
    if (!gt->active[gt->nr_frames])
        gt->active[gt->nr_frames] = charge_alloc_array(&d->charge, CHARGE_GRANT_ACTIVE,
                                                       V1_PER_FRAME,
                                                       sizeof(struct active_grant));
    if (!gt->active[gt->nr_frames]) {
        page_put(pg);
        return -ENOMEM;
    }
    gt->shared[gt->nr_frames] = page_to_virt(pg);
    gt->nr_frames++;
    return 0;
}

/* Status frames stay once they exist: the guest may have mapped them. */
static int add_status(struct domain *d, unsigned int frames)
{
    struct grant_table *gt = d->grant_table;

    while (gt->nr_status < grant_status_frames(frames)) {
        struct page_info *pg = domain_alloc_shared(d, CHARGE_GRANT_STATUS);

        if (!pg)
            return -ENOMEM;
        gt->status[gt->nr_status++] = page_to_virt(pg);
    }
    return 0;
}

int grant_grow(struct domain *d, unsigned int frames)
{
    struct grant_table *gt = d->grant_table;
    int rc = 0;

    ASSERT_LOCKED(&gt->lock);
    if (frames > gt->max_frames || gt->closed)
        return -EINVAL;
    if (gt->version == 2)
        rc = add_status(d, MAX(frames, gt->nr_frames));
    while (!rc && gt->nr_frames < frames)
        rc = add_frame(d);
    return rc;
}

int grant_table_get_frame(struct domain *d, unsigned long idx, bool status, mfn_t *mfn)
{
    struct grant_table *gt = d->grant_table;
    unsigned long frames = status ? idx * (STATUS_PER_FRAME / V2_PER_FRAME) + 1 : idx + 1;
    int rc = -EINVAL;

    if (!gt || idx >= UINT32_MAX / STATUS_PER_FRAME)
        return -EINVAL;
    spin_lock(&gt->lock);
    if (!status || gt->version == 2)
        rc = grant_grow(d, (unsigned int)frames);
    if (!rc)
        *mfn = virt_to_mfn(status ? (void *)gt->status[idx] : gt->shared[idx]);
    spin_unlock(&gt->lock);
    return rc;
}

unsigned int grant_table_max_frames(struct domain *d, bool status)
{
    struct grant_table *gt = d->grant_table;

    if (!gt)
        return 0;
    if (!status)
        return gt->max_frames;
    return read_once(gt->version) == 2 ? grant_status_frames(gt->max_frames) : 0;
}

unsigned int grant_table_nr_frames(struct domain *d)
{
    return d->grant_table ? read_once(d->grant_table->nr_frames) : 0;
}

/* --- version ----------------------------------------------------------------------- */

/* The entries that the toolstack fills in survive, others start empty. */
struct reserved_entry {
    uint16_t flags;
    domid_t domid;
    uint64_t frame;
};

static int read_reserved(const struct grant_table *gt, struct reserved_entry *r)
{
    for (unsigned int i = 0; i < GNTTAB_NR_RESERVED_ENTRIES; i++) {
        if (gt->version == 1) {
            const struct grant_entry_v1 *e = grant_v1(gt, i);

            r[i] = (struct reserved_entry){read_once(e->flags), read_once(e->domid),
                                           read_once(e->frame)};
        } else {
            const union grant_entry_v2 *e = grant_v2(gt, i);

            r[i] =
                (struct reserved_entry){read_once(e->hdr.flags), read_once(e->hdr.domid),
                                        read_once(e->full_page.frame)};
        }
        /* The use bits are elsewhere in the other version; nothing is in use anyhow. */
        r[i].flags &= (uint16_t)~(GTF_reading | GTF_writing);
        if ((r[i].flags & GTF_type_mask) == GTF_invalid)
            continue;
        if ((r[i].flags & GTF_type_mask) != GTF_permit_access ||
            (r[i].flags & GTF_sub_page) || r[i].frame > UINT32_MAX)
            return -EINVAL;
    }
    return 0;
}

static void write_entry(struct grant_table *gt, grant_ref_t ref,
                        const struct reserved_entry *r)
{
    if (gt->version == 1) {
        struct grant_entry_v1 *e = grant_v1(gt, ref);

        write_once(e->domid, r->domid);
        write_once(e->frame, (uint32_t)r->frame);
        smp_wmb();
        write_once(e->flags, r->flags);
    } else {
        union grant_entry_v2 *e = grant_v2(gt, ref);

        write_once(e->full_page.frame, r->frame);
        write_once(e->hdr.domid, r->domid);
        smp_wmb();
        write_once(e->hdr.flags, r->flags);
    }
}

static bool any_in_use(const struct grant_table *gt)
{
    for (grant_ref_t ref = 0; ref < gt->nr_frames * V1_PER_FRAME; ref++)
        if (grant_in_use(grant_active(gt, ref)))
            return true;
    return false;
}

static void change_version(struct grant_table *gt, unsigned int version,
                           const struct reserved_entry *r)
{
    for (unsigned int i = 0; i < gt->nr_frames; i++)
        memset(gt->shared[i], 0, PAGE_SIZE);
    for (unsigned int i = 0; i < gt->nr_status; i++)
        memset(gt->status[i], 0, PAGE_SIZE);
    gt->version = version;
    for (unsigned int i = 0; i < GNTTAB_NR_RESERVED_ENTRIES; i++)
        write_entry(gt, i, &r[i]);
}

int grant_set_version(struct domain *d, unsigned int version)
{
    struct grant_table *gt = d->grant_table;
    struct reserved_entry reserved[GNTTAB_NR_RESERVED_ENTRIES];
    int rc = 0;

    if (version != 1 && version != 2)
        return -EINVAL;
    if (version > gt->max_version)
        return -ENOSYS;
    spin_lock(&gt->lock);
    if (gt->closed)
        rc = -EINVAL;
    else if (gt->version != version) {
        rc = any_in_use(gt) ? -EBUSY : read_reserved(gt, reserved);
        if (!rc && version == 2)
            rc = add_status(d, gt->nr_frames);
        if (!rc)
            change_version(gt, version, reserved);
    }
    spin_unlock(&gt->lock);
    return rc;
}

int grant_table_seed(struct domain *d, grant_ref_t ref, gfn_t gfn, domid_t domid)
{
    struct grant_table *gt = d->grant_table;
    struct reserved_entry r = {GTF_permit_access, domid, gfn_x(gfn)};
    int rc = -EINVAL;

    spin_lock(&gt->lock);
    if (ref < grant_nr_entries(gt) && gfn_x(gfn) <= UINT32_MAX) {
        write_entry(gt, ref, &r);
        rc = 0;
    }
    spin_unlock(&gt->lock);
    return rc;
}

/* --- life -------------------------------------------------------------------------- */

int grant_table_init(struct domain *d, int max_grant_frames, int max_maptrack_frames,
                     unsigned int max_version)
{
    struct grant_table *gt = charge_alloc(&d->charge, CHARGE_GRANT_TABLE, sizeof(*gt));
    int rc = -ENOMEM;

    if (!gt)
        return -ENOMEM;
    d->grant_table = gt;
    spin_lock_init(&gt->lock, LOCK_GRANT, "grant table");
    spin_lock_init(&gt->maptrack_lock, LOCK_MAPTRACK, "map tracking");
    gt->version = 1;
    gt->max_version = max_version;
    gt->max_frames = max_grant_frames < 0 ? GRANT_FRAMES_DEFAULT
                                          : MAX((unsigned int)max_grant_frames, 1U);
    gt->max_maptrack_pages = max_maptrack_frames < 0 ? MAPTRACK_FRAMES_DEFAULT
                                                     : (unsigned int)max_maptrack_frames;
    gt->maptrack_free = NO_HANDLE;
    gt->shared = charge_alloc_array(&d->charge, CHARGE_GRANT_TABLE, gt->max_frames,
                                    sizeof(gt->shared[0]));
    gt->status = charge_alloc_array(&d->charge, CHARGE_GRANT_STATUS,
                                    grant_status_frames(gt->max_frames),
                                    sizeof(gt->status[0]));
    gt->active = charge_alloc_array(&d->charge, CHARGE_GRANT_ACTIVE, gt->max_frames,
                                    sizeof(gt->active[0]));
    gt->maptrack = charge_alloc_array(&d->charge, CHARGE_MAPTRACK,
                                      MAX(gt->max_maptrack_pages, 1U),
                                      sizeof(gt->maptrack[0]));
    if (gt->shared && gt->status && gt->active && gt->maptrack) {
        spin_lock(&gt->lock);
        rc = grant_grow(d, 1);
        spin_unlock(&gt->lock);
    }
    if (rc) {
        grant_table_release_frames(d);
        grant_table_destroy(d);
    }
    return rc;
}

void grant_table_release_frames(struct domain *d)
{
    struct grant_table *gt = d->grant_table;
    unsigned int frames, status;

    if (!gt)
        return;
    spin_lock(&gt->lock);
    frames = gt->closed ? 0 : gt->nr_frames;
    status = gt->closed ? 0 : gt->nr_status;
    gt->closed = true;
    spin_unlock(&gt->lock);
    /* Nobody looks at the frames of a closed table. */
    for (unsigned int i = 0; i < frames; i++)
        page_put(virt_to_page(gt->shared[i]));
    for (unsigned int i = 0; i < status; i++)
        page_put(virt_to_page(gt->status[i]));
}

void grant_table_destroy(struct domain *d)
{
    struct grant_table *gt = d->grant_table;

    if (!gt)
        return;
    ASSERT(!gt->nr_mapped);
    for (unsigned int i = 0; gt->active && i < gt->max_frames; i++)
        charge_free(gt->active[i]);
    for (unsigned int i = 0; gt->maptrack && i < gt->nr_maptrack_pages; i++)
        charge_free(gt->maptrack[i]);
    charge_free(gt->shared);
    charge_free(gt->status);
    charge_free(gt->active);
    charge_free(gt->maptrack);
    charge_free(gt);
    d->grant_table = NULL;
}

/* The next entry in use, from *ref on; not more than a frame of them behind the lock. */
static bool next_in_use(struct grant_table *gt, grant_ref_t *ref, struct active_grant *a)
{
    bool found = false, end = false;

    while (!found && !end) {
        spin_lock(&gt->lock);
        end = *ref >= gt->nr_frames * V1_PER_FRAME;
        while (!found && !end) {
            *a = *grant_active(gt, *ref);
            found = grant_in_use(a);
            if (++*ref % V1_PER_FRAME == 0)
                break;
        }
        spin_unlock(&gt->lock);
    }
    return found;
}

#define DUMP_LINES 64   /* of one table: a guest can have ten thousands of them */

void grant_table_dump(struct domain *d)
{
    struct grant_table *gt = d->grant_table;
    struct active_grant a;
    unsigned int n = 0;
    grant_ref_t ref = 0;

    if (!gt)
        return;
    printk("d%u: version %u, %u of %u frames, %u mappings of others' pages\n",
           d->domain_id, read_once(gt->version), read_once(gt->nr_frames), gt->max_frames,
           read_once(gt->nr_mapped));
    while (next_in_use(gt, &ref, &a)) {
        if (n++ >= DUMP_LINES)
            continue;
        printk("  ref %u %s %lx for d%u: %u readers, %u writers%s\n", ref - 1,
               a.transitive ? "ref" : "gfn",
               a.transitive ? (unsigned long)a.via_ref : gfn_x(a.gfn), a.domid, a.readers,
               a.writers, a.lost ? ", lost" : "");
    }
    if (n > DUMP_LINES)
        printk("  and %u more\n", n - DUMP_LINES);
}
