/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains and their vCPUs: structures and life cycle (xen/common/domain/).
 *
 * Life: domain_create -> running -> domain_kill (preemptible, any number of calls until
 * 0)
 * -> last domain_put -> everything freed, charge checked to be zero (I2).
 * A struct domain * is valid while the caller holds a reference (domain_get) or is one of
 * the domain's own vCPUs.
 */
#ifndef XEN_DOMAIN_H
#define XEN_DOMAIN_H

#include <xen/alloc.h>
#include <xen/event.h>
#include <xen/iommu.h>
#include <xen/mm.h>
#include <xen/rangeset.h>
#include <xen/sched.h>
#include <xen/softirq.h>
#include <asm/domain.h>
#include <asm/nospec.h>
#include <asm/stack.h>
#include <public/domctl.h>
#include <public/xen.h>

#define DOMID_LIMIT DOMID_FIRST_RESERVED

struct grant_table;

/* Continuation state of the hypercall that current is in; see hypercall.h. */
struct hcall_state {
    bool preempted;
    bool in_multicall;
    unsigned long args[6];
};

struct vcpu {
    unsigned int vcpu_id;
    unsigned int processor;         /* CPU it runs or last ran on [run queue lock] */
    struct domain *domain;
    void *stack;                    /* hypervisor stack, lowest address */
    struct stack_ctx stack_ctx;
    struct sched_vcpu sched;

    bool is_initialised;            /* has a register state [d->lock] */
    struct vcpu_info *vcpu_info;    /* in shared_info, a guest page, or d's dummy */
    /* referenced when registered by the guest [d->lock] */
    struct page_info *vcpu_info_page;
    /* guest virtual address of the runstate area, 0: none */
    uint64_t runstate_gva;
    bool runstate_compat;           /* it was registered by 32-bit code, in its layout */
    uint64_t time_info_gva;

    s_time_t periodic_period;       /* ns, 0: off */
    struct timer periodic_timer;
    struct timer singleshot_timer;
    struct timer poll_timer;
    evtchn_port_t poll_evtchn;      /* 0: many or none; else the only polled port */

    evtchn_port_t virq_to_evtchn[NR_VIRQS]; /* [d->event_lock to write] */
    struct evtchn_fifo_vcpu *evtchn_fifo;   /* [d->event_lock] */

    struct hcall_state hcall;
    struct arch_vcpu arch;
};

enum domain_dying { DOMDYING_ALIVE, DOMDYING_DYING, DOMDYING_DEAD };

struct domain {
    domid_t domain_id;
    bool is_privileged;             /* domain 0 */
    bool is_console;
    uint32_t refcount;              /* atomic */
    struct list link;               /* all domains, ascending ids [LOCK_DOMLIST] */
    struct charge charge;

    spinlock_t lock;                /* LOCK_DOMAIN */
    /* max_vcpus entries, all NULL until max_vcpus is called */
    struct vcpu **vcpu;
    unsigned int max_vcpus;

    spinlock_t page_lock;           /* LOCK_PAGE; protects the next block */
    struct page_list page_list;
    unsigned long tot_pages;
    unsigned long max_pages;
    unsigned long outstanding_claim; /* [heap lock] */
    unsigned long shared_pages;     /* PGC_SHARED ones */

    struct shared_info *shared_info;
    bool has_32bit_shinfo;          /* its layout, and vcpu_info's: xen/shared_info.h */
    struct page_info *shared_info_page;
    unsigned long shared_info_gfn;  /* where it was last mapped, ~0: never; a hint */
    struct vcpu_info *dummy_vcpu_info; /* for ids >= 32 at first, for all in the end */

    struct evtchn_domain evtchn;
    struct grant_table *grant_table;
    struct domain_iommu iommu;
    struct sched_domain sched;

    struct rangeset iomem_caps, irq_caps;

    int32_t pause_count;            /* atomic */
    int32_t controller_pause_count; /* by domctl [LOCK_DOMCTL] */
    bool is_shutting_down, is_shut_down; /* [d->lock] */
    uint32_t shutdown_code;         /* SHUTDOWN_*, ~0: none */
    enum domain_dying dying;        /* [d->lock; read lock-free] */
    bool crashed;
    bool creation_finished;
    bool max_vcpus_set;
    unsigned int kill_step;         /* progress of domain_kill [LOCK_DOMCTL] */

