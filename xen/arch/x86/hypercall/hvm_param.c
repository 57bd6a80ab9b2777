/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HVM parameters: one number each, shared between the toolstack, the guest and us. The
 * table says who may do what; a parameter it does not list is refused.
 */
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/lib.h>
#include <asm/current.h>
#include <public/hvm/params.h>
#include <public/sched.h>

#include "private.h"

#define OWN_SET (1U << 0) /* the domain itself may set it */
#define OWN_GET (1U << 1)
#define ONCE    (1U << 2) /* once it is not zero it stays */
#define KNOWN   (1U << 3)

struct param_rule {
    uint8_t flags;
    /* The largest value allowed; 0: any. */
    uint8_t max;
    /* 0 or an error; the domain's parameter lock is not held. */
    int (*check)(struct domain *d, uint64_t value);
};

static int only_zero(struct domain *d, uint64_t value)
{
    return value ? -EOPNOTSUPP : 0;
}

static int check_fip_width(struct domain *d, uint64_t value)
{
    return value == 0 || value == 4 || value == 8 ? 0 : -EINVAL;
}

static int set_callback(struct domain *d, uint64_t value)
{
    if (d == current->domain)
        hvm_latch_shared_layout();
    hvm_set_callback_via(d, value);
    return 0;
}

#define TOOLS KNOWN
#define BOTH  (KNOWN | OWN_SET | OWN_GET)
#define SHOWN (KNOWN | OWN_GET)

static const struct param_rule rules[HVM_NR_PARAMS] = {
    [HVM_PARAM_CALLBACK_IRQ]           = {BOTH, 0, set_callback},
    [HVM_PARAM_STORE_PFN]              = {SHOWN},
    [HVM_PARAM_STORE_EVTCHN]           = {BOTH},
    [HVM_PARAM_CONSOLE_PFN]            = {SHOWN},
    [HVM_PARAM_CONSOLE_EVTCHN]         = {BOTH},
    [HVM_PARAM_VM86_TSS]               = {BOTH},
    [HVM_PARAM_VM86_TSS_SIZED]         = {BOTH},
    [HVM_PARAM_ACPI_S_STATE]           = {BOTH, 0, only_zero},
    [HVM_PARAM_VM_GENERATION_ID_ADDR]  = {BOTH},
    [HVM_PARAM_X87_FIP_WIDTH]          = {BOTH, 0, check_fip_width},
    [HVM_PARAM_IOREQ_PFN]              = {TOOLS},
    [HVM_PARAM_BUFIOREQ_PFN]           = {TOOLS},
    [HVM_PARAM_VIRIDIAN]               = {TOOLS | ONCE, 0, only_zero},
    [HVM_PARAM_TIMER_MODE]             = {TOOLS, HVMPTM_one_missed_tick_pending},
    [HVM_PARAM_HPET_ENABLED]           = {TOOLS, 1},
    [HVM_PARAM_IDENT_PT]               = {TOOLS},
    [HVM_PARAM_VPT_ALIGN]              = {TOOLS, 1},
    [HVM_PARAM_ACPI_IOPORTS_LOCATION]  = {TOOLS, 1},
    [HVM_PARAM_PAGING_RING_PFN]        = {TOOLS},
    [HVM_PARAM_MONITOR_RING_PFN]       = {TOOLS},
    [HVM_PARAM_SHARING_RING_PFN]       = {TOOLS},
    [HVM_PARAM_TRIPLE_FAULT_REASON]    = {TOOLS, SHUTDOWN_MAX},
    [HVM_PARAM_IOREQ_SERVER_PFN]       = {TOOLS | ONCE},
    [HVM_PARAM_NR_IOREQ_SERVER_PAGES]  = {TOOLS | ONCE},
    [HVM_PARAM_ALTP2M]                 = {TOOLS | ONCE, 0, only_zero},
    [HVM_PARAM_MCA_CAP]                = {TOOLS | ONCE, 0, only_zero},
};

/*
 * May the caller do what flag says to the parameter? It is a toolstack if it is not the
 * domain itself; domain 0 has no more rights over its own parameters than others.
 */
static int check_access(const struct domain *d, uint32_t index, uint8_t flag)
{
    if (index >= HVM_NR_PARAMS)
        return -EINVAL;
    if (d == current->domain && !(rules[index].flags & flag))
        return -EPERM;
    return rules[index].flags & KNOWN ? 0 : -EINVAL;
}

static int set_param(struct domain *d, uint32_t index, uint64_t value)
{
    struct hvm_domain *h = &d->arch.hvm;
    const struct param_rule *rule = &rules[index];
    int rc = 0;

    if (rule->max && value > rule->max)
        return -EINVAL;
    spin_lock(&h->lock);
    if ((rule->flags & ONCE) && h->params[index] && h->params[index] != value)
        rc = -EEXIST;
    spin_unlock(&h->lock);
    if (!rc && rule->check)
        rc = rule->check(d, value);
    if (rc)
        return rc;
    spin_lock(&h->lock);
    h->params[index] = value;
    spin_unlock(&h->lock);
    return 0;
}

long hvm_op_set_param(uint64_t arg)
{
    struct xen_hvm_param p;
    struct domain *d;
    long rc;

    if (arg_read(&p, arg))
        return -EFAULT;
    d = hypercall_target(p.domid);
    if (IS_ERR(d))
        return PTR_ERR(d);
    rc = check_access(d, p.index, OWN_SET);
    if (!rc)
        rc = set_param(d, p.index, p.value);
    domain_put(d);
    return rc;
}

long hvm_op_get_param(uint64_t arg)
{
    struct xen_hvm_param p;
    struct domain *d;
    long rc;

    if (arg_read(&p, arg))
        return -EFAULT;
    d = hypercall_target(p.domid);
    if (IS_ERR(d))
        return PTR_ERR(d);
    rc = check_access(d, p.index, OWN_GET);
    if (!rc) {
        spin_lock(&d->arch.hvm.lock);
        p.value = d->arch.hvm.params[p.index];
        spin_unlock(&d->arch.hvm.lock);
        rc = arg_write_field(arg, &p, value);
    }
    domain_put(d);
    return rc;
}
