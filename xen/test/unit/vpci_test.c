/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual config space over a fake device: what reaches the hardware, what is mapped,
 * which interrupts exist. Broken, a guest write reaches a register it must not, a page
 * stays mapped, or something is left behind when the device goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/acpi.h>
#include <xen/errno.h>
#include <xen/irq.h>
#include <asm/hvm.h>
#include <asm/p2m.h>
#include "../../drivers/vpci/private.h"

#define MSI_CAP     0x50
#define MSIX_CAP    0x70
#define BAR0_SIZE   0x8000ULL       /* table at page 2, PBA at page 3 */
#define BAR2_SIZE   0x100000ULL     /* 64 bits wide */
#define VECTORS     4U
#define S           PCI_SBDF(0, 0, 3, 0)

static struct domain d;
static struct pci_dev dev;
static uint8_t cfg[4096];
static unsigned int cfg_writes, allocated, fail_at;
static bool mapped[1U << 20];
static struct {
    irq_handler_t fn;
    void *data;
    bool masked;
} bound[2][VECTORS];
static bool hw_enabled[2], hw_mask_all;
static uint64_t sent_address;
static uint32_t sent_data;

/* ---- fakes ---- */

void *charge_alloc(struct charge *c, enum charge_tag tag, size_t size)
{
    (void)c;
    (void)tag;
    if (fail_at && --fail_at == 0)
        return NULL;
    allocated++;
    return calloc(1, size);
}

void *charge_alloc_array(struct charge *c, enum charge_tag tag, size_t n, size_t size)
{
    return charge_alloc(c, tag, n * size);
}

void charge_free(void *p)
{
    allocated -= p != NULL;
    free(p);
}

void gprintk(const char *level, const char *fmt, ...)
{
    (void)level;
    (void)fmt;
}

void read_lock(rwlock_t *l) { (void)l; }
void read_unlock(rwlock_t *l) { (void)l; }
void write_lock(rwlock_t *l) { (void)l; }
void write_unlock(rwlock_t *l) { (void)l; }

static uint64_t size_of_bar(unsigned int reg)
{
    return reg == 0x10 ? BAR0_SIZE : reg == 0x18 || reg == 0x1c ? BAR2_SIZE : 0;
}

uint32_t pci_conf_read(sbdf_t s, unsigned int reg, unsigned int size)
{
    uint32_t val = 0;

    assert_int_equal(s.v, S.v);
    memcpy(&val, cfg + reg, size);
    return val;
}

void pci_conf_write(sbdf_t s, unsigned int reg, unsigned int size, uint32_t val)
{
    assert_int_equal(s.v, S.v);
    cfg_writes++;
    if (size_of_bar(reg)) {
        /* A BAR may change only while the device does not decode memory. */
        assert_int_equal(size, 4);
        assert_false(cfg[PCI_COMMAND] & PCI_COMMAND_MEMORY);
        if (reg == 0x1c)
            val &= (uint32_t)(-BAR2_SIZE >> 32);
        else
            val = (val & (uint32_t)-size_of_bar(reg)) | (cfg[reg] & 0xf);
    }
    memcpy(cfg + reg, &val, size);
}

bool pci_window_nth(unsigned int nth, struct acpi_mcfg_entry *where)
{
    *where = (struct acpi_mcfg_entry){ .base = 0xb0000000, .last_bus = 255 };
    return nth == 0;
}

bool pci_msi_info(const struct pci_dev *pdev, bool msix, struct pci_msi_info *info)
{
    (void)pdev;
    *info = (struct pci_msi_info){
        .vectors = msix ? VECTORS : 1, .is_64 = true, .maskable = true,
        .table_offset = 0x2000, .pba_offset = 0x3000,
    };
    return true;
}

