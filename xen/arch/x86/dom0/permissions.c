/* SPDX-License-Identifier: GPL-2.0-only */
/* What of the machine the hypervisor keeps for itself. */
#include <xen/acpi.h>
#include <xen/dom0.h>
#include <xen/rangeset.h>
#include <xen/serial.h>
#include <asm/p2m.h>

#include "private.h"

/* 4 KiB tables for every 2 MiB in the worst case, twice (CPU and IOMMU), and some. */
int __init arch_set_dom0_pool(struct domain *d, unsigned long nr_pages)
{
    return p2m_limit_pool(d, ((uint64_t)(nr_pages >> 7) << PAGE_SHIFT) + MB(8));
}

static int __init deny_ports(struct domain *d)
{
    static const struct {
        uint16_t first, last;
    } ports[] __initconst = {
        {0x20, 0x21}, {0xa0, 0xa1}, /* interrupt controllers: masked, unused */
        {0x40, 0x41}, {0x43, 0x43}, /* interval timer; counter 2 is lent (hvm/dev) */
        {0x61, 0x61},               /* its gate, and NMI status */
        {0xcf8, 0xcff},             /* PCI configuration: through vPCI */
    };
    int rc = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(ports) && !rc; i++)
        rc = rangeset_remove(&d->arch.ioport_caps, ports[i].first, ports[i].last);
    for (unsigned int port = 0; port < SERIAL_PORTS && !rc; port++) {
        uint16_t first, last;

        if (serial_io_range(port, &first, &last))
            rc = rangeset_remove(&d->arch.ioport_caps, first, last);
    }
    return rc;
}

static int __init deny_page(struct domain *d, paddr_t pa)
{
    return rangeset_remove(&d->iomem_caps, pa >> PAGE_SHIFT, pa >> PAGE_SHIFT);
}

int __init arch_dom0_deny(struct domain *d)
{
    int rc = deny_ports(d);

    if (!rc)
        rc = deny_page(d, acpi_host.madt.lapic_addr);
    for (uint32_t i = 0; i < acpi_host.madt.ioapics && !rc; i++)
        rc = deny_page(d, acpi_host.madt.ioapic[i].addr);
    if (!rc && acpi_host.have_hpet)
        rc = deny_page(d, acpi_host.hpet.base);
    /* MSI messages written by a CPU would be interrupts of its choice. */
    return rc ? rc : rangeset_remove(&d->iomem_caps, 0xfee00, 0xfeeff);
}
