/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_HVM_HVM_OP_H
#define XEN_PUBLIC_HVM_HVM_OP_H

#include "../xen.h"
#include "../event_channel.h"

/* hvm_op(cmd, arg) */
#define HVMOP_set_param                0
#define HVMOP_get_param                1
#define HVMOP_flush_tlbs               5
#define HVMOP_pagetable_dying          9
#define HVMOP_get_time                10
#define HVMOP_xentrace                11
#define HVMOP_get_mem_type            15
#define HVMOP_set_evtchn_upcall_vector 23
#define HVMOP_guest_request_vm_event  24
#define HVMOP_altp2m                  25
#if defined(__XEN__) || defined(__XEN_TOOLS__)
#define HVMOP_set_mem_access          12 /* gone: -EOPNOTSUPP */
#define HVMOP_get_mem_access          13 /* gone: -EOPNOTSUPP */

#define HVM_IOREQSRV_BUFIOREQ_OFF    0
#define HVM_IOREQSRV_BUFIOREQ_LEGACY 1
#define HVM_IOREQSRV_BUFIOREQ_ATOMIC 2
#endif

#define HVMOP_ALTP2M_INTERFACE_VERSION    0x00000001
#define HVMOP_altp2m_get_domain_state     1
#define HVMOP_altp2m_set_domain_state     2
#define HVMOP_altp2m_vcpu_enable_notify   3
#define HVMOP_altp2m_create_p2m           4
#define HVMOP_altp2m_destroy_p2m          5
#define HVMOP_altp2m_switch_p2m           6
#define HVMOP_altp2m_set_mem_access       7
#define HVMOP_altp2m_change_gfn           8
#define HVMOP_altp2m_set_mem_access_multi 9
#define HVMOP_altp2m_set_suppress_ve      10
#define HVMOP_altp2m_get_suppress_ve      11
#define HVMOP_altp2m_get_mem_access       12
#define HVMOP_altp2m_vcpu_disable_notify  13
#define HVMOP_altp2m_get_p2m_idx          14
#define HVMOP_altp2m_set_suppress_ve_multi 15
#define HVMOP_altp2m_set_visibility       16

#ifndef __ASSEMBLY__

struct xen_hvm_param {
    domid_t  domid;
    uint16_t pad;
    uint32_t index; /* HVM_PARAM_* */
    uint64_t value;
};
XEN_ABI_TYPE(xen_hvm_param);

typedef enum {
    HVMMEM_ram_rw,
    HVMMEM_ram_ro,
    HVMMEM_mmio_dm,
    HVMMEM_unused,
    HVMMEM_ioreq_server
} hvmmem_type_t;

struct xen_hvm_pagetable_dying {
    domid_t  domid;
    uint16_t pad[3];
    uint64_t gpa;
};
XEN_ABI_TYPE(xen_hvm_pagetable_dying);

struct xen_hvm_get_time {
    uint64_t now; /* out: ns */
};
XEN_ABI_TYPE(xen_hvm_get_time);

struct xen_hvm_get_mem_type {
    domid_t  domid;
    uint16_t mem_type; /* out: HVMMEM_* */
    uint16_t pad[2];
    uint64_t pfn;
};
XEN_ABI_TYPE(xen_hvm_get_mem_type);

/* Vectors below 0x10 are -EINVAL. */
struct xen_hvm_evtchn_upcall_vector {
    uint32_t vcpu;
    uint8_t  vector;
};
XEN_ABI_TYPE(xen_hvm_evtchn_upcall_vector);

#endif /* !__ASSEMBLY__ */

#endif
