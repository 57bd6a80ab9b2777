/* SPDX-License-Identifier: GPL-2.0-only */
/* The emulated devices of a domain and of a vCPU, together. */
#include <xen/domain.h>
#include <xen/percpu.h>
#include <asm/hvm.h>
#include <asm/vioapic.h>
#include <asm/vlapic.h>
#include <asm/vpit.h>
#include "dev.h"

void hvm_dev_init(void)
{
    vlapic_register_save();
    vioapic_register_save();
    dump_init();
}

/* On failure what exists is left for hvm_dev_domain_destroy(). */
int hvm_dev_domain_init(struct domain *d)
{
    int rc;

    spin_lock_init(&d->arch.hvm.io_lock, LOCK_VDEV, "hvm_io");
    list_init(&d->arch.hvm.io_handlers);
    rc = vioapic_init(d);
    if (rc == 0)
        rc = vpit_init(d);
    if (rc == 0)
        rc = ports_init(d);
    return rc;
}

/* Idempotent; also for a domain that hvm_dev_domain_init() never saw. */
void hvm_dev_domain_destroy(struct domain *d)
{
    vioapic_destroy(d);
    vpit_destroy(d);
    hvm_unregister_io(d);
}

int hvm_dev_vcpu_init(struct vcpu *v)
{
    return vlapic_init(v);
}

void hvm_dev_vcpu_destroy(struct vcpu *v)
{
    vlapic_destroy(v);
}

void hvm_dev_switch_in(struct vcpu *v)
{
    if (v->arch.hvm.vlapic)
        timer_migrate(&v->arch.hvm.vlapic->timer, smp_processor_id());
}

void hvm_dev_switch_out(struct vcpu *v)
{
    (void)v;    /* timers go on firing: that is how a halted vCPU wakes */
}
