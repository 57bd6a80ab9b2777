/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_VCPU_H
#define XEN_PUBLIC_VCPU_H

#include "xen.h"

/* vcpu_op(cmd, vcpu, arg); -ENOENT if there is no such vCPU. */
#define VCPUOP_initialise                    0
#define VCPUOP_up                            1
#define VCPUOP_down                          2
#define VCPUOP_is_up                         3
#define VCPUOP_get_runstate_info             4
#define VCPUOP_register_runstate_memory_area 5
#define VCPUOP_set_periodic_timer            6
#define VCPUOP_stop_periodic_timer           7
#define VCPUOP_set_singleshot_timer          8
#define VCPUOP_stop_singleshot_timer         9
#define VCPUOP_register_vcpu_info           10
#define VCPUOP_send_nmi                     11
#define VCPUOP_get_physid                   12
#define VCPUOP_register_vcpu_time_memory_area 13

#define RUNSTATE_running  0
#define RUNSTATE_runnable 1
#define RUNSTATE_blocked  2
#define RUNSTATE_offline  3

/* Set in state_entry_time while the area is being written, if so asked for. */
#define XEN_RUNSTATE_UPDATE (xen_mk_ullong(1) << 63)

/* A time already past may give -ETIME instead of an event. */
#define _VCPU_SSHOTTMR_future 0
#define VCPU_SSHOTTMR_future  (1U << _VCPU_SSHOTTMR_future)

#ifndef __ASSEMBLY__

/* Times in ns; time[] is what was spent in each state. */
struct vcpu_runstate_info {
    int      state; /* RUNSTATE_* */
    uint64_t state_entry_time;
    uint64_t time[4];
};
XEN_ABI_TYPE(vcpu_runstate_info);

struct vcpu_register_runstate_memory_area {
    union {
        XEN_GUEST_HANDLE(vcpu_runstate_info_t) h;
        struct vcpu_runstate_info             *v;
        uint64_t                               p;
    } addr;
};
XEN_ABI_TYPE(vcpu_register_runstate_memory_area);

/* At least 1 ms. */
struct vcpu_set_periodic_timer {
    uint64_t period_ns;
};
XEN_ABI_TYPE(vcpu_set_periodic_timer);

struct vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns;
    uint32_t flags; /* VCPU_SSHOTTMR_* */
};
XEN_ABI_TYPE(vcpu_set_singleshot_timer);

/* Once in a vCPU's life; must not cross the page. */
struct vcpu_register_vcpu_info {
    uint64_t mfn; /* gfn of a translated guest */
    uint32_t offset;
    uint32_t rsvd;
};
XEN_ABI_TYPE(vcpu_register_vcpu_info);

struct vcpu_get_physid {
    uint64_t phys_id;
};
XEN_ABI_TYPE(vcpu_get_physid);
#define xen_vcpu_physid_to_x86_apicid(id) ((uint32_t)(id))
#define xen_vcpu_physid_to_x86_acpiid(id) ((uint32_t)((id) >> 32))

DEFINE_XEN_GUEST_HANDLE(vcpu_time_info_t);
struct vcpu_register_time_memory_area {
    union {
        XEN_GUEST_HANDLE(vcpu_time_info_t) h;
        struct vcpu_time_info             *v;
        uint64_t                           p;
    } addr;
};
XEN_ABI_TYPE(vcpu_register_time_memory_area);

#endif

#endif
