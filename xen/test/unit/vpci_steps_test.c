/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes that take long, on a CPU that always has something else to do. Broken, one write
 * maps gigabytes or binds all vectors at once, the device decodes what is half mapped,
 * or a device that goes meanwhile leaves something behind.
 */
#include "vpci_world.h"

#define GIB         (1UL << 18)     /* in frames */
#define LARGE       0x80000000UL    /* a BAR of this size, at this address */
#define LARGE_GFN   (LARGE >> PAGE_SHIFT)

/* Domain 0 with a device whose BAR 2 has 2 GiB. */
static void enter_large(void)
{
    reset_world(true);
    assert_int_equal(rangeset_add(&d.iomem_caps, LARGE_GFN, 0xfffff), 0);
    dev.bar[0].size = 0;
    dev.bar[2].size = LARGE;
    memcpy(cfg + 0x18, (uint8_t[]){ PCI_BAR_TYPE_64, 0, 0, 0x80 }, 4);
    assert_int_equal(vpci_domain_init(&d), 0);
    assert_int_equal(vpci_add(&dev), 0);
    preempt = true;
}

static bool once(unsigned int reg, unsigned int size, uint32_t val)
{
    return vpci_write(&d, S, reg, size, val);
}

static bool command(uint32_t val)
{
    return once(PCI_COMMAND, 2, val);
}

static bool decodes(void)
{
    return cfg[PCI_COMMAND] & PCI_COMMAND_MEMORY;
}

/* Until n frames are mapped; each try does something, none too much. */
static void command_until(uint32_t val, unsigned long n)
{
    for (unsigned int tries = 0; count_mapped() != n; tries++) {
        unsigned long before = count_mapped();
        long more;

        assert_true(tries < 12);
        assert_false(command(val));
        more = (long)count_mapped() - (long)before;
        assert_in_range(more + (long)GIB, 0, 2 * GIB);
        assert_false(decodes());
    }
}

static void command_to_end(uint32_t val)
{
    unsigned int tries = 0;

    while (!command(val))
        assert_true(++tries < 12);
}

static void test_on_and_off(void **state)
{
    (void)state;
    enter_large();
    command_until(PCI_COMMAND_MEMORY, GIB);
    assert_int_equal(rd(PCI_COMMAND, 2), 0);
    command_to_end(PCI_COMMAND_MEMORY);
    assert_int_equal(count_mapped(), 2 * GIB);
    assert_true(decodes());
    assert_false(command(0));
    command_until(0, GIB);
    assert_int_equal(rd(PCI_COMMAND, 2), 0);
    command_to_end(0);
    assert_int_equal(count_mapped(), 0);
    leave();
}

/* By the memory window: the emulator is told to come back; both halves are written. */
static void test_window(void **state)
{
    const paddr_t at = 0xb0000000 + (3U << 15);
    uint64_t val = PCI_COMMAND_MEMORY, low;
    unsigned int tries = 0;

    (void)state;
    enter_large();
    assert_int_equal(vpci_mmio(&d, at + PCI_COMMAND, 2, true, &val), IO_RETRY);
    assert_false(decodes());
    while (vpci_mmio(&d, at + PCI_COMMAND, 2, true, &val) == IO_RETRY)
        assert_true(++tries < 12);
    assert_true(decodes());
    assert_int_equal(count_mapped(), 2 * GIB);
    cfg[0x44] = cfg[0x40] = 0;
    val = 0x1122334455667788;
    assert_int_equal(vpci_mmio(&d, at + 0x40, 8, true, &val), IO_OK);
    memcpy(&low, cfg + 0x40, sizeof(low));
    assert_true(low == val);
    leave();
}

/* With nothing else to do it is one call. */
static void test_in_one_go(void **state)
{
    (void)state;
    enter_large();
    preempt = false;
    assert_true(command(PCI_COMMAND_MEMORY));
    assert_true(decodes());
    assert_int_equal(count_mapped(), 2 * GIB);
    assert_true(command(0));
    assert_int_equal(count_mapped(), 0);
    leave();
}

/* The device goes, or is reset, with a part of it mapped. */
static void test_gone_half_way(void **state)
{
    (void)state;
    enter_large();
    command_until(PCI_COMMAND_MEMORY, GIB);
    leave();

    enter_large();
    command_to_end(PCI_COMMAND_MEMORY);
    assert_false(command(0));
    command_until(0, GIB);
    leave();

    enter_large();
    command_until(PCI_COMMAND_MEMORY, GIB);
    spin_lock(&pcidevs_lock);
    assert_int_equal(vpci_device_reset(&dev), 0);
    spin_unlock(&pcidevs_lock);
    assert_int_equal(count_mapped(), 0);
    command_to_end(PCI_COMMAND_MEMORY);
    assert_int_equal(count_mapped(), 2 * GIB);
    leave();
}

