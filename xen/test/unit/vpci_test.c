/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual config space over a fake device: what reaches the hardware, what is mapped,
 * which interrupts exist. Broken, a guest write reaches a register it must not, a page
 * stays mapped, or something is left behind when the device goes.
 */
#include "vpci_world.h"

/* ---- tests ---- */

static void test_split(void **state)
{
    (void)state;
    enter(true);
    cfg[PCI_STATUS] = 0x10;
    cfg[PCI_STATUS + 1] = 0x28;
    wr(PCI_COMMAND, 2, 0x0105);
    assert_int_equal(rd(PCI_COMMAND, 4), 0x28100105);
    wr(PCI_COMMAND + 1, 1, 0x04);   /* one byte of the command, the other stays */
    assert_int_equal(rd(PCI_COMMAND, 2), 0x0405);
    wr(PCI_COMMAND, 4, 0x11220001); /* the status half goes to the device as it is */
    assert_int_equal(cfg[PCI_STATUS + 1], 0x11);
    wr(0x40, 4, 0xdeadbeef);        /* no field: passed through for domain 0 */
    assert_int_equal(rd(0x40, 4), 0xdeadbeef);
    assert_int_equal(rd(0x41, 1), 0xbe);

    assert_int_equal(rd(0x41, 2), 0xffff);              /* not aligned */
    assert_int_equal(vpci_read(&d, PCI_SBDF(0, 0, 4, 0), 0, 4), 0xffffffff);
    leave();
}

static void test_bars(void **state)
{
    (void)state;
    enter(true);
    assert_int_equal(count_mapped(), 0);
    wr(0x10, 4, 0xffffffff);
    assert_int_equal(rd(0x10, 4), 0xffff8000);
    wr(0x10, 4, 0xfe200000);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    /* All pages of both but the table's and the PBA's. */
    assert_int_equal(count_mapped(), 8 - 2 + 256);
    assert_true(mapped[0xfe201] && !mapped[0xfe202] && !mapped[0xfe203] &&
                mapped[0xfe204]);
    /* Sizing while it decodes: the device keeps its place (the fake checks). */
    wr(0x10, 4, 0xffffffff);
    assert_int_equal(rd(0x10, 4), 0xffff8000);
    wr(0x10, 4, 0xfe200000);
    wr(0x18, 4, 0xffffffff);
    wr(0x1c, 4, 0xffffffff);
    assert_int_equal(rd(0x18, 4), 0xfff0000c);
    assert_int_equal(rd(0x1c, 4), 0xffffffff);
    wr(0x18, 4, 0xd0000000);
    wr(0x1c, 4, 0);
    assert_true(mapped[0xe0000] && !mapped[0xd0000]);
    wr(PCI_COMMAND, 2, 0);
    assert_int_equal(count_mapped(), 0);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_true(!mapped[0xe0000] && mapped[0xd0000]);
    leave();
}

/* Two BARs in one page: it is there while either is, and mapped once (the fake looks). */
static void test_small_bars(void **state)
{
    (void)state;
    reset_world(true);
    dev.bar[0].size = dev.bar[2].size = 0x100;
    memcpy(cfg + 0x18, (uint8_t[]){ PCI_BAR_TYPE_64, 1, 0x10, 0xfe }, 4);
    assert_int_equal(vpci_domain_init(&d), 0);
    assert_int_equal(vpci_add(&dev), 0);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(count_mapped(), 1);
    vpci_unmap_bar(dev.vpci, 0);
    assert_true(mapped[0xfe100]);
    assert_int_equal(vpci_map_bar(dev.vpci, 0), 0);
    vpci_unmap_bar(dev.vpci, 2);
    assert_true(mapped[0xfe100]);
    wr(PCI_COMMAND, 2, 0);
    assert_int_equal(count_mapped(), 0);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    leave();
}

static void test_bar_denied(void **state)
{
    (void)state;
    enter(true);
    /* Over memory that the domain may not have: nothing appears there. */
    wr(0x10, 4, 0x00100000);
    assert_int_equal(rangeset_remove(&d.iomem_caps, 0xe0010, 0xe001f), 0);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(count_mapped(), 256 - 16);
    assert_false(mapped[0x100] || mapped[0xe0010] || mapped[0xe001f]);
    assert_true(mapped[0xe000f] && mapped[0xe0020]);
    leave();
}

