/* SPDX-License-Identifier: GPL-2.0-only */
/* vcpu_op, set_timer_op, vm_assist: what a guest asks about its own vCPUs. */
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <asm/current.h>
#include <asm/hvm.h>
#include <public/hvm/hvm_vcpu.h>
#include <public/sched.h>
#include <public/vcpu.h>

#define MIN_PERIOD MILLISECS(1)
#define MAX_PERIOD SECONDS(1000000000)

static long initialise(struct vcpu *v, uint64_t arg)
{
    struct domain *d = v->domain;
    struct vcpu_hvm_context ctx;
    long rc;

    if (arg_read(&ctx, arg))
        return -EFAULT;
    /* Without a vcpu_info of its own it could not be told of events. */
    if (v->vcpu_info == d->dummy_vcpu_info)
        return -EINVAL;
    spin_lock(&d->lock);
    rc = v->is_initialised ? -EEXIST : hvm_set_context(v, &ctx);
    if (!rc)
        v->is_initialised = true;
    spin_unlock(&d->lock);
    return rc;
}

static bool is_down(const struct vcpu *v)
{
    return read_once(v->sched.pause_flags) & VPF_OFF;
}

static long take_down(struct vcpu *target)
{
    struct domain *d = target->domain;
    struct vcpu *v;
    bool last = true;
    uint32_t old;

    for_each_vcpu(d, v)
        if (v != target && !is_down(v))
            last = false;
    if (last)
        return domain_shutdown(d, SHUTDOWN_poweroff);
    old = __atomic_fetch_or(&target->sched.pause_flags, VPF_DOWN, __ATOMIC_SEQ_CST);
    if (!(old & VPF_DOWN))
        vcpu_sleep_nosync(target);
    return 0;
}

static long get_runstate(struct vcpu *v, uint64_t arg)
{
    return vcpu_runstate_write(v, arg, false);
}

/* Both area calls: remember the guest virtual address and fill the area once. */
static long register_area(struct vcpu *v, uint64_t arg, uint64_t *where, size_t size)
{
    uint64_t gva;

    if (arg_read(&gva, arg))
        return -EFAULT;
    if (gva && !guest_range_okay(gva, 1, size))
        return -EFAULT;
    if (where == &v->runstate_gva)
        v->runstate_compat = false;
    *where = gva;
    if (!gva)
        return 0;
    if (v == current) {
        vcpu_runstate_publish(v);
    } else if (where == &v->runstate_gva) {
        return vcpu_runstate_write(v, gva, false);
    }
    return 0;
}

static long set_periodic(struct vcpu *v, uint64_t arg)
{
    struct vcpu_set_periodic_timer set;

    if (arg_read(&set, arg))
        return -EFAULT;
    if (set.period_ns < (uint64_t)MIN_PERIOD || set.period_ns > (uint64_t)MAX_PERIOD)
        return -EINVAL;
    write_once(v->periodic_period, (s_time_t)set.period_ns);
    timer_set(&v->periodic_timer, NOW() + (s_time_t)set.period_ns);
    return 0;
}

static long stop_periodic(struct vcpu *v)
{
    write_once(v->periodic_period, 0);
    timer_stop(&v->periodic_timer);
    return 0;
}

/* On the CPU it is set from: the vCPU most likely runs there when it fires. */
static void arm_singleshot(struct vcpu *v, s_time_t when)
{
    if (v->singleshot_timer.cpu != v->processor)
        timer_migrate(&v->singleshot_timer, v->processor);
    timer_set(&v->singleshot_timer, when);
}

static long set_singleshot(struct vcpu *v, uint64_t arg)
{
    struct vcpu_set_singleshot_timer set;

    if (v != current)
        return -EINVAL;
    if (arg_read(&set, arg))
        return -EFAULT;
    if (set.timeout_abs_ns > (uint64_t)STIME_MAX)
        set.timeout_abs_ns = (uint64_t)STIME_MAX;
    /*
     * A time already past fires at once, also with VCPU_SSHOTTMR_future: the ABI leaves
     * it to us, and a guest's clock is not thrown off its stride by an event too many.
     */
    arm_singleshot(v, (s_time_t)set.timeout_abs_ns);
    return 0;
}

static long stop_singleshot(struct vcpu *v)
{
    if (v != current)
        return -EINVAL;
    timer_stop(&v->singleshot_timer);
    return 0;
}

static long register_info(struct vcpu *v, uint64_t arg)
{
    struct vcpu_register_vcpu_info reg;

    if (arg_read(&reg, arg))
        return -EFAULT;
    return vcpu_register_info(v, _gfn(reg.mfn), reg.offset);
}

long hypercall_vcpu_op(const unsigned long *a)
{
    struct domain *d = current->domain;
    unsigned int id = (unsigned int)a[1];
    struct vcpu *v = domain_vcpu(d, id);
    uint64_t arg = a[2];

    if (!v)
        return -ENOENT;
    switch ((int)a[0]) {
    case VCPUOP_initialise:
        return initialise(v, arg);
    case VCPUOP_up:
        return vcpu_up(v);
    case VCPUOP_down:
        return take_down(v);
    case VCPUOP_is_up:
        return !is_down(v);
    case VCPUOP_get_runstate_info:
        return get_runstate(v, arg);
    case VCPUOP_register_runstate_memory_area:
        return register_area(v, arg, &v->runstate_gva, sizeof(struct vcpu_runstate_info));
    case VCPUOP_register_vcpu_time_memory_area:
        return register_area(v, arg, &v->time_info_gva, sizeof(struct vcpu_time_info));
    case VCPUOP_set_periodic_timer:
        return set_periodic(v, arg);
    case VCPUOP_stop_periodic_timer:
        return stop_periodic(v);
    case VCPUOP_set_singleshot_timer:
        return set_singleshot(v, arg);
    case VCPUOP_stop_singleshot_timer:
        return stop_singleshot(v);
    case VCPUOP_register_vcpu_info:
        return register_info(v, arg);
    case VCPUOP_send_nmi:
        hvm_post_nmi(v);
        return 0;
    case VCPUOP_get_physid:
        return -EINVAL; /* only for vCPUs tied to one CPU each, which we do not do */
    default:
        return -ENOSYS;
    }
}

long hypercall_set_timer_op(const unsigned long *a)
{
    struct vcpu *v = current;

    if (!a[0])
        timer_stop(&v->singleshot_timer);
    else
        arm_singleshot(v, (s_time_t)MIN(a[0], (unsigned long)STIME_MAX));
    return 0;
}

long hypercall_vm_assist(const unsigned long *a)
{
    /* The other assists are about PV page tables and descriptors. */
    static const unsigned long offered = 1UL << VMASST_TYPE_runstate_update_flag;
    unsigned long *map = &current->domain->vm_assist;
    unsigned int type = (unsigned int)a[1];

    if (type >= BITS_PER_LONG || !(offered & (1UL << type)))
        return -EINVAL;
    switch ((unsigned int)a[0]) {
    case VMASST_CMD_enable:
        set_bit(type, map);
        return 0;
    case VMASST_CMD_disable:
        clear_bit(type, map);
        return 0;
    default:
        return -ENOSYS;
    }
}
