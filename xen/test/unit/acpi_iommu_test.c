/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IVRS and DMAR made of random blocks, most of them nearly right. Broken, the parsers
 * read past a table, or accept something the drivers do not expect: a range that ends
 * before it begins, a unit that is not there, registers or a device of two units.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/acpi.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include "acpi_bytes.h"

#define ROUNDS  200000U
#define MOST    1024U

static uint32_t rnd_state = 1;
static uint8_t table[MOST];
static uint32_t used;

static uint32_t rnd(uint32_t n)
{
    rnd_state = rnd_state * 1664525 + 1013904223;
    return (rnd_state >> 8) % n;
}

/* One of these, now and then anything. */
static uint32_t one_of(const uint8_t *values, uint32_t n)
{
    return rnd(40) ? values[rnd(n)] : rnd(256);
}

/* Frames of a small world, so that things meet, and rarely what no table should say. */
static uint64_t some_address(uint64_t align)
{
    return rnd(40) ? (1 + rnd(6)) * align
                   : (uint64_t)rnd(1 << 24) << rnd(45);
}

static void start(const char *name)
{
    memset(table, 0, sizeof(table));
    memcpy(table, name, 4);
    table[36] = 38;
    used = 48;
}

/* A block of random bytes, its length right for the most part. */
static uint8_t *block(uint32_t len, uint32_t length_at)
{
    uint8_t *b = table + used;

    for (uint32_t i = 0; i < len; i++)
        b[i] = (uint8_t)rnd(rnd(8) ? 4 : 256);
    put(b + length_at, rnd(100) ? len : rnd(64), 2);
    used += len;
    return b;
}

/* In memory of just its size, where the sanitizer sees each step beside it. */
static int parse(int (*fn)(struct acpi_bytes t, void *out), void *out)
{
    uint8_t *copy = malloc(used);
    int err;

    seal(table, used);
    memcpy(copy, table, used);
    err = fn((struct acpi_bytes){ copy, used }, out);
    free(copy);
    return err;
}

/* ---- DMAR ---- */

static int parse_dmar(struct acpi_bytes t, void *out)
{
    return acpi_parse_dmar(t, out);
}

static void dmar_block(void)
{
    static const uint8_t types[] = { 0, 0, 1, 2, 3, 4 };
    static const uint8_t heads[] = { 16, 24, 8, 20, 8, 16 };
    uint32_t kind = rnd(ARRAY_SIZE(types)), type = types[kind];
    uint32_t head = heads[type], scopes = rnd(4);
    uint8_t *b = block(head + 8 * scopes, 2);

    put(b, type, 2);
    if (type < 2)
        put(b + 8, some_address(4096), 8);
    if (type == 1)
        put(b + 16, some_address(4096) + 4095, 8);
    for (uint32_t i = 0; i < scopes; i++) {
        uint8_t *s = b + head + 8 * i;

        s[0] = (uint8_t)(1 + rnd(6));
        s[1] = rnd(40) ? 8 : (uint8_t)rnd(12);
    }
}

static void check_scopes(const struct acpi_dmar *v, uint32_t first, uint32_t count)
{
    assert_true(first <= v->scopes && count <= v->scopes - first);
    for (uint32_t i = first; i < first + count; i++)
        assert_in_range(v->scope[i].hops, 1, ACPI_MAX_PATH);
}

/* No device, told by its path, and no I/O APIC behind two units. */
static void check_claims(const struct acpi_dmar *v, const struct acpi_drhd *a,
                         const struct acpi_drhd *b)
{
    for (uint32_t i = 0; i < a->scopes && a->segment == b->segment; i++) {
        const struct acpi_scope *s = &v->scope[a->first_scope + i];

        for (uint32_t j = 0; j < b->scopes; j++) {
            const struct acpi_scope *t = &v->scope[b->first_scope + j];

            if (s->type == 3 && t->type == 3)
                assert_int_not_equal(s->id, t->id);
            if (s->type < 3 && t->type < 3)
                assert_true(s->bus != t->bus || s->hops != t->hops ||
                            memcmp(s->path, t->path, s->hops));
        }
    }
}