int pci_msi_bind(struct pci_dev *pdev, bool msix, unsigned int entry, struct domain *dom,
                 irq_handler_t fn, void *data)
{
    assert_ptr_equal(pdev, &dev);
    assert_ptr_equal(dom, &d);
    assert_true(entry < VECTORS && !bound[msix][entry].fn);
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

void pci_msi_enable(struct pci_dev *pdev, bool msix, bool enable, bool mask_all)
{
    (void)pdev;
    hw_enabled[msix] = enable;
    hw_mask_all = mask_all;
}

static unsigned long guest_shift;      /* gfn - mfn of what is mapped */

static int change(gfn_t gfn, mfn_t mfn, unsigned long n, bool map)
{
    assert_int_equal(gfn_x(gfn) - mfn_x(mfn), guest_shift);
    for (unsigned long i = 0; i < n; i++) {
        assert_true(mapped[gfn_x(gfn) + i] == !map);
        mapped[gfn_x(gfn) + i] = map;
    }
    return 0;
}

int p2m_map_mmio(struct domain *dom, gfn_t gfn, mfn_t mfn, unsigned long n)
{
    (void)dom;
    return change(gfn, mfn, n, true);
}

int p2m_unmap_mmio(struct domain *dom, gfn_t gfn, mfn_t mfn, unsigned long n)
{
    (void)dom;
    return change(gfn, mfn, n, false);
}

void hvm_deliver_msi(struct domain *dom, uint64_t address, uint32_t data)
{
    (void)dom;
    sent_address = address;
    sent_data = data;
}

static uint8_t device_page[PAGE_SIZE];

void *ioremap(paddr_t pa, size_t len)
{
    (void)pa;
    (void)len;
    return device_page;
}

void iounmap(void *va)
{
    (void)va;
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

static unsigned int count_mapped(void)
{
    unsigned int n = 0;

    for (size_t i = 0; i < sizeof(mapped); i++)
        n += mapped[i];
    return n;
}

static uint32_t rd(unsigned int reg, unsigned int size)
{
    return vpci_read(&d, S, reg, size);
}

static void wr(unsigned int reg, unsigned int size, uint32_t val)
{
    vpci_write(&d, S, reg, size, val);
}

static void reset_world(bool privileged)
{
    memset(&d, 0, sizeof(d));
    memset(&dev, 0, sizeof(dev));
    memset(cfg, 0, sizeof(cfg));
    memset(mapped, 0, sizeof(mapped));
    memset(bound, 0, sizeof(bound));
    memset(hw_enabled, 0, sizeof(hw_enabled));
    fail_at = 0;
    guest_shift = 0;
    d.is_privileged = privileged;
    rangeset_init(&d.iomem_caps, NULL, "iomem");
    assert_int_equal(rangeset_add(&d.iomem_caps, 0xc0000, 0xfffff), 0);
    cfg[0x18] = PCI_BAR_TYPE_64 | PCI_BAR_PREFETCH;
    cfg[0x12] = 0x10;
    cfg[0x13] = 0xfe;               /* BAR 0 at 0xfe100000 */
    cfg[0x1b] = 0xe0;               /* BAR 2 at 0xe0000000 */
    cfg[0x3d] = 1;
    dev.sbdf = S;
    dev.domain = &d;
    dev.msi_pos = MSI_CAP;
    dev.msix_pos = MSIX_CAP;
    dev.bar[0].size = BAR0_SIZE;
    dev.bar[2].size = BAR2_SIZE;
    dev.bar[2].is_64 = true;
}

static void leave(void)
{
    vpci_domain_destroy(&d);
    assert_null(dev.vpci);
    assert_int_equal(count_mapped(), 0);
    for (unsigned int i = 0; i < VECTORS; i++)
        assert_true(!bound[0][i].fn && !bound[1][i].fn);
    rangeset_destroy(&d.iomem_caps);
    assert_int_equal(allocated, 0);
}

static void enter(bool privileged)
{
    reset_world(privileged);
    assert_int_equal(vpci_domain_init(&d), 0);
    assert_int_equal(vpci_add(&dev), 0);
}

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
        cmocka_unit_test(test_bar_denied),
        cmocka_unit_test(test_msi),
        cmocka_unit_test(test_msix),
        cmocka_unit_test(test_mmcfg),
        cmocka_unit_test(test_default_deny),
        cmocka_unit_test(test_guest_bar),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
