/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls of 32-bit callers. Where a call's structures are the same for them, it is
 * made as it is. Others are translated: the structure is built anew in a window, a piece
 * of hypervisor memory that copies find at an address above 4 GiB, which such a caller
 * cannot name. What is neither in the table below gets -ENOSYS.
 */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <asm/current.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/version.h>
#include "compat.h"
#include "private.h"

/* memory_op: the operation is in the low bits, how far it got in the others. */
#define MEMOP_SHIFT 6
#define MEMOP_MASK  ((1ul << MEMOP_SHIFT) - 1)

#define LIST_MAX 64u

/* A structure, and the list that a handle in it leads to. */
struct window {
    union {
        struct sched_poll poll;
        struct vcpu_set_singleshot_timer singleshot;
        struct xen_memory_reservation reservation;
        struct xen_add_to_physmap add;
        struct xen_remove_from_physmap remove;
        struct xen_memory_map map;
        struct gnttab_setup_table setup;
        struct gnttab_copy copy;
    };
    uint64_t list[LIST_MAX];
};
BUILD_BUG_ON(sizeof(struct window) != HVM_WINDOW_BYTES);

#define LIST_AT ((void *)(HVM_WINDOW + offsetof(struct window, list)))

/* The call with its structure in the window. a is changed as by hypercall_dispatch(). */
static long call(unsigned int nr, unsigned long a[6], struct window *w)
{
    long rc;

    /* A vcpu_op names the vCPU first. */
    a[nr == __HYPERVISOR_vcpu_op ? 2 : 1] = HVM_WINDOW;
    current->arch.hvm.window = w;
    rc = hypercall_dispatch(nr, a);
    current->arch.hvm.window = NULL;
    return rc;
}

/* --- one structure, nothing comes back --------------------------------------------- */

static long poll(unsigned long a[6])
{
    unsigned long in[6] = { a[0] };
    struct compat_sched_poll c;
    struct window w = { 0 };

    if (arg_read(&c, a[1]))
        return -EFAULT;
    /* Ports are words for everybody. */
    set_xen_guest_handle(w.poll.ports, (void *)(uintptr_t)c.ports);
    w.poll.nr_ports = c.nr_ports;
    w.poll.timeout = c.timeout;
    return call(__HYPERVISOR_sched_op, in, &w);
}

static long singleshot(unsigned long a[6])
{
    unsigned long in[6] = { a[0], a[1] };
    struct compat_vcpu_set_singleshot_timer c;
    struct window w = { 0 };

    if (arg_read(&c, a[2]))
        return -EFAULT;
    w.singleshot.timeout_abs_ns = c.timeout_abs_ns;
    w.singleshot.flags = c.flags;
    return call(__HYPERVISOR_vcpu_op, in, &w);
}

/* A range reports in the structure how far it got: only one page at a time here. */
static long add_to_physmap(unsigned long a[6])
{
    unsigned long in[6] = { a[0] };
    struct compat_add_to_physmap c;
    struct window w = { 0 };

    if (arg_read(&c, a[1]))
        return -EFAULT;
    if (c.space == XENMAPSPACE_gmfn_range)
        return -ENOSYS;
    w.add = (struct xen_add_to_physmap){
        .domid = c.domid, .size = c.size, .space = c.space, .idx = c.idx, .gpfn = c.gpfn,
    };
    return call(__HYPERVISOR_memory_op, in, &w);
}

static long remove_from_physmap(unsigned long a[6])
{
    unsigned long in[6] = { a[0] };
    struct compat_remove_from_physmap c;
    struct window w = { 0 };

    if (arg_read(&c, a[1]))
        return -EFAULT;
    w.remove = (struct xen_remove_from_physmap){ .domid = c.domid, .gpfn = c.gpfn };
    return call(__HYPERVISOR_memory_op, in, &w);
}

/* The entries are the same for everybody. */
static long memory_map(unsigned long a[6])
{
    unsigned long in[6] = { a[0] };
    struct compat_memory_map c;
    struct window w = { 0 };
    long rc;

    if (arg_read(&c, a[1]))
        return -EFAULT;
    w.map.nr_entries = c.nr_entries;
    w.map.buffer.p = (void *)(uintptr_t)c.buffer;
    rc = call(__HYPERVISOR_memory_op, in, &w);
    c.nr_entries = w.map.nr_entries;
    return !rc && arg_write_field(a[1], &c, nr_entries) ? -EFAULT : rc;
}

