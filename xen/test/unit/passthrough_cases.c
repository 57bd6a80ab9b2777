/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/pci_regs.h>
#include <xen/vpci.h>
#include "../../drivers/passthrough/private.h"
#include "fake_ram.h"
#include "passthrough_cases.h"

#define PLAIN       PCI_SBDF(0, 0, 2, 0)
#define TWIN1       PCI_SBDF(0, 1, 1, 0)
#define TWIN2       PCI_SBDF(0, 1, 2, 0)
#define TWINS_RID   0x100           /* the bridge's name for both */
#define RESERVED    PCI_SBDF(0, 0, 4, 0)
#define OLD         PCI_SBDF(0, 2, 0, 0)
#define OLD_BRIDGE  PCI_SBDF(0, 0, 5, 0)
#define NOBODY      PCI_SBDF(0, 9, 9, 0)
#define EXP_AT      0x60U

const struct iommu_ops *iommu;
bool iommu_intremap, unit_silent;
unsigned int intremap_left;
struct domain *dom0;
unsigned long identity_pages;
paddr_t reserved_last;
bool overlapping;
struct spinlock pcidevs_lock;
struct list pci_devices;

static const struct passthrough_vendor *v;
static struct domain d[3], plain;       /* d[0] is domain 0 */
static struct pci_dev dev[7], late;

/* ---- the machine ---- */

static uint8_t twins_bus;
static unsigned int identity_calls;
static unsigned int identity_flags[4]; /* of the pages from RESERVED_BASE on */

void iommu_space_join(struct domain *dom, unsigned int unit)
{
    assert_false(spin_held(&dom->iommu.lock));
    dom->iommu.priv->users[unit]++;
}

int iommu_space_leave(struct domain *dom, unsigned int unit)
{
    assert_false(spin_held(&dom->iommu.lock));
    assert_true(dom->iommu.priv->users[unit]-- > 0);
    /* It flushes the tag: nothing may fill it again by an entry that is closed. */
    if (v->settled)
        v->settled();
    return unit_silent ? -ETIMEDOUT : 0;
}

uint32_t pci_conf_read(sbdf_t s, unsigned int reg, unsigned int size)
{
    bool express = s.v == PCI_SBDF(0, 0, 3, 0).v;

    (void)size;
    switch (reg) {
    case PCI_SECONDARY_BUS:
    case PCI_SUBORDINATE_BUS:
        return express ? twins_bus : s.v == OLD_BRIDGE.v ? 2 : 0;
    case EXP_AT + PCI_EXP_FLAGS:
        return express ? 7U << PCI_EXP_TYPE_SHIFT : 0;
    }
    fail_msg("config read of %#x at %#x", s.v, reg);
    return 0;
}

struct pci_dev *pci_find(sbdf_t s)
{
    struct pci_dev *pdev;

    ASSERT_LOCKED(&pcidevs_lock);
    list_for_each(pdev, &pci_devices, link) {
        if (pdev->sbdf.v == s.v)
            return pdev;
    }
    return NULL;
}

static int vpci_error;

int vpci_add(struct pci_dev *pdev) { (void)pdev; return vpci_error; }
int vpci_remove(struct pci_dev *pdev) { (void)pdev; return 0; }
bool vpci_leaves(const struct pci_dev *pdev) { (void)pdev; return false; }
void pci_msi_release(struct pci_dev *pdev) { (void)pdev; }

static unsigned int saves, resets;
static int reset_rc;            /* how the last reset that was begun stands */
static struct pci_dev *resetting;

void pci_reset_save(struct pci_dev *pdev)
{
    assert_null(pdev->domain);
    saves++;
}

/* Not before its DMA is refused. */
void pci_reset_start(struct pci_dev *pdev)
{
    assert_null(pdev->domain);
    assert_int_equal(v->owner(PCI_RID(pdev->sbdf)), 0);
    resetting = pdev;
    resets++;
}

int pci_reset_finish(struct pci_dev *pdev)
{
    ASSERT_LOCKED(&pcidevs_lock);
    return pdev == resetting ? reset_rc : 0;
}

