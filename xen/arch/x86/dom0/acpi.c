/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ACPI for domain 0: a new RSDP, XSDT and MADT in a hole at the top of its low RAM. The
 * XSDT lists the host's own tables, which domain 0 sees at their addresses, but not those
 * that describe what the hypervisor keeps (timers, IOMMUs, NUMA). ACPI 6.4 5.2.5, 5.2.8,
 * 5.2.12.
 */
#include <xen/acpi.h>
#include <xen/guest_access.h>
#include <asm/cpu_policy.h>

#include "private.h"

struct header {
    char sig[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem_id[6], oem_table_id[8];
    uint32_t oem_revision;
    char creator[4];
    uint32_t creator_revision;
} __packed;

struct rsdp {
    char sig[8];
    uint8_t checksum;
    char oem_id[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t ext_checksum;
    uint8_t reserved[3];
} __packed;

/* MADT entries by type (§5.2.12.2 on). */
struct madt_ioapic {
    uint8_t type, length, id, reserved;
    uint32_t addr, gsi_base;
} __packed;

struct madt_override {
    uint8_t type, length, bus, irq;
    uint32_t gsi;
    uint16_t flags;
} __packed;

struct madt_x2apic {
    uint8_t type, length;
    uint16_t reserved;
    uint32_t id, flags, uid;
} __packed;

#define MADT_IOAPIC   1
#define MADT_OVERRIDE 2
#define MADT_X2APIC   9
#define MADT_ENABLED  1

static const char hidden_tables[][5] __initconst = {
    "APIC", "HPET", "IVRS", "DMAR", "SRAT", "SLIT",
    "MPST", "PMTT", "MSCT", "HMAT", "PPTT",
};

static bool __init shown(const struct acpi_table *t)
{
    if (t->status)
        return false;
    for (unsigned int i = 0; i < ARRAY_SIZE(hidden_tables); i++)
        if (memcmp(t->sig, hidden_tables[i], 4) == 0)
            return false;
    /* In RAM that domain 0 does not have it could not read it. */
    if (memory_map_type(t->pa, t->bytes.len) == E820_RAM) {
        printk(XENLOG_WARNING
               "ACPI table %s at %#lx lies in RAM: domain 0 goes without\n",
               t->sig, (unsigned long)t->pa);
        return false;
    }
    return true;
}

static uint32_t __init madt_size(const struct domain *d)
{
    return (uint32_t)(sizeof(struct header) + 8 +
                      acpi_host.madt.ioapics * sizeof(struct madt_ioapic) +
                      acpi_host.madt.overrides * sizeof(struct madt_override) +
                      d->max_vcpus * sizeof(struct madt_x2apic));
}

static uint32_t __init xsdt_size(void)
{
    return (uint32_t)(sizeof(struct header) + (acpi_host.tables.count + 1) * 8);
}

#define XSDT_OFFSET 64U

static uint64_t __init madt_offset(void)
{
    return ROUND_UP(XSDT_OFFSET + xsdt_size(), 16U);
}

uint64_t __init dom0_acpi_size(const struct domain *d)
{
    return madt_offset() + madt_size(d);
}

static uint8_t __init sum_to_zero(const void *p, size_t len)
{
    const uint8_t *b = p;
    uint8_t sum = 0;

    while (len--)
        sum = (uint8_t)(sum + *b++);
    return (uint8_t)-sum;
}

static void __init fill_header(struct header *h, const char *sig, uint32_t len,
                               uint8_t rev)
{
    memcpy(h->sig, sig, 4);
    h->length = len;
    h->revision = rev;
    memcpy(h->oem_id, "Xen   ", 6);
    memcpy(h->oem_table_id, "DOM0    ", 8);
    memcpy(h->creator, "HVL ", 4);
    h->creator_revision = 1;
}

static void __init fill_madt(const struct domain *d, uint8_t *p)
{
    struct header *h = (struct header *)p;
    const struct acpi_madt *m = &acpi_host.madt;
    uint32_t lapic = 0xfee00000;
    uint8_t *at = p + sizeof(*h) + 8;

    fill_header(h, "APIC", madt_size(d), 5);
    memcpy(p + sizeof(*h), &lapic, 4);
    /* The flags stay 0: domain 0 has no 8259s, whatever the machine has (PCAT_COMPAT). */
    for (uint32_t i = 0; i < m->ioapics; i++, at += sizeof(struct madt_ioapic))
        *(struct madt_ioapic *)at = (struct madt_ioapic){
            MADT_IOAPIC, sizeof(struct madt_ioapic), m->ioapic[i].id, 0,
            m->ioapic[i].addr, m->ioapic[i].gsi_base};
    for (uint32_t i = 0; i < m->overrides; i++, at += sizeof(struct madt_override))
        *(struct madt_override *)at = (struct madt_override){
            MADT_OVERRIDE, sizeof(struct madt_override), 0, m->override[i].irq,
            m->override[i].gsi, m->override[i].flags};
    for (uint32_t i = 0; i < d->max_vcpus; i++, at += sizeof(struct madt_x2apic))
        *(struct madt_x2apic *)at = (struct madt_x2apic){
            MADT_X2APIC, sizeof(struct madt_x2apic), 0, VCPU_APIC_ID(i), MADT_ENABLED, i};
    h->checksum = sum_to_zero(p, h->length);
}

static void __init fill_xsdt(uint8_t *p, uint64_t madt)
{
    struct header *h = (struct header *)p;
    uint8_t *at = p + sizeof(*h);

    memcpy(at, &madt, 8);
    at += 8;
    for (uint32_t i = 0; i < acpi_host.tables.count; i++) {
        const struct acpi_table *t = &acpi_host.tables.table[i];

        if (!shown(t))
            continue;
        memcpy(at, &t->pa, 8);
        at += 8;
    }
    fill_header(h, "XSDT", (uint32_t)(at - p), 1);
    h->checksum = sum_to_zero(p, h->length);
}

static void __init fill_rsdp(uint8_t *p, uint64_t xsdt)
{
    struct rsdp *r = (struct rsdp *)p;

    memcpy(r->sig, "RSD PTR ", 8);
    memcpy(r->oem_id, "Xen   ", 6);
    r->revision = 2;
    r->length = sizeof(*r);
    r->xsdt = xsdt;
    r->checksum = sum_to_zero(r, 20); /* the ACPI 1.0 part */
    r->ext_checksum = sum_to_zero(r, sizeof(*r));
}

int __init dom0_build_acpi(struct dom0_build *b)
{
    size_t size = dom0_acpi_size(b->d);
    uint8_t *buf = charge_alloc(NULL, CHARGE_MISC, size);
    int rc;

    if (!buf)
        return -ENOMEM;
    fill_rsdp(buf, b->acpi_start + XSDT_OFFSET);
    fill_xsdt(buf + XSDT_OFFSET, b->acpi_start + madt_offset());
    fill_madt(b->d, buf + madt_offset());
    rc = copy_to_guest_phys(b->d, b->acpi_start, buf, size);
    b->rsdp = b->acpi_start;
    charge_free(buf);
    return rc;
}