static void test_msi(void **state)
{
    (void)state;
    enter(true);
    wr(MSI_CAP + 4, 4, 0xfee01000);
    wr(MSI_CAP + 12, 2, 0x4041);
    assert_false(hw_enabled[0]);
    wr(MSI_CAP + 2, 2, PCI_MSI_ENABLE | 0x30);
    assert_true(hw_enabled[0]);
    assert_int_equal(rd(MSI_CAP + 2, 2) & 0x7f, PCI_MSI_ENABLE);    /* one vector */
    bound[0][0].fn(77, bound[0][0].data);
    assert_int_equal(sent_address, 0xfee01000);
    assert_int_equal(sent_data, 0x4041);
    wr(MSI_CAP + 12, 2, 0x42);      /* takes effect at once, the device is not told */
    bound[0][0].fn(77, bound[0][0].data);
    assert_int_equal(sent_data, 0x42);
    wr(MSI_CAP + 16, 4, 1);
    assert_true(bound[0][0].masked);
    wr(MSI_CAP + 2, 2, 0);
    assert_false(hw_enabled[0]);
    assert_null(bound[0][0].fn);
    /* Nothing of what the guest wrote stands in the real capability. */
    assert_int_equal(cfg[MSI_CAP + 12] | cfg[MSI_CAP + 4] | cfg[MSI_CAP + 2], 0);
    wr(MSI_CAP + 2, 2, PCI_MSI_ENABLE);
    leave();
}

static void table(unsigned int entry, unsigned int word, uint32_t val)
{
    uint64_t v = val;

    assert_int_equal(vpci_mmio(&d, 0xfe102000 + 16 * entry + 4 * word, 4, true, &v),
                     IO_OK);
}

