/* SPDX-License-Identifier: GPL-2.0-only */
/* The one list of hypercalls: number, name, arguments, who may call. */
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/test_op.h>
#include <asm/current.h>
#include <asm/nospec.h>

#include "private.h"

#define ANY(call, n)     [__HYPERVISOR_##call] = {hypercall_##call, #call, n, false}
#define DOM0(call, n)    [__HYPERVISOR_##call] = {hypercall_##call, #call, n, true}
/* In the ABI, but for PV guests or not offered here. */
#define REFUSED(call)    [__HYPERVISOR_##call] = {NULL, #call, 0, false}

static const struct hypercall table[] = {
    REFUSED(set_trap_table),
    REFUSED(mmu_update),
    REFUSED(set_gdt),
    REFUSED(stack_switch),
    REFUSED(set_callbacks),
    REFUSED(fpu_taskswitch),
    REFUSED(sched_op_compat),
    DOM0(platform_op, 1),
    REFUSED(set_debugreg),
    REFUSED(get_debugreg),
    REFUSED(update_descriptor),
    ANY(memory_op, 2),
    ANY(multicall, 2),
    REFUSED(update_va_mapping),
    ANY(set_timer_op, 1),
    REFUSED(event_channel_op_compat),
    ANY(xen_version, 2),
    ANY(console_io, 3),
    REFUSED(physdev_op_compat),
    ANY(grant_table_op, 3),
    ANY(vm_assist, 2),
    REFUSED(update_va_mapping_otherdomain),
    REFUSED(iret),
    ANY(vcpu_op, 3),
    REFUSED(set_segment_base),
    REFUSED(mmuext_op),
    ANY(xsm_op, 1),
    REFUSED(nmi_op),
    ANY(sched_op, 2),
    ANY(callback_op, 2),
    REFUSED(xenoprof_op),
    ANY(event_channel_op, 2),
    ANY(physdev_op, 2),
    ANY(hvm_op, 2),
    DOM0(sysctl, 1),
    DOM0(domctl, 1),
    REFUSED(kexec_op),
    REFUSED(tmem_op),
    REFUSED(argo_op),
    REFUSED(xenpmu_op),
    DOM0(dm_op, 3),
    DOM0(hypfs_op, 5),
    REFUSED(arch_0),
    REFUSED(arch_1),
    REFUSED(arch_2),
    REFUSED(arch_3),
    REFUSED(arch_4),
    REFUSED(arch_5),
    REFUSED(arch_6),
#ifdef CONFIG_FAULT_INJECTION
    [HYPERVISOR_TEST_OP] = {hypercall_test_op, "test_op", 2, true},
#else
    REFUSED(arch_7),
#endif
};

const struct hypercall *hypercall_find(unsigned int nr)
{
    if (nr >= ARRAY_SIZE(table))
        return NULL;
    nr = (unsigned int)array_index_nospec(nr, ARRAY_SIZE(table));
    return table[nr].name ? &table[nr] : NULL;
}

const char *hypercall_name(unsigned int nr)
{
    const struct hypercall *h = hypercall_find(nr);

    return h ? h->name : "unknown";
}

long hypercall_call(unsigned int nr, const unsigned long *args)
{
    const struct hypercall *h = hypercall_find(nr);

    if (!h || !h->fn) {
        gprintk(XENLOG_DEBUG, "hypercall %u (%s) refused\n", nr, hypercall_name(nr));
        return -ENOSYS;
    }
    if (h->privileged && !current->domain->is_privileged)
        return -EPERM;
    return h->fn(args);
}
