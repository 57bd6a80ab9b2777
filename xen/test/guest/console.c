/* SPDX-License-Identifier: GPL-2.0-only */
/* The console that a toolstack gives a guest: a ring of bytes, and an event to say so. */
#include <public/event_channel.h>
#include <public/hvm/hvm_op.h>
#include <public/hvm/params.h>
#include <public/io/console.h>
#include <public/sched.h>
#include "guest.h"

#define TURNS 1000000u   /* turns until the other side counts as gone */

static volatile struct xencons_interface *ring;
static evtchn_port_t port;

static uint64_t param(uint32_t index)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };

    return HC2(__HYPERVISOR_hvm_op, HVMOP_get_param, &p) ? 0 : p.value;
}

bool console_ring(void)
{
    static bool asked;

    if (!asked) {
        asked = true;
        port = (evtchn_port_t)param(HVM_PARAM_CONSOLE_EVTCHN);
        if (port)
            ring = (void *)(param(HVM_PARAM_CONSOLE_PFN) << 12);
    }
    return ring;
}

static uint32_t waiting(void)
{
    return ring->out_prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);
}

/* Until at most `most` bytes are left, with the processor given away meanwhile. */
static bool drained(uint32_t most)
{
    struct evtchn_send tell = { .port = port };

    HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &tell);
    for (unsigned int i = 0; i < TURNS; i++) {
        if (waiting() <= most)
            return true;
        HC2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    }
    return false;
}

void console_put(const char *text)
{
    for (; *text; text++) {
        if (waiting() >= sizeof(ring->out) && !drained(sizeof(ring->out) / 2))
            return;
        ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = *text;
        __atomic_store_n(&ring->out_prod, ring->out_prod + 1, __ATOMIC_RELEASE);
    }
    drained(0);
}
