/* SPDX-License-Identifier: GPL-2.0-only */
/* Finding and starting the units that the IVRS describes. */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/cpufeature.h>

#include "hw.h"

DEFINE_SPINLOCK(amd_hw_lock, LOCK_IOMMU_HW);
struct amd_unit *amd_units[ACPI_MAX_IOMMUS];
unsigned int amd_nr_units;
struct acpi_ivrs amd_ivrs;

static struct amd_segment segments[ACPI_MAX_IOMMUS];
static unsigned int nr_segments;

bool amd_device_info(uint16_t segment, uint16_t rid, struct amd_device_info *info)
{
    bool found = false, by_name = false;

    /* Later entries override earlier ones, as in "all, but this one", of one unit. */
    for (unsigned int i = 0; i < amd_ivrs.ranges; i++) {
        const struct acpi_ivrs_range *r = &amd_ivrs.range[i];

        if (amd_ivrs.ivhd[r->unit].segment != segment || rid < r->first ||
            rid > r->last)
            continue;
        /* What another unit names is not of the one that has all the rest. */
        if (by_name && acpi_range_is_rest(r) && info->unit != amd_units[r->unit])
            continue;
        by_name |= !acpi_range_is_rest(r);
        info->unit = amd_units[r->unit];
        info->settings = r->settings;
        info->alias = r->has_alias ? r->alias : rid;
        found = true;
    }
    return found;
}

uint64_t *amd_dte(uint16_t segment, uint16_t rid)
{
    for (unsigned int i = 0; i < nr_segments; i++) {
        if (segments[i].segment == segment)
            return segments[i].table + 4UL * rid;
    }
    return NULL;
}

#define TABLE_ORDER 9 /* 65536 entries of 32 bytes */

/* One device table a segment, every entry blocked from the start. */
static int __init add_segment(uint16_t segment)
{
    struct amd_segment *s = &segments[nr_segments];

    if (amd_dte(segment, 0))
        return 0;
    s->segment = segment;
    s->table = charge_alloc_pages(NULL, CHARGE_MISC, TABLE_ORDER);
    if (!s->table)
        return -ENOMEM;
    amd_block_all(s->table);
    nr_segments++;
    return 0;
}

static int __init add_unit(unsigned int index)
{
    struct amd_unit *u = xalloc(struct amd_unit);
    int err;

    if (!u)
        return -ENOMEM;
    u->index = index;
    amd_units[amd_nr_units++] = u;
    /* Those of two units cannot overlap: each begins at a multiple of its size. */
    err = acpi_check_registers("AMD-Vi", amd_ivrs.ivhd[index].base, REG_SPACE);
    if (!err)
        err = amd_unit_setup(u, &amd_ivrs.ivhd[index]);
    if (!err)
        err = add_segment(amd_ivrs.ivhd[index].segment);
    return err;
}

/* Undo what failed half-way: units off first, then the memory they used. */
static void __init tear_down(void)
{
    for (unsigned int i = 0; i < amd_nr_units; i++) {
        struct amd_unit *u = amd_units[i];

        if (u->regs) {
            amd_unit_stop(u);
            iounmap(u->regs);
        }
        charge_free_pages(u->ring, 0);
        charge_free_pages(u->events, 0);
        charge_free_pages(u->done, 0);
        xfree(u);
    }
    amd_nr_units = 0;
    while (nr_segments)
        charge_free_pages(segments[--nr_segments].table, TABLE_ORDER);
    amd_intremap_stop();
    amd_device_fini();
}

static int __init start_units(void)
{
    int err = 0;

    for (unsigned int i = 0; i < amd_nr_units && !err; i++) {
        struct amd_unit *u = amd_units[i];

        err = amd_unit_start(u, amd_dte(PCI_SEG(u->sbdf), 0));
        iommu_caches_absent |= u->caches_absent;
    }
    return err;
}

static int __init amd_init(void)
{
    const struct acpi_table *t = acpi_table_nth(&acpi_host.tables, "IVRS", 0);
    int err;

    if (!t)
        return -ENODEV;
    err = acpi_parse_ivrs(t->bytes, &amd_ivrs);
    if (err) {
        printk(XENLOG_ERR "ACPI: IVRS refused: %s\n", acpi_reason(err));
        return err;
    }
    if (!cpu_has(X86_FEATURE_CX16)) {
        printk(XENLOG_ERR "AMD-Vi: not used: the CPU has no CMPXCHG16B, by which table "
                          "entries are changed\n");
        return -ENODEV;
    }
    err = amd_device_init();
    if (iommu_intremap && amd_intremap_init()) {
        printk(XENLOG_WARNING "AMD-Vi: no interrupt remapping: IVRS does not name every "
                              "I/O APIC\n");
        iommu_intremap = false;
    }
    for (unsigned int i = 0; !err && i < amd_ivrs.units; i++)
        err = add_unit(i);
    if (!err)
        err = amd_intremap_start();
    if (!err)
        err = start_units();
    if (err) {
        tear_down();
        return err;
    }
    /* Without an interrupt the units still protect, only nobody hears of faults. */
    for (unsigned int i = 0; i < amd_nr_units; i++) {
        err = amd_fault_init(amd_units[i]);
        if (err)
            printk(XENLOG_WARNING "AMD-Vi: unit %u: no fault reports: error %d\n", i,
                   err);
    }
    return 0;
}

static int amd_deny(struct domain *d)
{
    int err = 0;

    for (unsigned int i = 0; i < amd_ivrs.units && !err; i++) {
        unsigned long first = amd_ivrs.ivhd[i].base >> PAGE_SHIFT;

        err = rangeset_remove(&d->iomem_caps, first,
                              first + (REG_SPACE >> PAGE_SHIFT) - 1);
    }
    return err;
}

static void amd_set_stalled(bool on)
{
    for (unsigned int i = 0; i < amd_nr_units; i++)
        write_once(amd_units[i]->stalled, on);
}

const struct iommu_ops amd_iommu_ops = {
    .name = "AMD-Vi",
    .init = amd_init,
    .model = &amd_model,
    .attach = amd_attach,
    .detach = amd_detach,
    .alias = amd_alias,
    .deny = amd_deny,
    .owns = amd_owns,
    .reserved = amd_reserved,
    .remap_msi = amd_remap_msi,
    .unmap_msi = amd_unmap_msi,
    .remap_ioapic = amd_remap_ioapic,
    .is_ioapic = amd_is_ioapic,
    .set_stalled = amd_set_stalled,
    .dump = amd_dump,
};
