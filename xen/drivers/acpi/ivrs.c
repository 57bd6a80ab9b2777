/* SPDX-License-Identifier: GPL-2.0-only */
/* AMD-Vi description (AMD I/O Virtualization specification 48882, section 5.2). */
#include "bytes.h"

#define IVRS_BODY       48U
#define BLOCK_HEAD      4U
#define IVHD_10_LEN     24U
#define IVHD_11_LEN     40U
#define IVMD_LEN        32U
#define MMIO_ALIGN      0x4000U
#define PAGE            4096U

enum { IVHD_10 = 0x10, IVHD_11 = 0x11, IVHD_40 = 0x40 };
enum { IVMD_ALL = 0x20, IVMD_ONE = 0x21, IVMD_RANGE = 0x22 };
enum { IVMD_UNITY = 1, IVMD_READ = 2, IVMD_WRITE = 4, IVMD_EXCLUDE = 8 };

enum {
    DEV_PAD = 0, DEV_ALL = 1, DEV_SELECT = 2, DEV_START = 3, DEV_END = 4,
    DEV_ALIAS = 0x42, DEV_ALIAS_START = 0x43, DEV_EXT = 0x46, DEV_EXT_START = 0x47,
    DEV_SPECIAL = 0x48, DEV_HID = 0xf0,
};

static bool is_ivhd(uint8_t type)
{
    return type == IVHD_10 || type == IVHD_11 || type == IVHD_40;
}

/* The block at off, empty if it does not fit. */
static struct acpi_bytes block_at(struct acpi_bytes t, uint32_t off)
{
    struct acpi_bytes b = { 0 };

    if (bytes_have(t, off, BLOCK_HEAD) && get16(t, off + 2) >= BLOCK_HEAD)
        b = bytes_part(t, off, get16(t, off + 2));
    return b;
}

/* Entries are sized by their two top type bits, but for the ACPI named device. */
static uint32_t entry_size(struct acpi_bytes b, uint32_t off)
{
    uint8_t type = get8(b, off);

    if (type == DEV_HID)
        return bytes_have(b, off, 22) ? 22U + get8(b, off + 21) : 0;
    return 4U << (type >> 6);
}

/*
 * Does a range of another unit already own some of these ids? A range over all ids is for
 * what no other unit names; there can be one such unit.
 */
static bool range_taken(const struct acpi_ivrs *out, const struct acpi_ivrs_range *r)
{
    uint16_t segment = out->ivhd[r->unit].segment;

    for (uint32_t i = 0; i < out->ranges; i++) {
        const struct acpi_ivrs_range *o = &out->range[i];

        if (o->unit != r->unit && out->ivhd[o->unit].segment == segment &&
            acpi_range_is_rest(o) == acpi_range_is_rest(r) &&
            o->first <= r->last && r->first <= o->last)
            return true;
    }
    return false;
}

static int add_range(struct acpi_ivrs *out, struct acpi_ivrs_range r)
{
    if (r.last < r.first || range_taken(out, &r))
        return -EINVAL;
    if (out->ranges == ACPI_MAX_RANGES)
        return -E2BIG;
    out->range[out->ranges++] = r;
    return 0;
}

static int add_special(struct acpi_ivrs *out, uint8_t unit, struct acpi_bytes e)
{
    struct acpi_ivrs_special s = {
        .unit = unit, .settings = get8(e, 3), .handle = get8(e, 4),
        .devid = get16(e, 5), .variety = get8(e, 7),
    };

    if (s.variety != ACPI_SPECIAL_IOAPIC && s.variety != ACPI_SPECIAL_HPET)
        return -EINVAL;
    for (uint32_t i = 0; i < out->specials; i++) {
        if (out->special[i].variety == s.variety && out->special[i].handle == s.handle)
            return -EINVAL;
    }
    if (out->specials == ACPI_MAX_SPECIAL)
        return -E2BIG;
    out->special[out->specials++] = s;
    return 0;
}

/* A start entry waits in *open (first set, last below it) for its end entry. */
static int add_device(struct acpi_ivrs *out, uint8_t unit, struct acpi_bytes e,
                      struct acpi_ivrs_range *open, bool *is_open)
{
    uint8_t type = get8(e, 0);
    struct acpi_ivrs_range r = {
        .unit = unit, .settings = get8(e, 3),
        .first = get16(e, 1), .last = get16(e, 1),
    };

    if (*is_open && type != DEV_END && type != DEV_PAD)
        return -EINVAL;
    if (type == DEV_ALIAS || type == DEV_ALIAS_START) {
        r.has_alias = true;
        r.alias = get16(e, 5);
    }

    switch (type) {
    case DEV_ALL:
        r.first = 0;
        r.last = 0xffff;
        return add_range(out, r);
    case DEV_SELECT:
    case DEV_ALIAS:
    case DEV_EXT:
        return add_range(out, r);
    case DEV_START:
    case DEV_ALIAS_START:
    case DEV_EXT_START:
        *open = r;
        *is_open = true;
        return 0;
    case DEV_END:
        if (!*is_open)
            return -EINVAL;
        *is_open = false;
        open->last = r.first;
        return add_range(out, *open);
    case DEV_SPECIAL:
        return add_special(out, unit, e);
    case DEV_HID:
        return add_range(out, r);
    }
    /* Padding, and kinds that a later revision may add: sized, so skippable. */
    return 0;
}

