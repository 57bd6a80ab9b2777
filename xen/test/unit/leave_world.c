/* SPDX-License-Identifier: GPL-2.0-only */
/* The fakes behind leave_world.h: a unit that lets one device in or does not. */
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/pci_regs.h>
#include <xen/time.h>

#include "../../drivers/passthrough/private.h"
#include "leave_world.h"

struct list pci_devices;
struct domain *dom0, *attached;
unsigned int resets;
bool iommu_enabled, iommu_intremap = true;
struct iommu_options iommu_options;

/* ---- the unit ---- */

static int attach(struct domain *dom, struct pci_dev *pdev)
{
    assert_ptr_equal(pdev, &dev);
    assert_null(attached);
    attached = dom;
    return 0;
}

/* Its memory is out of the domain's view by then, and its vectors are back. */
static int detach(struct domain *dom, struct pci_dev *pdev)
{
    assert_ptr_equal(attached, dom);
    assert_null(pdev->vpci);
    assert_int_equal(count_mapped(), 0);
    attached = NULL;
    return 0;
}

static bool owns(const struct pci_dev *pdev)
{
    (void)pdev;
    return false;
}

static bool is_ioapic(uint16_t segment, uint16_t rid)
{
    (void)segment;
    (void)rid;
    return false;
}

static int reserved(const struct pci_dev *pdev,
                    int (*fn)(paddr_t start, paddr_t end, unsigned int flags, void *arg),
                    void *arg)
{
    (void)pdev;
    (void)fn;
    (void)arg;
    return 0;
}

static int init(void) { return 0; }
static int deny(struct domain *dom) { (void)dom; return 0; }

const struct iommu_ops amd_iommu_ops = {
    .name = "unit", .init = init, .deny = deny, .attach = attach, .detach = detach,
    .owns = owns, .is_ioapic = is_ioapic, .reserved = reserved,
};

void reset_machine(void)
{
    list_init(&pci_devices);
    list_add_tail(&pci_devices, &dev.link);
    attached = dom0 = NULL;
    iommu_options.enable = true;
    assert_int_equal(iommu_init(), 0);
    resets = 0;
    cfg[PCI_VENDOR_ID] = 1;
}

struct pci_dev *pci_find(sbdf_t s)
{
    ASSERT_LOCKED(&pcidevs_lock);
    return s.v == dev.sbdf.v ? &dev : NULL;
}

void pci_msi_release(struct pci_dev *pdev) { (void)pdev; }
void pci_reset_save(struct pci_dev *pdev) { (void)pdev; }
int pci_reset_finish(struct pci_dev *pdev) { (void)pdev; return 0; }

/* When nobody has it any more, and its DMA is refused. */
void pci_reset_start(struct pci_dev *pdev)
{
    assert_null(pdev->domain);
    assert_null(attached);
    resets++;
}

/* ---- a domain's tables: none of it is about them ---- */

int iommu_space_free_tables(struct domain *dom)
{
    assert_null(attached);
    (void)dom;
    return 0;
}

int iommu_space_init(struct domain *dom, const struct iommu_model *model)
{
    (void)dom;
    (void)model;
    return 0;
}

void iommu_space_destroy(struct domain *dom) { (void)dom; }

int iommu_space_map(struct domain *dom, dfn_t dfn, mfn_t mfn, unsigned int order,
                    unsigned int flags)
{
    (void)dom;
    (void)dfn;
    (void)mfn;
    (void)order;
    (void)flags;
    return -ENOMEM;
}

int iommu_space_unmap(struct domain *dom, dfn_t dfn, unsigned int order)
{
    (void)dom;
    (void)dfn;
    (void)order;
    return -ENOMEM;
}

int iommu_space_flush(struct domain *dom, const struct iommu_range *r, unsigned int n)
{
    (void)dom;
    (void)r;
    (void)n;
    return 0;
}

int iommu_tables_prepare_map(struct iommu_tables *t, dfn_t dfn, unsigned int order)
{
    (void)t;
    (void)dfn;
    (void)order;
    return -ENOMEM;
}

int iommu_tables_prepare_unmap(struct iommu_tables *t, dfn_t dfn, unsigned int order)
{
    (void)t;
    (void)dfn;
    (void)order;
    return -ENOMEM;
}

void iommu_tables_prune(struct iommu_tables *t, dfn_t dfn, unsigned int order)
{
    (void)t;
    (void)dfn;
    (void)order;
}

unsigned int iommu_reserved_rights(paddr_t at, paddr_t *last)
{
    (void)at;
    (void)last;
    return 0;
}

unsigned int iommu_reserved_overlaps(void) { return 0; }
void iommu_keys_init(void) { }
void page_put(struct page_info *pg) { (void)pg; }
struct page_info *virt_to_page(const void *va) { (void)va; return NULL; }

s_time_t get_s_time(void) { return 0; }

void panic(const char *fmt, ...)
{
    fail_msg("%s", fmt);
    abort();
}
