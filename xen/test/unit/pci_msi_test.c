/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host writes into a device's MSI and MSI-X registers. Broken, a vector is let
 * through that should be masked or the other way round, a device sends more messages than
 * there are interrupts for, or an interrupt stays behind when the device goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/irq.h>
#include <xen/pci.h>
#include <xen/pci_regs.h>
#include "fake_charge.h"

#define MSI     0x50U
#define MSIX    0x70U
#define MASK    (MSI + 16)
#define FIRST   100U
#define IRQS    64U

bool iommu_intremap;

static struct pci_dev dev;
static uint8_t cfg[256], table[0x1000];
static unsigned int fail_alloc_at;
static struct {
    struct msi_source *src;
    struct domain *d;
} irqs[IRQS];

/* --- the rest of the hypervisor --- */

uint32_t pci_conf_read(sbdf_t s, unsigned int reg, unsigned int size)
{
    uint32_t val = 0;

    (void)s;
    memcpy(&val, cfg + reg, size);
    return val;
}

void pci_conf_write(sbdf_t s, unsigned int reg, unsigned int size, uint32_t val)
{
    (void)s;
    memcpy(cfg + reg, &val, size);
}

static void *mapping;

/* What the hypervisor remembers of it is the owner's expense. */
void *ioremap_for(struct charge *c, unsigned int tag, paddr_t pa, size_t len)
{
    assert_int_equal(pa, 0xfe000800);
    assert_int_equal(len, 32);
    assert_null(mapping);
    assert_ptr_equal(c, &dev.domain->charge);
    mapping = charge_alloc(c, tag, 8);
    return mapping ? table + 0x800 : NULL;
}

void iounmap(void *va)
{
    assert_ptr_equal(va, table + 0x800);
    charge_free(mapping);
    mapping = NULL;
}

uint64_t fake_mmio_in(const volatile void *p, unsigned int size)
{
    uint64_t val = 0;

    memcpy(&val, (const void *)p, size);
    return val;
}

void fake_mmio_out(volatile void *p, uint64_t val, unsigned int size)
{
    memcpy((void *)p, &val, size);
}

/* Masked until somebody has it, as the real one. */
int irq_alloc_msi(struct msi_source *src)
{
    struct msi_msg msg = { .address = 0xfee00018, .data = src->entry };
    unsigned int n = 0;

    if (fail_alloc_at && --fail_alloc_at == 0)
        return -ENOSPC;
    while (irqs[n].src)
        n++;
    irqs[n].src = src;
    src->set_mask(src, true);
    src->write_msg(src, &msg);
    return (int)(FIRST + n);
}

void irq_free_msi(unsigned int irq)
{
    assert_non_null(irqs[irq - FIRST].src);
    assert_null(irqs[irq - FIRST].d);
    irqs[irq - FIRST].src = NULL;
}

int irq_bind_guest(unsigned int irq, struct domain *d, irq_handler_t fn, void *data)
{
    (void)fn;
    (void)data;
    irqs[irq - FIRST].d = d;
    irq_unmask(irq);
    return 0;
}

void irq_unbind_guest(unsigned int irq, struct domain *d)
{
    assert_ptr_equal(irqs[irq - FIRST].d, d);
    irqs[irq - FIRST].d = NULL;
    irq_mask(irq);
}

void irq_mask(unsigned int irq)
{
    irqs[irq - FIRST].src->set_mask(irqs[irq - FIRST].src, true);
}

void irq_unmask(unsigned int irq)
{
    irqs[irq - FIRST].src->set_mask(irqs[irq - FIRST].src, false);
}

/* --- tests --- */

static struct domain owner, *const someone = &owner; /* who pays for vectors, too */

static void arrived(unsigned int irq, void *data)
{
    (void)irq;
    (void)data;
}

static int bind(bool msix, unsigned int entry)
{
    int err = pci_msi_bind(&dev, msix, entry, someone, arrived, NULL);

    assert_true(err || owner.charge.bytes[CHARGE_IRQ]);
    return err;
}

static uint32_t word(unsigned int reg)
{
    return pci_conf_read(dev.sbdf, reg, 4);
}

/* Eight vectors of MSI, with masks; two of MSI-X. */
static void enter(bool remapping)
{
    memset(&dev, 0, sizeof(dev));
    memset(cfg, 0, sizeof(cfg));
    memset(table, 0, sizeof(table));
    iommu_intremap = remapping;
    fail_alloc_at = 0;
    dev.domain = &owner;
    dev.msi_pos = MSI;
    dev.msix_pos = MSIX;
    dev.bar[1].addr = 0xfe000000;
    dev.bar[1].size = 0x1000;
    cfg[MSI + PCI_MSI_CONTROL] = PCI_MSI_64BIT | 3 << PCI_MSI_CAPABLE_SHIFT;
    cfg[MSI + PCI_MSI_CONTROL + 1] = PCI_MSI_MASKABLE >> 8;
    cfg[MSIX + PCI_MSI_CONTROL] = 1;
    cfg[MSIX + PCI_MSIX_TABLE + 1] = 0x08;
    cfg[MSIX + PCI_MSIX_TABLE] = 1;
    cfg[MSIX + PCI_MSIX_PBA] = 1;
}

