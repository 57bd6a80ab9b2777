/* SPDX-License-Identifier: GPL-2.0-only */
/* I/O and MSR permission maps (APM vol. 2 15.10, 15.11): a set bit means an exit. */
#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/msr.h>
#include "svm.h"

#define IOPM_ORDER  2           /* 12 KiB are used */
#define MSRPM_ORDER 1
#define PORTS       0x10000u

void *svm_iopm, *svm_msrpm;

/* What VMLOAD, VMSAVE and VMRUN switch by themselves, and guests use often. */
static const uint32_t passed_through[] = {
    MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_STAR, MSR_LSTAR, MSR_CSTAR,
    MSR_SYSCALL_MASK, MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,
};

/* Two bits an MSR: read, write. Three ranges of 2 KiB (APM vol. 2 15.11). */
static void pass_msr(uint8_t *map, uint32_t msr)
{
    uint32_t offset = msr & 0x1fff;
    uint32_t range = msr >= 0xc0010000 ? 0x1000 : msr >= 0xc0000000 ? 0x800 : 0;

    map[range + offset / 4] &= (uint8_t)~(3u << (offset % 4 * 2));
}

int svm_maps_init(void)
{
    svm_iopm = charge_alloc_pages(NULL, CHARGE_VMCB, IOPM_ORDER);
    svm_msrpm = charge_alloc_pages(NULL, CHARGE_VMCB, MSRPM_ORDER);
    if (!svm_iopm || !svm_msrpm)
        return -ENOMEM;
    memset(svm_iopm, 0xff, PAGE_SIZE << IOPM_ORDER);
    memset(svm_msrpm, 0xff, PAGE_SIZE << MSRPM_ORDER);
    for (unsigned int i = 0; i < ARRAY_SIZE(passed_through); i++)
        pass_msr(svm_msrpm, passed_through[i]);
    return 0;
}

/* Domain 0 drives real devices: it has a map of its own. */
int svm_domain_init(struct domain *d)
{
    if (!d->is_privileged)
        return 0;
    d->arch.hvm.vendor = charge_alloc_pages(&d->charge, CHARGE_VMCB, IOPM_ORDER);
    if (!d->arch.hvm.vendor)
        return -ENOMEM;
    memset(d->arch.hvm.vendor, 0xff, PAGE_SIZE << IOPM_ORDER);
    return 0;
}

void svm_domain_destroy(struct domain *d)
{
    if (d->arch.hvm.vendor)
        charge_free_pages(d->arch.hvm.vendor, IOPM_ORDER);
    d->arch.hvm.vendor = NULL;
}

void svm_io_map_prepare(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);
    uint8_t *map = v->domain->arch.hvm.vendor;

    if (s->io_ready)
        return;
    s->io_ready = true;
    if (!map)
        return;
    /* All vCPUs compute the same, so doing it again is harmless. */
    for (uint32_t port = 0; port < PORTS; port++) {
        if (hvm_port_direct(v->domain, (uint16_t)port))
            map[port / 8] &= (uint8_t)~(1u << (port % 8));
    }
    s->vmcb->iopm_pa = virt_to_paddr(map);
}
