/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Start-up of VT-d that fails, at each unit, or for registers that cannot be where the
 * table has them. Broken, RAM is written as registers, or a machine that goes on without
 * an IOMMU has lost the memory the driver took.
 */
#include <string.h>

#include <xen/acpi.h>
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include "../../drivers/passthrough/vtd/hw.h"
#include "fake_charge.h"
#include "iommu_init_fake.h"

#define BASE    0xfed90000UL

static unsigned int setups, starts; /* the nth of them fails; 0: none */
static unsigned int touched;        /* units whose registers were used */
static paddr_t bases[2];
static size_t reg_space[2];

/* --- the rest of the driver, and of the machine --- */

void iounmap(void *p)
{
    charge_free(p);
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

/* --- what is used only after start-up --- */

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
