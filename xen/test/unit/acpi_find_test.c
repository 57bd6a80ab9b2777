/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding the tables: RSDP in the EBDA, the BIOS area or where the loader says, RSDT and
 * XSDT; and what acpi_init() makes of them. Broken, a corrupt table is used or an intact
 * one missed, or RAM is used as a device's registers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* What cmocka.h wants before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <xen/acpi.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/boot.h>
#include "acpi_bytes.h"
#include "acpi_samples.h"

#define MEM_LEN 0x110000U
static uint8_t *mem;
static unsigned int maps, unmaps;

static const void *mem_map(uint64_t pa, uint32_t len)
{
    if (pa >= MEM_LEN || len > MEM_LEN - pa)
        return NULL;
    maps++;
    return mem + pa;
}

static void mem_unmap(const void *va, uint32_t len)
{
    (void)va;
    (void)len;
    unmaps++;
}

static const struct acpi_phys phys = { mem_map, mem_unmap };
static struct acpi_tables tables;

static void put_rsdp(uint32_t at, uint32_t rsdt, uint64_t xsdt)
{
    uint8_t *p = mem + at, sum = 0;

    memcpy(p, "RSD PTR ", 8);
    memset(p + 8, 0, 28);
    put(p + 16, rsdt, 4);
    if (xsdt) {
        p[15] = 2;
        put(p + 20, 36, 4);
        put(p + 24, xsdt, 8);
    }
    for (int i = 0; i < 20; i++)
        sum = (uint8_t)(sum + p[i]);
    p[8] = (uint8_t)-sum;
    sum = 0;
    for (int i = 0; i < 36; i++)
        sum = (uint8_t)(sum + p[i]);
    if (xsdt)
        p[32] = (uint8_t)-sum;
}

static void put_root(uint32_t at, const char *sig, unsigned int width)
{
    memcpy(mem + at, sig, 4);
    put(mem + at + 36, 0x105000, width);
    put(mem + at + 36 + width, 0x106000, width);
    put(mem + at + 36 + 2 * width, 0x7fffffff, width);
    seal(mem + at, 36 + 3 * width);
}

static int mem_setup(void **state)
{
    (void)state;
    free(mem);
    mem = calloc(1, MEM_LEN);
    maps = unmaps = 0;
    memcpy(mem + 0x105000, q35_madt, sizeof(q35_madt));
    memcpy(mem + 0x106000, q35_fadt, sizeof(q35_fadt));
    put_root(0x100000, "RSDT", 4);
    put_root(0x101000, "XSDT", 8);
    return 0;
}

static int mem_teardown(void **state)
{
    (void)state;
    free(mem);
    mem = NULL;
    return 0;
}

static void test_find_rsdt(void **state)
{
    (void)state;
    assert_int_equal(acpi_find_tables(&phys, 0, &tables), -ENOENT);
    put_rsdp(0xf59e0, 0x100000, 0);
    assert_int_equal(acpi_find_tables(&phys, 0, &tables), 0);
    assert_int_equal(tables.rsdp, 0xf59e0);
    assert_false(tables.root_is_xsdt);
    assert_int_equal(tables.xsdt_status, -ENOENT);
    assert_int_equal(tables.count, 3);
    assert_int_equal(tables.table[2].status, -EFAULT);
    assert_non_null(acpi_table_nth(&tables, "APIC", 0));
    assert_null(acpi_table_nth(&tables, "APIC", 1));
    assert_null(acpi_table_nth(&tables, "IVRS", 0));
    /* Two whole tables stay mapped; all else was given back. */
    assert_int_equal(maps - unmaps, 2);
}

static void test_find_ebda_hint(void **state)
{
    (void)state;
    put(mem + 0x40e, 0x9fc0, 2);
    put_rsdp(0x9fc20, 0x100000, 0x101000);
    put_rsdp(0xf0000, 0, 0);
    assert_int_equal(acpi_find_tables(&phys, 0, &tables), 0);
    assert_int_equal(tables.rsdp, 0x9fc20);
    assert_true(tables.root_is_xsdt);
    assert_int_equal(tables.count, 3);

    put_rsdp(0x104008, 0x100000, 0);
    assert_int_equal(acpi_find_tables(&phys, 0x104008, &tables), 0);
    assert_false(tables.root_is_xsdt);
    mem[0x104008 + 16] ^= 1;
    assert_int_equal(acpi_find_tables(&phys, 0x104008, &tables), -EBADMSG);
    assert_int_equal(acpi_find_tables(&phys, 0xffffffff0, &tables), -EFAULT);
}

