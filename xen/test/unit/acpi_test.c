/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Firmware tables: right values out of real ones, a refusal for every damaged one.
 * Broken, this fails with a wrong field or, under the sanitizers, with a read past
 * the exact-size copy that each parser is given.
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
#include "acpi_bytes.h"
#include "acpi_samples.h"

/* ---- all parsers alike ---- */

static union {
    struct acpi_madt madt;
    struct acpi_fadt fadt;
    struct acpi_mcfg mcfg;
    struct acpi_hpet hpet;
    struct acpi_ivrs ivrs;
    struct acpi_dmar dmar;
    struct acpi_s5 s5;
} out;

static uint8_t s5_table[56];

static int p_madt(struct acpi_bytes b) { return acpi_parse_madt(b, &out.madt); }
static int p_fadt(struct acpi_bytes b) { return acpi_parse_fadt(b, &out.fadt); }
static int p_mcfg(struct acpi_bytes b) { return acpi_parse_mcfg(b, &out.mcfg); }
static int p_hpet(struct acpi_bytes b) { return acpi_parse_hpet(b, &out.hpet); }
static int p_ivrs(struct acpi_bytes b) { return acpi_parse_ivrs(b, &out.ivrs); }
static int p_dmar(struct acpi_bytes b) { return acpi_parse_dmar(b, &out.dmar); }
static int p_s5(struct acpi_bytes b) { return acpi_parse_s5(b, &out.s5); }

#define SAMPLE(n) q35_##n, sizeof(q35_##n), p_##n
static const struct sample {
    const uint8_t *data;
    uint32_t len;
    int (*parse)(struct acpi_bytes b);
} samples[] = {
    { SAMPLE(madt) }, { SAMPLE(fadt) }, { SAMPLE(mcfg) }, { SAMPLE(hpet) },
    { SAMPLE(ivrs) }, { SAMPLE(dmar) }, { s5_table, sizeof(s5_table), p_s5 },
};
#define NSAMPLES (sizeof(samples) / sizeof(samples[0]))

/* Parse an exact-size heap copy, so that a read past it is seen. */
static int parse_copy(const struct sample *s, const uint8_t *data, uint32_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    int err;

    memcpy(copy, data, len);
    err = s->parse((struct acpi_bytes){ copy, len });
    free(copy);
    return err;
}

static void make_s5(const uint8_t *body, uint32_t len)
{
    memset(s5_table, 0, sizeof(s5_table));
    memcpy(s5_table, "DSDT", 4);
    memcpy(s5_table + 36, body, len);
    seal(s5_table, sizeof(s5_table));
}

static const uint8_t s5_plain[] = {
    0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x01, 0x00,
};

static int setup(void **state)
{
    (void)state;
    make_s5(s5_plain, sizeof(s5_plain));
    return 0;
}

static void test_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < NSAMPLES; i++) {
        const struct sample *s = &samples[i];
        uint8_t buf[256];

        assert_int_equal(parse_copy(s, s->data, s->len), 0);
        for (uint32_t n = 0; n < s->len; n++) {
            assert_int_not_equal(parse_copy(s, s->data, n), 0);
            if (n < 36)
                continue;
            /* Shorter by its own account: may be fine, must stay inside. */
            memcpy(buf, s->data, n);
            seal(buf, n);
            parse_copy(s, buf, n);
        }
    }
}

static void test_checksum(void **state)
{
    (void)state;
    for (size_t i = 0; i < NSAMPLES; i++) {
        const struct sample *s = &samples[i];
        uint8_t buf[256];

        for (uint32_t n = 8; n < s->len; n++) {
            memcpy(buf, s->data, s->len);
            buf[n] ^= 0x10;
            assert_int_equal(parse_copy(s, buf, s->len), -EBADMSG);
        }
        memcpy(buf, s->data, s->len);
        buf[0] ^= 1;
        if (s->parse != p_s5)
            assert_int_equal(parse_copy(s, buf, s->len), -ENOENT);
    }
}

