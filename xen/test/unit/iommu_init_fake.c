/* SPDX-License-Identifier: GPL-2.0-only */
#include <xen/acpi.h>
#include <xen/alloc.h>
#include <xen/iommu.h>
#include <xen/mm.h>
#include <asm/boot.h>
#include "iommu_init_fake.h"

bool iommu_intremap, iommu_caches_absent;
struct acpi_host acpi_host;
paddr_t ram_page;

void *charge_alloc_pages(struct charge *c, enum charge_tag tag, unsigned int order)
{
    return charge_alloc(c, tag, PAGE_SIZE << order);
}

void charge_free_pages(void *p, unsigned int order)
{
    (void)order;
    charge_free(p);
}

paddr_t virt_to_paddr(const void *va)
{
    return (paddr_t)(uintptr_t)va;
}

void *paddr_to_virt(paddr_t pa)
{
    return (void *)(uintptr_t)pa;
}

bool memory_map_has_ram(paddr_t start, uint64_t size)
{
    assert_int_equal((start | size) % PAGE_SIZE, 0);
    return start <= ram_page && ram_page < start + size;
}

const struct acpi_table *acpi_table_nth(const struct acpi_tables *tables,
                                        const char *sig, uint32_t nth)
{
    static const struct acpi_table t;

    (void)tables;
    (void)nth;
    assert_string_equal(sig, vendors_table);
    return &t;
}

const char *acpi_reason(int err)
{
    (void)err;
    return "";
}
