/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_GRANT_TABLE_H
#define XEN_PUBLIC_GRANT_TABLE_H

#include "xen.h"

/* grant_table_op(cmd, array, count); each element has its own GNTST_* status. */
#define GNTTABOP_map_grant_ref     0
#define GNTTABOP_unmap_grant_ref   1
#define GNTTABOP_setup_table       2
#define GNTTABOP_dump_table        3
#define GNTTABOP_transfer          4
#define GNTTABOP_copy              5
#define GNTTABOP_query_size        6
#define GNTTABOP_unmap_and_replace 7
#define GNTTABOP_set_version       8
#define GNTTABOP_get_status_frames 9
#define GNTTABOP_get_version      10
#define GNTTABOP_swap_grant_ref   11
#define GNTTABOP_cache_flush      12

/* The first references are the toolstack's to fill in. */
#define GNTTAB_NR_RESERVED_ENTRIES 8
#define GNTTAB_RESERVED_CONSOLE    0
#define GNTTAB_RESERVED_XENSTORE   1

/* Kind of entry: bits 0-1 of its flags. */
#define GTF_invalid         (0U << 0)
#define GTF_permit_access   (1U << 0)
#define GTF_accept_transfer (2U << 0)
#define GTF_transitive      (3U << 0)
#define GTF_type_mask       (3U << 0)

/* GTF_permit_access, GTF_transitive; reading and writing are the hypervisor's. */
#define _GTF_readonly 2
#define _GTF_reading  3
#define _GTF_writing  4
#define _GTF_PWT      5
#define _GTF_PCD      6
#define _GTF_PAT      7
#define _GTF_sub_page 8
#define GTF_readonly  (1U << _GTF_readonly)
#define GTF_reading   (1U << _GTF_reading)
#define GTF_writing   (1U << _GTF_writing)
#define GTF_PWT       (1U << _GTF_PWT)
#define GTF_PCD       (1U << _GTF_PCD)
#define GTF_PAT       (1U << _GTF_PAT)
#define GTF_sub_page  (1U << _GTF_sub_page)

/* GTF_accept_transfer */
#define _GTF_transfer_committed 2
#define _GTF_transfer_completed 3
#define GTF_transfer_committed  (1U << _GTF_transfer_committed)
#define GTF_transfer_completed  (1U << _GTF_transfer_completed)

/* Flags of a mapping. */
#define _GNTMAP_device_map      0
#define _GNTMAP_host_map        1
#define _GNTMAP_readonly        2
#define _GNTMAP_application_map 3
#define _GNTMAP_contains_pte    4
#define _GNTMAP_guest_avail0    16
#define GNTMAP_device_map       (1 << _GNTMAP_device_map)
#define GNTMAP_host_map         (1 << _GNTMAP_host_map)
#define GNTMAP_readonly         (1 << _GNTMAP_readonly)
#define GNTMAP_application_map  (1 << _GNTMAP_application_map)
#define GNTMAP_contains_pte     (1 << _GNTMAP_contains_pte)
#define GNTMAP_guest_avail_mask ((uint32_t)~0 << _GNTMAP_guest_avail0)

/* Which ends of a copy are grant references rather than frames. */
#define _GNTCOPY_source_gref 0
#define _GNTCOPY_dest_gref   1
#define GNTCOPY_source_gref  (1 << _GNTCOPY_source_gref)
#define GNTCOPY_dest_gref    (1 << _GNTCOPY_dest_gref)

#define GNTTAB_CACHE_CLEAN       (1u << 0)
#define GNTTAB_CACHE_INVAL       (1u << 1)
#define GNTTAB_CACHE_SOURCE_GREF (1u << 31)

#define GNTST_okay                0
#define GNTST_general_error      (-1)
#define GNTST_bad_domain         (-2)
#define GNTST_bad_gntref         (-3)
#define GNTST_bad_handle         (-4)
#define GNTST_bad_virt_addr      (-5)
#define GNTST_bad_dev_addr       (-6)
#define GNTST_no_device_space    (-7)
#define GNTST_permission_denied  (-8)
#define GNTST_bad_page           (-9)
#define GNTST_bad_copy_arg       (-10)
#define GNTST_address_too_big    (-11)
#define GNTST_eagain             (-12)
#define GNTST_no_space           (-13)

#ifndef __ASSEMBLY__

typedef uint32_t grant_ref_t;
typedef uint32_t grant_handle_t;
typedef uint16_t grant_status_t;

/*
 * Version 1. flags is written last by the granting guest, with a barrier before;
 * it may withdraw a grant by compare-and-swap while reading and writing are clear.
 */
