/* SPDX-License-Identifier: GPL-2.0-only */
/* Finding and starting the units that the DMAR describes. */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>

#include "hw.h"

DEFINE_SPINLOCK(vtd_hw_lock, LOCK_IOMMU_HW);
struct vtd_unit *vtd_units[ACPI_MAX_IOMMUS];
unsigned int vtd_nr_units;
struct acpi_dmar vtd_dmar;

/* A domain may meet any unit: its tables use what all of them can do. */
static int __init agree(void)
{
    struct iommu_model *m = &vtd_model;
    uint64_t widths = 0x1f, superpages = 3;
    bool snoop = iommu_options.snoop;

    m->max_ids = 65536;
    m->max_order = 63;
    for (unsigned int i = 0; i < vtd_nr_units; i++) {
        const struct vtd_unit *u = vtd_units[i];

        widths &= CAP_SAGAW(u->cap);
        superpages &= CAP_SUPERPAGES(u->cap);
        m->max_order = MIN(m->max_order, u->cap & CAP_PAGE_SELECTIVE
                                             ? (int)CAP_MASK_MAX(u->cap) : -1);
        m->max_ids = MIN(m->max_ids, CAP_DOMAINS(u->cap));
        snoop &= (u->ecap & ECAP_SNOOP) != 0;
        m->write_back |= u->write_back;
        iommu_caches_absent |= u->caches_absent;
    }
    m->attr = snoop ? PT_SNOOP : 0;
    m->max_leaf = superpages == 3 ? 2 : superpages & 1;
    /* Bit n of the widths stands for n + 2 levels; 48 bits are enough for anyone. */
    if (widths & 4)
        m->levels = 4;
    else if (widths & 2)
        m->levels = 3;
    else
        return -EOPNOTSUPP;
    return 0;
}

/* How far a unit's registers go is known when it has been asked. */
static int __init check_overlap(const struct vtd_unit *u)
{
    const struct acpi_drhd *drhd = vtd_dmar.drhd;
    uint64_t base = drhd[u->index].base;

    for (unsigned int i = 0; i < u->index; i++) {
        if (base >= drhd[i].base + vtd_units[i]->reg_space ||
            drhd[i].base >= base + u->reg_space)
            continue;
        printk(XENLOG_ERR "VT-d: the registers of units %u and %u overlap\n", i,
               u->index);
        return -EINVAL;
    }
    return acpi_check_registers("VT-d", base, u->reg_space);
}

static int __init add_unit(unsigned int index)
{
    const struct acpi_drhd *drhd = &vtd_dmar.drhd[index];
    struct vtd_unit *u = xalloc(struct vtd_unit);
    int err;

    if (!u)
        return -ENOMEM;
    u->index = index;
    vtd_units[vtd_nr_units++] = u;
    err = acpi_check_registers("VT-d", drhd->base, REG_SPACE);
    if (!err)
        err = vtd_unit_setup(u, drhd);
    return err ? err : check_overlap(u);
}

/* Undo what failed half-way: units off first, then the memory they used. */
static void __init tear_down(void)
{
    for (unsigned int i = 0; i < vtd_nr_units; i++) {
        struct vtd_unit *u = vtd_units[i];

        if (u->regs) {
            vtd_unit_stop(u);
            iounmap(u->regs);
        }
        charge_free_pages(u->root, 0);
        charge_free_pages(u->ring, 0);
        charge_free_pages(u->done, 0);
        charge_free_pages(u->irt, IRT_ORDER);
        xfree(u->irt_used);
        xfree(u);
    }
    vtd_nr_units = 0;
}

static int __init start_units(void)
{
    int err = 0;

    for (unsigned int i = 0; i < vtd_nr_units && !err; i++)
        err = vtd_unit_start(vtd_units[i]);
    return err;
}

static int __init vtd_init(void)
{
    const struct acpi_table *t = acpi_table_nth(&acpi_host.tables, "DMAR", 0);
    int err;

    if (!t)
        return -ENODEV;
    err = acpi_parse_dmar(t->bytes, &vtd_dmar);
    if (err) {
        printk(XENLOG_ERR "ACPI: DMAR refused: %s\n", acpi_reason(err));
        return err;
    }
    for (unsigned int i = 0; !err && i < vtd_dmar.drhds; i++)
        err = add_unit(i);
    if (!err)
        err = agree();
    if (!err && iommu_intremap && vtd_intremap_init()) {
        printk(XENLOG_WARNING "VT-d: no interrupt remapping: not all units can, or DMAR "
                              "does not name every I/O APIC\n");
        iommu_intremap = false;
    }
    if (!err)
        err = start_units();
    if (err) {
        tear_down();
        return err;
    }
    printk(XENLOG_INFO "VT-d: %u-level tables, not shared with the CPU's\n",
           vtd_model.levels);
    /* Without an interrupt the units still protect, only nobody hears of faults. */
    for (unsigned int i = 0; i < vtd_nr_units; i++) {
        err = vtd_fault_init(vtd_units[i]);
        if (err)
            printk(XENLOG_WARNING "VT-d: unit %u: no fault reports: error %d\n", i, err);
    }
    return 0;
}

static int vtd_deny(struct domain *d)
{
    int err = 0;

    for (unsigned int i = 0; i < vtd_nr_units && !err; i++) {
        const struct vtd_unit *u = vtd_units[i];
        unsigned long first = vtd_dmar.drhd[u->index].base >> PAGE_SHIFT;

        err = rangeset_remove(&d->iomem_caps, first,
                              first + (u->reg_space >> PAGE_SHIFT) - 1);
    }
    return err;
}

static void vtd_set_stalled(bool on)
{
    for (unsigned int i = 0; i < vtd_nr_units; i++)
        write_once(vtd_units[i]->stalled, on);
}

const struct iommu_ops vtd_iommu_ops = {
    .name = "VT-d",
    .init = vtd_init,
    .model = &vtd_model,
    .attach = vtd_attach,
    .detach = vtd_detach,
    .deny = vtd_deny,
    .owns = vtd_owns,
    .reserved = vtd_reserved,
    .remap_msi = vtd_remap_msi,
    .unmap_msi = vtd_unmap_msi,
    .remap_ioapic = vtd_remap_ioapic,
    .is_ioapic = vtd_is_ioapic,
    .set_stalled = vtd_set_stalled,
    .dump = vtd_dump,
};