static uint32_t rnd_state = 12345;
static uint32_t rnd(void)
{
    rnd_state ^= rnd_state << 13;
    rnd_state ^= rnd_state >> 17;
    rnd_state ^= rnd_state << 5;
    return rnd_state;
}

static void test_fuzz(void **state)
{
    unsigned int ok = 0, bad = 0;

    (void)state;
    for (size_t i = 0; i < NSAMPLES; i++) {
        const struct sample *s = &samples[i];

        for (unsigned int round = 0; round < 20000; round++) {
            uint32_t len = s->len + rnd() % 32;
            uint8_t buf[512];

            for (uint32_t n = 0; n < len; n++)
                buf[n] = n < s->len ? s->data[n] : (uint8_t)rnd();
            for (uint32_t n = rnd() % 6; n; n--)
                buf[36 + rnd() % (len - 36)] = (uint8_t)rnd();
            seal(buf, len);
            if (parse_copy(s, buf, len))
                bad++;
            else
                ok++;
        }
    }
    assert_true(ok > 0 && bad > 0);
}

/* ---- values ---- */

static void test_madt(void **state)
{
    const struct acpi_madt *m = &out.madt;
    uint8_t buf[sizeof(q35_madt) + 32];

    (void)state;
    assert_int_equal(p_madt((struct acpi_bytes){ q35_madt, sizeof(q35_madt) }), 0);
    assert_int_equal(m->lapic_addr, 0xfee00000);
    assert_true(m->pic_present);
    assert_int_equal(m->cpus, 2);
    assert_int_equal(m->cpu[1].apic_id, 1);
    assert_true(m->cpu[1].enabled && !m->cpu[1].x2apic);
    assert_int_equal(m->ioapics, 1);
    assert_int_equal(m->ioapic[0].addr, 0xfec00000);
    assert_int_equal(m->overrides, 5);
    assert_int_equal(m->override[0].gsi, 2);
    assert_int_equal(m->override[2].flags, 0xd);
    assert_int_equal(m->nmis, 1);
    assert_int_equal(m->nmi[0].uid, ACPI_NMI_ALL_CPUS);
    assert_int_equal(m->nmi[0].lint, 1);

    /* An x2APIC twin of processor 1, and one with an id past 255. */
    memcpy(buf, q35_madt, sizeof(q35_madt));
    memset(buf + sizeof(q35_madt), 0, 32);
    for (unsigned int i = 0; i < 2; i++) {
        uint8_t *e = buf + sizeof(q35_madt) + 16 * i;

        e[0] = 9;
        e[1] = 16;
        put(e + 4, i ? 300 : 1, 4);
        put(e + 8, 1, 4);
    }
    seal(buf, sizeof(buf));
    assert_int_equal(p_madt((struct acpi_bytes){ buf, sizeof(buf) }), 0);
    assert_int_equal(m->cpus, 3);
    assert_int_equal(m->cpu[2].apic_id, 300);
    assert_true(m->cpu[2].x2apic);
}

static void test_madt_many_cpus(void **state)
{
    uint32_t len = 44 + 16 * (ACPI_MAX_CPUS + 1);
    uint8_t *buf = calloc(1, len);

    (void)state;
    memcpy(buf, q35_madt, 44);
    for (uint32_t i = 0; i <= ACPI_MAX_CPUS; i++) {
        uint8_t *e = buf + 44 + 16 * i;

        e[0] = 9;
        e[1] = 16;
        put(e + 4, i, 4);
        put(e + 8, 1, 4);
    }
    seal(buf, len);
    assert_int_equal(p_madt((struct acpi_bytes){ buf, len }), -E2BIG);
    seal(buf, len - 16);
    assert_int_equal(p_madt((struct acpi_bytes){ buf, len - 16 }), 0);
    assert_int_equal(out.madt.cpus, ACPI_MAX_CPUS);
    free(buf);
}

