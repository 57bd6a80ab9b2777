/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Start-up of VT-d that fails, at each unit, or for registers that cannot be where the
 * table has them. Broken, RAM is written as registers, or a machine that goes on without
 * an IOMMU has lost the memory the driver took.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <xen/acpi.h>
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <asm/boot.h>
#include "../../drivers/passthrough/vtd/hw.h"
#include "fake_charge.h"

#define BASE    0xfed90000UL

bool iommu_intremap, iommu_caches_absent;
struct iommu_options iommu_options;
struct iommu_model vtd_model;
struct acpi_host acpi_host;

static unsigned int setups, starts; /* the nth of them fails; 0: none */
static unsigned int touched;        /* units whose registers were used */
static paddr_t bases[2], ram_page;
static size_t reg_space[2];

/* --- the rest of the driver, and of the machine --- */

void charge_free_pages(void *p, unsigned int order)
{
    (void)order;
    charge_free(p);
}

void iounmap(void *p)
{
    charge_free(p);
}

bool memory_map_has_ram(paddr_t start, uint64_t size)
{
    return start <= ram_page && ram_page < start + size;
}

int acpi_parse_dmar(struct acpi_bytes t, struct acpi_dmar *dmar)
{
    (void)t;
    memset(dmar, 0, sizeof(*dmar));
    dmar->drhds = 2;
    dmar->drhd[0].base = bases[0];
    dmar->drhd[1].base = bases[1];
    return 0;
}

const struct acpi_table *acpi_table_nth(const struct acpi_tables *tables,
                                        const char *sig, uint32_t nth)
{
    static const struct acpi_table t;

    (void)tables;
    (void)nth;
    assert_string_equal(sig, "DMAR");
    return &t;
}

const char *acpi_reason(int err)
{
    (void)err;
    return "";
}

int vtd_unit_setup(struct vtd_unit *u, const struct acpi_drhd *drhd)
{
    assert_int_equal(drhd->base, bases[u->index]);
    touched++;
    u->cap = 4 << 8;                /* four levels */
    u->reg_space = reg_space[u->index];
    u->regs = charge_alloc(NULL, CHARGE_MISC, PAGE_SIZE);
    u->root = charge_alloc(NULL, CHARGE_MISC, PAGE_SIZE);
    u->done = charge_alloc(NULL, CHARGE_MISC, PAGE_SIZE);
    return setups && --setups == 0 ? -ENODEV : 0;
}

int vtd_unit_start(struct vtd_unit *u)
{
    assert_non_null(u);
    return starts && --starts == 0 ? -ETIMEDOUT : 0;
}

void vtd_unit_stop(struct vtd_unit *u)
{
    assert_non_null(u->regs);
}

int vtd_fault_init(struct vtd_unit *u)
{
    (void)u;
    return 0;
}

/* --- what is used only after start-up --- */

#define NOT_YET(type, name, ...)                                                         \
    type name(__VA_ARGS__)                                                               \
    {                                                                                    \
        fail_msg(#name " while starting");                                               \
        __builtin_trap();                                                                \
    }
NOT_YET(int, vtd_attach, struct domain *, struct pci_dev *)
NOT_YET(int, vtd_detach, struct domain *, struct pci_dev *)
NOT_YET(bool, vtd_owns, const struct pci_dev *)
NOT_YET(int, vtd_reserved, const struct pci_dev *,
        int (*)(paddr_t, paddr_t, unsigned int, void *), void *)
NOT_YET(int, vtd_intremap_init, void)
NOT_YET(int, vtd_remap_msi, struct pci_dev *, unsigned int, struct msi_msg *)
NOT_YET(void, vtd_unmap_msi, struct pci_dev *, unsigned int)
NOT_YET(int, vtd_remap_ioapic, unsigned int, unsigned int, uint64_t *)
NOT_YET(bool, vtd_is_ioapic, uint16_t, uint16_t)
NOT_YET(void, vtd_dump, void)
NOT_YET(int, rangeset_remove, struct rangeset *, unsigned long, unsigned long)

/* --- tests --- */

static void layout(paddr_t second, size_t first_len, size_t second_len, paddr_t ram)
{
    bases[0] = BASE;
    bases[1] = second;
    reg_space[0] = first_len;
    reg_space[1] = second_len;
    ram_page = ram;
    setups = starts = touched = 0;
}

/* A start that fails leaves nothing. */
static void refused(int want)
{
    assert_int_equal(vtd_iommu_ops.init(), want);
    assert_int_equal(allocated, 0);
    assert_int_equal(vtd_nr_units, 0);
}

static void test_units(void **state)
{
    (void)state;
    for (unsigned int n = 1; n <= 2; n++) {
        layout(BASE + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, 0);
        setups = n;
        refused(-ENODEV);
        starts = n;
        refused(-ETIMEDOUT);
    }
}

/* Each begins on a page of its own, but one goes on into the other. */
static void test_overlap(void **state)
{
    (void)state;
    layout(BASE + PAGE_SIZE, 2 * PAGE_SIZE, PAGE_SIZE, 0);
    refused(-EINVAL);
    layout(BASE - PAGE_SIZE, PAGE_SIZE, 2 * PAGE_SIZE, 0);
    refused(-EINVAL);
    layout(BASE + 2 * PAGE_SIZE, 5 * PAGE_SIZE, PAGE_SIZE, 0);
    refused(-EINVAL);
}

/* What is RAM is not even read as registers; further pages are known only then. */
static void test_ram(void **state)
{
    (void)state;
    layout(BASE + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, BASE);
    refused(-EINVAL);
    assert_int_equal(touched, 0);
    layout(BASE + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, BASE + PAGE_SIZE);
    refused(-EINVAL);
    assert_int_equal(touched, 1);
    layout(BASE + PAGE_SIZE, PAGE_SIZE, 3 * PAGE_SIZE, BASE + 3 * PAGE_SIZE);
    refused(-EINVAL);
    assert_int_equal(touched, 2);
}

/* Side by side is fine. Last, as they stay. */
static void test_good(void **state)
{
    (void)state;
    layout(BASE + 2 * PAGE_SIZE, 2 * PAGE_SIZE, PAGE_SIZE, BASE + 3 * PAGE_SIZE);
    assert_int_equal(vtd_iommu_ops.init(), 0);
    assert_int_equal(vtd_nr_units, 2);
    assert_int_equal(vtd_model.levels, 4);
    for (unsigned int i = 0; i < vtd_nr_units; i++) {
        charge_free(vtd_units[i]->regs);
        charge_free(vtd_units[i]->root);
        charge_free(vtd_units[i]->done);
        charge_free(vtd_units[i]);
    }
    assert_int_equal(allocated, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_ram),
        cmocka_unit_test(test_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