int vpci_show(struct domain *dom, struct pci_dev *pdev)
{
    (void)dom;
    (void)pdev;
    return 0;
}

int iommu_map(struct domain *dom, dfn_t dfn, mfn_t mfn, unsigned int order,
              unsigned int flags)
{
    assert_ptr_equal(dom, &d[0]);
    assert_int_equal(dfn_x(dfn), mfn_x(mfn));
    assert_true(flags && order <= IOMMU_MAX_ORDER);
    assert_int_equal(dfn_x(dfn) & ((1UL << order) - 1), 0);
    for (unsigned long i = 0; i < ARRAY_SIZE(identity_flags); i++)
        if (((RESERVED_BASE >> PAGE_SHIFT) + i) >> order == dfn_x(dfn) >> order)
            identity_flags[i] = flags;
    identity_pages += 1UL << order;
    identity_calls++;
    return 0;
}

int iommu_flush(struct domain *dom, const struct iommu_range *r, unsigned int n)
{
    (void)dom;
    (void)r;
    (void)n;
    return 0;
}

void read_lock(rwlock_t *l) { (void)l; }
void read_unlock(rwlock_t *l) { (void)l; }
void write_lock(rwlock_t *l) { (void)l; }
void write_unlock(rwlock_t *l) { (void)l; }

static void plug(struct pci_dev *pdev, sbdf_t s)
{
    memset(pdev, 0, sizeof(*pdev));
    pdev->sbdf = s;
    list_init(&pdev->domain_link);
    list_add_tail(&pci_devices, &pdev->link);
}

/* Domain 0 has everything; all of memory from 16 MiB to `ram` is RAM. */
static void start_with(paddr_t ram, uint64_t reserved_size)
{
    static const sbdf_t at[] = {
        { 0x10 }, { 0x18 }, { 0x20 }, { 0x28 }, { 0x108 }, { 0x110 }, { 0x200 },
    };

    iommu = v->ops;
    unit_silent = false;
    vpci_error = reset_rc = 0;
    saves = resets = 0;
    resetting = NULL;
    twins_bus = 1;
    identity_pages = identity_calls = 0;
    memset(identity_flags, 0, sizeof(identity_flags));
    reserved_last = RESERVED_BASE + reserved_size - 1;
    list_init(&pci_devices);
    for (unsigned int i = 0; i < ARRAY_SIZE(at); i++)
        plug(&dev[i], at[i]);
    dev[1].is_bridge = dev[3].is_bridge = true;
    dev[1].pcie_pos = EXP_AT;
    v->reset();
    memset(d, 0, sizeof(d));
    memset(&plain, 0, sizeof(plain));
    for (unsigned int i = 0; i < ARRAY_SIZE(d); i++) {
        spin_lock_init(&d[i].iommu.lock, LOCK_IOMMU_MAP, "iommu");
        list_init(&d[i].iommu.devices);
        d[i].iommu.enabled = true;
        v->domain(&d[i], i + 1);
    }
    dom0 = &d[0];
    dom0->is_privileged = true;
    rangeset_init(&dom0->iomem_caps, NULL, "iomem");
    assert_int_equal(rangeset_add(&dom0->iomem_caps, 0, 0xfff), 0);
    assert_int_equal(rangeset_add(&dom0->iomem_caps, ram >> PAGE_SHIFT, 0xffffffffff), 0);
    assert_int_equal(iommu_setup_dom0(dom0), 0);
    assert_int_equal(v->owner(PCI_RID(PLAIN)), 1);
}

static void start(void)
{
    start_with(RESERVED_BASE, 2 * PAGE_SIZE);
}

static void check_owner(sbdf_t s, const struct domain *dom)
{
    struct pci_dev *pdev;

    spin_lock(&pcidevs_lock);
    pdev = pci_find(s);
    spin_unlock(&pcidevs_lock);
    assert_ptr_equal(pdev->domain, dom);
    assert_int_equal(v->owner(PCI_RID(s)), dom ? dom - d + 1 : 0);
}

/* ---- tests ---- */

