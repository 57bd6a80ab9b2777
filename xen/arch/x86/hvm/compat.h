/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arguments as 32-bit callers lay them out: longs and handles have 4 bytes, and 64-bit
 * members are aligned to 4 (public/arch-x86/xen-x86_32.h). Needs the fixed-width types;
 * test/abi compares it with the peer's headers.
 */
#ifndef HVM_COMPAT_H
#define HVM_COMPAT_H

#define COMPAT_LAYOUT __attribute__((packed, aligned(4)))

struct compat_sched_poll {
    uint32_t ports, nr_ports;
    uint64_t timeout;
} COMPAT_LAYOUT;

struct compat_vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns;
    uint32_t flags;
} COMPAT_LAYOUT;

struct compat_memory_reservation {
    uint32_t extent_start, nr_extents, extent_order, mem_flags;
    uint16_t domid, pad;
} COMPAT_LAYOUT;

struct compat_add_to_physmap {
    uint16_t domid, size;
    uint32_t space, idx, gpfn;
} COMPAT_LAYOUT;

struct compat_remove_from_physmap {
    uint16_t domid, pad;
    uint32_t gpfn;
} COMPAT_LAYOUT;

struct compat_memory_map {
    uint32_t nr_entries, buffer;
} COMPAT_LAYOUT;

struct compat_gnttab_setup_table {
    uint16_t dom, pad0;
    uint32_t nr_frames;
    int16_t status;
    uint16_t pad1;
    uint32_t frame_list;
} COMPAT_LAYOUT;

struct compat_gnttab_copy_end {
    uint32_t ref_or_gmfn;
    uint16_t domid, offset;
} COMPAT_LAYOUT;

struct compat_gnttab_copy {
    struct compat_gnttab_copy_end source, dest;
    uint16_t len, flags;
    int16_t status;
    uint16_t pad;
} COMPAT_LAYOUT;

#endif