static void test_fadt(void **state)
{
    const struct acpi_fadt *f = &out.fadt;

    (void)state;
    assert_int_equal(p_fadt((struct acpi_bytes){ q35_fadt, sizeof(q35_fadt) }), 0);
    assert_int_equal(f->sci, 9);
    assert_int_equal(f->dsdt, 0x7fe0040);
    assert_int_equal(f->pm1a_control.addr, 0x604);
    assert_int_equal(f->pm1a_control.bits, 16);
    assert_int_equal(f->pm1b_control.bits, 0);
    assert_int_equal(f->pm_timer.addr, 0x608);
    assert_int_equal(f->pm_timer.bits, 32);
    assert_int_equal(f->reset.space, ACPI_SPACE_IO);
    assert_int_equal(f->reset.addr, 0xcf9);
    assert_int_equal(f->reset_value, 0xf);
    assert_int_equal(f->acpi_enable, 2);
}

static int s5_of(const uint8_t *body, uint32_t len)
{
    int err;

    make_s5(body, len);
    err = p_s5((struct acpi_bytes){ s5_table, sizeof(s5_table) });
    make_s5(s5_plain, sizeof(s5_plain));
    return err;
}

static void test_s5(void **state)
{
    static const uint8_t rooted[] = {
        0x08, 0x5c, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x01, 0x00, 0x00 };
    static const uint8_t long_len[] = {
        0x08, '_', 'S', '5', '_', 0x12, 0x47, 0x00, 0x02, 0x0b, 0x06, 0x00, 0x00 };
    static const uint8_t not_a_name[] = {
        0x10, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x01, 0x00, 0x00 };
    static const uint8_t too_big[] = {
        0x08, '_', 'S', '5', '_', 0x12, 0x3f, 0x04, 0x00, 0x01, 0x00, 0x00 };
    static const uint8_t wild_type[] = {
        0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x09, 0x01, 0x00 };

    (void)state;
    assert_int_equal(s5_of(s5_plain, sizeof(s5_plain)), 0);
    assert_int_equal(out.s5.type_a, 5);
    assert_int_equal(out.s5.type_b, 1);
    assert_int_equal(s5_of(rooted, sizeof(rooted)), 0);
    assert_int_equal(out.s5.type_b, 1);
    assert_int_equal(s5_of(long_len, sizeof(long_len)), 0);
    assert_int_equal(out.s5.type_a, 6);
    assert_int_equal(s5_of(not_a_name, sizeof(not_a_name)), -ENOENT);
    assert_int_equal(s5_of(too_big, sizeof(too_big)), -EINVAL);
    assert_int_equal(s5_of(wild_type, sizeof(wild_type)), -EINVAL);
}

static void test_mcfg_hpet(void **state)
{
    (void)state;
    assert_int_equal(p_mcfg((struct acpi_bytes){ q35_mcfg, sizeof(q35_mcfg) }), 0);
    assert_int_equal(out.mcfg.count, 1);
    assert_int_equal(out.mcfg.entry[0].base, 0xb0000000);
    assert_int_equal(out.mcfg.entry[0].last_bus, 255);
    assert_int_equal(p_hpet((struct acpi_bytes){ q35_hpet, sizeof(q35_hpet) }), 0);
    assert_int_equal(out.hpet.base, 0xfed00000);
}

/* ---- IVRS ---- */

static uint8_t ivrs[1024];
static uint32_t ivrs_len;

static void ivrs_start(void)
{
    memset(ivrs, 0, sizeof(ivrs));
    memcpy(ivrs, "IVRS", 4);
    ivrs_len = 48;
}

static uint8_t *ivrs_block(uint8_t type, uint16_t len, uint16_t devid)
{
    uint8_t *b = ivrs + ivrs_len;

    b[0] = type;
    put(b + 2, len, 2);
    put(b + 4, devid, 2);
    ivrs_len += len;
    return b;
}

/* A unit with n bytes of device entries; returns where they go. */
static uint8_t *ivrs_unit(uint8_t type, uint16_t devid, uint64_t base, uint16_t n)
{
    uint16_t head = type == 0x10 ? 24 : 40;
    uint8_t *b = ivrs_block(type, (uint16_t)(head + n), devid);

    put(b + 6, 0x40, 2);
    put(b + 8, base, 8);
    if (head == 40)
        put(b + 24, 0x1234, 8);
    return b + head;
}

