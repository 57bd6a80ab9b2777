/* SPDX-License-Identifier: GPL-2.0-only */
/* Checked little-endian reads out of firmware bytes, which have no alignment. */
#ifndef DRIVERS_ACPI_BYTES_H
#define DRIVERS_ACPI_BYTES_H

#include <xen/acpi.h>
#include <xen/errno.h>
#include <xen/string.h>

static inline bool bytes_have(struct acpi_bytes b, uint32_t off, uint32_t len)
{
    return off <= b.len && len <= b.len - off;
}

/* Reads outside the bytes give 0: callers check the block's length once, this is
 * the second line of defence. */
static inline uint64_t bytes_le(struct acpi_bytes b, uint32_t off, uint32_t size)
{
    uint64_t value = 0;

    if (bytes_have(b, off, size)) {
        for (uint32_t i = 0; i < size; i++)
            value |= (uint64_t)b.data[off + i] << (8 * i);
    }
    return value;
}

static inline uint8_t get8(struct acpi_bytes b, uint32_t off)
{
    return (uint8_t)bytes_le(b, off, 1);
}

static inline uint16_t get16(struct acpi_bytes b, uint32_t off)
{
    return (uint16_t)bytes_le(b, off, 2);
}

static inline uint32_t get32(struct acpi_bytes b, uint32_t off)
{
    return (uint32_t)bytes_le(b, off, 4);
}

static inline uint64_t get64(struct acpi_bytes b, uint32_t off)
{
    return bytes_le(b, off, 8);
}

/* The part from off on, len bytes; empty when that is not all there. */
static inline struct acpi_bytes bytes_part(struct acpi_bytes b, uint32_t off,
                                           uint32_t len)
{
    struct acpi_bytes part = { 0 };

    if (bytes_have(b, off, len)) {
        part.data = b.data + off;
        part.len = len;
    }
    return part;
}

static inline bool bytes_are(struct acpi_bytes b, uint32_t off, const char *text,
                             uint32_t len)
{
    if (!bytes_have(b, off, len))
        return false;
    for (uint32_t i = 0; i < len; i++) {
        if (b.data[off + i] != (uint8_t)text[i])
            return false;
    }
    return true;
}

static inline uint8_t bytes_sum(struct acpi_bytes b, uint32_t len)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < len && i < b.len; i++)
        sum = (uint8_t)(sum + b.data[i]);
    return sum;
}

#endif