static void test_msix(void **state)
{
    uint64_t v = 0;

    (void)state;
    enter(true);
    assert_false(vpci_mmio_claims(&d, 0xfe102000));     /* not decoding yet */
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_true(vpci_mmio_claims(&d, 0xfe102fff));
    assert_true(vpci_mmio_claims(&d, 0xfe103000));
    assert_false(vpci_mmio_claims(&d, 0xfe104000));
    for (unsigned int i = 0; i < VECTORS; i++) {
        table(i, 0, 0xfee00000 + (i << 12));
        table(i, 2, 0x50 + i);
    }
    table(1, 3, 0);
    assert_null(bound[1][1].fn);
    wr(MSIX_CAP + 2, 2, PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
    assert_true(hw_enabled[1] && hw_mask_all);
    assert_true(bound[1][1].fn && !bound[1][0].fn);
    wr(MSIX_CAP + 2, 2, PCI_MSIX_ENABLE);
    assert_false(hw_mask_all);
    table(3, 3, 0);
    bound[1][3].fn(9, bound[1][3].data);
    assert_int_equal(sent_address, 0xfee03000);
    assert_int_equal(sent_data, 0x53);
    table(3, 3, 1);
    assert_true(bound[1][3].masked);
    assert_int_equal(rd(MSIX_CAP + 2, 2), PCI_MSIX_ENABLE | (VECTORS - 1));

    assert_int_equal(vpci_mmio(&d, 0xfe102010, 8, false, &v), IO_OK);
    assert_int_equal(v, 0xfee01000);
    assert_int_equal(vpci_mmio(&d, 0xfe102012, 2, false, &v), IO_UNHANDLED);
    /* Behind the table the page is the device's. */
    device_page[0x40] = 0x5a;
    assert_int_equal(vpci_mmio(&d, 0xfe102040, 1, false, &v), IO_OK);
    assert_int_equal(v, 0x5a);
    v = ~0ULL;                                          /* the PBA cannot be written */
    memset(device_page, 0, sizeof(device_page));
    assert_int_equal(vpci_mmio(&d, 0xfe103000, 8, true, &v), IO_OK);
    assert_int_equal(device_page[0], 0);
    wr(MSIX_CAP + 2, 2, 0);
    assert_true(!bound[1][1].fn && !bound[1][3].fn && !hw_enabled[1]);
    wr(MSIX_CAP + 2, 2, PCI_MSIX_ENABLE);
    leave();
}

static void test_mmcfg(void **state)
{
    uint64_t v = 0x12345678, at = 0xb0000000 + (3 << 15);

    (void)state;
    enter(true);
    assert_true(vpci_mmio_claims(&d, at));
    assert_int_equal(vpci_mmio(&d, at + 0x800, 4, true, &v), IO_OK);
    assert_int_equal(cfg[0x803], 0x12);
    assert_int_equal(vpci_mmio(&d, at + 0x800, 8, false, &v), IO_OK);
    assert_int_equal(v, 0x12345678);
    assert_int_equal(vpci_mmio(&d, at + 0x802, 4, false, &v), IO_UNHANDLED);
    leave();
}

/* A domain other than 0 gets what has a handler and nothing else (I7). */
static void test_default_deny(void **state)
{
    unsigned int writes;

    (void)state;
    enter(false);
    cfg[0x40] = 0x77;
    assert_int_equal(rd(0x40, 4), 0);
    assert_int_equal(rd(0x3c, 4), 0);
    writes = cfg_writes;
    wr(0x40, 4, ~0U);
    wr(PCI_STATUS, 2, ~0U);
    assert_int_equal(cfg_writes, writes);
    wr(PCI_COMMAND, 2, 0xffff);
    assert_int_equal(cfg[PCI_COMMAND] | cfg[PCI_COMMAND + 1] << 8, 0x0407);
    assert_false(vpci_mmio_claims(&d, 0xb0000000));
    leave();
}

/* A guest moves its BAR about; the device stays where it is. */
static void test_guest_bar(void **state)
{
    uint64_t v = 0;

    (void)state;
    enter(false);
    assert_int_equal(rd(PCI_CAP_POINTER, 1), MSI_CAP);
    assert_int_equal(rd(MSI_CAP, 2), MSIX_CAP << 8 | PCI_CAP_MSI);
    assert_int_equal(rd(MSIX_CAP, 2), PCI_CAP_MSIX);
    assert_int_equal(rd(PCI_STATUS, 2), PCI_STATUS_CAP_LIST);
    wr(0x10, 4, 0xffffffff);
    assert_int_equal(rd(0x10, 4), 0xffff8000);
    wr(0x10, 4, 0x40000000);
    guest_shift = 0x40000 - 0xfe100;
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(count_mapped(), 8 - 2);
    assert_true(mapped[0x40000] && !mapped[0x40002]);
    assert_true(vpci_mmio_claims(&d, 0x40002000));
    assert_int_equal(vpci_mmio(&d, 0x40002000, 4, false, &v), IO_OK);
    /* The rest of the table's page is nobody's. */
    assert_int_equal(vpci_mmio(&d, 0x40002800, 4, false, &v), IO_UNHANDLED);
    /* Which vectors wait can be seen, at the device's own place. */
    device_page[0] = 4;
    assert_int_equal(vpci_mmio(&d, 0x40003000, 8, false, &v), IO_OK);
    assert_int_equal(v, 4);
    assert_int_equal(remapped, 0xfe103000);
    assert_int_equal(vpci_mmio(&d, 0x40003008, 8, false, &v), IO_UNHANDLED);
    assert_int_equal(cfg[0x13], 0xfe);
    wr(PCI_COMMAND, 2, 0);
    assert_int_equal(count_mapped(), 0);
    guest_shift = 0x50000 - 0xfe100;
    wr(0x10, 4, 0x50000000);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_true(mapped[0x50000]);
    leave();
    assert_int_equal(cfg[PCI_COMMAND] & 7, 0);
}

/* Memory is in the way behind the MSI-X table: the pages before it do not stay. */
static void test_bar_in_the_way(void **state)
{
    (void)state;
    enter(false);
    guest_shift = 0x40000 - 0xfe100;
    taken = 0x40006;
    wr(0x10, 4, 0x40000000);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(count_mapped(), 0);
    wr(PCI_COMMAND, 2, 0);
    taken = 0;
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(count_mapped(), 8 - 2);
    leave();
}

/* The toolstack takes the permission away before the device (leave() looks). */
static void test_permission_goes_first(void **state)
{
    (void)state;
    enter(false);
    guest_shift = 0x40000 - 0xfe100;
    wr(0x10, 4, 0x40000000);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(count_mapped(), 8 - 2);
    assert_int_equal(rangeset_remove(&d.iomem_caps, 0, ~0UL), 0);
    leave();
}

/* The guest put something else in place of single pages: all others still go. */
static void test_holes(void **state)
{
    (void)state;
    for (unsigned int hole = 0; hole < 8; hole++) {
        enter(false);
        guest_shift = 0x40000 - 0xfe100;
        wr(0x10, 4, 0x40000000);
        wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
        mapped[0x40000 + hole] = mapped[0x40007] = false;
        leave();
    }
}

static void test_command(void **state)
{
    (void)state;
    enter(false);
    assert_int_equal(rd(PCI_COMMAND, 2), 0);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    assert_int_equal(rd(PCI_COMMAND, 2), PCI_COMMAND_MASTER);
    assert_int_equal(cfg[PCI_COMMAND + 1], PCI_COMMAND_INTX_OFF >> 8);
    leave();
}

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
    vpci_remove(&dev);
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
    vpci_remove(&other);
    assert_int_equal(vpci_add(&other), 0);
    assert_true(other_is_off());
    assert_int_equal(vpci_bind_intx(&d, &b, 21), 0);
    assert_false(other_is_off());
    assert_int_equal(vpci_unbind_intx(&d, &b, 21), 0);
    assert_true(!line_is_off() && other_is_off());
    leave();
}

