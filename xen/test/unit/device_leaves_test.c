/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device is taken from a domain by a CPU that always has something else to do. Broken,
 * gigabytes go in one piece of work; the domain drives the device while it goes; whoever
 * comes back, or somebody else, finds a state that nobody can go on from.
 */
#include "leave_world.h"

#define GIB         (1UL << 18)     /* in frames */
#define LARGE       0x80000000UL    /* a BAR of this size, at this address */
#define SMALL       0x7e100000UL    /* the other BAR */
#define MASTER      (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

static struct domain guest;         /* besides d, which has the device */
static uint8_t table_bar;
static paddr_t table;               /* its first entry, in the guest */

static void init_domain(struct domain *dom)
{
    spin_lock_init(&dom->iommu.lock, LOCK_IOMMU_MAP, "iommu");
    list_init(&dom->iommu.devices);
    dom->iommu.enabled = true;
}

/* d has the device, with 2 GiB of it and all vectors of MSI-X in use. */
static void enter_in_use(bool privileged)
{
    uint64_t val = 0;

    reset_world(privileged);
    reset_machine();
    memset(&guest, 0, sizeof(guest));
    init_domain(&d);
    init_domain(&guest);
    dom0 = privileged ? &d : NULL;
    assert_int_equal(rangeset_add(&d.iomem_caps, LARGE >> PAGE_SHIFT, 0xfffff), 0);
    dev.domain = NULL;
    msix_bar = table_bar;
    table = (table_bar ? LARGE : SMALL) + 0x2000;
    dev.bar[2].size = LARGE;
    memcpy(cfg + 0x10, (uint8_t[]){ 0, 0, 0x10, 0x7e }, 4);
    memcpy(cfg + 0x18, (uint8_t[]){ PCI_BAR_TYPE_64, 0, 0, 0x80 }, 4);
    assert_int_equal(rangeset_add(&d.iomem_caps, 0x7e100, 0x7e107), 0);
    assert_int_equal(vpci_domain_init(&d), 0);
    if (privileged)
        assert_int_equal(iommu_setup_dom0(&d), 0);
    else
        assert_int_equal(iommu_assign(&d, S, false), 0);
    wr(0x10, 4, SMALL);
    wr(0x18, 4, LARGE);
    wr(PCI_COMMAND, 2, MASTER);
    for (unsigned int i = 0; i < VECTORS; i++)
        assert_int_equal(vpci_mmio(&d, table + 16 * i + 12, 4, true, &val), IO_OK);
    wr(MSIX_CAP + 2, 2, PCI_MSIX_ENABLE);
    assert_int_equal(count_mapped(), 2 * GIB + 6);
    assert_int_equal(rd(PCI_COMMAND, 2) & MASTER, MASTER);
    preempt = true;
}

static int remove_it(void)
{
    int err;

    spin_lock(&pcidevs_lock);
    err = iommu_device_leaves(&dev);
    spin_unlock(&pcidevs_lock);
    return err;
}

static int deassign(void) { return iommu_deassign(&d, S); }
static int to_dom0(void) { return iommu_deassign(NULL, S); }
static int to_guest(void) { return iommu_assign(&guest, S, false); }
static int to_quarantine(void) { return iommu_assign(NULL, S, false); }
static int die(void) { return iommu_domain_relinquish(&d); }

static unsigned int count_bound(void)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < VECTORS; i++)
        n += bound[1][i].fn != NULL;
    return n;
}

/* One more call, which does not do much. */
static int step(int (*call)(void))
{
    unsigned int pages = count_mapped(), vectors = count_bound();
    int err = call();

    assert_in_range(pages - count_mapped(), 0, GIB);
    assert_in_range(vectors - count_bound(), 0, 1);
    return err;
}

/* Until more than a half is gone. */
static void half_way(int (*call)(void))
{
    unsigned int calls = 0;

    while (count_mapped() > GIB) {
        assert_true(++calls < 12);
        assert_int_equal(step(call), -ERESTART);
        assert_ptr_equal(attached, &d);
        assert_ptr_equal(dev.domain, &d);
        assert_int_equal(rd(PCI_VENDOR_ID, 2), 0xffff);
    }
    assert_int_not_equal(count_mapped(), 0);
}

static void to_end(int (*call)(void))
{
    unsigned int calls = 0;
    int err;

    while ((err = step(call)) == -ERESTART)
        assert_true(++calls < 20);
    assert_int_equal(err, 0);
    assert_int_equal(count_mapped() + count_bound(), 0);
}

static void by_deassign(void **state)
{
    (void)state;
    enter_in_use(false);
    half_way(deassign);
    assert_int_equal(resets, 0);
    /* Another CPU with other plans. */
    assert_int_equal(to_guest(), -EBUSY);
    assert_int_equal(to_quarantine(), -EBUSY);
    assert_int_equal(to_dom0(), -ENODEV);
    assert_int_equal(remove_it(), -EBUSY);
    to_end(deassign);
    assert_int_equal(resets, 1);
    assert_null(dev.domain);
    assert_true(list_empty(&d.iommu.devices));
    assert_int_equal(deassign(), -ENODEV);
    leave();
}

