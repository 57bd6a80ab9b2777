/* SPDX-License-Identifier: GPL-2.0-only */
/* Where firmware may have registers. */
#include <xen/acpi.h>
#include <xen/errno.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <asm/boot.h>

int __init acpi_check_registers(const char *whose, uint64_t base, uint64_t len)
{
    if (!memory_map_has_ram(base, len))
        return 0;
    printk(XENLOG_ERR "%s: firmware places registers at %#lx, which is RAM\n", whose,
           (unsigned long)base);
    return -EINVAL;
}