static void check_dmar(const struct acpi_dmar *v)
{
    assert_in_range(v->drhds, 1, ACPI_MAX_IOMMUS);
    for (uint32_t i = 0; i < v->drhds; i++) {
        check_scopes(v, v->drhd[i].first_scope, v->drhd[i].scopes);
        assert_true(v->drhd[i].base && v->drhd[i].base % 4096 == 0);
        assert_true(v->drhd[i].base >> 52 == 0);
        for (uint32_t j = 0; j < i; j++) {
            assert_int_not_equal(v->drhd[i].base, v->drhd[j].base);
            check_claims(v, &v->drhd[i], &v->drhd[j]);
        }
    }
    for (uint32_t i = 0; i < v->rmrrs; i++) {
        const struct acpi_rmrr *r = &v->rmrr[i];

        check_scopes(v, r->first_scope, r->scopes);
        assert_true(r->base < r->last && r->last >> 52 == 0);
        assert_true(r->base % 4096 == 0 && r->last % 4096 == 4095);
    }
}

static void dmar(void **state)
{
    unsigned int good = 0;

    (void)state;
    for (unsigned int n = 0; n < ROUNDS; n++) {
        struct acpi_dmar v;

        start("DMAR");
        for (uint32_t blocks = rnd(6) + 1; blocks; blocks--)
            dmar_block();
        if (parse(parse_dmar, &v))
            continue;
        check_dmar(&v);
        good++;
    }
    assert_in_range(good, ROUNDS / 100, ROUNDS * 9 / 10);
}

#define BLOCKS  48U

static int dmar_of(const uint8_t *blocks)
{
    struct acpi_dmar v;

    start("DMAR");
    memcpy(table + used, blocks, BLOCKS);
    used += BLOCKS;
    return parse(parse_dmar, &v);
}

/* Two units, a scope each: they must not name one device or one I/O APIC. */
static void dmar_claims(void **state)
{
    uint8_t b[BLOCKS] = { [2] = 24, [24 + 2] = 24 };
    uint8_t *one = b + 16, *two = b + 40;

    (void)state;
    put(b + 8, 0xfed90000, 8);
    put(b + 24 + 8, 0xfed91000, 8);
    one[0] = two[0] = 1;
    one[1] = two[1] = 8;
    one[6] = two[6] = 3;
    assert_int_equal(dmar_of(b), -EINVAL);
    two[0] = 2;                                 /* a device, and a bridge? */
    assert_int_equal(dmar_of(b), -EINVAL);
    two[7] = 1;                                 /* another function */
    assert_int_equal(dmar_of(b), 0);
    two[7] = 0;
    two[5] = 1;                                 /* another bus */
    assert_int_equal(dmar_of(b), 0);
    two[5] = 0;
    two[0] = 3;                                 /* an I/O APIC there: it has an id */
    assert_int_equal(dmar_of(b), 0);
    one[0] = 3;
    two[6] = 4;
    assert_int_equal(dmar_of(b), -EINVAL);
    two[4] = 1;
    assert_int_equal(dmar_of(b), 0);
    b[24 + 6] = 1;                              /* of another segment: anything */
    two[4] = 0;
    assert_int_equal(dmar_of(b), 0);
}

/* ---- IVRS ---- */

static int parse_ivrs(struct acpi_bytes t, void *out)
{
    return acpi_parse_ivrs(t, out);
}

static uint32_t device_size(uint8_t type)
{
    return 4U << (type >> 6);
}

static void ivhd(void)
{
    static const uint8_t kinds[] = { 0x10, 0x10, 0x11, 0x40 };
    static const uint8_t types[] = { 0, 1, 2, 2, 3, 4, 0x42, 0x43, 0x46, 0x48 };
    uint8_t kind = (uint8_t)one_of(kinds, ARRAY_SIZE(kinds));
    uint32_t head = kind == 0x10 ? 24 : 40, len = head;
    uint8_t devices[128] = { 0 }, *b;

    for (uint32_t i = rnd(5); i; i--) {
        uint8_t *e = devices + len - head;

        e[0] = (uint8_t)one_of(types, ARRAY_SIZE(types));
        put(e + 1, rnd(40), 2);
        if (e[0] >= 0x40)
            put(e + 5, rnd(40), 2);
        if (e[0] == 0x48)
            e[7] = (uint8_t)(1 + rnd(2));
        len += MIN(device_size(e[0]), 16U);
    }
    b = block(len, 2);
    memcpy(b + head, devices, len - head);
    b[0] = kind;
    put(b + 4, rnd(8), 2);
    put(b + 6, rnd(40) ? 0x40 : rnd(256), 2);
    put(b + 8, some_address(0x4000), 8);
    put(b + 16, 0, 2);
}

