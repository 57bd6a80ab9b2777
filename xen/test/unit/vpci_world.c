/* SPDX-License-Identifier: GPL-2.0-only */
/* The fakes behind vpci_world.h. */
#include <xen/hypercall.h>

#include "vpci_world.h"

spinlock_t pcidevs_lock;
struct domain d;
struct pci_dev dev, other;
uint8_t cfg[4096], other_cfg[4096];
unsigned int cfg_writes;
bool mapped[1U << 20];
struct fake_vector bound[2][VECTORS];
bool hw_enabled[2], hw_mask_all;
unsigned int hw_vectors, bind_fails;
uint8_t msix_bar;
uint64_t sent_address;
uint32_t sent_data;

/* ---- fakes ---- */

bool preempt;

bool hypercall_preempt_check(void)
{
    return preempt;
}

void gprintk(const char *level, const char *fmt, ...)
{
    (void)level;
    (void)fmt;
}

static uint64_t size_of_bar(unsigned int reg)
{
    return reg == 0x10 ? BAR0_SIZE : reg == 0x18 || reg == 0x1c ? BAR2_SIZE : 0;
}

static uint8_t *config_of(sbdf_t s)
{
    if (other.domain && s.v == other.sbdf.v)
        return other_cfg;
    assert_int_equal(s.v, dev.sbdf.v);
    return cfg;
}

uint32_t pci_conf_read(sbdf_t s, unsigned int reg, unsigned int size)
{
    uint32_t val = 0;

    memcpy(&val, config_of(s) + reg, size);
    return val;
}

void pci_conf_write(sbdf_t s, unsigned int reg, unsigned int size, uint32_t val)
{
    uint8_t *config = config_of(s);

    cfg_writes++;
    if (config == cfg && size_of_bar(reg)) {
        /* A BAR may change only while the device does not decode memory. */
        assert_int_equal(size, 4);
        assert_false(cfg[PCI_COMMAND] & PCI_COMMAND_MEMORY);
        if (reg == 0x1c)
            val &= (uint32_t)(-BAR2_SIZE >> 32);
        else
            val = (val & (uint32_t)-size_of_bar(reg)) | (cfg[reg] & 0xf);
    }
    memcpy(config + reg, &val, size);
}

bool pci_window_nth(unsigned int nth, struct acpi_mcfg_entry *where)
{
    *where = (struct acpi_mcfg_entry){ .base = 0xb0000000, .last_bus = 255 };
    return nth == 0;
}

bool pci_msi_info(const struct pci_dev *pdev, bool msix, struct pci_msi_info *info)
{
    if (pdev != &dev)
        return false;
    *info = (struct pci_msi_info){
        .vectors = VECTORS, .is_64 = true, .maskable = true,
        .table_offset = 0x2000, .pba_offset = 0x3000,
        .table_bar = msix_bar, .pba_bar = msix_bar,
    };
    return true;
}

int pci_msi_bind(struct pci_dev *pdev, bool msix, unsigned int entry, struct domain *dom,
                 irq_handler_t fn, void *data)
{
    assert_ptr_equal(pdev, &dev);
    assert_ptr_equal(dom, &d);
    assert_true(entry < VECTORS && !bound[msix][entry].fn);
    if (bind_fails && entry == bind_fails)
        return -ENOSPC;
    bound[msix][entry].fn = fn;
    bound[msix][entry].data = data;
    bound[msix][entry].masked = false;
    return 0;
}

void pci_msi_unbind(struct pci_dev *pdev, bool msix, unsigned int entry)
{
    (void)pdev;
    assert_non_null(bound[msix][entry].fn);
    bound[msix][entry].fn = NULL;
}

void pci_msi_mask(struct pci_dev *pdev, bool msix, unsigned int entry, bool masked)
{
    (void)pdev;
    assert_non_null(bound[msix][entry].fn);
    bound[msix][entry].masked = masked;
}

void pci_msi_enable(struct pci_dev *pdev, unsigned int vectors)
{
    (void)pdev;
    for (unsigned int i = 0; i < vectors; i++)
        assert_non_null(bound[0][i].fn);
    hw_enabled[0] = vectors;
    hw_vectors = vectors;
}

void pci_msix_enable(struct pci_dev *pdev, bool enable, bool mask_all)
{
    (void)pdev;
    hw_enabled[1] = enable;
    hw_mask_all = mask_all;
}

unsigned long guest_shift;

unsigned long taken;

static void change(gfn_t gfn, mfn_t mfn, unsigned long n, bool map)
{
    assert_int_equal(gfn_x(gfn) - mfn_x(mfn), guest_shift);
    for (unsigned long i = 0; i < n; i++) {
        assert_true(mapped[gfn_x(gfn) + i] == !map);
        mapped[gfn_x(gfn) + i] = map;
    }
}

int p2m_map_mmio(struct domain *dom, gfn_t gfn, mfn_t mfn, unsigned long n)
{
    (void)dom;
    if (taken >= gfn_x(gfn) && taken - gfn_x(gfn) < n)
        return -EEXIST;
    change(gfn, mfn, n, true);
    return 0;
}