static void leave(void)
{
    pci_msi_release(&dev);
    assert_int_equal(owner.charge.bytes[CHARGE_IRQ], 0);
    assert_int_equal(cfg[MSI + PCI_MSI_CONTROL] &
                         (PCI_MSI_ENABLE | PCI_MSI_COUNT_ENABLED), 0);
    for (unsigned int i = 0; i < IRQS; i++)
        assert_null(irqs[i].src);
    assert_null(dev.msi);
    assert_int_equal(allocated, 0);
}

static void test_count(void **state)
{
    struct pci_msi_info info;

    (void)state;
    enter(false);
    assert_true(pci_msi_info(&dev, false, &info));
    assert_int_equal(info.vectors, 1);
    assert_int_equal(bind(false, 1), -EINVAL);
    leave();
    enter(true);
    assert_true(pci_msi_info(&dev, false, &info));
    assert_int_equal(info.vectors, 8);
    assert_int_equal(bind(false, 8), -EINVAL);
    cfg[MSI + PCI_MSI_CONTROL] |= PCI_MSI_COUNT_CAPABLE;    /* reserved: 2^7 */
    assert_true(pci_msi_info(&dev, false, &info));
    assert_int_equal(info.vectors, 32);
    /* The IOMMU had no place for more. */
    dev.msi_single = true;
    assert_true(pci_msi_info(&dev, false, &info));
    assert_int_equal(info.vectors, 1);
    dev.msi_single = false;
    leave();
}

static void test_block(void **state)
{
    (void)state;
    enter(true);
    for (unsigned int i = 0; i < 4; i++)
        assert_int_equal(bind(false, i), 0);
    assert_int_equal(bind(false, 2), -EBUSY);
    /* The message is the first vector's, whose number is 0. */
    assert_int_equal(word(MSI + 4), 0xfee00018);
    assert_int_equal(word(MSI + 12), 0);
    assert_int_equal(word(MASK), 0xf0);
    pci_msi_mask(&dev, false, 2, true);
    assert_int_equal(word(MASK), 0xf4);
    pci_msi_mask(&dev, false, 0, true);
    pci_msi_mask(&dev, false, 2, false);
    assert_int_equal(word(MASK), 0xf1);
    pci_msi_mask(&dev, false, 5, false);        /* not bound */
    assert_int_equal(word(MASK), 0xf1);
    pci_msi_enable(&dev, 4);
    assert_int_equal(cfg[MSI + PCI_MSI_CONTROL],
                     PCI_MSI_64BIT | 3 << PCI_MSI_CAPABLE_SHIFT | PCI_MSI_ENABLE |
                         2 << PCI_MSI_ENABLED_SHIFT);
    pci_msi_enable(&dev, 1);
    assert_int_equal(cfg[MSI + PCI_MSI_CONTROL] & PCI_MSI_COUNT_ENABLED, 0);
    pci_msi_enable(&dev, 4);
    pci_msi_unbind(&dev, false, 3);
    assert_int_equal(word(MASK), 0xf9);
    leave();
}

/* Each interrupt fails in turn; what came before it can go and come again. */
static void test_failures(void **state)
{
    (void)state;
    for (unsigned int n = 1; n <= 4; n++) {
        enter(true);
        fail_alloc_at = n;
        for (unsigned int i = 0; i < 4; i++)
            assert_int_equal(bind(false, i), i + 1 == n ? -ENOSPC : 0);
        assert_int_equal(bind(false, n - 1), 0);
        leave();
    }
}

static void test_msix(void **state)
{
    uint32_t *slot = (uint32_t *)(table + 0x810);

    (void)state;
    enter(true);
    assert_int_equal(bind(true, 2), -EINVAL);
    assert_int_equal(bind(true, 1), 0);
    assert_int_equal(slot[0], 0xfee00018);
    assert_int_equal(slot[2], 1);
    assert_int_equal(slot[3], 0);
    pci_msi_mask(&dev, true, 1, true);
    assert_int_equal(slot[3], PCI_MSIX_VECTOR_MASKED);
    pci_msix_enable(&dev, true, true);
    assert_int_equal(cfg[MSIX + 3], (PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL) >> 8);
    pci_msix_enable(&dev, true, false);
    assert_int_equal(cfg[MSIX + 3], PCI_MSIX_ENABLE >> 8);
    leave();
    assert_int_equal(cfg[MSIX + 3], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_block),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_msix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
