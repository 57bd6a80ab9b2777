/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of devices: what the scan finds, what domain 0 adds and removes. */
#include <xen/acpi.h>
#include <xen/alloc.h>
#include <xen/init.h>
#include <xen/iommu.h>
#include <xen/lib.h>

#include "pci_private.h"

DEFINE_SPINLOCK(pcidevs_lock, LOCK_PCIDEVS);
struct list pci_devices = LIST_INIT(pci_devices);

/* A capability list is a chain in config space; a broken one may loop. */
#define MAX_CAPS        48U
#define MAX_EXT_CAPS    480U

unsigned int pci_find_cap(sbdf_t s, uint8_t id)
{
    unsigned int kind = pci_conf_read(s, PCI_HEADER_TYPE, 1) & PCI_HEADER_KIND;
    unsigned int pos;

    if (!(pci_conf_read(s, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
        return 0;
    pos = pci_conf_read(s, kind == PCI_KIND_CARDBUS ? PCI_CAP_POINTER_CARDBUS
                                                    : PCI_CAP_POINTER, 1);
    for (unsigned int n = 0; n < MAX_CAPS; n++) {
        uint32_t head;

        pos &= ~3U;
        if (pos < 0x40)
            return 0;
        head = pci_conf_read(s, pos, 2);
        if ((head & 0xff) == id)
            return pos;
        if (head == 0xffff)
            return 0;
        pos = head >> 8;
    }
    return 0;
}

unsigned int pci_find_ext_cap(sbdf_t s, uint16_t id)
{
    unsigned int pos = PCI_EXT_CAP_FIRST;

    for (unsigned int n = 0; n < MAX_EXT_CAPS && pos >= PCI_EXT_CAP_FIRST; n++) {
        uint32_t head = pci_conf_read(s, pos, 4);

        if (head == 0 || head == ~0U)
            return 0;
        if ((head & 0xffff) == id)
            return pos;
        pos = (head >> 20) & ~3U;
    }
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

static void read_identity(struct pci_dev *pdev)
{
    sbdf_t s = pdev->sbdf;
    uint32_t id = pci_conf_read(s, PCI_VENDOR_ID, 4);
    uint32_t kind = pci_conf_read(s, PCI_HEADER_TYPE, 1) & PCI_HEADER_KIND;

    pdev->vendor = (uint16_t)id;
    pdev->device = (uint16_t)(id >> 16);
    pdev->class_rev = pci_conf_read(s, PCI_CLASS_REVISION, 4);
    pdev->is_bridge = kind == PCI_KIND_BRIDGE || kind == PCI_KIND_CARDBUS;
    pdev->msi_pos = (uint8_t)pci_find_cap(s, PCI_CAP_MSI);
    pdev->msix_pos = (uint8_t)pci_find_cap(s, PCI_CAP_MSIX);
    pdev->pcie_pos = (uint8_t)pci_find_cap(s, PCI_CAP_EXPRESS);
    pdev->pm_pos = (uint8_t)pci_find_cap(s, PCI_CAP_PM);
    pdev->af_pos = (uint8_t)pci_find_cap(s, PCI_CAP_AF);
}

/* The list is kept in ascending order, for the dumps. */
static void link_device(struct pci_dev *pdev)
{
    struct pci_dev *other;

    list_for_each(other, &pci_devices, link) {
        if (other->sbdf.v > pdev->sbdf.v)
            break;
    }
    list_add_tail(&other->link, &pdev->link);
}

static struct pci_dev *new_device(sbdf_t s)
{
    struct pci_dev *pdev = xalloc(struct pci_dev);

    if (!pdev)
        return NULL;
    pdev->sbdf = s;
    list_init(&pdev->link);
    list_init(&pdev->domain_link);
    read_identity(pdev);
    pci_size_bars(pdev);
    link_device(pdev);
    return pdev;
}

static bool answers(sbdf_t s)
{
    uint16_t vendor = (uint16_t)pci_conf_read(s, PCI_VENDOR_ID, 2);

    return vendor != 0xffff && vendor != 0;
}

static int scan_slot(uint16_t segment, uint8_t bus, unsigned int dev, bool *found)
{
    sbdf_t s = PCI_SBDF(segment, bus, dev, 0);
    unsigned int fns;

    if (!answers(s))
        return 0;
    *found = true;
    fns = pci_conf_read(s, PCI_HEADER_TYPE, 1) & PCI_HEADER_MULTI ? 8 : 1;
    for (unsigned int fn = 0; fn < fns; fn++) {
        s = PCI_SBDF(segment, bus, dev, fn);
        if (fn && !answers(s))
            continue;
        /* Capabilities past the first 256 bytes need the bus mapped first. */
        if (pci_map_bus(segment, bus) == -ENOMEM || !new_device(s))
            return -ENOMEM;
    }
    return 0;
}

static int scan_segment(uint16_t segment, unsigned int first, unsigned int last)
{
    for (unsigned int bus = first; bus <= last; bus++) {
        bool found = false;

        if (segment && pci_map_bus(segment, (uint8_t)bus))
            continue;
        for (unsigned int dev = 0; dev < 32; dev++) {
            int err = scan_slot(segment, (uint8_t)bus, dev, &found);

            if (err)
                return err;
        }
    }
    return 0;
}

int __init pci_init(void)
{
    struct acpi_mcfg_entry w;
    struct pci_dev *pdev;
    unsigned int n = 0;
    int err;

    pci_access_init();
    spin_lock(&pcidevs_lock);
    err = scan_segment(0, 0, 255);
    for (unsigned int i = 0; !err && pci_window_nth(i, &w); i++) {
        if (w.segment)
            err = scan_segment(w.segment, w.first_bus, w.last_bus);
    }
    list_for_each(pdev, &pci_devices, link)
        n++;
    spin_unlock(&pcidevs_lock);
    printk(XENLOG_INFO "PCI: %u functions found\n", n);
    return err;
}

int pci_add_device(sbdf_t s)
{
    struct pci_dev *pdev;
    int err = 0;

    spin_lock(&pcidevs_lock);
    pdev = pci_find(s);
    if (!pdev) {
        if (pci_map_bus(PCI_SEG(s), PCI_BUS(s)) || !answers(s)) {
            err = -ENODEV;
        } else {
            pdev = new_device(s);
            err = pdev ? iommu_device_arrived(pdev) : -ENOMEM;
            if (pdev && err) {
                list_del(&pdev->link);
                xfree(pdev);
            }
        }
    }
    spin_unlock(&pcidevs_lock);
    return err;
}

int pci_remove_device(sbdf_t s)
{
    struct pci_dev *pdev;
    int err = -ENODEV;

    spin_lock(&pcidevs_lock);
    pdev = pci_find(s);
    if (pdev) {
        err = iommu_device_leaves(pdev);
        if (!err) {
            list_del(&pdev->link);
            xfree(pdev);
        }
    }
    spin_unlock(&pcidevs_lock);
    return err;
}
