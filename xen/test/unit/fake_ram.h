/* SPDX-License-Identifier: GPL-2.0-only */
/* RAM for host tests: two pieces, one below and one above 4 GiB, a hole between them. */
#ifndef FAKE_RAM_H
#define FAKE_RAM_H

#include <xen/mm.h>

#define FAKE_LOW_MFN    0x00300UL
#define FAKE_LOW_PAGES  1024UL
#define FAKE_HIGH_MFN   0x100000UL
#define FAKE_HIGH_PAGES 2048UL

/* Fresh frames, all reserved, contents 0xa5; then heap_add_range() of both pieces. */
void fake_ram_init(void);

#endif
