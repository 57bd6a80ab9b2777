/* SPDX-License-Identifier: GPL-2.0-only */
/* The small tables: MCFG (PCI Firmware 3.3, table 4-2) and HPET (HPET 1.0a, 3.2.4). */
#include "bytes.h"

#define MCFG_BODY       44U
#define MCFG_ENTRY      16U
#define HPET_LEN        56U
#define BUS_SHIFT       20

int acpi_parse_mcfg(struct acpi_bytes t, struct acpi_mcfg *out)
{
    int err = acpi_check_table(t, "MCFG");

    memset(out, 0, sizeof(*out));
    if (err)
        return err;
    t.len = get32(t, 4);
    if (t.len < MCFG_BODY || (t.len - MCFG_BODY) % MCFG_ENTRY)
        return -EINVAL;

    for (uint32_t off = MCFG_BODY; off < t.len; off += MCFG_ENTRY) {
        struct acpi_mcfg_entry e = {
            .base = get64(t, off), .segment = get16(t, off + 8),
            .first_bus = get8(t, off + 10), .last_bus = get8(t, off + 11),
        };

        if (e.base == 0 || e.base & ((1U << BUS_SHIFT) - 1) || e.base >> 52 ||
            e.last_bus < e.first_bus)
            return -EINVAL;
        for (uint32_t i = 0; i < out->count; i++) {
            const struct acpi_mcfg_entry *o = &out->entry[i];

            if (o->segment == e.segment && o->first_bus <= e.last_bus &&
                e.first_bus <= o->last_bus)
                return -EINVAL;
        }
        if (out->count == ACPI_MAX_MCFG)
            return -E2BIG;
        out->entry[out->count++] = e;
    }
    return 0;
}

int acpi_parse_hpet(struct acpi_bytes t, struct acpi_hpet *out)
{
    int err = acpi_check_table(t, "HPET");
    uint64_t base;

    memset(out, 0, sizeof(*out));
    if (err)
        return err;
    t.len = get32(t, 4);
    if (t.len < HPET_LEN || get8(t, 40) != ACPI_SPACE_MEM)
        return -EINVAL;
    base = get64(t, 44);
    if (base == 0 || base % 1024 || base >> 52)
        return -EINVAL;
    out->block_id = get32(t, 36);
    out->base = base;
    out->number = get8(t, 52);
    out->min_tick = get16(t, 53);
    return 0;
}
