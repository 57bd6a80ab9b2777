/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of hvm/dev/ only. */
#ifndef HVM_DEV_DEV_H
#define HVM_DEV_DEV_H

#include <xen/types.h>

struct domain;
struct vcpu;
struct vpit;

void dump_init(void);               /* the debug key */
int ports_init(struct domain *d);   /* -ENOMEM */

/* The counters' ports, as I/O handlers; data is the struct vpit. */
int vpit_read(struct vcpu *v, uint64_t port, unsigned int size, uint64_t *val,
              void *data);
int vpit_write(struct vcpu *v, uint64_t port, unsigned int size, uint64_t val,
               void *data);
/* Domain 0's ports: counter 2 is the machine's. -ENOMEM */
int vpit_host_init(struct domain *d, struct vpit *pit);

#endif