static void ivmd(void)
{
    uint8_t *b = block(32, 2);

    b[0] = (uint8_t)(0x20 + rnd(3));
    put(b + 4, rnd(40), 2);
    put(b + 6, rnd(40), 2);
    put(b + 16, some_address(4096), 8);
    put(b + 24, rnd(40) ? rnd(1 << 20) : some_address(4096), 8);
}

static void check_ivrs(const struct acpi_ivrs *v)
{
    assert_in_range(v->units, 1, ACPI_MAX_IOMMUS);
    for (uint32_t i = 0; i < v->units; i++) {
        assert_true(v->ivhd[i].base && v->ivhd[i].base % 0x4000 == 0);
        assert_in_range(v->ivhd[i].cap_offset, 0x40, 0xfc);
        for (uint32_t j = 0; j < i; j++)
            assert_true(v->ivhd[i].base != v->ivhd[j].base);
    }
    for (uint32_t i = 0; i < v->ranges; i++) {
        const struct acpi_ivrs_range *r = &v->range[i];

        assert_true(r->unit < v->units && r->first <= r->last);
        for (uint32_t j = 0; j < i; j++) {
            const struct acpi_ivrs_range *o = &v->range[j];
            bool rest = (!r->first && r->last == 0xffff) !=
                        (!o->first && o->last == 0xffff);

            assert_true(rest || r->unit == o->unit || r->first > o->last ||
                        o->first > r->last ||
                        v->ivhd[r->unit].segment != v->ivhd[o->unit].segment);
        }
    }
    for (uint32_t i = 0; i < v->specials; i++)
        assert_true(v->special[i].unit < v->units);
    for (uint32_t i = 0; i < v->unities; i++) {
        const struct acpi_unity *u = &v->unity[i];

        assert_true(u->first <= u->last && u->len);
        assert_true(u->base % 4096 == 0 && u->len % 4096 == 0);
        assert_true(u->base + u->len > u->base && (u->base + u->len) >> 54 == 0);
    }
}

static void ivrs(void **state)
{
    unsigned int good = 0;

    (void)state;
    for (unsigned int n = 0; n < ROUNDS; n++) {
        struct acpi_ivrs v;

        start("IVRS");
        for (uint32_t blocks = rnd(5) + 1; blocks; blocks--) {
            if (rnd(3))
                ivhd();
            else
                ivmd();
        }
        if (parse(parse_ivrs, &v))
            continue;
        check_ivrs(&v);
        good++;
    }
    assert_in_range(good, ROUNDS / 100, ROUNDS * 9 / 10);
}

/* Two units, an entry each for the device `one` or, 0, for all others. */
static int ivrs_of(uint16_t one, uint16_t other)
{
    const uint16_t ids[] = { one, other };
    struct acpi_ivrs v;

    start("IVRS");
    for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
        uint8_t *b = table + used;

        b[0] = 0x10;
        b[2] = 24 + 4;
        b[4] = (uint8_t)(2 + i);
        b[6] = 0x40;
        put(b + 8, 0xf0000000 + 0x10000 * i, 8);
        b[24] = ids[i] ? 2 : 1;
        put(b + 25, ids[i], 2);
        used += b[2];
    }
    return parse(parse_ivrs, &v);
}

static void ivrs_claims(void **state)
{
    (void)state;
    assert_int_equal(ivrs_of(0x10, 0x11), 0);
    assert_int_equal(ivrs_of(0x10, 0x10), -EINVAL);
    assert_int_equal(ivrs_of(0, 0x10), 0);
    assert_int_equal(ivrs_of(0x10, 0), 0);
    assert_int_equal(ivrs_of(0, 0), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dmar),
        cmocka_unit_test(dmar_claims),
        cmocka_unit_test(ivrs),
        cmocka_unit_test(ivrs_claims),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