static int add_devices(struct acpi_ivrs *out, uint8_t unit, struct acpi_bytes b,
                       uint32_t off)
{
    struct acpi_ivrs_range open = { 0 };
    bool is_open = false;

    while (off < b.len) {
        uint32_t size = entry_size(b, off);
        struct acpi_bytes e = bytes_part(b, off, size);
        int err;

        if (!size || !e.data)
            return -EINVAL;
        err = add_device(out, unit, e, &open, &is_open);
        if (err)
            return err;
        off += size;
    }
    return is_open ? -EINVAL : 0;
}

/* Is there a newer description of the unit that block b describes? */
static bool outdated(struct acpi_bytes t, struct acpi_bytes b)
{
    struct acpi_bytes o;

    for (uint32_t off = IVRS_BODY; off < t.len; off += o.len) {
        o = block_at(t, off);
        if (!o.data)
            break;
        if (is_ivhd(get8(o, 0)) && get8(o, 0) > get8(b, 0) &&
            get16(o, 4) == get16(b, 4) && get16(o, 16) == get16(b, 16))
            return true;
    }
    return false;
}

static int add_unit(struct acpi_ivrs *out, struct acpi_bytes b)
{
    struct acpi_ivhd u = {
        .type = get8(b, 0), .flags = get8(b, 1), .devid = get16(b, 4),
        .cap_offset = get16(b, 6), .base = get64(b, 8), .segment = get16(b, 16),
        .attributes = get32(b, 20),
    };
    uint32_t head = u.type == IVHD_10 ? IVHD_10_LEN : IVHD_11_LEN;

    if (b.len < head || u.base == 0 || u.base % MMIO_ALIGN || u.base >> 52)
        return -EINVAL;
    if (u.cap_offset < 0x40 || u.cap_offset > 0xfc || u.cap_offset % 4)
        return -EINVAL;
    for (uint32_t i = 0; i < out->units; i++) {
        if (out->ivhd[i].base == u.base ||
            (out->ivhd[i].devid == u.devid && out->ivhd[i].segment == u.segment))
            return -EINVAL;
    }
    if (out->units == ACPI_MAX_IOMMUS)
        return -E2BIG;
    u.efr = head == IVHD_11_LEN ? get64(b, 24) : 0;
    out->ivhd[out->units] = u;
    return add_devices(out, (uint8_t)out->units++, b, head);
}

static int add_unity(struct acpi_ivrs *out, struct acpi_bytes b)
{
    uint8_t type = get8(b, 0), flags = get8(b, 1);
    uint64_t base, len;
    struct acpi_unity u = {
        .first = get16(b, 4), .last = get16(b, 4), .segment = get16(b, 8),
        .read = flags & IVMD_READ, .write = flags & IVMD_WRITE,
        .exclusion = flags & IVMD_EXCLUDE,
    };

    if (b.len < IVMD_LEN)
        return -EINVAL;
    if (type == IVMD_ALL) {
        u.first = 0;
        u.last = 0xffff;
    } else if (type == IVMD_RANGE) {
        u.last = get16(b, 6);
    }
    base = get64(b, 16);
    len = get64(b, 24);
    if (u.last < u.first || len == 0 || base >> 52 || len >> 52)
        return -EINVAL;
    if (!(flags & (IVMD_UNITY | IVMD_EXCLUDE)))
        return 0;
    /* A mapping that allows nothing is none. */
    if (!(flags & (IVMD_EXCLUDE | IVMD_READ | IVMD_WRITE)))
        return 0;

    u.base = base & ~(uint64_t)(PAGE - 1);
    u.len = ((base + len + PAGE - 1) & ~(uint64_t)(PAGE - 1)) - u.base;
    if (out->unities == ACPI_MAX_UNITY)
        return -E2BIG;
    out->unity[out->unities++] = u;
    return 0;
}

int acpi_parse_ivrs(struct acpi_bytes t, struct acpi_ivrs *out)
{
    int err = acpi_check_table(t, "IVRS");
    struct acpi_bytes b;

    memset(out, 0, sizeof(*out));
    if (err)
        return err;
    t.len = get32(t, 4);
    if (t.len < IVRS_BODY)
        return -EINVAL;
    out->info = get32(t, 36);

    for (uint32_t off = IVRS_BODY; off < t.len; off += b.len) {
        uint8_t type = get8(t, off);

        b = block_at(t, off);
        if (!b.data)
            return -EINVAL;
        if (is_ivhd(type) && b.len < IVHD_10_LEN)
            err = -EINVAL;
        else if (is_ivhd(type))
            err = outdated(t, b) ? 0 : add_unit(out, b);
        else if (type >= IVMD_ALL && type <= IVMD_RANGE)
            err = add_unity(out, b);
        if (err)
            return err;
    }
    return out->units ? 0 : -ENOENT;
}
