/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of this directory. */
#ifndef COMMON_MEM_PRIVATE_H
#define COMMON_MEM_PRIVATE_H

#include <xen/mm.h>

/* heap_free; clean: the pages are known to be all zero. */
void heap_free_flags(struct page_info *pg, unsigned int order, bool clean);

#endif
