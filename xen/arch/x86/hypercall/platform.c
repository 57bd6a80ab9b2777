/* SPDX-License-Identifier: GPL-2.0-only */
/* platform_op: the machine's clock and processors, for domain 0. */
#include <xen/cpumask.h>
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/smp.h>
#include <public/platform.h>

static long settime(uint64_t secs, uint32_t nsecs, uint64_t system_time)
{
    struct domain *d = NULL;

    if (nsecs >= (uint32_t)SECONDS(1) || system_time > (uint64_t)STIME_MAX)
        return -EINVAL;
    wallclock_set(secs, nsecs, (s_time_t)system_time);
    while ((d = domain_next(d, 0)) != NULL)
        update_domain_wallclock(d);
    return 0;
}

static unsigned int highest_cpu(void)
{
    unsigned int cpu, last = 0;

    for_each_cpu(cpu, &cpu_present_map)
        last = cpu;
    return last;
}

static void get_cpuinfo(struct xenpf_pcpuinfo *info)
{
    unsigned int cpu = info->xen_cpuid;

    info->max_present = highest_cpu();
    info->flags = XEN_PCPU_FLAGS_INVALID;
    if (cpu >= NR_CPUS || !cpumask_test(cpu, &cpu_present_map))
        return;
    info->flags = cpu_online(cpu) ? XEN_PCPU_FLAGS_ONLINE : 0;
    info->apic_id = cpu_apic_id(cpu);
    info->acpi_id = cpu_acpi_id(cpu);
}

long hypercall_platform_op(const unsigned long *a)
{
    struct xen_platform_op op;

    if (arg_read(&op, a[0]))
        return -EFAULT;
    if (op.interface_version != XENPF_INTERFACE_VERSION)
        return -EACCES;
    switch (op.cmd) {
    case XENPF_settime32:
        return settime(op.u.settime32.secs, op.u.settime32.nsecs,
                       op.u.settime32.system_time);
    case XENPF_settime64:
        if (op.u.settime64.mbz)
            return -EINVAL;
        return settime(op.u.settime64.secs, op.u.settime64.nsecs,
                       op.u.settime64.system_time);
    case XENPF_get_cpuinfo:
        get_cpuinfo(&op.u.pcpu_info);
        return arg_write_field(a[0], &op, u.pcpu_info);
    default:
        return -ENOSYS; /* no EFI, no frequency or sleep state driver */
    }
}
