/* SPDX-License-Identifier: GPL-2.0-only */
/* VT-d description (Intel VT-d specification rev. 3, chapter 8). */
#include "bytes.h"

#define DMAR_BODY       48U
#define BLOCK_HEAD      4U
#define DRHD_LEN        16U
#define RMRR_LEN        24U
#define ATSR_LEN        8U
#define SCOPE_HEAD      6U
#define PAGE            4096U

enum { DMAR_DRHD = 0, DMAR_RMRR = 1, DMAR_ATSR = 2 };

static int add_scope(struct acpi_dmar *out, struct acpi_bytes b)
{
    struct acpi_scope s = {
        .type = get8(b, 0), .id = get8(b, 4), .bus = get8(b, 5),
    };
    uint32_t hops = (b.len - SCOPE_HEAD) / 2;

    if ((b.len - SCOPE_HEAD) % 2 || hops == 0 || hops > ACPI_MAX_PATH)
        return -EINVAL;
    for (uint32_t i = 0; i < hops; i++) {
        uint8_t dev = get8(b, SCOPE_HEAD + 2 * i);
        uint8_t fn = get8(b, SCOPE_HEAD + 2 * i + 1);

        if (dev > 31 || fn > 7)
            return -EINVAL;
        s.path[i] = (uint8_t)(dev << 3 | fn);
    }
    s.hops = (uint8_t)hops;
    if (out->scopes == ACPI_MAX_SCOPES)
        return -E2BIG;
    out->scope[out->scopes++] = s;
    return 0;
}

/* The scopes behind a block's fixed part; their place goes to *first and *count. */
static int add_scopes(struct acpi_dmar *out, struct acpi_bytes b, uint32_t off,
                      uint32_t *first, uint32_t *count)
{
    *first = out->scopes;
    while (off < b.len) {
        uint32_t len = get8(b, off + 1);
        struct acpi_bytes s = bytes_part(b, off, len);
        int err;

        if (len < SCOPE_HEAD || !s.data)
            return -EINVAL;
        /* Scope kinds of a later revision are skipped, their length is known. */
        err = get8(s, 0) >= ACPI_SCOPE_ENDPOINT && get8(s, 0) <= ACPI_SCOPE_ACPI
              ? add_scope(out, s) : 0;
        if (err)
            return err;
        off += len;
    }
    *count = out->scopes - *first;
    return 0;
}

/* Do both name one source? What is behind a bridge is not known yet. */
static bool same_source(const struct acpi_scope *a, const struct acpi_scope *b)
{
    if (a->type == ACPI_SCOPE_IOAPIC || b->type == ACPI_SCOPE_IOAPIC)
        return a->type == b->type && a->id == b->id;
    return a->type <= ACPI_SCOPE_BRIDGE && b->type <= ACPI_SCOPE_BRIDGE &&
           a->bus == b->bus && a->hops == b->hops && !memcmp(a->path, b->path, a->hops);
}

/* Does another unit claim what one of this unit's scopes names? */
static bool scope_taken(const struct acpi_dmar *out, const struct acpi_drhd *u)
{
    for (uint32_t i = 0; i < out->drhds; i++) {
        const struct acpi_drhd *o = &out->drhd[i];

        for (uint32_t j = 0; j < o->scopes && o->segment == u->segment; j++) {
            for (uint32_t k = 0; k < u->scopes; k++) {
                if (same_source(&out->scope[o->first_scope + j],
                                &out->scope[u->first_scope + k]))
                    return true;
            }
        }
    }
    return false;
}

static int add_drhd(struct acpi_dmar *out, struct acpi_bytes b)
{
    struct acpi_drhd u = {
        .include_all = get8(b, 4) & 1, .segment = get16(b, 6), .base = get64(b, 8),
    };
    int err;

    if (b.len < DRHD_LEN || u.base == 0 || u.base % PAGE || u.base >> 52)
        return -EINVAL;
    for (uint32_t i = 0; i < out->drhds; i++) {
        const struct acpi_drhd *o = &out->drhd[i];

        if (o->base == u.base)
            return -EINVAL;
        if (o->include_all && u.include_all && o->segment == u.segment)
            return -EINVAL;
    }
    if (out->drhds == ACPI_MAX_IOMMUS)
        return -E2BIG;
    err = add_scopes(out, b, DRHD_LEN, &u.first_scope, &u.scopes);
    if (!err && scope_taken(out, &u))
        err = -EINVAL;
    if (!err)
        out->drhd[out->drhds++] = u;
    return err;
}

static int add_rmrr(struct acpi_dmar *out, struct acpi_bytes b)
{
    struct acpi_rmrr r = {
        .segment = get16(b, 6), .base = get64(b, 8), .last = get64(b, 16),
    };
    int err;

    if (b.len < RMRR_LEN || r.base % PAGE || r.last % PAGE != PAGE - 1 ||
        r.last < r.base || r.last >> 52)
        return -EINVAL;
    if (out->rmrrs == ACPI_MAX_UNITY)
        return -E2BIG;
    err = add_scopes(out, b, RMRR_LEN, &r.first_scope, &r.scopes);
    if (!err)
        out->rmrr[out->rmrrs++] = r;
    return err;
}

static int add_atsr(struct acpi_dmar *out, struct acpi_bytes b)
{
    struct acpi_atsr a = { .all_ports = get8(b, 4) & 1, .segment = get16(b, 6) };
    int err;

    if (b.len < ATSR_LEN)
        return -EINVAL;
    if (out->atsrs == ACPI_MAX_IOMMUS)
        return -E2BIG;
    err = add_scopes(out, b, ATSR_LEN, &a.first_scope, &a.scopes);
    if (!err)
        out->atsr[out->atsrs++] = a;
    return err;
}

int acpi_parse_dmar(struct acpi_bytes t, struct acpi_dmar *out)
{
    int err = acpi_check_table(t, "DMAR");
    uint32_t len;

    memset(out, 0, sizeof(*out));
    if (err)
        return err;
    t.len = get32(t, 4);
    if (t.len < DMAR_BODY)
        return -EINVAL;
    out->width = (uint8_t)(get8(t, 36) + 1);
    out->flags = get8(t, 37);
    if (out->width < 32 || out->width > 64)
        return -EINVAL;

    for (uint32_t off = DMAR_BODY; off < t.len; off += len) {
        struct acpi_bytes b;

        len = get16(t, off + 2);
        b = bytes_part(t, off, len);
        if (len < BLOCK_HEAD || !b.data)
            return -EINVAL;
        switch (get16(b, 0)) {
        case DMAR_DRHD:
            err = add_drhd(out, b);
            break;
        case DMAR_RMRR:
            err = add_rmrr(out, b);
            break;
        case DMAR_ATSR:
            err = add_atsr(out, b);
            break;
        }
        if (err)
            return err;
    }
    return out->drhds ? 0 : -ENOENT;
}
