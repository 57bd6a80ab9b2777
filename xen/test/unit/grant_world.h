/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two domains that lend each other pages, over the real p2m, heap and page references.
 * p2m_world.c watches every put; here a granter additionally watches that its use bits
 * stay set until the flush of an unmap is complete. grant_world_stop() kills both: then
 * handles, charges and free memory must be as before.
 */
#ifndef GRANT_WORLD_H
#define GRANT_WORLD_H

#include <xen/guest_access.h>

#include "../../common/grant/private.h"
#include "guest_fake.h"
#include "p2m_world.h"

#define LENT     200u
#define LENT_GFN 100ul
#define MAPTRACK_PAGES 8 /* of wd */
#define USE_BITS (GTF_reading | GTF_writing)

/* Frames of wother, number i at LENT_GFN + i; wd's only one, at gfn 50. */
extern struct page_info *lent[LENT], *own;
extern bool quarantine;                /* the test loses frames for good */
extern grant_ref_t watch_first, watch_n; /* in use at each commit, or it is a failure */

extern unsigned int lines;             /* printed; nobody waits for wother's table */

int grant_world_start(void **state);
int grant_world_stop(void **state);
void close_table(struct domain *d);    /* d dies, as far as its grants go */
void as_other(bool other);             /* who calls from now on: wother or wd */

/* An entry of wother in version 1; what it lends. */
struct grant_entry_v1 *entry(grant_ref_t ref);
void lend(grant_ref_t ref, unsigned int page, domid_t to, uint16_t flags);

long op(unsigned int cmd, void *arg, unsigned int count);
uint64_t place(unsigned int i);
/* wother's grant to wd at place(at), the result filled in; back: the status. */
struct gnttab_map_grant_ref map(grant_ref_t ref, unsigned int at, uint32_t flags);
int unmap(grant_handle_t handle, uint64_t host, uint64_t dev);
/* What is at place(i) of wd. */
enum p2m_type type_at(unsigned int i, mfn_t *mfn);
/* From a page of wd to what wother lends; the status. */
struct gnttab_copy copy_op(uint64_t from_gfn, grant_ref_t to, uint16_t len);
int copy(struct gnttab_copy *c);

#endif
