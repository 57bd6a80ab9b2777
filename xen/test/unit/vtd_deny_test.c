/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What VT-d's start-up keeps domains from. Broken, a domain that may map device memory
 * reaches registers of a unit, and with them the tables that all devices go by.
 */
#include <string.h>

#include <xen/acpi.h>
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include "../../drivers/passthrough/vtd/hw.h"
#include "fake_charge.h"
#include "iommu_init_fake.h"

#define UNITS       3
#define SPACE       0x8000
#define BASE(n)     (0xfed80000ULL + (n) * 0x10000ULL)
#define FRAME(n)    (BASE(n) >> PAGE_SHIFT)

unsigned int iommu_deadline_ms = 1;

/* Four levels; the fault records from 0x200 on, the IOTLB registers from 0x100 on. */
#define CAP_PLAIN   (4ULL << 8 | 0x20ULL << 24)
#define ECAP_PLAIN  (0x10ULL << 8)

static uint8_t regs[UNITS][SPACE];
static uint32_t status[UNITS];
static uint64_t cap[UNITS], ecap[UNITS];

/* --- the units --- */

void *ioremap(paddr_t pa, size_t len)
{
    paddr_t n = (pa - BASE(0)) / 0x10000;

    assert_true(n < UNITS && pa == BASE(n) && len <= SPACE);
    return regs[n];
}

void iounmap(void *p)
{
    assert_non_null(p);
}

uint64_t fake_mmio_in(const volatile void *p, unsigned int size)
{
    unsigned long at = (unsigned long)((const uint8_t *)p - regs[0]);
    unsigned long n = at / SPACE;

    (void)size;
    switch (at % SPACE) {
    case REG_CAP:
        return cap[n];
    case REG_ECAP:
        return ecap[n];
    case REG_GSTS:
        return status[n];
    }
    return 0;
}

void fake_mmio_out(volatile void *p, uint64_t val, unsigned int size)
{
    unsigned long at = (unsigned long)((const uint8_t *)p - regs[0]);

    (void)size;
    if (at % SPACE == REG_GCMD)
        status[at / SPACE] = (uint32_t)val;
}

/* --- what else start-up needs --- */

int acpi_parse_dmar(struct acpi_bytes t, struct acpi_dmar *out)
{
    (void)t;
    memset(out, 0, sizeof(*out));
    out->drhds = UNITS;
    for (unsigned int i = 0; i < UNITS; i++)
        out->drhd[i].base = BASE(i);
    return 0;
}

s_time_t get_s_time(void)
{
    static s_time_t now;

    return now += MICROSECS(1);
}

struct iommu_command vtd_cmd_all_devices(void)
{
    return (struct iommu_command){ { 0 } };
}

struct iommu_command vtd_cmd_all_pages(void)
{
    return (struct iommu_command){ { 0 } };
}

uint32_t vtd_post(struct vtd_unit *u, const struct iommu_command *cmds, unsigned int n)
{
    (void)u;
    (void)cmds;
    return n;
}

int vtd_wait(struct vtd_unit *u, uint32_t number)
{
    (void)u;
    (void)number;
    return 0;
}

/* --- what is not reached here --- */

NOT_YET(int, vtd_intremap_start, struct vtd_unit *)
NOT_YET(void, iommu_write_back, const void *, size_t)

/* --- tests --- */

/* One unit has all in its first page, one its fault records behind, one its IOTLB's. */
static void test_deny(void **state)
{
    static const unsigned long pages[UNITS] = { 1, 3, 3 };
    static struct domain d;

    (void)state;
    for (unsigned int i = 0; i < UNITS; i++) {
        cap[i] = CAP_PLAIN;
        ecap[i] = ECAP_PLAIN | ECAP_COHERENT;
    }
    cap[1] |= 0x200ULL << 24;
    ecap[2] |= 0x200ULL << 8;
    assert_int_equal(vtd_iommu_ops.init(), 0);
    rangeset_init(&d.iomem_caps, NULL, "test");
    assert_int_equal(rangeset_add(&d.iomem_caps, 0, ~0UL), 0);
    assert_int_equal(vtd_iommu_ops.deny(&d), 0);
    for (unsigned int i = 0; i < UNITS; i++) {
        unsigned long end = FRAME(i) + pages[i];

        assert_false(rangeset_overlaps(&d.iomem_caps, FRAME(i), end - 1));
        assert_true(rangeset_contains(&d.iomem_caps, FRAME(i) - 1, FRAME(i) - 1));
        assert_true(rangeset_contains(&d.iomem_caps, end, end));
    }
    rangeset_destroy(&d.iomem_caps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deny),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