static void refusals(void **state)
{
    (void)state;
    start();
    assert_int_equal(iommu_assign(&d[1], NOBODY, false), -ENODEV);
    assert_int_equal(iommu_assign(&plain, PLAIN, false), -EOPNOTSUPP);
    assert_int_equal(iommu_assign(&d[1], OLD_BRIDGE, false), -EPERM);
    d[1].dying = DOMDYING_DYING;
    assert_int_equal(iommu_assign(&d[1], PLAIN, false), -EINVAL);
    d[1].dying = DOMDYING_ALIVE;
    check_owner(PLAIN, dom0);
    assert_int_equal(iommu_assign(&d[1], PLAIN, false), 0);
    check_owner(PLAIN, &d[1]);
    assert_int_equal(iommu_assign(&d[1], PLAIN, false), -EBUSY);
    assert_int_equal(iommu_assign(&d[2], PLAIN, false), -EBUSY);
    assert_int_equal(iommu_assign(NULL, PLAIN, false), -EBUSY);
    assert_int_equal(iommu_deassign(&d[2], PLAIN), -ENODEV);
    assert_int_equal(iommu_deassign(NULL, PLAIN), -ENODEV);
    check_owner(PLAIN, &d[1]);
    assert_int_equal(iommu_deassign(&d[1], PLAIN), 0);
    check_owner(PLAIN, NULL);
    assert_int_equal(iommu_deassign(&d[1], PLAIN), -ENODEV);
    assert_int_equal(iommu_deassign(NULL, PLAIN), 0);
    check_owner(PLAIN, dom0);
    assert_int_equal(iommu_deassign(NULL, PLAIN), -ENODEV);
}

/* Firmware goes on using the region through the device: not for a guest unasked. */
static void reserved_region(void **state)
{
    paddr_t first = 0, last = 0;
    sbdf_t s = RESERVED, other = PLAIN, nobody = NOBODY;

    (void)state;
    start();
    assert_int_equal(identity_pages, 2);
    assert_int_equal(iommu_assign(&d[1], RESERVED, false), -EPERM);
    check_owner(RESERVED, dom0);
    assert_int_equal(iommu_assign(&d[1], RESERVED, true), 0);
    check_owner(RESERVED, &d[1]);
    assert_int_equal(identity_pages, 2);
    assert_int_equal(iommu_deassign(&d[1], RESERVED), 0);
    assert_int_equal(iommu_deassign(NULL, RESERVED), 0);
    assert_int_equal(identity_pages, 4);

    assert_int_equal(iommu_reserved_nth(&s, 0, &first, &last), 0);
    assert_int_equal(first, RESERVED_BASE);
    assert_int_equal(last, reserved_last);
    assert_int_equal(iommu_reserved_nth(&s, 1, &first, &last), -ENOENT);
    assert_int_equal(iommu_reserved_nth(&other, 0, &first, &last), -ENOENT);
    assert_int_equal(iommu_reserved_nth(&nobody, 0, &first, &last), -ENOENT);
    /* Of all: also that of a device which is not there. */
    assert_int_equal(iommu_reserved_nth(NULL, 0, &first, &last), 0);
    assert_int_equal(first, RESERVED_BASE);
    assert_int_equal(iommu_reserved_nth(NULL, 1, &first, &last), 0);
    assert_int_equal(first, RESERVED_BASE + 0x10000);
    assert_int_equal(iommu_reserved_nth(NULL, 2, &first, &last), -ENOENT);
    iommu = NULL;
    assert_int_equal(iommu_reserved_nth(NULL, 0, &first, &last), -ENOENT);
}

/* One page of the region is RAM: the device gets nothing, the others do not mind. */
static void reserved_ram(void **state)
{
    (void)state;
    start_with(RESERVED_BASE + PAGE_SIZE, 2 * PAGE_SIZE);
    check_owner(RESERVED, NULL);
    assert_int_equal(identity_pages, 0);
    check_owner(TWIN1, dom0);
    assert_int_equal(iommu_assign(&d[1], RESERVED, false), -EPERM);
    check_owner(RESERVED, NULL);
}

/* How far the rights of a page go, in pages. */
static unsigned long same_rights(unsigned long page, unsigned int expect)
{
    paddr_t at = RESERVED_BASE + page * PAGE_SIZE, last = at + 8 * PAGE_SIZE - 1;

    assert_int_equal(iommu_reserved_rights(at, &last), expect);
    return (last + 1 - at) / PAGE_SIZE;
}