/* A function joins the others of its slot's line, and the line stays with the last. */
static void test_functions_of_a_line(void **state)
{
    (void)state;
    enter_with(PCI_SBDF(0, 0, 3, 1), 0);
    vpci_remove(&other);
    assert_int_equal(vpci_bind_intx(&d, &line_a, 20), 0);
    assert_int_equal(vpci_add(&other), 0);
    assert_false(other_is_off());
    assert_int_equal(other_line(), 0x11c);
    vpci_remove(&dev);
    assert_int_equal(wired[28], 20);
    leave();
}

static void test_read_only(void **state)
{
    unsigned int writes;

    (void)state;
    reset_world(true);
    cfg[0] = 0x22;
    assert_int_equal(vpci_domain_init(&d), 0);
    assert_int_equal(vpci_show(&d, &dev), 0);
    writes = cfg_writes;
    wr(PCI_COMMAND, 2, 7);
    wr(0x10, 4, 0);
    assert_int_equal(cfg_writes, writes);
    assert_int_equal(rd(0, 1), 0x22);
    assert_int_equal(count_mapped(), 0);
    leave();
}

/* Firmware left decoding on; then every allocation fails in turn (I4). */
static void test_no_memory(void **state)
{
    int err = -ENOMEM;

    (void)state;
    for (unsigned int n = 1; err; n++) {
        reset_world(true);
        cfg[PCI_COMMAND] = PCI_COMMAND_MEMORY;
        assert_int_equal(vpci_domain_init(&d), 0);
        fail_at = n;
        err = vpci_add(&dev);
        fail_at = 0;
        if (err) {
            assert_int_equal(err, -ENOMEM);
            assert_null(dev.vpci);
        } else {
            assert_int_equal(count_mapped(), 8 - 2 + 256);
        }
        leave();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_small_bars),
        cmocka_unit_test(test_bar_denied),
        cmocka_unit_test(test_msi),
        cmocka_unit_test(test_msix),
        cmocka_unit_test(test_mmcfg),
        cmocka_unit_test(test_default_deny),
        cmocka_unit_test(test_guest_bar),
        cmocka_unit_test(test_bar_in_the_way),
        cmocka_unit_test(test_permission_goes_first),
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_lines_of_two_buses),
        cmocka_unit_test(test_lines_on_one_gsi),
        cmocka_unit_test(test_lines_of_two_segments),
        cmocka_unit_test(test_functions_of_a_line),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