/* --- lists ------------------------------------------------------------------------- */

/* Up to LIST_MAX extents from number at on: how many are done, or what refused. */
static long some_extents(unsigned long a[6], const struct compat_memory_reservation *c,
                         unsigned int at, unsigned int n)
{
    unsigned long in[6] = { a[0] & MEMOP_MASK };
    uint32_t list[LIST_MAX];
    struct window w = { 0 };
    long rc;

    if (copy_from_guest_va(list, c->extent_start + 4ull * at, 4ul * n))
        return -EFAULT;
    for (unsigned int i = 0; i < n; i++)
        w.list[i] = list[i];
    w.reservation = (struct xen_memory_reservation){
        .extent_start.p = LIST_AT, .nr_extents = n, .extent_order = c->extent_order,
        .mem_flags = c->mem_flags, .domid = c->domid,
    };
    rc = call(__HYPERVISOR_memory_op, in, &w);
    if (rc != -ERESTART)
        return rc;
    n = (uint32_t)in[0] >> MEMOP_SHIFT;
    return n ? (long)n : -ERESTART;
}

/* One part at a time; the guest comes back for the next. */
static long extents(unsigned long a[6])
{
    unsigned int at = (uint32_t)a[0] >> MEMOP_SHIFT, n;
    struct compat_memory_reservation c;
    long rc;

    if (arg_read(&c, a[1]))
        return -EFAULT;
    if (c.nr_extents > ~0u >> MEMOP_SHIFT || at > c.nr_extents ||
        !guest_range_okay(c.extent_start, c.nr_extents, 4))
        return at ? (long)at : -EINVAL;
    n = MIN(c.nr_extents - at, LIST_MAX);
    rc = n ? some_extents(a, &c, at, n) : 0;
    if (rc == -ERESTART)
        return rc;
    if (rc < 0)
        return at ? (long)at : rc;
    at += (unsigned int)rc;
    if (!rc || at >= c.nr_extents)
        return at;
    a[0] = (a[0] & MEMOP_MASK) | (unsigned long)at << MEMOP_SHIFT;
    return -ERESTART;
}

static long setup_table(unsigned long a[6])
{
    unsigned long in[6] = { a[0], 0, a[2] };
    struct compat_gnttab_setup_table c;
    uint32_t list[LIST_MAX];
    struct window w = { 0 };
    long rc;

    if (a[2] != 1)
        return -EINVAL;
    if (arg_read(&c, a[1]))
        return -EFAULT;
    if (c.nr_frames > LIST_MAX)
        return -ENOSYS;
    w.setup.dom = c.dom;
    w.setup.nr_frames = c.nr_frames;
    w.setup.frame_list.p = LIST_AT;
    rc = call(__HYPERVISOR_grant_table_op, in, &w);
    if (rc)
        return rc;
    for (unsigned int i = 0; i < c.nr_frames; i++)
        list[i] = (uint32_t)w.list[i];
    c.status = w.setup.status;
    if (!c.status && copy_to_guest_va(c.frame_list, list, 4ul * c.nr_frames))
        return -EFAULT;
    return arg_write_field(a[1], &c, status) ? -EFAULT : 0;
}

static struct gnttab_copy_ptr copy_end(const struct compat_gnttab_copy_end *c)
{
    return (struct gnttab_copy_ptr){
        .u.gmfn = c->ref_or_gmfn, .domid = c->domid, .offset = c->offset,
    };
}

/* The status is the answer: 0, or -EFAULT where it or the element cannot be reached. */
static long copy_one(uint64_t at)
{
    unsigned long in[6] = { GNTTABOP_copy, 0, 1 };
    struct compat_gnttab_copy c;
    struct window w = { 0 };
    long rc;

    if (arg_read(&c, at))
        return -EFAULT;
    w.copy.source = copy_end(&c.source);
    w.copy.dest = copy_end(&c.dest);
    w.copy.len = c.len;
    w.copy.flags = c.flags;
    rc = call(__HYPERVISOR_grant_table_op, in, &w);
    c.status = w.copy.status;
    return !rc && arg_write_field(at, &c, status) ? -EFAULT : rc;
}

