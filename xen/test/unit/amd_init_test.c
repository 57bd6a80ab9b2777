/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Start-up of AMD-Vi that fails, at each allocation and at each unit. Broken, a machine
 * that goes on without an IOMMU has lost the memory the driver took.
 */
#include <string.h>

#include <xen/acpi.h>
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <asm/cpufeature.h>
#include "../../drivers/passthrough/amd/hw.h"
#include "fake_charge.h"
#include "iommu_init_fake.h"

#define BASE    0xfeb80000UL

uint32_t host_features[X86_FEATURE_WORDS];
const struct iommu_model amd_model;
const char *vendors_table = "IVRS";

static unsigned int setups, starts; /* the nth of them fails; 0: none */

/* --- the rest of the driver --- */

void iounmap(void *p)
{
    (void)p;
}

/* Two units of one segment, and three I/O APICs, of which two have one name. */
int acpi_parse_ivrs(struct acpi_bytes t, struct acpi_ivrs *ivrs)
{
    (void)t;
    memset(ivrs, 0, sizeof(*ivrs));
    ivrs->units = 2;
    ivrs->ivhd[0].base = BASE;
    ivrs->ivhd[1].base = BASE + REG_SPACE;
    ivrs->specials = acpi_host.madt.ioapics = 3;
    for (unsigned int i = 0; i < 3; i++) {
        ivrs->special[i] = (struct acpi_ivrs_special){
            .unit = i == 2, .variety = ACPI_SPECIAL_IOAPIC, .handle = (uint8_t)i,
            .devid = i ? 0xa0 : 0xa8,
        };
        acpi_host.madt.ioapic[i].id = (uint8_t)i;
    }
    ivrs->special[1].devid = ivrs->special[0].devid;
    return 0;
}

int amd_unit_setup(struct amd_unit *u, const struct acpi_ivhd *ivhd)
{
    (void)u;
    (void)ivhd;
    return setups && --setups == 0 ? -ENODEV : 0;
}

int amd_unit_start(struct amd_unit *u, uint64_t *device_table)
{
    assert_non_null(u);
    assert_true(device_table[0] & DTE_V);
    return starts && --starts == 0 ? -ETIMEDOUT : 0;
}

void amd_unit_stop(struct amd_unit *u)
{
    (void)u;
}

/* --- what is used only after start-up --- */

NOT_YET(struct iommu_command, amd_cmd_device, uint16_t)
NOT_YET(struct iommu_command, amd_cmd_interrupts, uint16_t)
NOT_YET(struct iommu_command, amd_cmd_domain, uint16_t)
NOT_YET(uint64_t, amd_post, struct amd_unit *, const struct iommu_command *,
        unsigned int)
NOT_YET(int, amd_wait, struct amd_unit *, uint64_t)
NOT_YET(int, amd_run, struct amd_unit *, struct iommu_command)
NOT_YET(void, amd_dump, void)
NOT_YET(unsigned int, iommu_requesters, const struct pci_dev *,
        uint16_t[IOMMU_MAX_RIDS])
NOT_YET(bool, iommu_rid_in_use, const struct domain *, const struct pci_dev *, uint16_t)
NOT_YET(void, iommu_space_join, struct domain *, unsigned int)
NOT_YET(int, iommu_space_leave, struct domain *, unsigned int)
NOT_YET(int, rangeset_remove, struct rangeset *, unsigned long, unsigned long)
NOT_YET(int, amd_fault_init, struct amd_unit *)

/* --- tests --- */

static void attempt(int want)
{
    host_features[X86_FEATURE_CX16 / 32] |= 1U << X86_FEATURE_CX16 % 32;
    iommu_intremap = true;
    assert_int_equal(amd_iommu_ops.init(), want);
    fail_at = 0;
    assert_int_equal(allocated, 0);
    assert_int_equal(amd_nr_units, 0);
    assert_false(amd_is_ioapic(0, 0xa8));
}

static void test_units(void **state)
{
    (void)state;
    for (unsigned int n = 1; n <= 2; n++) {
        setups = n;
        attempt(-ENODEV);
        starts = n;
        attempt(-ETIMEDOUT);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    /* The blocked root, two units, a device table, two interrupt tables of two pieces. */
    for (unsigned int n = 1; n <= 8; n++) {
        fail_at = n;
        attempt(-ENOMEM);
    }
}

/* What is RAM is not used as registers. */
static void test_ram(void **state)
{
    (void)state;
    ram_page = BASE + REG_SPACE + 3 * PAGE_SIZE;
    setups = 3;
    attempt(-EINVAL);
    assert_int_equal(setups, 2);
    setups = 0;
    ram_page = 0;
}

/* The unit that names a device has it, in whichever order the table has them. */
static void test_rest(void **state)
{
    static struct amd_unit units[2];
    const struct acpi_ivrs_range named = { .unit = 0, .first = 0x10, .last = 0x10 };
    const struct acpi_ivrs_range rest = { .unit = 1, .last = 0xffff, .settings = 1 };
    struct amd_device_info info;

    (void)state;
    memset(&amd_ivrs, 0, sizeof(amd_ivrs));
    amd_ivrs.ranges = 2;
    amd_units[0] = &units[0];
    amd_units[1] = &units[1];
    for (unsigned int order = 0; order < 2; order++) {
        amd_ivrs.range[order] = named;
        amd_ivrs.range[!order] = rest;
        assert_true(amd_device_info(0, 0x10, &info));
        assert_ptr_equal(info.unit, &units[0]);
        assert_int_equal(info.settings, 0);
        assert_true(amd_device_info(0, 0x11, &info));
        assert_ptr_equal(info.unit, &units[1]);
    }
    /* Of one unit the last word counts. */
    amd_ivrs.range[0].unit = amd_ivrs.range[1].unit = 1;
    assert_true(amd_device_info(0, 0x10, &info));
    assert_int_equal(info.settings, amd_ivrs.range[1].settings);
    amd_ivrs.ranges = 0;
}

/* Entries of a device table could not be changed. */
static void test_old_cpu(void **state)
{
    (void)state;
    host_features[X86_FEATURE_CX16 / 32] = 0;
    setups = 0;
    fail_at = 1;
    assert_int_equal(amd_iommu_ops.init(), -ENODEV);
    assert_int_equal(fail_at, 1);
    fail_at = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_old_cpu),
        cmocka_unit_test(test_ram),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
