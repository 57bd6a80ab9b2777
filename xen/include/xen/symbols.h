/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of code addresses, from the table that the build generates. */
#ifndef XEN_SYMBOLS_H
#define XEN_SYMBOLS_H

#include <xen/types.h>

/*
 * The function that addr lies in and its start and size; NULL when addr is no hypervisor
 * code. Lock free, any context.
 */
const char *symbol_lookup(unsigned long addr, unsigned long *start, unsigned long *size);
bool is_hypervisor_text(unsigned long addr);

#endif
