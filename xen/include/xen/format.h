/* SPDX-License-Identifier: GPL-2.0-only */
/* What the formatter asks of others for %pS, %pd and %pv. p may be NULL. */
#ifndef XEN_FORMAT_H
#define XEN_FORMAT_H

#include <xen/types.h>

void format_symbol(char *buf, size_t size, unsigned long addr);
void format_domain(char *buf, size_t size, const void *d);
void format_vcpu(char *buf, size_t size, const void *v);

#endif