static void dev4(uint8_t *e, uint8_t type, uint16_t id)
{
    e[0] = type;
    put(e + 1, id, 2);
}

static int ivrs_parse(void)
{
    const struct sample s = { ivrs, ivrs_len, p_ivrs };

    seal(ivrs, ivrs_len);
    return parse_copy(&s, ivrs, ivrs_len);
}

static void test_ivrs_q35(void **state)
{
    const struct acpi_ivrs *v = &out.ivrs;

    (void)state;
    assert_int_equal(p_ivrs((struct acpi_bytes){ q35_ivrs, sizeof(q35_ivrs) }), 0);
    assert_int_equal(v->units, 1);
    assert_int_equal(v->ivhd[0].devid, 0x08);
    assert_int_equal(v->ivhd[0].cap_offset, 0x40);
    assert_int_equal(v->ivhd[0].base, 0xfed80000);
    assert_int_equal(v->ranges, 6);
    assert_int_equal(v->range[5].first, 0xfb);
    assert_int_equal(v->specials, 1);
    assert_int_equal(v->special[0].variety, ACPI_SPECIAL_IOAPIC);
    assert_int_equal(v->special[0].devid, 0xa0);
    assert_int_equal(v->unities, 0);
}

static void test_ivrs_types(void **state)
{
    const struct acpi_ivrs *v = &out.ivrs;
    uint8_t *e;

    (void)state;
    ivrs_start();
    dev4(ivrs_unit(0x10, 2, 0xf0000000, 4), 1, 0);
    e = ivrs_unit(0x40, 2, 0xf0000000, 4 + 4 + 8 + 4 + 22 + 3);
    dev4(e, 3, 0x100);
    dev4(e + 4, 4, 0x1ff);
    dev4(e + 8, 0x43, 0x200);
    put(e + 13, 0x1f8, 2);
    dev4(e + 16, 4, 0x207);
    dev4(e + 20, 0xf0, 0x300);
    e[20 + 21] = 3;
    ivrs_unit(0x11, 2, 0xf0000000, 0);
    assert_int_equal(ivrs_parse(), 0);
    assert_int_equal(v->units, 1);
    assert_int_equal(v->ivhd[0].type, 0x40);
    assert_int_equal(v->ivhd[0].efr, 0x1234);
    assert_int_equal(v->ranges, 3);
    assert_int_equal(v->range[0].first, 0x100);
    assert_int_equal(v->range[0].last, 0x1ff);
    assert_true(v->range[1].has_alias);
    assert_int_equal(v->range[1].alias, 0x1f8);
    assert_int_equal(v->range[1].last, 0x207);
    assert_int_equal(v->range[2].first, 0x300);
}

static void test_ivrs_unity(void **state)
{
    const struct acpi_unity *u = out.ivrs.unity;
    uint8_t *b;

    (void)state;
    ivrs_start();
    ivrs_unit(0x10, 2, 0xf0000000, 0);
    b = ivrs_block(0x22, 32, 0x10);
    b[1] = 1 | 2;
    put(b + 6, 0x17, 2);
    put(b + 16, 0x7f000800, 8);
    put(b + 24, 0x1000, 8);
    assert_int_equal(ivrs_parse(), 0);
    assert_int_equal(out.ivrs.unities, 1);
    assert_int_equal(u->first, 0x10);
    assert_int_equal(u->last, 0x17);
    assert_int_equal(u->base, 0x7f000000);
    assert_int_equal(u->len, 0x2000);
    assert_true(u->read && !u->write && !u->exclusion);

    put(b + 24, 0, 8);
    assert_int_equal(ivrs_parse(), -EINVAL);
    put(b + 24, ~0ULL, 8);
    assert_int_equal(ivrs_parse(), -EINVAL);
}

