/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How 32-bit callers lay out arguments, as the hypervisor has it, against the headers of
 * the peer compiled for them (gcc -m32). Nothing runs: a difference is an error of the
 * compiler.
 */
#include <stddef.h>
#include <stdint.h>
#include "xen.h"
#include "grant_table.h"
#include "memory.h"
#include "sched.h"
#include "vcpu.h"
#include "../../arch/x86/hvm/compat.h"
#include "../../include/xen/compat_shared.h"

#define SIZE(ours, theirs) \
    _Static_assert(sizeof(struct ours) == sizeof(struct theirs), #ours)
#define PLACE(ours, member, theirs, same)                                            \
    _Static_assert(offsetof(struct ours, member) == offsetof(struct theirs, same) && \
                       sizeof(((struct ours *)0)->member) ==                         \
                           sizeof(((struct theirs *)0)->same),                       \
                   #ours "." #member)

SIZE(compat_sched_poll, sched_poll);
PLACE(compat_sched_poll, ports, sched_poll, ports);
PLACE(compat_sched_poll, nr_ports, sched_poll, nr_ports);
PLACE(compat_sched_poll, timeout, sched_poll, timeout);

SIZE(compat_vcpu_set_singleshot_timer, vcpu_set_singleshot_timer);
PLACE(compat_vcpu_set_singleshot_timer, flags, vcpu_set_singleshot_timer, flags);

SIZE(compat_memory_reservation, xen_memory_reservation);
PLACE(compat_memory_reservation, extent_start, xen_memory_reservation, extent_start);
PLACE(compat_memory_reservation, nr_extents, xen_memory_reservation, nr_extents);
PLACE(compat_memory_reservation, extent_order, xen_memory_reservation, extent_order);
PLACE(compat_memory_reservation, mem_flags, xen_memory_reservation, mem_flags);
PLACE(compat_memory_reservation, domid, xen_memory_reservation, domid);

SIZE(compat_add_to_physmap, xen_add_to_physmap);
PLACE(compat_add_to_physmap, domid, xen_add_to_physmap, domid);
PLACE(compat_add_to_physmap, size, xen_add_to_physmap, size);
PLACE(compat_add_to_physmap, space, xen_add_to_physmap, space);
PLACE(compat_add_to_physmap, idx, xen_add_to_physmap, idx);
PLACE(compat_add_to_physmap, gpfn, xen_add_to_physmap, gpfn);

SIZE(compat_remove_from_physmap, xen_remove_from_physmap);
PLACE(compat_remove_from_physmap, gpfn, xen_remove_from_physmap, gpfn);

SIZE(compat_memory_map, xen_memory_map);
PLACE(compat_memory_map, buffer, xen_memory_map, buffer);

SIZE(compat_gnttab_setup_table, gnttab_setup_table);
PLACE(compat_gnttab_setup_table, nr_frames, gnttab_setup_table, nr_frames);
PLACE(compat_gnttab_setup_table, status, gnttab_setup_table, status);
PLACE(compat_gnttab_setup_table, frame_list, gnttab_setup_table, frame_list);

SIZE(compat_gnttab_copy, gnttab_copy);
PLACE(compat_gnttab_copy, source.ref_or_gmfn, gnttab_copy, source.u.gmfn);
PLACE(compat_gnttab_copy, source.domid, gnttab_copy, source.domid);
PLACE(compat_gnttab_copy, source.offset, gnttab_copy, source.offset);
PLACE(compat_gnttab_copy, dest, gnttab_copy, dest);
PLACE(compat_gnttab_copy, len, gnttab_copy, len);
PLACE(compat_gnttab_copy, flags, gnttab_copy, flags);
PLACE(compat_gnttab_copy, status, gnttab_copy, status);

/* What is passed on as it is: as large for both, and handles in none of them. */
_Static_assert(sizeof(struct gnttab_map_grant_ref) == 32, "map");
_Static_assert(sizeof(struct gnttab_unmap_grant_ref) == 24, "unmap");
_Static_assert(sizeof(struct gnttab_unmap_and_replace) == 24, "unmap and replace");
_Static_assert(sizeof(struct gnttab_query_size) == 16, "query size");
_Static_assert(sizeof(struct vcpu_register_vcpu_info) == 16, "vcpu_info");
_Static_assert(sizeof(struct vcpu_runstate_info) == 44, "run state");
_Static_assert(offsetof(struct vcpu_runstate_info, state_entry_time) == 4, "entry time");
_Static_assert(offsetof(struct vcpu_runstate_info, time) == 12, "times");

SIZE(compat_vcpu_info, vcpu_info);
PLACE(compat_vcpu_info, evtchn_upcall_pending, vcpu_info, evtchn_upcall_pending);
PLACE(compat_vcpu_info, evtchn_upcall_mask, vcpu_info, evtchn_upcall_mask);
PLACE(compat_vcpu_info, evtchn_pending_sel, vcpu_info, evtchn_pending_sel);
PLACE(compat_vcpu_info, cr2, vcpu_info, arch.cr2);
PLACE(compat_vcpu_info, time, vcpu_info, time);

SIZE(compat_shared_info, shared_info);
PLACE(compat_shared_info, vcpu_info, shared_info, vcpu_info);
PLACE(compat_shared_info, evtchn_pending, shared_info, evtchn_pending);
PLACE(compat_shared_info, evtchn_mask, shared_info, evtchn_mask);
PLACE(compat_shared_info, wc_version, shared_info, wc_version);
PLACE(compat_shared_info, wc_sec, shared_info, wc_sec);
PLACE(compat_shared_info, wc_nsec, shared_info, wc_nsec);
PLACE(compat_shared_info, max_pfn, shared_info, arch.max_pfn);
PLACE(compat_shared_info, pfn_to_mfn_frame_list_list, shared_info,
      arch.pfn_to_mfn_frame_list_list);
PLACE(compat_shared_info, nmi_reason, shared_info, arch.nmi_reason);
PLACE(compat_shared_info, p2m_cr3, shared_info, arch.p2m_cr3);
PLACE(compat_shared_info, p2m_vaddr, shared_info, arch.p2m_vaddr);
PLACE(compat_shared_info, p2m_generation, shared_info, arch.p2m_generation);
PLACE(compat_shared_info, wc_sec_hi, shared_info, xen_wc_sec_hi);
