/* SPDX-License-Identifier: GPL-2.0-only */
/* Areas in guest memory that show a vCPU its run state and time. */
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <asm/current.h>
#include <public/vcpu.h>

/*
 * With the update flag the guest may read while we write: it sees the flag set in the
 * entry time until everything else is in place (public/vcpu.h).
 */
static void publish_runstate(struct vcpu *v, uint64_t gva)
{
    struct vcpu_runstate_info rs;
    bool flagged = test_bit(VMASST_TYPE_runstate_update_flag, &v->domain->vm_assist);

    vcpu_runstate_get(v, &rs);
    if (flagged) {
        rs.state_entry_time |= XEN_RUNSTATE_UPDATE;
        if (arg_write_field(gva, &rs, state_entry_time))
            return;
        smp_wmb();
    }
    if (arg_write(gva, &rs) || !flagged)
        return;
    smp_wmb();
    rs.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
    /* A page that went away in between is the guest's own doing. */
    if (arg_write_field(gva, &rs, state_entry_time))
        return;
}

static void publish_time(struct vcpu *v, uint64_t gva)
{
    struct vcpu_time_info now;

    update_vcpu_time(v);
    memcpy(&now, &v->vcpu_info->time, sizeof(now));
    if (arg_write(gva, &now))
        return;
}

void vcpu_runstate_publish(struct vcpu *v)
{
    ASSERT(v == current);
    if (v->runstate_gva)
        publish_runstate(v, v->runstate_gva);
    if (v->time_info_gva)
        publish_time(v, v->time_info_gva);
}
