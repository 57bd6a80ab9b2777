/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-d's interrupt remapping of messages. Broken, a device's message reaches an entry
 * that is another device's, or entries are not given back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/acpi.h>
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/irq.h>
#include <xen/pci.h>
#include "../../drivers/passthrough/vtd/hw.h"
#include "fake_charge.h"

#define OTHERS  3U      /* entries that somebody has at the start, with holes between */

bool iommu_intremap = true;
struct acpi_host acpi_host;
struct acpi_dmar vtd_dmar;
struct vtd_unit *vtd_units[ACPI_MAX_IOMMUS];
unsigned int vtd_nr_units;
spinlock_t vtd_hw_lock;

static struct vtd_unit unit;
static struct pci_dev dev, other;
static unsigned int msi_vectors, msix_vectors, runs;
static int run_error;

/* --- the rest of the driver --- */

void *charge_alloc_pages(struct charge *c, enum charge_tag tag, unsigned int order)
{
    return charge_alloc(c, tag, PAGE_SIZE << order);
}

paddr_t virt_to_paddr(const void *va)
{
    return (paddr_t)(uintptr_t)va;
}

uint64_t fake_mmio_in(const volatile void *p, unsigned int size)
{
    (void)p;
    (void)size;
    return 0;
}

void fake_mmio_out(volatile void *p, uint64_t val, unsigned int size)
{
    (void)p;
    (void)val;
    (void)size;
}

int vtd_run(struct vtd_unit *u, struct iommu_command cmd)
{
    (void)cmd;
    runs++;
    u->dead |= run_error != 0;
    return run_error;
}

int vtd_global(struct vtd_unit *u, uint32_t bit, bool on)
{
    (void)u;
    (void)bit;
    (void)on;
    return 0;
}

struct iommu_command vtd_cmd_interrupts(unsigned int index)
{
    return (struct iommu_command){ { index } };
}

struct iommu_command vtd_cmd_all_interrupts(void)
{
    return (struct iommu_command){ { 0 } };
}

void vtd_sync(const struct vtd_unit *u, const void *p, size_t len)
{
    (void)u;
    (void)p;
    (void)len;
}

struct vtd_unit *vtd_unit_of_ioapic(uint8_t id, uint16_t *rid)
{
    (void)id;
    *rid = 0;
    return NULL;
}

unsigned int iommu_requesters(const struct pci_dev *pdev, uint16_t rid[IOMMU_MAX_RIDS])
{
    rid[0] = PCI_RID(pdev->sbdf);
    return 1;
}

bool pci_msi_info(const struct pci_dev *pdev, bool msix, struct pci_msi_info *info)
{
    (void)pdev;
    *info = (struct pci_msi_info){ .vectors = msix ? msix_vectors : msi_vectors };
    return info->vectors;
}

/* --- tests --- */

static unsigned int in_use(void)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < IRT_ENTRIES; i++)
        n += test_bit(i, unit.irt_used);
    return n;
}

/* Entries 0, 3 and 6 are somebody's. */
static void enter(unsigned int msi, unsigned int msix)
{
    memset(&unit, 0, sizeof(unit));
    memset(&dev, 0, sizeof(dev));
    vtd_units[0] = &unit;
    run_error = 0;
    dev.sbdf = PCI_SBDF(0, 1, 2, 0);
    other.sbdf = PCI_SBDF(0, 1, 3, 0);
    other.iommu_priv = NULL;
    msi_vectors = msi;
    msix_vectors = msix;
    assert_int_equal(vtd_intremap_start(&unit), 0);
    for (unsigned int i = 0; i < OTHERS; i++)
        __set_bit(3 * i, unit.irt_used);
}

static struct domain owner; /* has the devices, and pays */

static void leave(void)
{
    vtd_intremap_detach(&dev);
    vtd_intremap_detach(&other);
    assert_int_equal(in_use(), OTHERS);
    assert_int_equal(owner.charge.bytes[CHARGE_IOMMU], 0);
    charge_free(unit.irt);
    charge_free(unit.irt_used);
    assert_int_equal(allocated, 0);
}

/* Where the unit looks for what the device sends, vector n of one message (5.1.3). */
static unsigned int target(const struct msi_msg *msg, unsigned int n)
{
    uint32_t data = msg->data | n;
    unsigned int index = (unsigned int)(msg->address >> 5 & 0x7fff) |
                         (unsigned int)(msg->address >> 2 & 1) << 15;

    assert_int_equal(msg->address >> 20, 0xfee);
    assert_true(msg->address & 0x10);
    return msg->address & 8 ? index + data : index;
}

