/* SPDX-License-Identifier: GPL-2.0-only */
/* Processors and interrupt controllers (ACPI 6.4, section 5.2.12). */
#include "bytes.h"

enum {
    MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_LAPIC_NMI = 4,
    MADT_LAPIC_ADDR = 5, MADT_X2APIC = 9, MADT_X2APIC_NMI = 10,
};

#define MADT_BODY       44U
#define CPU_ENABLED     1U
#define CPU_ONLINE_CAP  2U

/* The length each entry we read must at least have. */
static const uint8_t entry_len[] = {
    [MADT_LAPIC] = 8, [MADT_IOAPIC] = 12, [MADT_OVERRIDE] = 10,
    [MADT_LAPIC_NMI] = 6, [MADT_LAPIC_ADDR] = 12, [MADT_X2APIC] = 16,
    [MADT_X2APIC_NMI] = 12,
};

static int add_cpu(struct acpi_madt *out, struct acpi_cpu cpu, uint32_t flags)
{
    cpu.enabled = flags & CPU_ENABLED;
    cpu.online_capable = !cpu.enabled && (flags & CPU_ONLINE_CAP);
    if (!cpu.enabled && !cpu.online_capable)
        return 0;

    /* Firmware may list one processor as a local APIC and again as an x2APIC. */
    for (uint32_t i = 0; i < out->cpus; i++) {
        if (out->cpu[i].apic_id == cpu.apic_id) {
            out->cpu[i].enabled |= cpu.enabled;
            return 0;
        }
    }
    if (out->cpus == ACPI_MAX_CPUS)
        return -E2BIG;
    out->cpu[out->cpus++] = cpu;
    return 0;
}

static int add_ioapic(struct acpi_madt *out, struct acpi_bytes e)
{
    struct acpi_ioapic io = {
        .id = get8(e, 2), .addr = get32(e, 4), .gsi_base = get32(e, 8),
    };

    if (io.addr == 0 || io.addr % 16)
        return -EINVAL;
    for (uint32_t i = 0; i < out->ioapics; i++) {
        if (out->ioapic[i].addr == io.addr || out->ioapic[i].gsi_base == io.gsi_base)
            return -EINVAL;
    }
    if (out->ioapics == ACPI_MAX_IOAPICS)
        return -E2BIG;
    out->ioapic[out->ioapics++] = io;
    return 0;
}

static int add_override(struct acpi_madt *out, struct acpi_bytes e)
{
    struct acpi_override o = {
        .irq = get8(e, 3), .gsi = get32(e, 4), .flags = get16(e, 8),
    };

    if (get8(e, 2) != 0 || o.irq > 15)
        return -EINVAL;
    if (out->overrides == ACPI_MAX_OVERRIDES)
        return -E2BIG;
    out->override[out->overrides++] = o;
    return 0;
}

static int add_nmi(struct acpi_madt *out, uint32_t uid, uint16_t flags, uint8_t lint)
{
    if (lint > 1)
        return -EINVAL;
    if (out->nmis == ACPI_MAX_NMIS)
        return -E2BIG;
    out->nmi[out->nmis++] = (struct acpi_lapic_nmi){
        .uid = uid, .flags = flags, .lint = lint,
    };
    return 0;
}

static int add_entry(struct acpi_madt *out, uint8_t type, struct acpi_bytes e)
{
    struct acpi_cpu cpu = { 0 };
    uint32_t uid;

    switch (type) {
    case MADT_LAPIC:
        cpu.uid = get8(e, 2);
        cpu.apic_id = get8(e, 3);
        /* 255 is the broadcast id: an empty slot, whatever its flags say. */
        return cpu.apic_id == 0xff ? 0 : add_cpu(out, cpu, get32(e, 4));
    case MADT_X2APIC:
        cpu.apic_id = get32(e, 4);
        cpu.uid = get32(e, 12);
        cpu.x2apic = true;
        return cpu.apic_id == ~0U ? 0 : add_cpu(out, cpu, get32(e, 8));
    case MADT_IOAPIC:
        return add_ioapic(out, e);
    case MADT_OVERRIDE:
        return add_override(out, e);
    case MADT_LAPIC_NMI:
        uid = get8(e, 2);
        return add_nmi(out, uid == 0xff ? ACPI_NMI_ALL_CPUS : uid, get16(e, 3),
                       get8(e, 5));
    case MADT_X2APIC_NMI:
        return add_nmi(out, get32(e, 4), get16(e, 2), get8(e, 8));
    case MADT_LAPIC_ADDR:
        out->lapic_addr = get64(e, 4);
        return 0;
    }
    return 0;
}

int acpi_parse_madt(struct acpi_bytes t, struct acpi_madt *out)
{
    int err = acpi_check_table(t, "APIC");
    uint32_t len, off;

    memset(out, 0, sizeof(*out));
    if (err)
        return err;
    t.len = get32(t, 4);
    if (t.len < MADT_BODY)
        return -EINVAL;
    out->lapic_addr = get32(t, 36);
    out->pic_present = get32(t, 40) & 1;

    for (off = MADT_BODY; off < t.len; off += len) {
        uint8_t type = get8(t, off);
        struct acpi_bytes e;

        len = get8(t, off + 1);
        e = bytes_part(t, off, len);
        if (len < 2 || !e.data)
            return -EINVAL;
        if (type < sizeof(entry_len) && len < entry_len[type])
            return -EINVAL;
        err = add_entry(out, type, e);
        if (err)
            return err;
    }
    return out->lapic_addr == 0 || out->lapic_addr % 4096 ? -EINVAL : 0;
}
