/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt lines of a guest's devices. Broken, a line stays dead or comes to a pin where
 * the guest does not expect it, or stays wired when its last device is gone.
 */
#include "vpci_world.h"

static bool line_is_off(void)
{
    return cfg[PCI_COMMAND + 1] & PCI_COMMAND_INTX_OFF >> 8;
}

static const struct vpci_line line_a = { .dev = 3 };

static void test_line(void **state)
{
    struct vpci_line b = { .dev = 3, .intx = 1 }, none = { .dev = 3, .intx = 4 };

    (void)state;
    enter(false);
    assert_true(line_is_off());
    assert_int_equal(rd(PCI_INTERRUPT_LINE, 4), 0);
    assert_int_equal(vpci_bind_intx(&d, &b, 20), -ENODEV);
    assert_int_equal(vpci_bind_intx(&d, &none, 20), -EINVAL);
    assert_int_equal(vpci_bind_intx(&d, &line_a, NO_GSI), -EPERM);
    assert_true(line_is_off());
    assert_int_equal(vpci_unbind_intx(&d, &line_a, 20), -ENOENT);
    assert_int_equal(vpci_bind_intx(&d, &line_a, 20), 0);
    assert_int_equal(vpci_bind_intx(&d, &line_a, 20), -EEXIST);
    assert_int_equal(wired[16 + 12], 20);
    assert_false(line_is_off());
    assert_int_equal(rd(PCI_INTERRUPT_LINE, 4), 0x11c);
    wr(PCI_COMMAND, 2, PCI_COMMAND_INTX_OFF);
    assert_true(line_is_off());
    wr(PCI_COMMAND, 2, 0);
    assert_int_equal(vpci_unbind_intx(&d, &line_a, 21), -ENOENT);
    vpci_unbind_gsi(&d, 21);
    assert_int_equal(wired[16 + 12], 20);
    assert_int_equal(vpci_unbind_intx(&d, &line_a, 20), 0);
    assert_true(line_is_off() && !wires);
    assert_int_equal(vpci_bind_intx(&d, &line_a, 20), 0);
    vpci_unbind_gsi(&d, 20);
    assert_true(line_is_off() && !wires);
    assert_int_equal(vpci_bind_intx(&d, &line_a, 20), 0);
    /* It goes, and all that its registers still say is ones. */
    memset(cfg, 0xff, sizeof(cfg));
    leave();
    assert_true(line_is_off());
}

static bool other_is_off(void)
{
    return other_cfg[PCI_COMMAND + 1] & PCI_COMMAND_INTX_OFF >> 8;
}

/* The domain with a second device, of one function and a line. */
static void enter_with(sbdf_t s, unsigned int intx)
{
    enter(false);
    other.sbdf = s;
    other.domain = &d;
    other_cfg[PCI_INTERRUPT_PIN] = (uint8_t)(intx + 1);
    assert_int_equal(vpci_add(&other), 0);
}

static uint32_t other_line(void)
{
    return vpci_read(&d, other.sbdf, PCI_INTERRUPT_LINE, 2);
}

/* The same slot of another bus has the same usual pin. */
static void test_lines_of_two_buses(void **state)
{
    struct vpci_line b = { .bus = 1, .dev = 3 };

    (void)state;
    enter_with(PCI_SBDF(0, 1, 3, 0), 0);
    assert_int_equal(vpci_bind_intx(&d, &line_a, 20), 0);
    assert_true(other_is_off());
    assert_int_equal(vpci_bind_intx(&d, &b, 21), 0);
    assert_false(other_is_off());
    assert_int_equal(wired[28], 20);
    assert_int_equal(rd(PCI_INTERRUPT_LINE, 2), 0x11c);
    assert_int_equal(wired[29], 21);
    assert_int_equal(other_line(), 0x11d);
    assert_int_equal(vpci_unbind_intx(&d, &line_a, 20), 0);
    assert_false(other_is_off());
    assert_int_equal(wires, 1);
    assert_int_equal(vpci_bind_intx(&d, &line_a, 20), 0);
    assert_int_equal(wired[28], 20);
    leave();
}

