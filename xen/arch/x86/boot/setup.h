/* SPDX-License-Identifier: GPL-2.0-only */
/* Between head.S, setup.c and the files that bring memory up. */
#ifndef BOOT_SETUP_H
#define BOOT_SETUP_H

#include <xen/compiler.h>
#include <xen/types.h>

/* From head.S: the loader's magic and the physical address of its information. */
noreturn void start_xen(uint32_t magic, uint32_t info);

/* Find out what RAM is free. After memory_map_init(). */
void boot_memory_init(void);
/*
 * size bytes of it below limit, for good; 0: there are none. The highest that fit. Only
 * before boot_memory_to_heap(), which gives away what is left.
 */
paddr_t boot_memory_alloc(uint64_t size, uint64_t align, paddr_t limit);
void boot_memory_to_heap(void);

/*
 * The final page tables with the direct map, then the frame table; each on the one
 * before.
 */
void xen_pagetables_init(void);
void frametable_init(void);
/* Parse the ACPI tables: 0, or why there is no usable MADT. */
int acpi_boot(void);
/* Panics when a page is both writable and executable. */
void xen_pagetables_check(void);
/*
 * Boot is over: __ro_after_init becomes read-only and the .init sections go to the heap.
 */
void xen_pagetables_seal(void);

#endif