    uint8_t handle[16];             /* UUID */
    uint32_t create_flags;          /* XEN_DOMCTL_CDF_* */
    uint32_t ssidref;
    unsigned long vm_assist;
    int64_t time_offset_seconds;
    evtchn_port_t suspend_evtchn;
    struct tasklet final_free;      /* last put: freed from softirq context */

    struct arch_domain arch;
};

extern struct domain *dom0;

#define for_each_vcpu(d, v)                                                    \
    for (unsigned int i_##v = 0; i_##v < (d)->max_vcpus; i_##v++)              \
        if (((v) = (d)->vcpu[i_##v]) != NULL)

/* The vCPU of that number, or NULL. For numbers that guests choose. No lock. */
static inline struct vcpu *domain_vcpu(const struct domain *d, unsigned long id)
{
    unsigned int max = d->max_vcpus;

    return id < max ? d->vcpu[array_index_nospec(id, max)] : NULL;
}

static inline bool is_idle_vcpu(const struct vcpu *v)
{
    return v->domain->domain_id == DOMID_IDLE;
}

/* A reference to the live or dying domain with that id (DOMID_SELF allowed), or NULL. */
struct domain *domain_get_by_id(domid_t id);
/* One more reference; the caller already has one. */
void domain_get(struct domain *d);
/* Any context where LOCK_TASKLET may be taken; the last one frees from a tasklet. */
void domain_put(struct domain *d);
/* The domain behind prev (NULL: the first), referenced; drops prev's reference. */
struct domain *domain_next(struct domain *prev, domid_t from);

/*
 * New domain with id domid, paused (pause count 1, the controller's). flags as
 * createdomain. Returns ERR_PTR: -EINVAL bad config, -EEXIST, -ENOMEM. Nothing is left on
 * failure (I4).
 */
struct domain *domain_create(domid_t id, const struct xen_domctl_createdomain *config,
                             bool privileged);
/*
 * XEN_DOMCTL_max_vcpus: creates all vCPUs; once per domain (-EEXIST), max must be the
 * number that createdomain was given (-EINVAL), all or none (-ENOMEM).
 */
int domain_set_max_vcpus(struct domain *d, unsigned int max);

/* Shut down (SHUTDOWN_*): pause all vCPUs, tell domain 0 by VIRQ_DOM_EXC. Domain 0's own
 * shutdown acts on the machine. */
int domain_shutdown(struct domain *d, uint32_t reason);
void domain_resume(struct domain *d);
/* Crash with a line that says why; from a vCPU of d it will not run again. */
void domain_crash(struct domain *d, const char *fmt, ...) __printf(2, 3);
/* Drop the hypervisor's hold on the shared info page (dying domains). */
void domain_release_shared_info(struct domain *d);
/* Release builds: domains whose charge was not zero at the end. */
extern unsigned int domains_leaked;
/* Destroy: 0 done, -ERESTART call again, -EINVAL privileged or self. */
int domain_kill(struct domain *d);

/* Point v->vcpu_info at guest memory: VCPUOP_register_vcpu_info. */
int vcpu_register_info(struct vcpu *v, gfn_t gfn, unsigned int offset);
void vcpu_unregister_info(struct vcpu *v);
/* Bring up / reset. */
int vcpu_up(struct vcpu *v);

void domain_keys_init(void); /* debug keys q, m, e, g */
void getdomaininfo(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* --- what the architecture provides (xen/arch/x86/domain*.c, hvm/) ----------------- */

int arch_domain_create(struct domain *d, const struct xen_domctl_createdomain *config);
void arch_domain_destroy(struct domain *d);      /* last reference gone; idempotent */
int arch_domain_relinquish(struct domain *d);    /* dying: devices, p2m; -ERESTART */
int arch_vcpu_create(struct vcpu *v);
void arch_vcpu_destroy(struct vcpu *v);          /* idempotent */
void arch_vcpu_switch_out(struct vcpu *v);       /* save FPU, vendor state; irqs off */
void arch_vcpu_switch_in(struct vcpu *v);
noreturn void arch_vcpu_main(void *vcpu);        /* first function on v's stack */
void vcpu_kick(struct vcpu *v);                  /* make v notice pending events soon */
/* VCPUOP_initialise / sethvmcontext helpers live with the architecture as well. */
long arch_domctl(struct xen_domctl *op, struct domain *d, uint64_t u_domctl,
                 bool *copyback);
/* The architecture's fields of getdomaininfo. */
void arch_domaininfo(struct domain *d, struct xen_domctl_getdomaininfo *info);
bool vcpu_event_pending(struct vcpu *v);         /* an interrupt would be delivered */

#endif