/* Two lines that are one wire in the machine. */
static void test_lines_on_one_gsi(void **state)
{
    struct vpci_line b = { .bus = 1, .dev = 0, .intx = 2 };

    (void)state;
    enter_with(PCI_SBDF(0, 1, 0, 0), 2);
    assert_int_equal(vpci_bind_intx(&d, &line_a, 20), 0);
    assert_int_equal(rangeset_remove(&d.irq_caps, 20, 20), 0);
    assert_int_equal(vpci_bind_intx(&d, &b, 20), -EPERM);
    assert_true(other_is_off());
    assert_int_equal(rangeset_add(&d.irq_caps, 20, 20), 0);
    assert_int_equal(vpci_bind_intx(&d, &b, 20), 0);
    assert_int_equal(other_line(), 0x31c);
    assert_int_equal(wires, 1);
    /* The wire stays while one of them is on it. */
    unplug(&dev);
    assert_int_equal(wired[28], 20);
    assert_false(other_is_off());
    assert_int_equal(vpci_add(&dev), 0);
    assert_true(line_is_off());
    assert_int_equal(vpci_bind_intx(&d, &line_a, 20), 0);
    vpci_unbind_gsi(&d, 20);
    assert_true(line_is_off() && other_is_off() && !wires);
    leave();
}

/* The same slot of another segment is another slot. */
static void test_lines_of_two_segments(void **state)
{
    struct vpci_line b = { .seg = 1, .dev = 3 };

    (void)state;
    enter_with(PCI_SBDF(1, 0, 3, 0), 0);
    assert_int_equal(vpci_bind_intx(&d, &line_a, 20), 0);
    assert_true(!line_is_off() && other_is_off());
    unplug(&other);
    assert_int_equal(vpci_add(&other), 0);
    assert_true(other_is_off());
    assert_int_equal(vpci_bind_intx(&d, &b, 21), 0);
    assert_false(other_is_off());
    assert_int_equal(vpci_unbind_intx(&d, &b, 21), 0);
    assert_true(!line_is_off() && other_is_off());
    leave();
}

static bool name(unsigned int dev, const unsigned int *gsi, uint16_t expect)
{
    struct vpci_line l = { .dev = (uint8_t)dev };
    bool one = vpci_name_line(&d, &l, gsi);

    assert_int_equal(l.seg, expect);
    return one;
}

/* Lines whose segment nobody says: the first, or the only one. */
static void test_lines_without_segment(void **state)
{
    struct vpci_line b = { .seg = 1, .dev = 3 };
    unsigned int gsi = 21, none = 22;

    (void)state;
    enter_with(PCI_SBDF(1, 0, 3, 0), 0);
    assert_true(name(3, NULL, 0));
    assert_true(name(4, NULL, 0));
    assert_int_equal(vpci_bind_intx(&d, &b, gsi), 0);
    assert_true(name(3, &gsi, 1));
    assert_true(name(3, &none, 0));
    assert_int_equal(vpci_unbind_intx(&d, &b, gsi), 0);
    unplug(&dev);
    assert_true(name(3, NULL, 1));
    /* In two others: which one cannot be told. */
    dev.sbdf = PCI_SBDF(2, 0, 3, 0);
    other.vpci->line.seg = 3;
    assert_int_equal(vpci_add(&dev), 0);
    assert_false(name(3, NULL, 3));
    dev.vpci->line.seg = 0;
    assert_true(name(3, NULL, 0));
    leave();
}

/* A function joins the others of its slot's line, and the line stays with the last. */
static void test_functions_of_a_line(void **state)
{
    (void)state;
    enter_with(PCI_SBDF(0, 0, 3, 1), 0);
    unplug(&other);
    assert_int_equal(vpci_bind_intx(&d, &line_a, 20), 0);
    assert_int_equal(vpci_add(&other), 0);
    assert_false(other_is_off());
    assert_int_equal(other_line(), 0x11c);
    unplug(&dev);
    assert_int_equal(wired[28], 20);
    leave();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_lines_of_two_buses),
        cmocka_unit_test(test_lines_on_one_gsi),
        cmocka_unit_test(test_lines_of_two_segments),
        cmocka_unit_test(test_lines_without_segment),
        cmocka_unit_test(test_functions_of_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
