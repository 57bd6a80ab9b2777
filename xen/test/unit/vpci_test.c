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
    assert_int_equal(rd(MSI_CAP + 2, 2) & 0x7f, 0x04);  /* four are offered */
    wr(MSI_CAP + 2, 2, PCI_MSI_ENABLE);
    assert_int_equal(hw_vectors, 1);
    assert_int_equal(rd(MSI_CAP + 2, 2) & 0x7f, PCI_MSI_ENABLE | 0x04);
    assert_null(bound[0][1].fn);
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

static unsigned int bound_msi(void)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < VECTORS; i++)
        n += bound[0][i].fn != NULL;
    return n;
}

/* Several vectors: the low bits of the guest's message say which. */
static void test_msi_several(void **state)
{
    (void)state;
    enter(true);
    wr(MSI_CAP + 4, 4, 0xfee01000);
    wr(MSI_CAP + 12, 2, 0x43);
    wr(MSI_CAP + 16, 4, 0xfffffff4);
    assert_int_equal(rd(MSI_CAP + 16, 4), 4);
    wr(MSI_CAP + 2, 2, PCI_MSI_ENABLE | 0x20);
    assert_int_equal(hw_vectors, 4);
    assert_int_equal(rd(MSI_CAP + 2, 2) & 0x7f, PCI_MSI_ENABLE | 0x24);
    for (unsigned int i = 0; i < 4; i++) {
        assert_int_equal(bound[0][i].masked, i == 2);
        bound[0][i].fn(77 + i, bound[0][i].data);
        assert_int_equal(sent_data, 0x40 + i);
    }
    wr(MSI_CAP + 16, 4, 9);
    for (unsigned int i = 0; i < 4; i++)
        assert_int_equal(bound[0][i].masked, i == 0 || i == 3);
    /* Fewer, while it is on; more than there are; off. */
    wr(MSI_CAP + 2, 2, PCI_MSI_ENABLE | 0x10);
    assert_int_equal(hw_vectors, 2);
    assert_int_equal(bound_msi(), 2);
    bound[0][1].fn(1, bound[0][1].data);
    assert_int_equal(sent_data, 0x43);
    wr(MSI_CAP + 2, 2, PCI_MSI_ENABLE | 0x70);
    assert_int_equal(hw_vectors, 4);
    wr(MSI_CAP + 2, 2, 0x10);
    assert_int_equal(rd(MSI_CAP + 2, 2) & 0x7f, 0x14);
    assert_int_equal(hw_vectors + bound_msi(), 0);
    /* All of them or none. */
    bind_fails = 3;
    wr(MSI_CAP + 2, 2, PCI_MSI_ENABLE | 0x20);
    assert_int_equal(rd(MSI_CAP + 2, 2) & 0x7f, 0x24);
    assert_int_equal(hw_vectors + bound_msi(), 0);
    wr(MSI_CAP + 2, 2, PCI_MSI_ENABLE | 0x10);
    assert_int_equal(bound_msi(), 2);
    bind_fails = 0;
    wr(MSI_CAP + 2, 2, PCI_MSI_ENABLE | 0x20);
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

/* A guest whose device was stopped cannot start it; the next one can. */
static void test_stopped(void **state)
{
    const unsigned int both = PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY;

    (void)state;
    enter(false);
    guest_shift = 0x40000 - 0xfe100;
    wr(0x10, 4, 0x40000000);
    spin_lock(&pcidevs_lock);
    assert_false(vpci_stop_dma(&dev));      /* it was its last owner's doing */
    spin_unlock(&pcidevs_lock);
    wr(PCI_COMMAND, 2, both);
    assert_int_equal(cfg[PCI_COMMAND] & 7, both);
    spin_lock(&pcidevs_lock);
    assert_true(vpci_stop_dma(&dev));
    assert_int_equal(cfg[PCI_COMMAND] & 7, PCI_COMMAND_MEMORY);
    assert_false(vpci_stop_dma(&dev));
    spin_unlock(&pcidevs_lock);
    assert_int_equal(rd(PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    assert_int_equal(rd(PCI_COMMAND, 2), 0);
    assert_int_equal(cfg[PCI_COMMAND] & 7, 0);
    unplug(&dev);
    spin_lock(&pcidevs_lock);
    /* In a domain that has no virtual bus: the device itself is asked. */
    cfg[PCI_COMMAND] = both;
    assert_true(vpci_stop_dma(&dev));
    assert_int_equal(cfg[PCI_COMMAND], PCI_COMMAND_MEMORY);
    assert_false(vpci_stop_dma(&dev));
    assert_int_equal(vpci_add(&dev), 0);
    spin_unlock(&pcidevs_lock);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    assert_int_equal(cfg[PCI_COMMAND] & 7, PCI_COMMAND_MASTER);
    leave();
}

static void use_device(void)
{
    uint64_t v = 0x42;

    wr(0x10, 4, 0xfe200000);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    wr(MSI_CAP + 4, 4, 0xfee01000);
    wr(MSI_CAP + 2, 2, PCI_MSI_ENABLE);
    wr(MSIX_CAP + 2, 2, PCI_MSIX_ENABLE);
    assert_int_equal(vpci_mmio(&d, 0xfe202008, 4, true, &v), IO_OK);
    v = 0;
    assert_int_equal(vpci_mmio(&d, 0xfe20200c, 4, true, &v), IO_OK);
    assert_true(bound[0][0].fn && bound[1][0].fn);
}

/* What a reset does, then what a driver does that saved the registers before. */
static void check_fresh(void)
{
    uint64_t v = 0;

    assert_int_equal(count_mapped(), 0);
    assert_true(!bound[0][0].fn && !bound[1][0].fn && !hw_enabled[0] && !hw_enabled[1]);
    assert_int_equal(rd(MSI_CAP + 2, 2) & PCI_MSI_ENABLE, 0);
    assert_int_equal(rd(MSI_CAP + 4, 4), 0);
    assert_int_equal(rd(MSIX_CAP + 2, 2), VECTORS - 1);
    assert_int_equal(cfg[PCI_COMMAND] & PCI_COMMAND_MEMORY, 0);
    memset(cfg + 0x11, 0, 3);
    memset(cfg + 0x19, 0, 3);
    assert_int_equal(rd(0x10, 4), 0xfe200000);
    wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    assert_int_equal(cfg[0x12] | cfg[0x13] << 8, 0xfe20);
    assert_int_equal(cfg[0x1b], 0xe0);
    assert_true(mapped[0xfe200] && mapped[0xe0000]);
    assert_int_equal(vpci_mmio(&d, 0xfe202008, 4, false, &v), IO_OK);
    assert_int_equal(v, 0);
    assert_int_equal(vpci_mmio(&d, 0xfe20200c, 4, false, &v), IO_OK);
    assert_int_equal(v, PCI_MSIX_VECTOR_MASKED);
    wr(MSI_CAP + 2, 2, PCI_MSI_ENABLE);
    assert_true(hw_enabled[0]);
}

static void device_reset(int expect)
{
    spin_lock(&pcidevs_lock);
    assert_int_equal(vpci_device_reset(&dev), expect);
    spin_unlock(&pcidevs_lock);
}

/* Domain 0 resets its device: by both registers, or otherwise and says so. */
static void test_reset(void **state)
{
    (void)state;
    enter(true);
    use_device();
    wr(EXP_CAP + PCI_EXP_DEVCTL, 2, 0x2810);
    assert_true(bound[0][0].fn && mapped[0xfe200]);
    assert_int_equal(rd(EXP_CAP + PCI_EXP_DEVCTL, 2), 0x2810);
    wr(EXP_CAP + PCI_EXP_DEVCTL, 2, 0x2810 | PCI_EXP_DEVCTL_FLR);
    assert_int_equal(cfg[EXP_CAP + PCI_EXP_DEVCTL + 1], 0xa8);
    check_fresh();
    wr(PCI_COMMAND, 2, 0);
    use_device();
    wr(AF_CAP + PCI_AF_CONTROL, 1, PCI_AF_CONTROL_FLR);
    assert_int_equal(cfg[AF_CAP + PCI_AF_CONTROL], PCI_AF_CONTROL_FLR);
    check_fresh();
    wr(PCI_COMMAND, 2, 0);
    use_device();
    device_reset(0);
    check_fresh();
    leave();
    device_reset(0);    /* nobody's */
    /* Without the capability the bit means something else. */
    reset_world(true);
    cfg[EXP_CAP + PCI_EXP_DEVCAP + 3] = cfg[AF_CAP + PCI_AF_CAP] = 0;
    assert_int_equal(vpci_domain_init(&d), 0);
    assert_int_equal(vpci_add(&dev), 0);
    use_device();
    wr(EXP_CAP + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
    wr(AF_CAP + PCI_AF_CONTROL, 1, PCI_AF_CONTROL_FLR);
    assert_true(bound[0][0].fn && mapped[0xfe200]);
    leave();
    /* A guest's is not domain 0's to reset, and guests do not see how. */
    enter(false);
    device_reset(-EBUSY);
    wr(EXP_CAP + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
    assert_int_equal(cfg[EXP_CAP + PCI_EXP_DEVCTL + 1], 0);
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
        cmocka_unit_test(test_msi_several),
        cmocka_unit_test(test_msix),
        cmocka_unit_test(test_mmcfg),
        cmocka_unit_test(test_default_deny),
        cmocka_unit_test(test_guest_bar),
        cmocka_unit_test(test_bar_in_the_way),
        cmocka_unit_test(test_permission_goes_first),
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
