/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Assignment on VT-d, from a made-up DMAR to context entries. Broken, a device is in two
 * hands, or reaches memory by a name that was left open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/errno.h>
#include "../../drivers/passthrough/vtd/hw.h"
#include "acpi_bytes.h"
#include "passthrough_cases.h"

spinlock_t vtd_hw_lock;
struct vtd_unit *vtd_units[ACPI_MAX_IOMMUS];
unsigned int vtd_nr_units;
struct acpi_dmar vtd_dmar;

static struct vtd_unit units[2];
static struct iommu_space priv[4];

void vtd_sync(const struct vtd_unit *u, const void *p, size_t len)
{
    (void)u;
    (void)p;
    (void)len;
}

struct iommu_command vtd_cmd_domain(uint16_t domain)
{
    (void)domain;
    return (struct iommu_command){ { 0 } };
}

struct iommu_command vtd_cmd_device(uint16_t domain, uint16_t rid)
{
    (void)domain;
    (void)rid;
    return (struct iommu_command){ { 0 } };
}

struct iommu_command vtd_cmd_all_devices(void)
{
    return (struct iommu_command){ { 0 } };
}

uint32_t vtd_post(struct vtd_unit *u, const struct iommu_command *cmds, unsigned int n)
{
    (void)u;
    (void)cmds;
    (void)n;
    return 0;
}

int vtd_wait(struct vtd_unit *u, uint32_t number)
{
    (void)number;
    u->dead |= unit_silent;
    return u->dead ? -ETIMEDOUT : 0;
}

int vtd_run(struct vtd_unit *u, struct iommu_command cmd)
{
    (void)cmd;
    return vtd_wait(u, 0);
}

int vtd_intremap_attach(struct domain *d, struct pci_dev *pdev)
{
    (void)d;
    (void)pdev;
    return 0;
}
void vtd_intremap_detach(struct pci_dev *pdev) { (void)pdev; intremap_left++; }

bool vtd_is_ioapic(uint16_t segment, uint16_t rid)
{
    return !segment && rid == IOAPIC_RID;
}

static int deny(struct domain *d)
{
    (void)d;
    return 0;
}

/*
 * One unit for what is behind 00:03.0, one for all others; it claims 01:01.0, too, but
 * the first unit's word counts. A region for 00:04.0, one for a device that is not there.
 */
static void make_dmar(void)
{
    uint8_t t[48 + 24 + 26 + 4 * 32] = { 'D', 'M', 'A', 'R' };
    size_t size = sizeof(t) - (overlapping ? 0 : 2 * 32);
    uint8_t *b = t + 48;

    t[36] = 38;
    put(b + 2, 24, 2);
    put(b + 8, 0xfed91000, 8);
    b[16] = 2;
    b[17] = 8;
    b[22] = 3;
    b += 24;
    put(b + 2, 26, 2);
    b[4] = 1;
    put(b + 8, 0xfed90000, 8);
    b[16] = 1;
    b[17] = 10;
    b[22] = 3;
    b[24] = 1;
    b += 26;
    for (unsigned int i = 0; i < 2; i++, b += 32) {
        b[0] = 1;
        put(b + 2, 32, 2);
        put(b + 8, RESERVED_BASE + 0x10000 * i, 8);
        put(b + 16, reserved_last + 0x10000 * i, 8);
        b[24] = 1;
        b[25] = 8;
        b[30] = (uint8_t)(4 + 4 * i);
    }
    for (unsigned int i = 0; overlapping && i < 2; i++, b += 32) {
        b[0] = 1;
        put(b + 2, 32, 2);
        put(b + 8, RESERVED_BASE + PAGE_SIZE, 8);
        put(b + 16, RESERVED_BASE + 3 * PAGE_SIZE - 1, 8);
        b[24] = 1;
        b[25] = 8;
        b[30] = 4;
    }
    seal(t, size);
    assert_int_equal(acpi_parse_dmar((struct acpi_bytes){ t, size }, &vtd_dmar), 0);
}

static void reset(void)
{
    make_dmar();
    memset(units, 0, sizeof(units));
    vtd_nr_units = ARRAY_SIZE(units);
    for (unsigned int i = 0; i < vtd_nr_units; i++) {
        units[i].index = i;
        units[i].root = charge_alloc_pages(NULL, CHARGE_MISC, 0);
        vtd_units[i] = &units[i];
    }
}

static void domain(struct domain *d, unsigned int id)
{
    memset(&priv[id], 0, sizeof(priv[id]));
    priv[id].id = (uint16_t)id;
    priv[id].tables.pt.root = 0x1000 + id;
    priv[id].tables.pt.levels = 3;
    d->iommu.priv = &priv[id];
}

/* As a unit looks it up: root entry of the bus, context entry of the device. */
static unsigned int owner_on(const struct vtd_unit *u, uint16_t rid)
{
    uint64_t root = u->root[2 * (rid >> 8)], *entry;

    if (!(root & ENTRY_PRESENT))
        return 0;
    entry = (uint64_t *)paddr_to_virt(root & ENTRY_ADDR) + 2 * (rid & 0xff);
    if (!(entry[0] & ENTRY_PRESENT))
        return 0;
    assert_int_equal((entry[0] & ENTRY_ADDR) >> PAGE_SHIFT,
                     0x1000 + (entry[1] >> CONTEXT_DOMAIN_SHIFT));
    return (unsigned int)(entry[1] >> CONTEXT_DOMAIN_SHIFT);
}

static unsigned int owner(uint16_t rid)
{
    unsigned int behind_bridge = owner_on(&units[0], rid);

    assert_true(!behind_bridge || !owner_on(&units[1], rid));
    assert_int_equal(rid >> 8 == 1 ? owner_on(&units[1], rid) : 0, 0);
    return behind_bridge + owner_on(&units[1], rid);
}

int main(void)
{
    static const struct iommu_ops ops = {
        .name = "VT-d", .attach = vtd_attach, .detach = vtd_detach, .owns = vtd_owns,
        .reserved = vtd_reserved, .deny = deny, .is_ioapic = vtd_is_ioapic,
    };
    static const struct passthrough_vendor vtd = {
        .name = "VT-d", .ops = &ops, .reset = reset, .domain = domain, .owner = owner,
    };

    return run_passthrough_cases(&vtd);
}
