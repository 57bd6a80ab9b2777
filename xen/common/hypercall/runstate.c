/* SPDX-License-Identifier: GPL-2.0-only */
/* Areas in guest memory that show a vCPU its run state and time. */
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <asm/current.h>
#include <public/vcpu.h>

/* Without padding before members of 64 bits, as 32-bit guests read it. */
struct runstate32 {
    int32_t state;
    uint64_t state_entry_time;
    uint64_t time[4];
} __attribute__((packed));

static int write_state(uint64_t gva, const struct vcpu_runstate_info *rs, bool compat)
{
    struct runstate32 r = {
        .state = rs->state, .state_entry_time = rs->state_entry_time,
    };

    if (!compat)
        return arg_write(gva, rs);
    memcpy(r.time, rs->time, sizeof(r.time));
    return arg_write(gva, &r);
}

static int write_entry_time(uint64_t gva, const struct vcpu_runstate_info *rs,
                            bool compat)
{
    const uint64_t *now = &rs->state_entry_time;
    size_t at = compat ? offsetof(struct runstate32, state_entry_time)
                       : offsetof(struct vcpu_runstate_info, state_entry_time);

    return copy_to_guest_va(gva + at, now, sizeof(*now));
}

int vcpu_runstate_write(struct vcpu *v, uint64_t gva, bool compat)
{
    struct vcpu_runstate_info rs;

    vcpu_runstate_get(v, &rs);
    return write_state(gva, &rs, compat);
}

/*
 * With the update flag the guest may read while we write: it sees the flag set in the
 * entry time until everything else is in place (public/vcpu.h).
 */
static void publish_runstate(struct vcpu *v, uint64_t gva)
{
    struct vcpu_runstate_info rs;
    bool compat = v->runstate_compat;
    bool flagged = test_bit(VMASST_TYPE_runstate_update_flag, &v->domain->vm_assist);

    vcpu_runstate_get(v, &rs);
    if (flagged) {
        rs.state_entry_time |= XEN_RUNSTATE_UPDATE;
        if (write_entry_time(gva, &rs, compat))
            return;
        smp_wmb();
    }
    if (write_state(gva, &rs, compat) || !flagged)
        return;
    smp_wmb();
    rs.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
    /* A page that went away in between is the guest's own doing. */
    if (write_entry_time(gva, &rs, compat))
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
