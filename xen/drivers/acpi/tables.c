/* SPDX-License-Identifier: GPL-2.0-only */
/* From the RSDP to the list of tables (ACPI 6.4, sections 5.2.5 to 5.2.8). */
#include "bytes.h"

#define RSDP_V1_LEN     20U
#define RSDP_V2_LEN     36U
#define RSDP_STEP       16U
#define BDA_EBDA_SEG    0x40eU
#define EBDA_SCAN       1024U
#define BIOS_BASE       0xe0000U
#define BIOS_LEN        0x20000U

int acpi_check_table(struct acpi_bytes t, const char *sig)
{
    uint32_t len = get32(t, 4);

    if (t.len < ACPI_HEADER_LEN)
        return -EINVAL;
    if (sig && !bytes_are(t, 0, sig, 4))
        return -ENOENT;
    if (len < ACPI_HEADER_LEN || len > t.len)
        return -EINVAL;
    return bytes_sum(t, len) ? -EBADMSG : 0;
}

const char *acpi_reason(int err)
{
    switch (err) {
    case 0:
        return "fine";
    case -EBADMSG:
        return "bad checksum";
    case -EINVAL:
        return "bad length or field";
    case -E2BIG:
        return "too many entries";
    case -ENOENT:
        return "not present";
    case -EFAULT:
        return "cannot be mapped";
    }
    return "unusable";
}

static int check_rsdp(struct acpi_bytes b)
{
    uint32_t len;

    if (!bytes_are(b, 0, "RSD PTR ", 8))
        return -ENOENT;
    if (b.len < RSDP_V1_LEN)
        return -EINVAL;
    if (bytes_sum(b, RSDP_V1_LEN))
        return -EBADMSG;
    if (get8(b, 15) < 2)
        return 0;
    len = get32(b, 20);
    if (len < RSDP_V2_LEN || len > b.len)
        return -EINVAL;
    return bytes_sum(b, len) ? -EBADMSG : 0;
}

/* Scan one area; the first pointer with a right checksum counts. */
static uint64_t scan_rsdp(const struct acpi_phys *phys, uint64_t base, uint32_t len)
{
    struct acpi_bytes area = { phys->map(base, len), len };
    uint64_t found = 0;

    if (!area.data)
        return 0;
    for (uint32_t off = 0; off + RSDP_V1_LEN <= len; off += RSDP_STEP) {
        uint32_t rest = len - off;
        struct acpi_bytes b = bytes_part(area, off, rest);

        if (check_rsdp(b) == 0) {
            found = base + off;
            break;
        }
    }
    phys->unmap(area.data, len);
    return found;
}

static uint64_t find_rsdp(const struct acpi_phys *phys)
{
    struct acpi_bytes bda = { phys->map(BDA_EBDA_SEG, 2), 2 };
    uint64_t ebda = 0, found = 0;

    if (bda.data) {
        ebda = (uint64_t)get16(bda, 0) << 4;
        phys->unmap(bda.data, 2);
    }
    /* The segment is only a number in RAM: take it if it lies below the video hole. */
    if (ebda >= 0x400 && ebda + EBDA_SCAN <= 0xa0000)
        found = scan_rsdp(phys, ebda, EBDA_SCAN);
    return found ? found : scan_rsdp(phys, BIOS_BASE, BIOS_LEN);
}

/* Map a table whole: the header first, for its length. */
static int map_table(const struct acpi_phys *phys, uint64_t pa, const char *sig,
                     struct acpi_table *out)
{
    struct acpi_bytes head = { NULL, ACPI_HEADER_LEN };
    uint32_t len;
    int err;

    out->pa = pa;
    if (pa)
        head.data = phys->map(pa, ACPI_HEADER_LEN);
    if (!head.data)
        return -EFAULT;
    for (uint32_t i = 0; i < 4; i++) {
        uint8_t c = get8(head, i);

        out->sig[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    len = get32(head, 4);
    phys->unmap(head.data, ACPI_HEADER_LEN);

    if (len < ACPI_HEADER_LEN || len > ACPI_TABLE_MAX_LEN)
        return -EINVAL;
    out->bytes.data = phys->map(pa, len);
    out->bytes.len = len;
    if (!out->bytes.data)
        err = -EFAULT;
    else
        err = acpi_check_table(out->bytes, sig);
    if (err && out->bytes.data)
        phys->unmap(out->bytes.data, len);
    if (err)
        out->bytes = (struct acpi_bytes){ 0 };
    return err;
}

static void list_tables(const struct acpi_phys *phys, struct acpi_bytes root,
                        uint32_t width, struct acpi_tables *out)
{
    for (uint32_t off = ACPI_HEADER_LEN; off + width <= root.len; off += width) {
        uint64_t pa = bytes_le(root, off, width);
        struct acpi_table *t;

        if (!pa)
            continue;
        if (out->count == ACPI_MAX_TABLES) {
            out->dropped++;
            continue;
        }
        t = &out->table[out->count++];
        t->status = map_table(phys, pa, NULL, t);
    }
}

static int read_root(const struct acpi_phys *phys, uint64_t pa, bool xsdt,
                     struct acpi_tables *out)
{
    struct acpi_table root = { 0 };
    int err = map_table(phys, pa, xsdt ? "XSDT" : "RSDT", &root);

    if (err)
        return err;
    out->root = pa;
    out->root_is_xsdt = xsdt;
    list_tables(phys, root.bytes, xsdt ? 8 : 4, out);
    phys->unmap(root.bytes.data, root.bytes.len);
    return 0;
}

int acpi_find_tables(const struct acpi_phys *phys, uint64_t hint,
                     struct acpi_tables *out)
{
    struct acpi_bytes rsdp = { NULL, RSDP_V1_LEN };
    uint64_t rsdt, xsdt = 0;
    int err;

    memset(out, 0, sizeof(*out));
    out->rsdp = hint ? hint : find_rsdp(phys);
    if (!out->rsdp)
        return -ENOENT;

    rsdp.data = phys->map(out->rsdp, RSDP_V1_LEN);
    if (!rsdp.data)
        return -EFAULT;
    if (get8(rsdp, 15) >= 2) {
        phys->unmap(rsdp.data, rsdp.len);
        rsdp.len = RSDP_V2_LEN;
        rsdp.data = phys->map(out->rsdp, RSDP_V2_LEN);
        if (!rsdp.data)
            return -EFAULT;
    }
    err = check_rsdp(rsdp);
    rsdt = get32(rsdp, 16);
    if (rsdp.len == RSDP_V2_LEN)
        xsdt = get64(rsdp, 24);
    phys->unmap(rsdp.data, rsdp.len);
    if (err)
        return err;

    out->xsdt_status = xsdt ? read_root(phys, xsdt, true, out) : -ENOENT;
    if (out->xsdt_status == 0)
        return 0;
    return rsdt ? read_root(phys, rsdt, false, out) : out->xsdt_status;
}

const struct acpi_table *acpi_table_nth(const struct acpi_tables *tables,
                                        const char *sig, uint32_t nth)
{
    for (uint32_t i = 0; i < tables->count; i++) {
        const struct acpi_table *t = &tables->table[i];

        if (t->status == 0 && bytes_are(t->bytes, 0, sig, 4) && nth-- == 0)
            return t;
    }
    return NULL;
}
