/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_MEMORY_H
#define XEN_PUBLIC_MEMORY_H

#include "xen.h"
#include "physdev.h"

/* memory_op(cmd, arg): bits 0-5 of cmd, the rest belongs to continuations. */
#define XENMEM_increase_reservation     0
#define XENMEM_decrease_reservation     1
#define XENMEM_maximum_ram_page         2
#define XENMEM_current_reservation      3
#define XENMEM_maximum_reservation      4
#define XENMEM_machphys_mfn_list        5
#define XENMEM_populate_physmap         6
#define XENMEM_add_to_physmap           7
#define XENMEM_memory_map               9
#define XENMEM_machine_memory_map      10
#define XENMEM_exchange                11
#define XENMEM_machphys_mapping        12
#define XENMEM_set_memory_map          13
#define XENMEM_maximum_gpfn            14
#define XENMEM_remove_from_physmap     15
#define XENMEM_set_pod_target          16
#define XENMEM_get_pod_target          17
#define XENMEM_get_sharing_freed_pages 18
#define XENMEM_get_sharing_shared_pages 19
#define XENMEM_paging_op               20
#define XENMEM_access_op               21
#define XENMEM_sharing_op              22
#define XENMEM_add_to_physmap_batch    23
#define XENMEM_claim_pages             24
#define XENMEM_machphys_compat_mfn_list 25
#define XENMEM_get_vnumainfo           26
#define XENMEM_reserved_device_memory_map 27
#define XENMEM_acquire_resource        28

/* mem_flags: address width in bits 0-7, NUMA node + 1 in bits 8-15. */
#define XENMEMF_address_bits(x)     (x)
#define XENMEMF_get_address_bits(x) ((x) & 0xffu)
#define XENMEMF_node(x)             (((x) + 1) << 8)
#define XENMEMF_get_node(x)         ((((x) >> 8) - 1) & 0xffu)
#define XENMEMF_populate_on_demand  (1 << 16)
#define XENMEMF_exact_node_request  (1 << 17)
#define XENMEMF_vnode               (1 << 18)
#define XENMEMF_exact_node(n)       (XENMEMF_node(n) | XENMEMF_exact_node_request)

/* Where add_to_physmap takes the frame from. */
#define XENMAPSPACE_shared_info  0
#define XENMAPSPACE_grant_table  1
#define XENMAPSPACE_gmfn         2
#define XENMAPSPACE_gmfn_range   3
#define XENMAPSPACE_gmfn_foreign 4 /* batch only */
#define XENMAPSPACE_dev_mmio     5

/* grant_table: this bit in idx asks for the status frames of version 2. */
#define XENMAPIDX_grant_table_status 0x80000000

#define XENMEM_RDM_ALL 1

#define XENMEM_resource_ioreq_server 0
#define XENMEM_resource_grant_table  1
#define XENMEM_resource_vmtrace_buf  2
#define XENMEM_resource_grant_table_id_shared 0
#define XENMEM_resource_grant_table_id_status 1
#define XENMEM_resource_ioreq_server_frame_bufioreq 0
#define XENMEM_resource_ioreq_server_frame_ioreq(n) (1 + (n))

#ifndef __ASSEMBLY__

/* Returns the number of extents done, which may be less than asked for. */
struct xen_memory_reservation {
    XEN_GUEST_HANDLE(xen_pfn_t) extent_start;
    xen_ulong_t                 nr_extents;
    unsigned int                extent_order; /* log2 of pages */
    unsigned int                mem_flags;    /* XENMEMF_* */
    domid_t                     domid;
};
XEN_ABI_TYPE(xen_memory_reservation);

struct xen_memory_exchange {
    struct xen_memory_reservation in;
    struct xen_memory_reservation out;
    xen_ulong_t                   nr_exchanged; /* in: 0; out */
};
XEN_ABI_TYPE(xen_memory_exchange);

/* The argument of the commands that ask for one number about one domain. */
struct xen_memory_domain {
    domid_t domid;
};

struct xen_machphys_mfn_list {
    unsigned int                max_extents;
    XEN_GUEST_HANDLE(xen_pfn_t) extent_start;
    unsigned int                nr_extents; /* out */
};
XEN_ABI_TYPE(xen_machphys_mfn_list);

struct xen_machphys_mapping {
    xen_ulong_t v_start, v_end;
    xen_ulong_t max_mfn;
};
XEN_ABI_TYPE(xen_machphys_mapping);

struct xen_add_to_physmap {
    domid_t      domid;
    uint16_t     size;  /* pages, gmfn_range only */
    unsigned int space; /* XENMAPSPACE_* */
    xen_ulong_t  idx;
    xen_pfn_t    gpfn;
};
XEN_ABI_TYPE(xen_add_to_physmap);

