/* SPDX-License-Identifier: GPL-2.0-only */
/* Grant tables: xen/common/grant/. ABI: public/grant_table.h. */
#ifndef XEN_GRANT_TABLE_H
#define XEN_GRANT_TABLE_H

#include <xen/types.h>
#include <public/grant_table.h>

struct domain;

#define GRANT_FRAMES_DEFAULT   64
#define MAPTRACK_FRAMES_DEFAULT 1024

/* max_grant/max_maptrack frames: -1 means the default; max_version 1 or 2. */
int grant_table_init(struct domain *d, int max_grant_frames, int max_maptrack_frames,
                     unsigned int max_version);
/*
 * Dying: undo d's mappings of others' grants. 0; -ERESTART; -ENOMEM, call again later:
 * all that is left is as it was (not for domains whose device tables are gone).
 */
int grant_table_release_mappings(struct domain *d);
/* Dying, mappings released: give the shared and status frames back; no use afterwards. */
void grant_table_release_frames(struct domain *d);
/* Last reference gone: free the rest; idempotent. */
void grant_table_destroy(struct domain *d);

/*
 * Frame idx (status: of the v2 status array) for XENMAPSPACE_grant_table and
 * XENMEM_acquire_resource; grows the table as needed. The frame is PGC_SHARED; no
 * reference is taken. -EINVAL beyond the maximum, -ENOMEM.
 */
int grant_table_get_frame(struct domain *d, unsigned long idx, bool status, mfn_t *mfn);

/*
 * d's grant ref for its gfn is made by the hypervisor for domid (console, xenstore
 * rings).
 */
int grant_table_seed(struct domain *d, grant_ref_t ref, gfn_t gfn, domid_t domid);

/* Frames (of the v2 status array: 0 in version 1) the table may grow to. */
unsigned int grant_table_max_frames(struct domain *d, bool status);
unsigned int grant_table_nr_frames(struct domain *d);
void grant_table_dump(struct domain *d); /* debug key 'g' */

#endif
