/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of xen/common/domain/ share. */
#ifndef DOMAIN_PRIVATE_H
#define DOMAIN_PRIVATE_H

#include <xen/ctl.h>
#include <xen/domain.h>
#include <xen/grant_table.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <asm/current.h>
#include <public/sched.h>

/* Enter d, whose id is unused, into the table of all domains: 0 or -EEXIST. */
int domain_table_insert(struct domain *d);
void domain_table_remove(struct domain *d);
/* An id that is free, at or behind the last one handed out; DOMID_INVALID: none. */
domid_t domain_table_free_id(void);

/* Free all of d's vCPUs, none of which can run any more; one TLB flush for all. */
void domain_destroy_vcpus(struct domain *d);
/* Free d and all it has; d was never in the table or has been taken out of it. */
void domain_free(struct domain *d);

/* One group of domctls each: -ENOSYS for a command that is not in it. */
long domctl_life(struct xen_domctl *op, struct domain *d);
long domctl_vcpu(struct xen_domctl *op, struct domain *d, bool *copyback);
long domctl_config(struct xen_domctl *op, struct domain *d, bool *copyback);

#endif
