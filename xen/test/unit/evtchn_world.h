/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two domains with three vCPUs each for tests of event channels, seen as the guests see
 * them: bits in shared_info, queues in event words. evtchn_world_stop() kills both and
 * fails when an allocation, a pinned page or a reference is left.
 */
#ifndef EVTCHN_WORLD_H
#define EVTCHN_WORLD_H

#include <xen/hypercall.h>
#include <asm/current.h>

#include "../../common/evtchn/private.h"

#define VCPUS 3
#define PAGES 140

struct world {
    struct domain d[2];
    struct vcpu v[2][VCPUS];
    struct vcpu *vp[2][VCPUS];
    struct shared_info shared[2] __attribute__((aligned(4096)));
    struct vcpu_info dummy[2];
};

extern struct world *w;
extern char ram[PAGES][PAGE_SIZE]; /* gfn n of either domain is page n */
extern struct page_info frames[PAGES];
extern unsigned int injected[2][VCPUS], unblocked[2][VCPUS];
/* Left over; the nth fails; the nth preemption check says yes. */
extern int allocations, alloc_fail_in, preempt_after;

int evtchn_world_start(void **state);
int evtchn_world_stop(void **state);

/* Who calls from now on. */
void as(unsigned int dom, unsigned int vcpu);
long op(unsigned int cmd, void *arg);
/* Those that must succeed. */
evtchn_port_t alloc_unbound(domid_t dom, domid_t remote);
evtchn_port_t connect_to(domid_t remote, evtchn_port_t port);
evtchn_port_t bind_virq(uint32_t virq, uint32_t vcpu);
struct evtchn_status status_of(domid_t dom, evtchn_port_t port);
/* The two-level bit. */
bool pending(unsigned int dom, evtchn_port_t port);

#endif
