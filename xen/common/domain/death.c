/* SPDX-License-Identifier: GPL-2.0-only */
/* Shutdown, crash, resume and destruction. */
#include <xen/shutdown.h>

#include "private.h"

unsigned int domains_leaked;

/* Domain 0 is the machine's operating system: what it asks for happens to the machine. */
static void dom0_shutdown(uint32_t reason)
{
    static const char *const names[] = {
        [SHUTDOWN_poweroff] = "power off", [SHUTDOWN_reboot] = "reboot",
        [SHUTDOWN_suspend] = "suspend", [SHUTDOWN_crash] = "crash",
        [SHUTDOWN_watchdog] = "watchdog", [SHUTDOWN_soft_reset] = "soft reset",
    };

    printk(XENLOG_INFO "Domain 0 shut down: %s\n",
           reason < ARRAY_SIZE(names) ? names[reason] : "unknown reason");
    switch (reason) {
    case SHUTDOWN_poweroff:
        machine_power_off();
        break;
    case SHUTDOWN_crash:
        machine_restart(5000, true);
        break;
    default:
        machine_restart(0, false);
        break;
    }
}

int domain_shutdown(struct domain *d, uint32_t reason)
{
    bool first;

    if (d->is_privileged)
        dom0_shutdown(reason);
    spin_lock(&d->lock);
    first = !d->is_shutting_down;
    if (first) {
        d->is_shutting_down = true;
        d->shutdown_code = reason;
        /* All of it under the lock: a resume takes back the pause that goes with it. */
        domain_pause_nosync(d);
        write_once(d->is_shut_down, true);
    }
    spin_unlock(&d->lock);
    if (!first)
        return 0;
    if (reason == SHUTDOWN_suspend && d->suspend_evtchn)
        evtchn_send(d, d->suspend_evtchn);
    else
        send_global_virq(VIRQ_DOM_EXC);
    return 0;
}

void domain_resume(struct domain *d)
{
    bool was;

    spin_lock(&d->lock);
    was = d->is_shutting_down;
    d->is_shutting_down = d->is_shut_down = false;
    d->shutdown_code = ~0U;
    spin_unlock(&d->lock);
    if (was)
        domain_unpause(d);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    va_list args;
    char why[128];

    va_start(args, fmt);
    vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);
    if (!d->crashed)
        printk(XENLOG_ERR "%pd crashed: %s\n", d, why);
    d->crashed = true;
    domain_shutdown(d, SHUTDOWN_crash);
}

/* --- destruction ------------------------------------------------------------------- */

static int step_stop(struct domain *d)
{
    spin_lock(&d->lock);
    d->dying = DOMDYING_DYING;
    spin_unlock(&d->lock);
    domain_pause(d);
    /* An operation on d that did not see it dying has ended when this lock was free. */
    spin_lock(&d->lock);
    spin_unlock(&d->lock);
    return 0;
}

static int step_arch(struct domain *d)
{
    return arch_domain_relinquish(d);
}

static int step_shared_pages(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v)
        vcpu_unregister_info(v);
    grant_table_release_frames(d);
    domain_release_shared_info(d);
    domain_set_claim(d, 0);
    return 0;
}

/*
 * In this order: first nobody can reach in (channels, devices, mappings of others'
 * memory), then the maps go, then the memory. Without devices there are no tables of
 * theirs to take the mappings out of, which could need memory to split an entry.
 */
static int (*const kill_steps[])(struct domain *d) = {
    step_stop,
    evtchn_domain_close_all,
    iommu_domain_relinquish,
    grant_table_release_mappings,
    step_arch,
    step_shared_pages,
    domain_free_all_pages,
};

int domain_kill(struct domain *d)
{
    if (d->is_privileged || d == current->domain)
        return -EINVAL;
    if (d->dying == DOMDYING_DEAD)
        return 0;
    while (d->kill_step < ARRAY_SIZE(kill_steps)) {
        int rc = kill_steps[d->kill_step](d);

        if (rc)
            return rc;
        d->kill_step++;
        if (hypercall_preempt_check())
            return -ERESTART;
    }
    d->dying = DOMDYING_DEAD;
    send_global_virq(VIRQ_DOM_EXC);
    domain_put(d); /* the table's own reference */
    return 0;
}