int p2m_unmap_mmio(struct domain *dom, gfn_t gfn, mfn_t mfn, unsigned long n)
{
    (void)dom;
    for (unsigned long i = 0; i < n; i++)
        if (!mapped[gfn_x(gfn) + i])
            return -EINVAL;
    change(gfn, mfn, n, false);
    return 0;
}

unsigned int wired[PINS], wires;

int vioapic_bind_machine(struct domain *dom, unsigned int pin, unsigned int gsi)
{
    (void)dom;
    assert_true(pin < PINS);
    if (gsi == NO_GSI)
        return -EPERM;
    if (wired[pin])
        return -EEXIST;
    for (unsigned int i = 0; i < PINS; i++)
        if (wired[i] == gsi)
            return -EBUSY;
    wired[pin] = gsi;
    wires++;
    return 0;
}

void vioapic_unbind_machine(struct domain *dom, unsigned int pin)
{
    (void)dom;
    assert_true(pin < PINS && wired[pin]);
    wired[pin] = 0;
    wires--;
}

void hvm_deliver_msi(struct domain *dom, uint64_t address, uint32_t data)
{
    (void)dom;
    sent_address = address;
    sent_data = data;
}

uint8_t device_page[PAGE_SIZE];

paddr_t remapped;

static void *mapping[2];

void *ioremap_for(struct charge *c, unsigned int tag, paddr_t pa, size_t len)
{
    unsigned int n = mapping[0] != NULL;

    remapped = pa;
    (void)len;
    assert_non_null(c);
    assert_null(mapping[n]);
    mapping[n] = charge_alloc(c, tag, 8);
    return mapping[n] ? device_page : NULL;
}

/* Which of the two does not matter. */
void iounmap(void *va)
{
    unsigned int n = !mapping[0];

    assert_ptr_equal(va, device_page);
    charge_free(mapping[n]);
    mapping[n] = NULL;
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

/* ---- the world ---- */

unsigned int count_mapped(void)
{
    unsigned int n = 0;

    for (size_t i = 0; i < sizeof(mapped); i++)
        n += mapped[i];
    return n;
}

uint32_t rd(unsigned int reg, unsigned int size)
{
    return vpci_read(&d, S, reg, size);
}

void wr(unsigned int reg, unsigned int size, uint32_t val)
{
    while (!vpci_write(&d, S, reg, size, val))
        continue;
}

void reset_world(bool privileged)
{
    memset(&d, 0, sizeof(d));
    memset(&dev, 0, sizeof(dev));
    memset(&other, 0, sizeof(other));
    memset(cfg, 0, sizeof(cfg));
    memset(other_cfg, 0, sizeof(other_cfg));
    memset(mapped, 0, sizeof(mapped));
    memset(bound, 0, sizeof(bound));
    memset(hw_enabled, 0, sizeof(hw_enabled));
    fail_at = bind_fails = hw_vectors = 0;
    guest_shift = taken = 0;
    msix_bar = 0;
    preempt = false;
    d.is_privileged = privileged;
    rangeset_init(&d.iomem_caps, NULL, "iomem");
    assert_int_equal(rangeset_add(&d.iomem_caps, 0xc0000, 0xfffff), 0);
    rangeset_init(&d.irq_caps, NULL, "irq");
    assert_int_equal(rangeset_add(&d.irq_caps, 0, NO_GSI - 1), 0);
    cfg[0x18] = PCI_BAR_TYPE_64 | PCI_BAR_PREFETCH;
    cfg[0x12] = 0x10;
    cfg[0x13] = 0xfe;               /* BAR 0 at 0xfe100000 */
    cfg[0x1b] = 0xe0;               /* BAR 2 at 0xe0000000 */
    cfg[0x3d] = 1;
    dev.sbdf = S;
    dev.domain = &d;
    dev.msi_pos = MSI_CAP;
    dev.msix_pos = MSIX_CAP;
    dev.pcie_pos = EXP_CAP;
    dev.af_pos = AF_CAP;
    cfg[EXP_CAP + PCI_EXP_DEVCAP + 3] = PCI_EXP_DEVCAP_FLR >> 24;
    cfg[AF_CAP + PCI_AF_CAP] = PCI_AF_CAP_PENDING | PCI_AF_CAP_FLR;
    dev.bar[0].size = BAR0_SIZE;
    dev.bar[2].size = BAR2_SIZE;
    dev.bar[2].is_64 = true;
}

void unplug(struct pci_dev *pdev)
{
    spin_lock(&pcidevs_lock);
    assert_int_equal(vpci_remove(pdev), 0);
    spin_unlock(&pcidevs_lock);
}

void leave(void)
{
    vpci_domain_destroy(&d);
    assert_null(dev.vpci);
    assert_int_equal(wires, 0);
    assert_int_equal(count_mapped(), 0);
    for (unsigned int i = 0; i < VECTORS; i++)
        assert_true(!bound[0][i].fn && !bound[1][i].fn);
    rangeset_destroy(&d.iomem_caps);
    rangeset_destroy(&d.irq_caps);
    assert_int_equal(allocated, 0);
}

void enter(bool privileged)
{
    reset_world(privileged);
    assert_int_equal(vpci_domain_init(&d), 0);
    assert_int_equal(vpci_add(&dev), 0);
}
