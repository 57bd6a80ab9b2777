/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shared_info and vcpu_info of 32-bit guests: public/xen.h with words of 4 bytes, and the
 * high half of the time of day at the end of the architecture's part. Needs the
 * fixed-width types; test/abi compares it with the peer's headers.
 */
#ifndef XEN_COMPAT_SHARED_H
#define XEN_COMPAT_SHARED_H

struct compat_vcpu_info {
    uint8_t evtchn_upcall_pending, evtchn_upcall_mask, pad[2];
    uint32_t evtchn_pending_sel;
    uint32_t cr2, arch_pad[5];
    uint8_t time[32];               /* struct vcpu_time_info, the same for both */
};

struct compat_shared_info {
    struct compat_vcpu_info vcpu_info[32];
    uint32_t evtchn_pending[32], evtchn_mask[32];
    uint32_t wc_version, wc_sec, wc_nsec;
    uint32_t max_pfn, pfn_to_mfn_frame_list_list, nmi_reason;
    uint32_t p2m_cr3, p2m_vaddr, p2m_generation;
    uint32_t wc_sec_hi;
};

#endif