/* Regions that overlap: what any of them allows can be done, whichever comes last. */
static void reserved_overlap(void **state)
{
    const unsigned int both = IOMMU_READ | IOMMU_WRITE;

    (void)state;
    overlapping = true;
    start();
    overlapping = false;
    check_owner(RESERVED, dom0);
    assert_int_equal(identity_flags[0], v->has_rights ? IOMMU_READ : both);
    assert_int_equal(identity_flags[1], both);
    assert_int_equal(identity_flags[2], v->has_rights ? IOMMU_WRITE : both);
    assert_int_equal(identity_flags[3], 0);
    assert_int_equal(same_rights(0, identity_flags[0]), 1);
    assert_int_equal(same_rights(1, both), 1);
    assert_int_equal(same_rights(2, identity_flags[2]), 1);
    assert_int_equal(same_rights(3, 0), 8);
    assert_int_equal(iommu_reserved_overlaps(), v->has_rights ? 1 : 0);
}

/* Half a terabyte, all of which domain 0 may reach: mapped, but not page by page. */
static void reserved_absurd(void **state)
{
    uint64_t pages = (1UL << 27) + 513;

    (void)state;
    start_with(RESERVED_BASE, pages << PAGE_SHIFT);
    check_owner(RESERVED, dom0);
    assert_int_equal(identity_pages, pages);
    assert_true(identity_calls < 600);
}

/* No unit has the device: it is refused, as what it does could not be stopped. */
static void uncovered(void **state)
{
    (void)state;
    start();
    spin_lock(&pcidevs_lock);
    plug(&late, PCI_SBDF(1, 0, 2, 0));
    assert_int_equal(iommu_device_arrived(&late), -ENODEV);
    spin_unlock(&pcidevs_lock);
    assert_null(late.domain);
    assert_int_equal(iommu_assign(&d[1], late.sbdf, false), -ENODEV);
    assert_null(late.domain);
    assert_true(list_empty(&d[1].iommu.devices));
}

/* Two with one name: never in two hands. */
static void shared_name(void **state)
{
    (void)state;
    start();
    assert_int_equal(iommu_assign(&d[1], TWIN1, false), -EBUSY);
    assert_int_equal(v->owner(TWINS_RID), 1);
    assert_int_equal(iommu_assign(NULL, TWIN2, false), 0);
    check_owner(TWIN2, NULL);
    assert_int_equal(v->owner(TWINS_RID), 1);
    assert_int_equal(iommu_assign(&d[1], TWIN1, false), 0);
    assert_int_equal(v->owner(TWINS_RID), 2);
    assert_int_equal(iommu_assign(&d[2], TWIN2, false), -EBUSY);
    assert_int_equal(iommu_deassign(NULL, TWIN2), -EBUSY);
    assert_int_equal(v->owner(TWINS_RID), 2);
    assert_int_equal(iommu_assign(&d[1], TWIN2, false), 0);
    assert_int_equal(iommu_deassign(&d[1], TWIN1), 0);
    check_owner(TWIN1, NULL);
    assert_int_equal(v->owner(TWINS_RID), 2);
    assert_int_equal(iommu_deassign(&d[1], TWIN2), 0);
    assert_int_equal(v->owner(TWINS_RID), 0);
    assert_int_equal(iommu_deassign(NULL, TWIN2), 0);
    assert_int_equal(v->owner(TWINS_RID), 1);
    assert_int_equal(iommu_deassign(NULL, TWIN1), 0);
    check_owner(TWIN1, dom0);
}

/*
 * A device whose own name is the bridge's: without it the others still work, and it can
 * still signal interrupts when one of them has gone.
 */