static void test_ivrs_absurd(void **state)
{
    uint8_t *e;

    (void)state;
    ivrs_start();                       /* nothing at all */
    assert_int_equal(ivrs_parse(), -ENOENT);
    ivrs_start();                       /* end without start */
    dev4(ivrs_unit(0x10, 2, 0xf0000000, 4), 4, 0x10);
    assert_int_equal(ivrs_parse(), -EINVAL);
    ivrs_start();                       /* start without end */
    dev4(ivrs_unit(0x10, 2, 0xf0000000, 4), 3, 0x10);
    assert_int_equal(ivrs_parse(), -EINVAL);
    ivrs_start();                       /* end before start */
    e = ivrs_unit(0x10, 2, 0xf0000000, 8);
    dev4(e, 3, 0x20);
    dev4(e + 4, 4, 0x10);
    assert_int_equal(ivrs_parse(), -EINVAL);
    ivrs_start();                       /* an entry cut by the block's end */
    dev4(ivrs_unit(0x10, 2, 0xf0000000, 4), 0x42, 0x10);
    assert_int_equal(ivrs_parse(), -EINVAL);
    ivrs_start();                       /* registers not aligned */
    ivrs_unit(0x10, 2, 0xf0001000, 0);
    assert_int_equal(ivrs_parse(), -EINVAL);
    ivrs_start();                       /* one unit twice */
    ivrs_unit(0x10, 2, 0xf0000000, 0);
    ivrs_unit(0x10, 2, 0xf0010000, 0);
    assert_int_equal(ivrs_parse(), -EINVAL);
    ivrs_start();                       /* one device behind two units */
    dev4(ivrs_unit(0x10, 2, 0xf0000000, 4), 2, 0x10);
    dev4(ivrs_unit(0x10, 3, 0xf0010000, 4), 2, 0x10);
    assert_int_equal(ivrs_parse(), -EINVAL);
    ivrs_start();                       /* a block without length */
    ivrs_unit(0x10, 2, 0xf0000000, 0);
    ivrs_block(0x99, 0, 0);
    ivrs_len += 8;
    assert_int_equal(ivrs_parse(), -EINVAL);
}

/* ---- DMAR ---- */

static void test_dmar_q35(void **state)
{
    const struct acpi_dmar *d = &out.dmar;

    (void)state;
    assert_int_equal(p_dmar((struct acpi_bytes){ q35_dmar, sizeof(q35_dmar) }), 0);
    assert_int_equal(d->width, 39);
    assert_int_equal(d->flags & ACPI_DMAR_INTR_REMAP, 1);
    assert_int_equal(d->drhds, 1);
    assert_int_equal(d->drhd[0].base, 0xfed90000);
    assert_false(d->drhd[0].include_all);
    assert_int_equal(d->drhd[0].scopes, 6);
    assert_int_equal(d->scope[0].type, ACPI_SCOPE_IOAPIC);
    assert_int_equal(d->scope[0].bus, 0xff);
    assert_int_equal(d->scope[1].path[0], 0x00);
    assert_int_equal(d->scope[5].path[0], 0x1f << 3 | 3);
}

static void test_dmar_blocks(void **state)
{
    uint8_t t[48 + 16 + 24 + 10 + 8] = { 'D', 'M', 'A', 'R' };
    uint8_t *drhd = t + 48, *rmrr = drhd + 16, *scope = rmrr + 24, *atsr = scope + 10;
    const struct sample s = { t, sizeof(t), p_dmar };

    (void)state;
    t[36] = 38;
    put(drhd + 2, 16, 2);
    drhd[4] = 1;
    put(drhd + 8, 0xfed90000, 8);
    rmrr[0] = 1;
    put(rmrr + 2, 34, 2);
    put(rmrr + 8, 0x7f000000, 8);
    put(rmrr + 16, 0x7f001fff, 8);
    scope[0] = 1;
    scope[1] = 10;
    scope[6] = 0x1d;
    scope[8] = 2;
    scope[9] = 3;
    atsr[0] = 2;
    put(atsr + 2, 8, 2);
    atsr[4] = 1;

    seal(t, sizeof(t));
    assert_int_equal(parse_copy(&s, t, sizeof(t)), 0);
    assert_true(out.dmar.drhd[0].include_all);
    assert_int_equal(out.dmar.rmrrs, 1);
    assert_int_equal(out.dmar.rmrr[0].last, 0x7f001fff);
    assert_int_equal(out.dmar.scope[0].hops, 2);
    assert_int_equal(out.dmar.scope[0].path[1], 2 << 3 | 3);
    assert_true(out.dmar.atsr[0].all_ports);

    scope[8] = 32;                      /* no such device number */
    seal(t, sizeof(t));
    assert_int_equal(parse_copy(&s, t, sizeof(t)), -EINVAL);
    scope[8] = 2;
    put(rmrr + 16, 0x7effffff, 8);      /* ends before it starts */
    seal(t, sizeof(t));
    assert_int_equal(parse_copy(&s, t, sizeof(t)), -EINVAL);
    put(rmrr + 16, 0x7f001fff, 8);
    put(drhd + 8, 0, 8);                /* registers nowhere */
    seal(t, sizeof(t));
    assert_int_equal(parse_copy(&s, t, sizeof(t)), -EINVAL);
}

