/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one thing needed from AML: the sleep types of \_S5 (ACPI 6.4, 7.4.2 and the
 * byte encoding in chapter 20).  The table is searched for Name(_S5_, Package...).
 */
#include "bytes.h"

enum {
    AML_ZERO = 0x00, AML_ONE = 0x01, AML_NAME = 0x08, AML_BYTE = 0x0a,
    AML_WORD = 0x0b, AML_DWORD = 0x0c, AML_PACKAGE = 0x12, AML_ROOT = 0x5c,
    AML_ONES = 0xff,
};

/* One constant at *off; its low byte is all a sleep type can use. */
static int read_const(struct acpi_bytes b, uint32_t *off, uint8_t *value)
{
    uint32_t size = 0;
    uint8_t op;

    if (!bytes_have(b, *off, 1))
        return -EINVAL;
    op = get8(b, (*off)++);
    switch (op) {
    case AML_ZERO:
    case AML_ONE:
    case AML_ONES:
        *value = op;
        return 0;
    case AML_BYTE:
        size = 1;
        break;
    case AML_WORD:
        size = 2;
        break;
    case AML_DWORD:
        size = 4;
        break;
    default:
        return -EINVAL;
    }
    if (!bytes_have(b, *off, size))
        return -EINVAL;
    *value = get8(b, *off);
    *off += size;
    return 0;
}

/* PkgLength: the two top bits of the lead byte count the bytes that follow it. */
static int read_package(struct acpi_bytes b, uint32_t off, struct acpi_bytes *body)
{
    uint32_t lead, extra, len;

    if (!bytes_have(b, off, 1))
        return -EINVAL;
    lead = get8(b, off);
    extra = lead >> 6;
    if (!bytes_have(b, off, 1 + extra))
        return -EINVAL;
    len = extra ? lead & 0x0f : lead & 0x3f;
    for (uint32_t i = 0; i < extra; i++)
        len |= (uint32_t)get8(b, off + 1 + i) << (4 + 8 * i);
    if (len < 2 + extra || !bytes_have(b, off, len))
        return -EINVAL;
    *body = bytes_part(b, off + 1 + extra, len - 1 - extra);
    return 0;
}

/* name is the offset of the four characters. */
static int read_s5(struct acpi_bytes t, uint32_t name, struct acpi_s5 *out)
{
    uint32_t off = 1;
    struct acpi_bytes body;
    struct acpi_s5 s5;
    int err;

    if (get8(t, name - 1) != AML_NAME &&
        (get8(t, name - 1) != AML_ROOT || get8(t, name - 2) != AML_NAME))
        return -ENOENT;
    if (get8(t, name + 4) != AML_PACKAGE)
        return -ENOENT;
    err = read_package(t, name + 5, &body);
    if (err)
        return err;
    if (get8(body, 0) < 1)
        return -EINVAL;
    err = read_const(body, &off, &s5.type_a);
    if (err)
        return err;
    s5.type_b = 0;
    if (get8(body, 0) > 1)
        err = read_const(body, &off, &s5.type_b);
    if (err || s5.type_a > 7 || s5.type_b > 7)
        return -EINVAL;
    *out = s5;
    return 0;
}

int acpi_parse_s5(struct acpi_bytes t, struct acpi_s5 *out)
{
    int err = acpi_check_table(t, NULL), result = -ENOENT;

    *out = (struct acpi_s5){ 0 };
    if (err)
        return err;
    t.len = get32(t, 4);
    for (uint32_t off = ACPI_HEADER_LEN + 1; off + 4 <= t.len; off++) {
        if (!bytes_are(t, off, "_S5_", 4))
            continue;
        err = read_s5(t, off, out);
        if (err == 0)
            return 0;
        if (err != -ENOENT)
            result = err;
    }
    return result;
}