struct grant_entry_v1 {
    uint16_t flags;
    domid_t  domid;
    uint32_t frame;
};
typedef struct grant_entry_v1 grant_entry_v1_t;

struct grant_entry_header {
    uint16_t flags;
    domid_t  domid;
};
typedef struct grant_entry_header grant_entry_header_t;

/* Version 2: reading and writing live in the status array, one word a reference. */
union grant_entry_v2 {
    grant_entry_header_t hdr;
    struct {
        grant_entry_header_t hdr;
        uint32_t             pad0;
        uint64_t             frame;
    } full_page;
    struct {
        grant_entry_header_t hdr;
        uint16_t             page_off, length;
        uint64_t             frame;
    } sub_page;
    struct {
        grant_entry_header_t hdr;
        domid_t              trans_domid;
        uint16_t             pad0;
        grant_ref_t          gref;
    } transitive;
    uint32_t __spacer[4];
};
typedef union grant_entry_v2 grant_entry_v2_t;

/* host_addr: guest physical address for a translated guest. */
struct gnttab_map_grant_ref {
    uint64_t       host_addr;
    uint32_t       flags; /* GNTMAP_* */
    grant_ref_t    ref;
    domid_t        dom;
    int16_t        status;       /* out */
    grant_handle_t handle;       /* out */
    uint64_t       dev_bus_addr; /* out: machine address */
};
XEN_ABI_TYPE(gnttab_map_grant_ref);

/* An address of zero is left mapped. */
struct gnttab_unmap_grant_ref {
    uint64_t       host_addr;
    uint64_t       dev_bus_addr;
    grant_handle_t handle;
    int16_t        status; /* out */
};
XEN_ABI_TYPE(gnttab_unmap_grant_ref);

/* Grows the table to nr_frames and lists them. Only one element per call. */
struct gnttab_setup_table {
    domid_t  dom;
    uint32_t nr_frames;
    int16_t  status; /* out */
    XEN_GUEST_HANDLE(xen_pfn_t) frame_list;
};
XEN_ABI_TYPE(gnttab_setup_table);

struct gnttab_dump_table {
    domid_t dom;
    int16_t status; /* out */
};
XEN_ABI_TYPE(gnttab_dump_table);

struct gnttab_transfer {
    xen_pfn_t   mfn;
    domid_t     domid;
    grant_ref_t ref;
    int16_t     status; /* out */
};
XEN_ABI_TYPE(gnttab_transfer);

/* Neither end may cross a page. */
struct gnttab_copy {
    struct gnttab_copy_ptr {
        union {
            grant_ref_t ref;
            xen_pfn_t   gmfn;
        } u;
        domid_t  domid;
        uint16_t offset;
    } source, dest;
    uint16_t len;    /* bytes */
    uint16_t flags;  /* GNTCOPY_* */
    int16_t  status; /* out */
};
XEN_ABI_TYPE(gnttab_copy);

struct gnttab_query_size {
    domid_t  dom;
    uint32_t nr_frames;     /* out */
    uint32_t max_nr_frames; /* out */
    int16_t  status;        /* out */
};
XEN_ABI_TYPE(gnttab_query_size);

struct gnttab_unmap_and_replace {
    uint64_t       host_addr;
    uint64_t       new_addr;
    grant_handle_t handle;
    int16_t        status; /* out */
};
XEN_ABI_TYPE(gnttab_unmap_and_replace);

/* Not while a grant is in use: -EBUSY. */
struct gnttab_set_version {
    uint32_t version; /* in: 1 or 2; out: the version now */
};
XEN_ABI_TYPE(gnttab_set_version);

struct gnttab_get_status_frames {
    uint32_t nr_frames;
    domid_t  dom;
    int16_t  status; /* out */
    XEN_GUEST_HANDLE(uint64_t) frame_list;
};
XEN_ABI_TYPE(gnttab_get_status_frames);

struct gnttab_get_version {
    domid_t  dom;
    uint16_t pad;
    uint32_t version; /* out */
};
XEN_ABI_TYPE(gnttab_get_version);

struct gnttab_swap_grant_ref {
    grant_ref_t ref_a;
    grant_ref_t ref_b;
    int16_t     status; /* out */
};
XEN_ABI_TYPE(gnttab_swap_grant_ref);

struct gnttab_cache_flush {
    union {
        uint64_t    dev_bus_addr;
        grant_ref_t ref;
    } a;
    uint16_t offset; /* both in bytes, within one page */
    uint16_t length;
    uint32_t op; /* GNTTAB_CACHE_* */
};
XEN_ABI_TYPE(gnttab_cache_flush);

#endif /* !__ASSEMBLY__ */

#endif
