/* SPDX-License-Identifier: GPL-2.0-only */
/* How the ACPI code reads the firmware's memory at boot. */
#include <xen/acpi.h>
#include <xen/init.h>
#include <xen/mm.h>
#include <asm/boot.h>

#include "setup.h"

static const void *acpi_map(uint64_t pa, uint32_t len)
{
    return ioremap_cached(pa, len);
}

static void acpi_unmap(const void *va, uint32_t len)
{
    iounmap((void *)(uintptr_t)va);
}

int __init acpi_boot(void)
{
    static const struct acpi_phys phys = {.map = acpi_map, .unmap = acpi_unmap};

    return acpi_init(&phys, boot_info.rsdp);
}
