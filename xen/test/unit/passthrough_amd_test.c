/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Assignment on AMD-Vi, from a made-up IVRS to device table entries. Broken, a device is
 * in two hands, or reaches memory by a name that was left open; or the unit is shown, or
 * keeps, an entry with the tag of one domain and the tables of another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/errno.h>
#include "../../drivers/passthrough/amd/hw.h"
#include "acpi_bytes.h"
#include "passthrough_cases.h"
#include "store_watch.h"

spinlock_t amd_hw_lock;
struct amd_unit *amd_units[ACPI_MAX_IOMMUS];
unsigned int amd_nr_units;
struct acpi_ivrs amd_ivrs;

static struct amd_unit unit;
static struct iommu_space priv[4];
static uint64_t table[AMD_DEVICES * 4] __attribute__((aligned(PAGE_SIZE)));

/* What the unit may hold: an entry from before the last write, as it likes. */
static bool outdated[AMD_DEVICES];
static unsigned int nr_outdated, nr_mixed;
/* Whether what it cached by way of entries with a tag has to go; the tags they had. */
static bool tag_due[4];
static uint64_t last_tag[AMD_DEVICES];

static bool is_opened(const uint64_t *dte)
{
    return dte[0] & (DTE_IR | DTE_IW);
}

/* Entries with one tag must name one tree; those that permit nothing have tag 0. */
static void entry_written(const void *at)
{
    size_t rid = (size_t)((const uint64_t *)at - table) / 4;
    const uint64_t *dte = &table[4 * rid];
    uint64_t tag = dte[1] & DTE1_DOMAIN_MASK;
    uint64_t root = (dte[0] & DTE_ROOT_MASK) >> PAGE_SHIFT;

    nr_mixed += is_opened(dte) ? !tag || root != 0x1000 + tag : tag != 0;
    nr_outdated += !outdated[rid];
    outdated[rid] = true;
    if (tag != last_tag[rid])
        tag_due[last_tag[rid]] = true;
    last_tag[rid] = tag;
}

static void entry_flushed(unsigned int rid)
{
    nr_outdated -= outdated[rid];
    outdated[rid] = false;
}

static void settled(void)
{
    assert_int_equal(nr_mixed, 0);
    if (unit.dead)
        return;
    assert_int_equal(nr_outdated, 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(tag_due); i++)
        assert_false(tag_due[i]);
}

/* init.c would look through all units; here there is one. */
bool amd_device_info(uint16_t segment, uint16_t rid, struct amd_device_info *info)
{
    if (segment)
        return false;
    *info = (struct amd_device_info){ .unit = &unit, .alias = rid };
    for (unsigned int i = 0; i < amd_ivrs.ranges; i++) {
        const struct acpi_ivrs_range *r = &amd_ivrs.range[i];

        if (rid >= r->first && rid <= r->last && r->has_alias)
            info->alias = r->alias;
    }
    return true;
}

uint64_t *amd_dte(uint16_t segment, uint16_t rid)
{
    assert_int_equal(segment, 0);
    return &table[4 * rid];
}

struct iommu_command amd_cmd_device(uint16_t rid)
{
    return (struct iommu_command){ { CMD_INV_DEVICE | rid } };
}

struct iommu_command amd_cmd_interrupts(uint16_t rid)
{
    return (struct iommu_command){ { CMD_INV_INTERRUPTS | rid } };
}

struct iommu_command amd_cmd_domain(uint16_t domain)
{
    return (struct iommu_command){ { CMD_INV_PAGES | (uint64_t)domain << 32 } };
}

uint64_t amd_post(struct amd_unit *u, const struct iommu_command *cmds, unsigned int n)
{
    (void)u;
    for (unsigned int i = 0; i < n && !unit_silent; i++) {
        uint64_t word = cmds[i].word[0];

        if (word >> 60 == CMD_INV_DEVICE >> 60)
            entry_flushed(word & 0xffff);
        /* Before the old entries are gone it would fill the tag again. */
        if (word >> 60 == CMD_INV_PAGES >> 60 && !nr_outdated)
            tag_due[word >> 32 & 0xffff] = false;
    }
    return 0;
}

int amd_wait(struct amd_unit *u, uint64_t number)
{
    (void)number;
    u->dead |= unit_silent;
    return u->dead ? -ETIMEDOUT : 0;
}

int amd_run(struct amd_unit *u, struct iommu_command cmd)
{
    (void)cmd;
    return amd_wait(u, 0);
}

/* Interrupt tables of those that have one; a word 2 names the requester id. */
static struct amd_irt irts[AMD_DEVICES];

static uint64_t interrupts_of(uint16_t rid)
{
    return DTE2_IV | DTE2_REMAP | (uint64_t)rid << 12;
}

bool amd_is_ioapic(uint16_t segment, uint16_t rid)
{
    return !segment && rid == IOAPIC_RID;
}

int amd_intremap_attach(struct domain *d, struct pci_dev *pdev)
{
    struct amd_irt *irt = &irts[PCI_RID(pdev->sbdf)];

    (void)d;
    if (PCI_RID(pdev->sbdf) == IOAPIC_RID)
        return 0;
    irt->unit = &unit;
    irt->rid = PCI_RID(pdev->sbdf);
    pdev->iommu_priv = irt;
    return 0;
}

