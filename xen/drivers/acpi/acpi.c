/* SPDX-License-Identifier: GPL-2.0-only */
/* The running host's tables: parsed once at boot, complained about by name. */
#include <xen/acpi.h>
#include <xen/init.h>
#include <xen/lib.h>

/* Bytes that registers take: up to the last one that is used (82093AA, HPET 1.0a). */
#define LAPIC_SPACE  0x1000UL
#define IOAPIC_SPACE 0x44UL
#define HPET_SPACE   0x400UL
#define BUS_SHIFT    20 /* of a bus in an MCFG window */

struct acpi_host acpi_host __ro_after_init;

/* Of those that are read here or by the IOMMU drivers, the first counts. */
static bool __init is_second(const struct acpi_table *t)
{
    static const char used[][5] __initconst = {"FACP", "APIC", "MCFG",
                                               "HPET", "IVRS", "DMAR"};

    for (unsigned int i = 0; i < ARRAY_SIZE(used); i++)
        if (!memcmp(t->sig, used[i], 4))
            return acpi_table_nth(&acpi_host.tables, used[i], 0) != t;
    return false;
}

static void __init report_tables(const struct acpi_tables *tables)
{
    if (!tables->root_is_xsdt && tables->xsdt_status != -ENOENT)
        printk(XENLOG_WARNING "ACPI: XSDT ignored: %s; using RSDT\n",
               acpi_reason(tables->xsdt_status));
    for (uint32_t i = 0; i < tables->count; i++) {
        const struct acpi_table *t = &tables->table[i];

        if (t->status)
            printk(XENLOG_WARNING "ACPI: table %s at %#lx ignored: %s\n",
                   t->sig[0] ? t->sig : "?", (unsigned long)t->pa,
                   acpi_reason(t->status));
        else if (is_second(t))
            printk(XENLOG_WARNING "ACPI: table %s at %#lx ignored: a second one\n",
                   t->sig, (unsigned long)t->pa);
        else
            printk(XENLOG_DEBUG "ACPI: %s at %#lx, %u bytes\n", t->sig,
                   (unsigned long)t->pa, t->bytes.len);
    }
    if (tables->dropped)
        printk(XENLOG_WARNING "ACPI: %u tables past the first %u ignored\n",
               tables->dropped, ACPI_MAX_TABLES);
}

static struct acpi_bytes __init bytes_of(const char *sig)
{
    const struct acpi_table *t = acpi_table_nth(&acpi_host.tables, sig, 0);

    return t ? t->bytes : (struct acpi_bytes){ 0 };
}

/* Parse an optional table; say so if it is there but unusable. */
#define OPTIONAL(sig, parser, field) ({                                        \
    struct acpi_bytes bytes_ = bytes_of(sig);                                  \
    int err_ = bytes_.data ? parser(bytes_, &acpi_host.field) : -ENOENT;       \
    if (err_ && bytes_.data)                                                   \
        printk(XENLOG_WARNING "ACPI: " sig " ignored: %s\n",                   \
               acpi_reason(err_));                                             \
    err_ == 0; })

/* Tables whose registers are not RAM: the parsers know bytes only. */
static int __init parse_mcfg(struct acpi_bytes b, struct acpi_mcfg *out)
{
    int err = acpi_parse_mcfg(b, out);

    for (uint32_t i = 0; !err && i < out->count; i++) {
        const struct acpi_mcfg_entry *e = &out->entry[i];
        uint64_t first = e->first_bus, end = e->last_bus + 1UL;

        err = acpi_check_registers("MCFG", e->base + (first << BUS_SHIFT),
                                   (end - first) << BUS_SHIFT);
    }
    return err;
}

static int __init parse_hpet(struct acpi_bytes b, struct acpi_hpet *out)
{
    int err = acpi_parse_hpet(b, out);

    return err ? err : acpi_check_registers("HPET", out->base, HPET_SPACE);
}

static int __init parse_madt(struct acpi_bytes b, struct acpi_madt *out)
{
    int err = acpi_parse_madt(b, out);

    if (!err)
        err = acpi_check_registers("MADT, local APIC", out->lapic_addr, LAPIC_SPACE);
    for (uint32_t i = 0; !err && i < out->ioapics; i++)
        err = acpi_check_registers("MADT, I/O APIC", out->ioapic[i].addr, IOAPIC_SPACE);
    return err;
}

/* The DSDT is not in the root table but behind the FADT. */
static void __init map_dsdt(const struct acpi_phys *phys)
{
    uint64_t pa = acpi_host.fadt.dsdt;
    struct acpi_bytes b = { NULL, ACPI_HEADER_LEN };
    uint32_t len;
    int err;

    if (!pa)
        return;
    b.data = phys->map(pa, b.len);
    if (!b.data) {
        printk(XENLOG_WARNING "ACPI: DSDT at %#lx cannot be mapped\n",
               (unsigned long)pa);
        return;
    }
    memcpy(&len, b.data + 4, sizeof(len));
    phys->unmap(b.data, b.len);
    b.data = NULL;
    b.len = len;
    if (len >= ACPI_HEADER_LEN && len <= ACPI_TABLE_MAX_LEN)
        b.data = phys->map(pa, len);
    err = b.data ? acpi_check_table(b, "DSDT") : -EINVAL;
    if (err) {
        printk(XENLOG_WARNING "ACPI: DSDT ignored: %s\n", acpi_reason(err));
        if (b.data)
            phys->unmap(b.data, len);
        return;
    }
    acpi_host.dsdt = b;
}

static bool __init find_s5(void)
{
    const struct acpi_table *ssdt;

    if (acpi_host.dsdt.data && acpi_parse_s5(acpi_host.dsdt, &acpi_host.s5) == 0)
        return true;
    for (uint32_t i = 0; (ssdt = acpi_table_nth(&acpi_host.tables, "SSDT", i)); i++) {
        if (acpi_parse_s5(ssdt->bytes, &acpi_host.s5) == 0)
            return true;
    }
    return false;
}

int __init acpi_init(const struct acpi_phys *phys, uint64_t rsdp_hint)
{
    struct acpi_bytes madt;
    int err = acpi_find_tables(phys, rsdp_hint, &acpi_host.tables);

    if (err) {
        printk(XENLOG_ERR "ACPI: no usable root table: %s\n", acpi_reason(err));
        return err;
    }
    report_tables(&acpi_host.tables);

    acpi_host.have_fadt = OPTIONAL("FACP", acpi_parse_fadt, fadt);
    acpi_host.have_mcfg = OPTIONAL("MCFG", parse_mcfg, mcfg);
    acpi_host.have_hpet = OPTIONAL("HPET", parse_hpet, hpet);
    if (acpi_host.have_fadt)
        map_dsdt(phys);
    acpi_host.have_s5 = find_s5();
    if (!acpi_host.have_s5)
        printk(XENLOG_WARNING "ACPI: no \\_S5, cannot power off\n");

    madt = bytes_of("APIC");
    err = madt.data ? parse_madt(madt, &acpi_host.madt) : -ENOENT;
    if (err)
        printk(XENLOG_ERR "ACPI: MADT refused: %s\n", acpi_reason(err));
    else
        printk(XENLOG_INFO "ACPI: %u processors, %u I/O APICs\n",
               acpi_host.madt.cpus, acpi_host.madt.ioapics);
    return err;
}