/* The guest does all it can to keep it. */
static void kept_by_guest(void **state)
{
    const struct vpci_line line = { .dev = PCI_DEV(S) };
    uint64_t val = 0;

    (void)state;
    /* The BAR that is last to go has the table. */
    table_bar = 2;
    enter_in_use(false);
    table_bar = 0;
    preempt = false;
    assert_int_equal(vpci_bind_intx(&d, &line, 17), 0);
    preempt = true;
    assert_int_equal(deassign(), -ERESTART);
    assert_int_equal(wires, 0);
    assert_int_equal(cfg[PCI_COMMAND] & MASTER, 0);
    assert_true(vpci_write(&d, S, PCI_COMMAND, 2, MASTER));
    assert_true(vpci_write(&d, S, MSIX_CAP + 2, 2, PCI_MSIX_ENABLE));
    assert_int_equal(cfg[PCI_COMMAND] & MASTER, 0);
    assert_false(vpci_mmio_claims(&d, table));
    assert_int_equal(vpci_mmio(&d, table, 4, true, &val), IO_UNHANDLED);
    assert_int_equal(vpci_bind_intx(&d, &line, 17), -ENODEV);
    spin_lock(&pcidevs_lock);
    assert_false(vpci_stop_dma(&dev));
    spin_unlock(&pcidevs_lock);
    to_end(deassign);
    leave();
}

/* In the middle of what the guest itself began: a write waits for its end. */
static void in_guests_write(void **state)
{
    (void)state;
    enter_in_use(false);
    preempt = false;
    wr(PCI_COMMAND, 2, 0);
    preempt = true;
    while (count_mapped() < GIB)
        assert_false(vpci_write(&d, S, PCI_COMMAND, 2, MASTER));
    assert_int_equal(deassign(), -ERESTART);
    assert_true(vpci_write(&d, S, PCI_COMMAND, 2, MASTER));
    assert_int_equal(cfg[PCI_COMMAND] & MASTER, 0);
    to_end(deassign);
    leave();
}

static void by_death(void **state)
{
    (void)state;
    enter_in_use(false);
    half_way(die);
    to_end(die);
    assert_int_equal(resets, 1);
    assert_true(list_empty(&d.iommu.devices));
    leave();

    /* And while somebody takes the device. */
    enter_in_use(false);
    half_way(deassign);
    d.dying = DOMDYING_DYING;
    to_end(die);
    assert_int_equal(deassign(), -ENODEV);
    assert_int_equal(resets, 1);
    leave();
}

/* Domain 0's device is not switched off; nothing is written to it at all. */
static void by_removal(void **state)
{
    unsigned int writes;

    (void)state;
    enter_in_use(true);
    writes = cfg_writes;
    half_way(remove_it);
    /* Nobody's to reset any more, and no piece of work comes out of that. */
    spin_lock(&pcidevs_lock);
    assert_int_equal(vpci_device_reset(&dev), 0);
    spin_unlock(&pcidevs_lock);
    assert_int_not_equal(count_mapped(), 0);
    to_end(remove_it);
    assert_int_equal(cfg_writes, writes);
    assert_int_equal(resets, 0);
    leave();
}

/* Somebody else goes on with it, to another end. */
static void by_assignment(void **state)
{
    (void)state;
    enter_in_use(true);
    half_way(to_guest);
    to_end(to_quarantine);
    assert_null(attached);
    assert_true(dev.quarantined);
    leave();

    enter_in_use(true);
    half_way(to_quarantine);
    to_end(to_guest);
    assert_ptr_equal(attached, &guest);
    leave();
}

/* The guest that it was for dies: domain 0 can have it back, as it was. */
static void to_the_dead(void **state)
{
    unsigned int calls = 0;
    int err;

    (void)state;
    enter_in_use(true);
    half_way(to_guest);
    guest.dying = DOMDYING_DYING;
    assert_int_equal(to_guest(), -EINVAL);
    assert_int_equal(rd(PCI_VENDOR_ID, 2), 0xffff);
    while ((err = to_dom0()) == -ERESTART)
        assert_true(++calls < 20);
    assert_int_equal(err, 0);
    assert_ptr_equal(attached, &d);
    assert_int_equal(count_mapped(), 2 * GIB + 6);
    assert_int_equal(rd(PCI_VENDOR_ID, 2), 1);
    assert_int_equal(to_dom0(), -ENODEV);
    leave();
}

/* With nothing else to do it is one call. */
static void in_one_go(void **state)
{
    (void)state;
    enter_in_use(false);
    preempt = false;
    assert_int_equal(deassign(), 0);
    assert_int_equal(count_mapped() + count_bound(), 0);
    leave();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_deassign),    cmocka_unit_test(kept_by_guest),
        cmocka_unit_test(in_guests_write), cmocka_unit_test(by_death),
        cmocka_unit_test(by_removal),     cmocka_unit_test(by_assignment),
        cmocka_unit_test(to_the_dead),    cmocka_unit_test(in_one_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
