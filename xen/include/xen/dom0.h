/* SPDX-License-Identifier: GPL-2.0-only */
/* Building domain 0: xen/arch/x86/dom0/. */
#ifndef XEN_DOM0_H
#define XEN_DOM0_H

#include <xen/init.h>

struct domain;

/*
 * Build domain 0 from the boot modules. It is still paused once: domain_unpause(dom0)
 * when boot is over. A problem with what the administrator gave (kernel, initrd,
 * dom0_mem) panics with one clear line.
 */
int dom0_build(void);

/* Page-table memory for a domain 0 of that many frames. */
int arch_set_dom0_pool(struct domain *d, unsigned long nr_pages);
/* Take the hypervisor's own ports and device frames out of d's permissions. */
int arch_dom0_deny(struct domain *d);

#endif