static void shared_name_is_ones_own(void **state)
{
    sbdf_t s = PCI_SBDF(0, 1, 0, 0);

    (void)state;
    start();
    spin_lock(&pcidevs_lock);
    plug(&late, s);
    assert_int_equal(iommu_device_arrived(&late), 0);
    spin_unlock(&pcidevs_lock);
    check_owner(s, dom0);
    assert_int_equal(iommu_assign(NULL, TWIN1, false), 0);
    check_owner(s, dom0);
    assert_int_equal(iommu_deassign(NULL, TWIN1), 0);
    check_owner(s, dom0);
    assert_int_equal(iommu_assign(NULL, s, false), 0);
    assert_null(late.domain);
    assert_int_equal(v->owner(TWINS_RID), 1);
    assert_int_equal(iommu_assign(NULL, TWIN1, false), 0);
    assert_int_equal(v->owner(TWINS_RID), 1);
    assert_int_equal(iommu_assign(NULL, TWIN2, false), 0);
    assert_int_equal(v->owner(TWINS_RID), 0);
}

/* The name of an I/O APIC: only for domain 0, and the I/O APIC's interrupts go on. */
static void ioapic_name(void **state)
{
    sbdf_t s = { IOAPIC_RID };

    (void)state;
    start();
    spin_lock(&pcidevs_lock);
    plug(&late, s);
    assert_int_equal(iommu_device_arrived(&late), 0);
    spin_unlock(&pcidevs_lock);
    check_owner(s, dom0);
    assert_int_equal(iommu_assign(&d[1], s, true), -EPERM);
    check_owner(s, dom0);
    assert_int_equal(iommu_assign(NULL, s, false), 0);
    check_owner(s, NULL);
    assert_int_equal(iommu_deassign(NULL, s), 0);
    check_owner(s, dom0);
}

/*
 * Domain 0 numbers the bus anew while a guest has the devices: the name that was opened
 * for them is the one that is closed.
 */
static void shared_name_renumbered(void **state)
{
    (void)state;
    start();
    assert_int_equal(iommu_assign(NULL, TWIN1, false), 0);
    assert_int_equal(iommu_assign(NULL, TWIN2, false), 0);
    assert_int_equal(iommu_assign(&d[1], TWIN1, false), 0);
    assert_int_equal(iommu_assign(&d[1], TWIN2, false), 0);
    twins_bus = 7;
    assert_int_equal(iommu_deassign(&d[1], TWIN1), 0);
    assert_int_equal(iommu_deassign(&d[1], TWIN2), 0);
    assert_int_equal(v->owner(TWINS_RID), 0);
    check_owner(TWIN1, NULL);
}

/* A newcomer behind the bridge of a guest's devices waits. */
static void shared_name_newcomer(void **state)
{
    sbdf_t s = PCI_SBDF(0, 1, 7, 0);

    (void)state;
    start();
    assert_int_equal(iommu_assign(NULL, TWIN1, false), 0);
    assert_int_equal(iommu_assign(NULL, TWIN2, false), 0);
    assert_int_equal(iommu_assign(&d[1], TWIN1, false), 0);
    spin_lock(&pcidevs_lock);
    plug(&late, s);
    assert_int_equal(iommu_device_arrived(&late), 0);
    spin_unlock(&pcidevs_lock);
    check_owner(s, NULL);
    assert_int_equal(v->owner(TWINS_RID), 2);
    assert_int_equal(iommu_deassign(&d[1], TWIN1), 0);
    assert_int_equal(iommu_deassign(NULL, s), 0);
    check_owner(s, dom0);
    assert_int_equal(v->owner(TWINS_RID), 1);
}

/* Behind a conventional bridge DMA has the bridge's own name. */
static void conventional_bridge(void **state)
{
    (void)state;
    start();
    assert_int_equal(v->owner(PCI_RID(OLD_BRIDGE)), 1);
    assert_int_equal(iommu_assign(&d[2], OLD, false), 0);
    assert_int_equal(v->owner(PCI_RID(OLD_BRIDGE)), 3);
    assert_int_equal(iommu_deassign(&d[2], OLD), 0);
    assert_int_equal(v->owner(PCI_RID(OLD_BRIDGE)), 0);
}

/* Domain 0 has the bridge itself, too, but no DMA is the bridge's own. */
static void behind_bridge_in_quarantine(void **state)
{
    (void)state;
    start();
    assert_int_equal(iommu_assign(NULL, OLD, false), 0);
    assert_int_equal(v->owner(PCI_RID(OLD_BRIDGE)), 0);
}