static void remap(unsigned int entry, uint8_t vector, struct msi_msg *msg)
{
    *msg = (struct msi_msg){ .address = 0xfee05000, .data = vector };
    assert_int_equal(vtd_remap_msi(&dev, entry, msg), 0);
}

static uint8_t vector_at(unsigned int index)
{
    assert_true(test_bit(index, unit.irt_used));
    assert_int_equal(unit.irt[index].word[1] & 0xffff, PCI_RID(dev.sbdf));
    assert_int_equal(unit.irt[index].word[0] >> 40, 5);
    return (uint8_t)(unit.irt[index].word[0] >> 16);
}

static void test_block(void **state)
{
    struct msi_msg first, msg;

    (void)state;
    enter(8, 0);
    assert_int_equal(vtd_intremap_attach(&owner, &dev), 0);
    for (unsigned int n = 0; n < 8; n++) {
        remap(n, (uint8_t)(0x40 + n), &msg);
        if (!n)
            first = msg;
    }
    for (unsigned int n = 0; n < 8; n++)
        assert_int_equal(vector_at(target(&first, n)), 0x40 + n);
    /* One moves, and its neighbours stay. */
    remap(3, 0x77, &msg);
    assert_int_equal(vector_at(target(&first, 3)), 0x77);
    assert_int_equal(vector_at(target(&first, 4)), 0x44);
    /* What is unmapped is blocked, and nobody else's. */
    vtd_unmap_msi(&dev, 3);
    assert_int_equal(unit.irt[target(&first, 3)].word[0], 0);
    assert_true(test_bit(target(&first, 3), unit.irt_used));
    assert_int_equal(vtd_intremap_attach(&owner, &other), 0);
    assert_int_equal(in_use(), OTHERS + 16);
    remap(3, 0x78, &msg);
    assert_int_equal(vector_at(target(&first, 3)), 0x78);
    assert_int_equal(vtd_remap_msi(&dev, 8, &msg), -ENODEV);
    leave();
}

/* Fewer vectors of MSI than of MSI-X: an entry is reached whichever sends. */
static void test_both(void **state)
{
    struct msi_msg msg;

    (void)state;
    enter(2, 5);
    assert_int_equal(vtd_intremap_attach(&owner, &dev), 0);
    for (unsigned int n = 0; n < 5; n++) {
        remap(n, (uint8_t)(0x50 + n), &msg);
        assert_int_equal(vector_at(target(&msg, 0)), 0x50 + n);
    }
    assert_int_equal(in_use(), OTHERS + 5);
    for (unsigned int n = 0; n < 5; n++)
        vtd_unmap_msi(&dev, n);
    assert_int_equal(in_use(), OTHERS + 2);
    leave();
}

static void test_one(void **state)
{
    struct msi_msg msg;

    (void)state;
    enter(1, 0);
    assert_int_equal(vtd_intremap_attach(&owner, &dev), 0);
    assert_true(owner.charge.bytes[CHARGE_IOMMU] > 0);
    assert_int_equal(in_use(), OTHERS);
    remap(0, 0x60, &msg);
    assert_int_equal(vector_at(target(&msg, 0)), 0x60);
    vtd_unmap_msi(&dev, 0);
    assert_int_equal(in_use(), OTHERS);
    leave();
}

/* No room in one piece: one vector. A unit that does not answer: entries stay taken. */
static void test_failures(void **state)
{
    struct msi_msg msg;
    unsigned int before;

    (void)state;
    enter(4, 0);
    for (unsigned int i = 9; i < IRT_ENTRIES; i += 3)
        __set_bit(i, unit.irt_used);
    before = in_use();
    assert_int_equal(vtd_intremap_attach(&owner, &dev), 0);
    assert_true(dev.msi_single);
    remap(0, 0x61, &msg);
    assert_int_equal(vector_at(target(&msg, 0)), 0x61);
    assert_int_equal(in_use(), before + 1);
    vtd_intremap_detach(&dev);
    assert_false(dev.msi_single);
    assert_int_equal(in_use(), before);
    for (unsigned int i = 9; i < IRT_ENTRIES; i += 3)
        __clear_bit(i, unit.irt_used);
    assert_int_equal(vtd_intremap_attach(&owner, &dev), 0);
    assert_false(dev.msi_single);
    remap(1, 0x41, &msg);
    run_error = -ETIMEDOUT;
    /* As when the device's interrupts are freed before it goes. */
    vtd_unmap_msi(&dev, 1);
    vtd_intremap_detach(&dev);
    assert_int_equal(in_use(), OTHERS + 4);
    for (unsigned int n = 0; n < 4; n++)
        __clear_bit(target(&msg, 0) - 1 + n, unit.irt_used);
    unit.dead = false;
    leave();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block),
        cmocka_unit_test(test_both),
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