static long copies(unsigned long a[6])
{
    long rc = 0;

    if (!guest_range_okay(a[1], a[2], sizeof(struct compat_gnttab_copy)))
        return -EFAULT;
    while (a[2] && !rc) {
        rc = copy_one(a[1]);
        if (rc)
            break;
        a[1] += sizeof(struct compat_gnttab_copy);
        if (--a[2] && hypercall_preempt_check())
            rc = -ERESTART;
    }
    return rc;
}

/* --- run states -------------------------------------------------------------------- */

static long runstate(unsigned long a[6])
{
    struct domain *d = current->domain;
    struct vcpu *v = domain_vcpu(d, a[1]);
    uint32_t gva;

    if (!v)
        return -ENOENT;
    if (a[0] == VCPUOP_get_runstate_info)
        return vcpu_runstate_write(v, a[2], true);
    if (arg_read(&gva, a[2]))
        return -EFAULT;
    v->runstate_compat = true;
    v->runstate_gva = gva;
    return gva ? vcpu_runstate_write(v, gva, true) : 0;
}

/* --- the table --------------------------------------------------------------------- */

static long memory(unsigned long a[6])
{
    switch (a[0] & MEMOP_MASK) {
    case XENMEM_populate_physmap:
    case XENMEM_decrease_reservation:
        return extents(a);
    case XENMEM_add_to_physmap:
        return add_to_physmap(a);
    case XENMEM_remove_from_physmap:
        return remove_from_physmap(a);
    case XENMEM_memory_map:
        return memory_map(a);
    default:
        return -ENOSYS;
    }
}

static long vcpus(unsigned long a[6])
{
    switch (a[0]) {
    case VCPUOP_get_runstate_info:
    case VCPUOP_register_runstate_memory_area:
        return runstate(a);
    case VCPUOP_set_singleshot_timer:
        return singleshot(a);
    default:
        return -ENOSYS;
    }
}

static long grants(unsigned long a[6])
{
    switch (a[0]) {
    case GNTTABOP_setup_table:
        return setup_table(a);
    case GNTTABOP_copy:
        return copies(a);
    default:
        return -ENOSYS;
    }
}

/* The one argument is 64 bits wide, in two registers. */
static long set_timer(unsigned long a[6])
{
    unsigned long in[6] = { a[0] | a[1] << 32 };

    return hypercall_dispatch(__HYPERVISOR_set_timer_op, in);
}

#define OP(n) (1ull << (n))
#define ALL   (~0ull)

/* same: the operations (a[0]) that mean the same for both, if below 64. */
static const struct {
    uint8_t nr;
    uint64_t same;
    long (*translate)(unsigned long a[6]);
} calls[] = {
    { __HYPERVISOR_xen_version, ALL & ~OP(XENVER_platform_parameters), NULL },
    { __HYPERVISOR_console_io, ALL, NULL },
    { __HYPERVISOR_vm_assist, ALL, NULL },
    { __HYPERVISOR_event_channel_op, ALL, NULL },
    { __HYPERVISOR_hvm_op, ALL, NULL },
    { __HYPERVISOR_sched_op, ALL & ~OP(SCHEDOP_poll), poll },
    { __HYPERVISOR_set_timer_op, 0, set_timer },
    { __HYPERVISOR_vcpu_op,
      ALL & ~(OP(VCPUOP_get_runstate_info) | OP(VCPUOP_register_runstate_memory_area) |
              OP(VCPUOP_set_singleshot_timer) |
              OP(VCPUOP_register_vcpu_time_memory_area)), vcpus },
    { __HYPERVISOR_memory_op,
      OP(XENMEM_maximum_ram_page) | OP(XENMEM_current_reservation) |
          OP(XENMEM_maximum_reservation) | OP(XENMEM_maximum_gpfn), memory },
    { __HYPERVISOR_grant_table_op,
      OP(GNTTABOP_map_grant_ref) | OP(GNTTABOP_unmap_grant_ref) |
          OP(GNTTABOP_query_size) | OP(GNTTABOP_unmap_and_replace) |
          OP(GNTTABOP_set_version) | OP(GNTTABOP_get_version), grants },
};

long hvm_compat_hypercall(unsigned int nr, unsigned long a[6])
{
    for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
        if (calls[i].nr != nr)
            continue;
        if (a[0] < 64 && (calls[i].same & OP(a[0])))
            return hypercall_dispatch(nr, a);
        return calls[i].translate ? calls[i].translate(a) : -ENOSYS;
    }
    return -ENOSYS;
}