static void check_nobody_gets(sbdf_t s, int rc)
{
    reset_rc = rc;
    assert_int_equal(iommu_assign(&d[2], s, false), rc);
    check_owner(s, NULL);
    assert_int_equal(iommu_deassign(NULL, s), rc);
    check_owner(s, NULL);
    assert_true(list_empty(&d[2].iommu.devices));
}

/* What a guest had goes to nobody before its reset is over. */
static void reset_between_owners(void **state)
{
    (void)state;
    start();
    assert_int_equal(iommu_assign(&d[1], PLAIN, false), 0);
    assert_int_equal(saves, 1);
    assert_int_equal(resets, 0);
    assert_int_equal(iommu_deassign(&d[1], PLAIN), 0);
    assert_int_equal(resets, 1);
    check_nobody_gets(PLAIN, -ERESTART);
    check_nobody_gets(PLAIN, -ETIMEDOUT);
    /* The quarantine takes it as it is; a machine that loses it, too, but not at once. */
    assert_int_equal(iommu_assign(NULL, PLAIN, false), 0);
    spin_lock(&pcidevs_lock);
    reset_rc = -ERESTART;
    assert_int_equal(iommu_device_leaves(&dev[0]), -ERESTART);
    reset_rc = -ETIMEDOUT;
    assert_int_equal(iommu_device_leaves(&dev[0]), 0);
    spin_unlock(&pcidevs_lock);
    reset_rc = 0;
    assert_int_equal(iommu_assign(&d[2], PLAIN, false), 0);
    check_owner(PLAIN, &d[2]);
    assert_int_equal(saves, 2);
    assert_int_equal(iommu_deassign(&d[2], PLAIN), 0);
    assert_int_equal(iommu_deassign(NULL, PLAIN), 0);
    check_owner(PLAIN, dom0);
    assert_int_equal(resets, 2);
}

/* The guest never had it: domain 0 has it back at once, as it was. */
static void no_reset_without_owner(void **state)
{
    (void)state;
    start();
    d[1].arch.vpci = (void *)&d[1];
    vpci_error = -ENOMEM;
    assert_int_equal(iommu_assign(&d[1], PLAIN, false), -ENOMEM);
    check_owner(PLAIN, dom0);
    assert_int_equal(iommu_assign(NULL, PLAIN, false), 0);
    assert_int_equal(resets, 0);
}

/* A unit that is dead: the device is nobody's, and blocked as far as tables go. */
static void silent_unit(void **state)
{
    (void)state;
    start();
    assert_int_equal(iommu_assign(&d[1], PLAIN, false), 0);
    unit_silent = true;
    intremap_left = 0;
    assert_int_equal(iommu_deassign(&d[1], PLAIN), -ETIMEDOUT);
    assert_int_equal(intremap_left, 1);
    assert_true(d[1].iommu.poisoned);
    check_owner(PLAIN, NULL);
    assert_int_equal(iommu_assign(&d[2], PLAIN, false), -ETIMEDOUT);
    check_owner(PLAIN, NULL);
    assert_true(list_empty(&d[2].iommu.devices));
}

int run_passthrough_cases(const struct passthrough_vendor *vendor)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals),
        cmocka_unit_test(reserved_region),
        cmocka_unit_test(reserved_ram),
        cmocka_unit_test(reserved_overlap),
        cmocka_unit_test(reserved_absurd),
        cmocka_unit_test(uncovered),
        cmocka_unit_test(shared_name),
        cmocka_unit_test(shared_name_newcomer),
        cmocka_unit_test(shared_name_renumbered),
        cmocka_unit_test(shared_name_is_ones_own),
        cmocka_unit_test(ioapic_name),
        cmocka_unit_test(conventional_bridge),
        cmocka_unit_test(behind_bridge_in_quarantine),
        cmocka_unit_test(reset_between_owners),
        cmocka_unit_test(no_reset_without_owner),
        cmocka_unit_test(silent_unit),
    };

    v = vendor;
    fake_ram_init();
    return cmocka_run_group_tests_name(vendor->name, tests, NULL, NULL);
}
