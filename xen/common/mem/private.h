/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of this directory. */
#ifndef COMMON_MEM_PRIVATE_H
#define COMMON_MEM_PRIVATE_H

#include <xen/alloc.h>
#include <xen/mm.h>

/* heap_free() for n frames in a row, from anywhere. */
void heap_free_range(struct page_info *pg, unsigned long n);

/*
 * Before charge_free_pages() of one page in whose page_info something else was put where
 * its charge and tag had been.
 */
void charge_restore(struct page_info *pg, const struct charge *c, enum charge_tag tag);

#endif
