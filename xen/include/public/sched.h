/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_SCHED_H
#define XEN_PUBLIC_SCHED_H

#include "event_channel.h"

/* sched_op(cmd, arg); yield and block take none, shutdown_code that of shutdown. */
#define SCHEDOP_yield           0
#define SCHEDOP_block           1
#define SCHEDOP_shutdown        2
#define SCHEDOP_poll            3
#define SCHEDOP_remote_shutdown 4
#define SCHEDOP_shutdown_code   5
#define SCHEDOP_watchdog        6
#define SCHEDOP_pin_override    7

#define SHUTDOWN_poweroff   0
#define SHUTDOWN_reboot     1
#define SHUTDOWN_suspend    2
#define SHUTDOWN_crash      3
#define SHUTDOWN_watchdog   4
#define SHUTDOWN_soft_reset 5
#define SHUTDOWN_MAX        5

#ifndef __ASSEMBLY__

struct sched_shutdown {
    unsigned int reason; /* SHUTDOWN_* */
};
XEN_ABI_TYPE(sched_shutdown);

/* Waits until a port is pending or timeout, absolute ns of system time; 0 is never. */
struct sched_poll {
    XEN_GUEST_HANDLE(evtchn_port_t) ports;
    unsigned int                    nr_ports; /* up to 128 */
    uint64_t                        timeout;
};
XEN_ABI_TYPE(sched_poll);

struct sched_remote_shutdown {
    domid_t      domain_id;
    unsigned int reason;
};
XEN_ABI_TYPE(sched_remote_shutdown);

/* id 0 and a timeout in seconds create a watchdog and return its id. */
struct sched_watchdog {
    uint32_t id;
    uint32_t timeout;
};
XEN_ABI_TYPE(sched_watchdog);

struct sched_pin_override {
    int32_t pcpu; /* negative: back to normal */
};
XEN_ABI_TYPE(sched_pin_override);

#endif

#endif
