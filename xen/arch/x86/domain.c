/* SPDX-License-Identifier: GPL-2.0-only */
/* The architecture's half of domains and vCPUs: what is made, in order, and unmade. */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/iommu.h>
#include <xen/lib.h>
#include <xen/time.h>
#include <xen/vpci.h>
#include <asm/cpu_policy.h>
#include <asm/hvm.h>
#include <asm/p2m.h>
#include <asm/spec_ctrl.h>
#include <asm/xstate.h>

/*
 * What is emulated; a domain that asks for more cannot be had. The interval timer that
 * every domain can read is no EMU_PIT, which promises interrupts (hvm/dev/README.md).
 */
#define EMULATED (XEN_X86_EMU_LAPIC | XEN_X86_EMU_IOAPIC | XEN_X86_EMU_VPCI)

/* Frequencies this close are the same clock, measured twice: parts per million. */
#define TSC_TOLERANCE_PPM 500

static bool built(const struct domain *d)
{
    return d->arch.policy;
}

/* On failure the caller runs arch_domain_relinquish() and arch_domain_destroy(). */
int arch_domain_create(struct domain *d, const struct xen_domctl_createdomain *config)
{
    struct arch_domain *a = &d->arch;
    int rc;

    if (!hvm)
        return -ENODEV;
    if ((config->arch.emulation_flags & ~EMULATED) || config->arch.misc_flags)
        return -EOPNOTSUPP;
    a->emulation_flags = config->arch.emulation_flags;
    a->tsc_khz = cpu_khz;
    spin_lock_init(&a->vpci_lock, LOCK_VPCI, "vpci");
    rangeset_init(&a->ioport_caps, &d->charge, "I/O ports");

    a->policy = charge_alloc(&d->charge, CHARGE_POLICY, sizeof(*a->policy));
    if (!a->policy)
        return -ENOMEM;
    *a->policy = cpu_policy_hvm_default;
    rc = p2m_init(d);
    if (!rc)
        rc = iommu_domain_init(d, config->flags & XEN_DOMCTL_CDF_iommu);
    if (!rc && (a->emulation_flags & XEN_X86_EMU_VPCI))
        rc = vpci_domain_init(d);
    return rc ? rc : hvm_domain_init(d);
}

int arch_domain_relinquish(struct domain *d)
{
    int rc;

    if (!built(d))
        return 0;
    rc = hvm_domain_relinquish(d);
    if (!rc)
        rc = iommu_domain_relinquish(d);
    return rc ? rc : p2m_relinquish(d);
}

void arch_domain_destroy(struct domain *d)
{
    struct arch_domain *a = &d->arch;

    if (!built(d))
        return;
    hvm_domain_destroy(d);
    vpci_domain_destroy(d);
    iommu_domain_destroy(d);
    p2m_destroy(d);
    rangeset_destroy(&a->ioport_caps);
    charge_free(a->e820.entries);
    a->e820.entries = NULL;
    charge_free(a->policy);
    a->policy = NULL;
}

void arch_domaininfo(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    info->arch_config.emulation_flags = d->arch.emulation_flags;
}

int arch_vcpu_create(struct vcpu *v)
{
    int rc;

    v->arch.xsave = xstate_alloc(&v->domain->charge);
    if (!v->arch.xsave)
        return -ENOMEM;
    v->arch.xcr0 = 1;
    spec_ctrl_vcpu_init(v);
    rc = hvm_vcpu_init(v);
    if (rc) {
        xstate_free(v->arch.xsave);
        v->arch.xsave = NULL;
    }
    return rc;
}

void arch_vcpu_destroy(struct vcpu *v)
{
    if (!v->arch.xsave)
        return;
    hvm_vcpu_destroy(v);
    xstate_free(v->arch.xsave);
    v->arch.xsave = NULL;
}

void arch_vcpu_switch_out(struct vcpu *v)
{
    if (is_idle_vcpu(v))
        return;
    xstate_save(v);
    hvm->switch_out(v);
    hvm_dev_switch_out(v);
}

void arch_vcpu_switch_in(struct vcpu *v)
{
    if (is_idle_vcpu(v))
        return;
    spec_ctrl_switch_in(v);
    xstate_restore(v);
    hvm->switch_in(v);
    hvm_dev_switch_in(v);
    update_vcpu_time(v);
}

void arch_vcpu_main(void *vcpu)
{
    hvm->run(vcpu);
}

int domain_set_cpu_policy(struct domain *d, const struct cpu_policy *p)
{
    if (d->creation_finished)
        return -EBUSY;
    *d->arch.policy = *p;
    cpu_policy_clamp(&cpu_policy_hvm_max, d->arch.policy);
    return 0;
}

/*
 * Guests read the machine's TSC plus an offset, which serves the default, "never emulate"
 * and, as long as the frequency is the machine's, "always emulate".
 */
int hvm_set_tsc_info(struct domain *d, const struct xen_domctl_tsc_info *info)
{
    uint32_t khz = info->gtsc_khz, slack = cpu_khz / 1000000 * TSC_TOLERANCE_PPM + 1;

    if (info->tsc_mode > 2)
        return -EINVAL;
    if (khz && (khz > cpu_khz + slack || khz + slack < cpu_khz))
        return -EINVAL;
    d->arch.tsc_mode = info->tsc_mode;
    d->arch.tsc_khz = cpu_khz;
    d->arch.tsc_set = true;
    return 0;
}

void hvm_get_tsc_info(struct domain *d, struct xen_domctl_tsc_info *info)
{
    *info = (struct xen_domctl_tsc_info){
        .tsc_mode = d->arch.tsc_mode,
        .gtsc_khz = d->arch.tsc_khz,
        .elapsed_nsec = (uint64_t)NOW(),
    };
}