static void test_find_corrupt(void **state)
{
    (void)state;
    put_rsdp(0xf59e0, 0x100000, 0x101000);
    mem[0x101000 + 30]++;               /* the XSDT: the RSDT has to serve */
    mem[0x106000 + 50]++;               /* a table: listed, with its fault */
    put(mem + 0x105004, 0xffffffff, 4); /* another: absurd length */
    assert_int_equal(acpi_find_tables(&phys, 0, &tables), 0);
    assert_false(tables.root_is_xsdt);
    assert_int_equal(tables.xsdt_status, -EBADMSG);
    assert_int_equal(tables.table[0].status, -EINVAL);
    assert_string_equal(tables.table[1].sig, "FACP");
    assert_int_equal(tables.table[1].status, -EBADMSG);
    assert_null(acpi_table_nth(&tables, "FACP", 0));
    assert_int_equal(maps, unmaps);
}

/* --- tables that have registers in RAM --- */

static paddr_t ram_at;
static char said[4096];

bool memory_map_has_ram(paddr_t start, uint64_t size)
{
    return start <= ram_at && ram_at < start + size;
}

void printk(const char *fmt, ...)
{
    size_t at = strlen(said);
    va_list args;

    va_start(args, fmt);
    vsnprintf(said + at, sizeof(said) - at, fmt, args);
    va_end(args);
}

/* All four tables, of which one may have the byte at ram for registers. */
static int init_with_ram(uint64_t ram)
{
    static const uint32_t at[] = {0x105000, 0x106000, 0x107000, 0x108000};

    put_rsdp(0xf59e0, 0x100000, 0);
    memcpy(mem + at[2], q35_mcfg, sizeof(q35_mcfg));
    memcpy(mem + at[3], q35_hpet, sizeof(q35_hpet));
    for (unsigned int i = 0; i < 4; i++)
        put(mem + 0x100000 + 36 + 4 * i, at[i], 4);
    seal(mem + 0x100000, 36 + 4 * 4);
    ram_at = ram;
    said[0] = '\0';
    return acpi_init(&phys, 0);
}

/* Where QEMU has the registers: local APIC, I/O APIC, HPET, configuration space. */
#define LAPIC  0xfee00000UL
#define IOAPIC 0xfec00000UL
#define HPET   0xfed00000UL
#define MCFG   0xb0000000UL

static void test_madt_in_ram(void **state)
{
    static const struct {
        uint64_t ram;
        int err;
    } cases[] = {
        {0, 0}, {LAPIC - 1, 0}, {LAPIC, -EINVAL}, {LAPIC + 0xfff, -EINVAL},
        {LAPIC + 0x1000, 0}, {IOAPIC - 1, 0}, {IOAPIC, -EINVAL},
        {IOAPIC + 0x43, -EINVAL},
    };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(init_with_ram(cases[i].ram), cases[i].err);
        assert_int_equal(!!strstr(said, "APIC: firmware places registers at 0xfe"),
                         !!cases[i].err);
        assert_int_equal(!!strstr(said, "MADT refused: bad"), !!cases[i].err);
        assert_true(acpi_host.have_hpet && acpi_host.have_mcfg && acpi_host.have_fadt);
    }
}

/* Without them the machine still works. */
static void test_optional_in_ram(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2; i++) {
        assert_int_equal(init_with_ram(HPET + 0x3ff * i), 0);
        assert_false(acpi_host.have_hpet);
        assert_true(acpi_host.have_mcfg);
        assert_non_null(strstr(said, "HPET: firmware places registers at 0xfed00000"));
        assert_non_null(strstr(said, "HPET ignored: bad"));

        assert_int_equal(init_with_ram(MCFG + 0xfffffffUL * i), 0);
        assert_false(acpi_host.have_mcfg);
        assert_true(acpi_host.have_hpet);
        assert_non_null(strstr(said, "MCFG: firmware places registers at 0xb0000000"));
        assert_non_null(strstr(said, "MCFG ignored: bad"));
    }
    assert_int_equal(init_with_ram(HPET + 0x400), 0);
    assert_true(acpi_host.have_hpet && acpi_host.have_mcfg);
}

#define T(t) cmocka_unit_test_setup_teardown(t, mem_setup, mem_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_find_rsdt),
        T(test_find_ebda_hint),
        T(test_find_corrupt),
        T(test_madt_in_ram),
        T(test_optional_in_ram),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