void amd_intremap_detach(struct pci_dev *pdev)
{
    /* It frees the table, which a unit that does not answer may use. */
    assert_false(unit_silent);
    intremap_left++;
    if (PCI_RID(pdev->sbdf) != IOAPIC_RID)
        irts[PCI_RID(pdev->sbdf)].unit = NULL;
    pdev->iommu_priv = NULL;
}

void amd_intremap_lost(struct pci_dev *pdev)
{
    (void)pdev;
    intremap_left++;
}

uint64_t amd_dte_interrupts(const struct amd_irt *irt, uint8_t settings)
{
    (void)settings;
    return irt ? interrupts_of(irt->rid) : DTE2_IV;
}

static int deny(struct domain *d)
{
    (void)d;
    return 0;
}

/* One unit for all, bus 1 under one name; regions as on VT-d. */
static void make_ivrs(void)
{
    uint8_t t[48 + 24 + 16 + 4 * 32] = { 'I', 'V', 'R', 'S' };
    size_t size = sizeof(t) - (overlapping ? 0 : 2 * 32);
    uint8_t *b = t + 48;

    b[0] = 0x10;
    put(b + 2, 24 + 16, 2);
    put(b + 4, 0x08, 2);
    put(b + 6, 0x40, 2);
    put(b + 8, 0xfed80000, 8);
    b += 24;
    b[0] = 1;               /* all */
    b[4] = 0x43;            /* from here on, under the name at byte 5 */
    put(b + 5, 0x100, 2);
    put(b + 9, 0x100, 2);
    b[12] = 4;              /* to here */
    put(b + 13, 0x1ff, 2);
    b += 16;
    for (unsigned int i = 0; i < 2; i++, b += 32) {
        b[0] = 0x21;
        b[1] = overlapping && !i ? 1 | 2 : 1 | 2 | 4;
        put(b + 2, 32, 2);
        put(b + 4, 0x20 + 0x20 * i, 2);
        put(b + 16, RESERVED_BASE + 0x10000 * i, 8);
        put(b + 24, reserved_last - RESERVED_BASE + 1, 8);
    }
    for (unsigned int i = 0; overlapping && i < 2; i++, b += 32) {
        b[0] = 0x21;
        b[1] = i ? 1 : 1 | 4;
        put(b + 2, 32, 2);
        put(b + 4, 0x20, 2);
        put(b + 16, RESERVED_BASE + PAGE_SIZE, 8);
        put(b + 24, 2 * PAGE_SIZE, 8);
    }
    seal(t, size);
    assert_int_equal(acpi_parse_ivrs((struct acpi_bytes){ t, size }, &amd_ivrs), 0);
}

static void reset(void)
{
    static bool ready;

    make_ivrs();
    if (!ready)
        assert_int_equal(amd_device_init(), 0);
    ready = true;
    store_watch_stop();
    memset(&unit, 0, sizeof(unit));
    memset(table, 0, sizeof(table));
    memset(outdated, 0, sizeof(outdated));
    memset(tag_due, 0, sizeof(tag_due));
    memset(last_tag, 0, sizeof(last_tag));
    nr_outdated = nr_mixed = 0;
    memset(irts, 0, sizeof(irts));
    iommu_intremap = true;
    amd_block_all(table);
    irts[IOAPIC_RID].unit = &unit;
    table[4 * IOAPIC_RID + 2] = interrupts_of(IOAPIC_RID);
    amd_units[0] = &unit;
    amd_nr_units = 1;
    store_watch_start(table, sizeof(table), entry_written);
}

static void domain(struct domain *d, unsigned int id)
{
    memset(&priv[id], 0, sizeof(priv[id]));
    priv[id].id = (uint16_t)id;
    priv[id].tables.pt.root = 0x1000 + id;
    d->iommu.priv = &priv[id];
}

/*
 * As the unit reads it: without IR and IW nothing is permitted. Whose memory it is does
 * not touch whose interrupts: they are the device's that has the name for its own.
 */
static unsigned int owner(uint16_t rid)
{
    const uint64_t *dte = &table[4 * rid];

    assert_true(dte[0] & DTE_V && dte[0] & DTE_TV);
    if (!unit.dead)
        assert_int_equal(dte[2], irts[rid].unit ? interrupts_of(rid) : DTE2_IV);
    settled();
    if (!is_opened(dte))
        return 0;
    assert_int_equal((dte[0] & DTE_ROOT_MASK) >> PAGE_SHIFT,
                     0x1000 + (dte[1] & DTE1_DOMAIN_MASK));
    return (unsigned int)(dte[1] & DTE1_DOMAIN_MASK);
}

int main(void)
{
    static const struct iommu_ops ops = {
        .name = "AMD-Vi", .attach = amd_attach, .detach = amd_detach, .owns = amd_owns,
        .reserved = amd_reserved, .alias = amd_alias, .deny = deny,
        .is_ioapic = amd_is_ioapic,
    };
    static const struct passthrough_vendor amd = {
        .name = "AMD-Vi", .ops = &ops, .reset = reset, .domain = domain, .owner = owner,
        .has_rights = true, .settled = settled,
    };

    return run_passthrough_cases(&amd);
}