/* A table of the given blocks; 0 or the parser's refusal. */
static int dmar_of(const uint8_t *blocks, uint32_t len)
{
    uint8_t t[48 + 64] = { 'D', 'M', 'A', 'R' };
    const struct sample s = { t, 48 + len, p_dmar };

    t[36] = 38;
    memcpy(t + 48, blocks, len);
    seal(t, 48 + len);
    return parse_copy(&s, t, 48 + len);
}

static void test_dmar_absurd(void **state)
{
    uint8_t b[64] = { 0, 0, 16 };
    uint8_t *second = b + 16;

    (void)state;
    assert_int_equal(dmar_of(b, 0), -ENOENT);   /* no unit at all */
    put(b + 8, 0xfed90000, 8);
    assert_int_equal(dmar_of(b, 16), 0);
    put(b + 8, 0xfed90800, 8);                  /* registers not on a page */
    assert_int_equal(dmar_of(b, 16), -EINVAL);
    put(b + 8, 0xfed90000, 8);
    memcpy(second, b, 16);                      /* two units, one set of registers */
    assert_int_equal(dmar_of(b, 32), -EINVAL);
    put(second + 8, 0xfed91000, 8);
    assert_int_equal(dmar_of(b, 32), 0);
    b[4] = second[4] = 1;                       /* two that have all the rest */
    assert_int_equal(dmar_of(b, 32), -EINVAL);
    second[6] = 1;                              /* of another segment: fine */
    assert_int_equal(dmar_of(b, 32), 0);
    second[2] = 0;                              /* a block without length */
    assert_int_equal(dmar_of(b, 32), -EINVAL);
    second[2] = 17;                             /* longer than the table */
    assert_int_equal(dmar_of(b, 32), -EINVAL);
    put(second, 1 | 34 << 16, 4);               /* a region, for one device */
    put(second + 8, 0x7f000000, 8);
    put(second + 16, 0x7f000fff, 8);
    second[24] = 1;
    second[25] = 10;
    assert_int_equal(dmar_of(b, 50), 0);
    second[25] = 6;                             /* a path of no steps */
    assert_int_equal(dmar_of(b, 50), -EINVAL);
    second[25] = 12;                            /* one that leaves the block */
    assert_int_equal(dmar_of(b, 50), -EINVAL);
    second[25] = 10;
    put(second + 16, 0x7f000ffe, 8);            /* a region of half pages */
    assert_int_equal(dmar_of(b, 50), -EINVAL);
    put(second + 16, 1ULL << 60 | 0xfff, 8);    /* of more than there can be */
    assert_int_equal(dmar_of(b, 50), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_fuzz),
        cmocka_unit_test(test_madt),
        cmocka_unit_test(test_madt_many_cpus),
        cmocka_unit_test(test_fadt),
        cmocka_unit_test(test_s5),
        cmocka_unit_test(test_mcfg_hpet),
        cmocka_unit_test(test_ivrs_q35),
        cmocka_unit_test(test_ivrs_types),
        cmocka_unit_test(test_ivrs_unity),
        cmocka_unit_test(test_ivrs_absurd),
        cmocka_unit_test(test_dmar_q35),
        cmocka_unit_test(test_dmar_blocks),
        cmocka_unit_test(test_dmar_absurd),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