/* errs[] gets an errno for each page; the call itself returns the first of them. */
struct xen_add_to_physmap_batch {
    domid_t  domid;
    uint16_t space;
    uint16_t size;
    union xen_add_to_physmap_batch_extra {
        domid_t  foreign_domid; /* gmfn_foreign */
        uint16_t res0;          /* all others: 0 */
    } u;
    XEN_GUEST_HANDLE(xen_ulong_t) idxs;
    XEN_GUEST_HANDLE(xen_pfn_t)   gpfns;
    XEN_GUEST_HANDLE(int)         errs;
};
XEN_ABI_TYPE(xen_add_to_physmap_batch);

struct xen_remove_from_physmap {
    domid_t   domid;
    xen_pfn_t gpfn;
};
XEN_ABI_TYPE(xen_remove_from_physmap);

/* buffer: E820 entries of 20 bytes. nr_entries in: room; out: entries. */
struct xen_memory_map {
    unsigned int           nr_entries;
    XEN_GUEST_HANDLE(void) buffer;
};
XEN_ABI_TYPE(xen_memory_map);

struct xen_foreign_memory_map {
    domid_t               domid;
    struct xen_memory_map map;
};
XEN_ABI_TYPE(xen_foreign_memory_map);

/* All counts in pages. */
struct xen_pod_target {
    uint64_t target_pages;
    uint64_t tot_pages;       /* out */
    uint64_t pod_cache_pages; /* out */
    uint64_t pod_entries;     /* out */
    domid_t  domid;
};
typedef struct xen_pod_target xen_pod_target_t;

#if defined(__XEN__) || defined(__XEN_TOOLS__)

#define XENMEM_paging_op_nominate 0
#define XENMEM_paging_op_evict    1
#define XENMEM_paging_op_prep     2

struct xen_mem_paging_op {
    uint8_t                           op;
    domid_t                           domain;
    XEN_GUEST_HANDLE_64(const_uint8)  buffer;
    uint64_aligned_t                  gfn;
};
XEN_ABI_TYPE(xen_mem_paging_op);

#define XENMEM_access_op_set_access       0
#define XENMEM_access_op_get_access       1
#define XENMEM_access_op_set_access_multi 4

typedef enum {
    XENMEM_access_n,
    XENMEM_access_r,
    XENMEM_access_w,
    XENMEM_access_rw,
    XENMEM_access_x,
    XENMEM_access_rx,
    XENMEM_access_wx,
    XENMEM_access_rwx,
    XENMEM_access_rx2rw, /* becomes rw at the first write */
    XENMEM_access_n2rwx, /* becomes rwx at the first access */
    XENMEM_access_default
} xenmem_access_t;

struct xen_mem_access_op {
    uint8_t                        op;
    uint8_t                        access;
    domid_t                        domid;
    uint32_t                       nr;
    uint64_aligned_t               pfn;
    XEN_GUEST_HANDLE(const_uint64) pfn_list;
    XEN_GUEST_HANDLE(const_uint8)  access_list;
};
XEN_ABI_TYPE(xen_mem_access_op);

struct xen_reserved_device_memory {
    xen_pfn_t   start_pfn;
    xen_ulong_t nr_pages;
};
XEN_ABI_TYPE(xen_reserved_device_memory);

/* -ENOBUFS with the right nr_entries if the buffer is too small. */
struct xen_reserved_device_memory_map {
    uint32_t     flags; /* XENMEM_RDM_ALL */
    unsigned int nr_entries;
    XEN_GUEST_HANDLE(xen_reserved_device_memory_t) buffer;
    union {
        physdev_pci_device_t pci;
    } dev;
};
XEN_ABI_TYPE(xen_reserved_device_memory_map);

#endif /* __XEN__ || __XEN_TOOLS__ */

/* A null frame_list asks for the size: nr_frames is then set. */
struct xen_mem_acquire_resource {
    domid_t  domid;
    uint16_t type; /* XENMEM_resource_* */
    uint32_t id;
    uint32_t nr_frames;
    uint32_t pad; /* 0 */
    uint64_t frame;
    XEN_GUEST_HANDLE(xen_pfn_t) frame_list; /* gfns to map at (translated caller) */
};
XEN_ABI_TYPE(xen_mem_acquire_resource);

/* [start, end) in bytes */
struct xen_vmemrange {
    uint64_t     start, end;
    unsigned int flags;
    unsigned int nid;
};
XEN_ABI_TYPE(xen_vmemrange);

struct xen_vnuma_topology_info {
    domid_t      domid;
    uint16_t     pad;
    unsigned int nr_vnodes; /* these three: in room, out used */
    unsigned int nr_vcpus;
    unsigned int nr_vmemranges;
    union {
        XEN_GUEST_HANDLE(uint) h;
        uint64_t               pad;
    } vdistance;
    union {
        XEN_GUEST_HANDLE(uint) h;
        uint64_t               pad;
    } vcpu_to_vnode;
    union {
        XEN_GUEST_HANDLE(xen_vmemrange_t) h;
        uint64_t                          pad;
    } vmemrange;
};
XEN_ABI_TYPE(xen_vnuma_topology_info);

#endif /* !__ASSEMBLY__ */

#endif
