/* SPDX-License-Identifier: GPL-2.0-only */
/* Firmware memory maps, tidy and untidy. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/lib.h>
#include <asm/boot.h>

struct boot_info boot_info;
static char panic_text[128];
static jmp_buf panicked;

void printk(const char *fmt, ...)
{
}

void panic(const char *fmt, ...)
{
    str_copy(panic_text, fmt, sizeof(panic_text));
    longjmp(panicked, 1);
}

static void load(const struct e820_entry *e, unsigned int n)
{
    memcpy(boot_info.e820, e, n * sizeof(*e));
    boot_info.nr_e820 = n;
    memory_map_init();
}

static void test_overlaps(void **state)
{
    static const struct e820_entry untidy[] = {
        {0x100000, 0x1000000, E820_RAM},
        {0x400000, 0x200000, E820_RESERVED},  /* inside: splits */
        {0x500000, 0x10000, E820_ACPI},       /* reserved wins */
        {0, 0x9fc00, E820_RAM},               /* out of order, not whole pages */
        {0x9fc00, 0x400, E820_RESERVED},
        {0x10ff000, 0x2000, E820_NVS},        /* reaches over the end */
        {0x2000000, 0x800, E820_RAM},         /* less than a page: gone */
        {0x3000000, 0x1000, 77},              /* unknown type stays away */
    };
    static const struct e820_entry want[] = {
        {0, 0x9f000, E820_RAM},
        {0x9f000, 0x1000, E820_RESERVED},
        {0x100000, 0x300000, E820_RAM},
        {0x400000, 0x200000, E820_RESERVED},
        {0x600000, 0xaff000, E820_RAM},
        {0x10ff000, 0x2000, E820_NVS},
        {0x3000000, 0x1000, 77},
    };

    load(untidy, ARRAY_SIZE(untidy));
    assert_int_equal(boot_info.nr_e820, ARRAY_SIZE(want));
    for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
        assert_int_equal(boot_info.e820[i].start, want[i].start);
        assert_int_equal(boot_info.e820[i].size, want[i].size);
        assert_int_equal(boot_info.e820[i].type, want[i].type);
    }
    assert_int_equal(memory_map_type(0x100000, 0x300000), E820_RAM);
    assert_int_equal(memory_map_type(0x100000, 0x300001), 0);
    assert_int_equal(memory_map_type(0x2000000, 1), 0);
    assert_false(memory_map_has_ram(0x400000, 0x200000));
    assert_true(memory_map_has_ram(0x400000, 0x200001));
    assert_true(memory_map_has_ram(0x3fffff, 1));
    assert_true(memory_map_has_ram(0x600000 - 1, 2));
    assert_true(memory_map_has_ram(0, ~0UL));
    assert_true(memory_map_has_ram(0x9f000, ~0UL));
    assert_false(memory_map_has_ram(~0UL & PAGE_MASK, 2 * PAGE_SIZE));
    assert_int_equal(boot_trampoline_pa(), 0x8000);
}

static void test_random(void **state)
{
    /* Against a page-by-page model: what anyone calls not RAM is not RAM. */
    srand(9);
    for (int round = 0; round < 500; round++) {
        struct e820_entry e[20];
        bool ram[64] = {false}, other[64] = {false};

        for (unsigned int i = 0; i < 20; i++) {
            unsigned int s = (unsigned int)rand() % 64, n = (unsigned int)rand() % 8 + 1;

            if (s + n > 64)
                n = 64 - s;
            e[i] = (struct e820_entry){s * PAGE_SIZE, n * PAGE_SIZE,
                                       (uint32_t)(rand() % 3 ? 1 : rand() % 5 + 1)};
            for (unsigned int p = s; p < s + n; p++)
                *(e[i].type == E820_RAM ? &ram[p] : &other[p]) = true;
        }
        load(e, 20);
        for (unsigned int p = 0; p < 64; p++) {
            uint32_t type = memory_map_type(p * PAGE_SIZE, PAGE_SIZE);

            assert_int_equal(type == E820_RAM, ram[p] && !other[p]);
            assert_int_equal(memory_map_has_ram(p * PAGE_SIZE, PAGE_SIZE),
                             type == E820_RAM);
            assert_int_equal(type != 0, ram[p] || other[p]);
        }
        for (unsigned int i = 1; i < boot_info.nr_e820; i++)
            assert_true(boot_info.e820[i - 1].start + boot_info.e820[i - 1].size <=
                        boot_info.e820[i].start);
    }
}

static void test_none(void **state)
{
    boot_info.nr_e820 = 0;
    if (!setjmp(panicked)) {
        memory_map_init();
        fail();
    }
    assert_non_null(strstr(panic_text, "memory map"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlaps),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