/*
 * Another vCPU writes to the device: what was begun ends first. Were the BAR moved while
 * a part of it is mapped, guest and device would not agree on where it is.
 */
static void test_others_wait(void **state)
{
    unsigned int tries = 0;

    (void)state;
    enter_large();
    command_until(PCI_COMMAND_MEMORY, GIB);
    assert_false(once(0x18, 4, 0xc0000000));
    assert_int_equal(rd(0x18, 4), LARGE | PCI_BAR_TYPE_64);
    while (!once(0x18, 4, 0))
        assert_true(++tries < 12);
    assert_int_equal(count_mapped(), 2 * GIB);
    assert_int_equal(rd(0x18, 4), PCI_BAR_TYPE_64);
    assert_int_equal(cfg[0x1b], 0x80);
    assert_false(decodes());
    command_to_end(PCI_COMMAND_MEMORY);
    assert_true(decodes() && mapped[LARGE_GFN]);
    leave();
}

/* Something is in the way of the second half: the first goes again, in steps too. */
static void test_in_the_way(void **state)
{
    (void)state;
    enter_large();
    taken = LARGE_GFN + GIB + 5;
    command_until(PCI_COMMAND_MEMORY, GIB);
    command_until(PCI_COMMAND_MEMORY, 0);
    command_to_end(PCI_COMMAND_MEMORY);
    assert_int_equal(count_mapped(), 0);
    assert_true(decodes());
    taken = 0;
    command_to_end(0);
    command_to_end(PCI_COMMAND_MEMORY);
    assert_int_equal(count_mapped(), 2 * GIB);
    leave();
}

static unsigned int count_bound(void)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < VECTORS; i++)
        n += bound[1][i].fn != NULL;
    return n;
}

/* All entries unmasked, MSI-X off. */
static void enter_msix(void)
{
    uint64_t val = 0;

    enter(true);
    preempt = false;
    wr(0x10, 4, 0xfe200000);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    for (unsigned int i = 0; i < VECTORS; i++)
        assert_int_equal(vpci_mmio(&d, 0xfe20200c + 16 * i, 4, true, &val), IO_OK);
    preempt = true;
}

static void test_vectors(void **state)
{
    (void)state;
    enter_msix();
    for (unsigned int i = 1; i < VECTORS; i++) {
        assert_false(once(MSIX_CAP + 2, 2, PCI_MSIX_ENABLE));
        assert_int_equal(count_bound(), i);
        assert_true(hw_mask_all);
    }
    assert_true(once(MSIX_CAP + 2, 2, PCI_MSIX_ENABLE));
    assert_int_equal(count_bound(), VECTORS);
    assert_true(hw_enabled[1] && !hw_mask_all);
    assert_false(once(MSIX_CAP + 2, 2, 0));
    assert_false(hw_enabled[1]);
    assert_int_equal(count_bound(), VECTORS - 1);
    /* On again before it was off: the rest goes first. */
    while (!once(MSIX_CAP + 2, 2, PCI_MSIX_ENABLE))
        continue;
    assert_int_equal(count_bound(), VECTORS);
    leave();
}

static void test_vectors_half_way(void **state)
{
    (void)state;
    enter_msix();
    assert_false(once(MSIX_CAP + 2, 2, PCI_MSIX_ENABLE));
    assert_int_equal(count_bound(), 1);
    leave();
    enter_msix();
    while (!once(MSIX_CAP + 2, 2, PCI_MSIX_ENABLE))
        continue;
    assert_false(once(MSIX_CAP + 2, 2, 0));
    leave();
}

/* A function level reset comes when nothing is mapped or bound any more. */
static void test_reset(void **state)
{
    unsigned int tries = 0;

    (void)state;
    enter_msix();
    while (!once(MSIX_CAP + 2, 2, PCI_MSIX_ENABLE))
        continue;
    while (!once(AF_CAP + PCI_AF_CONTROL, 1, PCI_AF_CONTROL_FLR)) {
        assert_int_equal(cfg[AF_CAP + PCI_AF_CONTROL], 0);
        assert_true(++tries < 30);
    }
    assert_true(tries > VECTORS);
    assert_int_equal(cfg[AF_CAP + PCI_AF_CONTROL], PCI_AF_CONTROL_FLR);
    assert_int_equal(count_bound() + count_mapped(), 0);
    leave();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_on_and_off),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_in_one_go),
        cmocka_unit_test(test_gone_half_way),
        cmocka_unit_test(test_others_wait),
        cmocka_unit_test(test_in_the_way),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_vectors_half_way),
        cmocka_unit_test(test_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
