/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Function level reset over a made-up config space that forgets what a real one forgets.
 * Broken, a device is touched while it resets, is handed on before it is back, comes back
 * where it was not, or with decoding or bus mastering on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/pci_regs.h>
#include <xen/spinlock.h>
#include <xen/time.h>
#include "../../drivers/pci/pci_private.h"

#define EXP         0x60U
#define AF          0x90U
#define REBAR       0x200U
#define VENDOR      0x1af4U
#define WAIT_LIMIT  MILLISECS(2100)

struct spinlock pcidevs_lock;

static struct pci_dev dev;
static uint8_t cfg[4096], cold[4096];
static s_time_t now, quiet_until;
static unsigned int resets, touches;
static bool pending, pending_at_reset, gone;

/* ---- the device ---- */

static void put(unsigned int reg, unsigned int size, uint32_t val)
{
    memcpy(cfg + reg, &val, size);
}

static uint32_t get(unsigned int reg, unsigned int size)
{
    uint32_t val = 0;

    memcpy(&val, cfg + reg, size);
    return val;
}

s_time_t get_s_time(void)
{
    return now;
}

unsigned int pci_find_ext_cap(sbdf_t s, uint16_t id)
{
    (void)s;
    assert_int_equal(id, PCI_EXT_CAP_REBAR);
    return get(REBAR, 2) == id ? REBAR : 0;
}

static bool is_status(unsigned int reg, unsigned int bit)
{
    return (dev.pcie_pos && reg == EXP + PCI_EXP_DEVSTA && bit == 5) ||
           (dev.af_pos && reg == AF + PCI_AF_STATUS && bit == 0);
}

uint32_t pci_conf_read(sbdf_t s, unsigned int reg, unsigned int size)
{
    uint32_t val = get(reg, size);

    assert_int_equal(s.v, dev.sbdf.v);
    assert_true(now >= quiet_until);
    touches++;
    if (gone)
        return size == 4 ? ~0U : (1U << 8 * size) - 1;
    for (unsigned int bit = 0; bit < 8; bit++)
        if (is_status(reg, bit) && pending)
            val |= 1U << bit;
    return val;
}

static void reset_now(void)
{
    assert_int_equal(get(PCI_COMMAND, 2), PCI_COMMAND_INTX_OFF);
    pending_at_reset = pending;
    pending = false;
    memcpy(cfg, cold, sizeof(cfg));
    resets++;
    quiet_until = now + MILLISECS(100);
}

void pci_conf_write(sbdf_t s, unsigned int reg, unsigned int size, uint32_t val)
{
    assert_int_equal(s.v, dev.sbdf.v);
    assert_true(now >= quiet_until);
    touches++;
    if (gone)
        return;
    /* Moved while it decodes, it answers for somebody else's address. */
    if ((reg >= PCI_BAR0 && reg < PCI_BAR0 + 24) || reg == PCI_ROM_NORMAL)
        assert_false(get(PCI_COMMAND, 2) & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
    /* A BAR has the bits that its size leaves it. */
    if (reg == PCI_BAR0 + 8)
        val &= ~((0x100000U << (get(REBAR + 8, 2) >> 8 & 0x3f)) - 1);
    put(reg, size, val);
    if (dev.pcie_pos && reg == EXP + PCI_EXP_DEVCTL && val & PCI_EXP_DEVCTL_FLR) {
        assert_int_equal(size, 2);
        reset_now();
    }
    if (dev.af_pos && reg == AF + PCI_AF_CONTROL && val & PCI_AF_CONTROL_FLR) {
        assert_int_equal(size, 1);
        reset_now();
    }
}

/* As it comes out of a reset; then what firmware and domain 0 made of it. */
static void plug(bool express, bool af)
{
    memset(&dev, 0, sizeof(dev));
    memset(cfg, 0, sizeof(cfg));
    dev.sbdf = PCI_SBDF(0, 3, 2, 1);
    dev.vendor = VENDOR;
    put(PCI_VENDOR_ID, 2, VENDOR);
    if (express) {
        dev.pcie_pos = EXP;
        put(EXP + PCI_EXP_FLAGS, 2, 2);
        put(EXP + PCI_EXP_DEVCAP, 4, PCI_EXP_DEVCAP_FLR);
        put(EXP + PCI_EXP_DEVCTL, 2, 0x2810);
        put(REBAR, 4, PCI_EXT_CAP_REBAR);
        put(REBAR + 8, 4, 2 | 2 << PCI_REBAR_COUNT_SHIFT | 6 << 8);
        put(REBAR + 16, 4, 4);
    }
    if (af) {
        dev.af_pos = AF;
        put(AF + PCI_AF_CAP, 1, PCI_AF_CAP_FLR | PCI_AF_CAP_PENDING);
    }
    memcpy(cold, cfg, sizeof(cfg));

    for (unsigned int i = 0; i < 6; i++)
        put(PCI_BAR0 + 4 * i, 4, 0xc0000000 + (i << 24));
    put(PCI_ROM_NORMAL, 4, 0xfe000000);
    put(PCI_CACHE_LINE_SIZE, 1, 0x10);
    put(PCI_LATENCY_TIMER, 1, 0x40);
    put(PCI_INTERRUPT_LINE, 1, 11);
    put(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    if (express) {
        put(EXP + PCI_EXP_DEVCTL, 2, 0x5936);
        put(EXP + PCI_EXP_DEVCTL2, 2, 0x0405);
        put(REBAR + 8, 4, 2 | 2 << PCI_REBAR_COUNT_SHIFT | 4 << 8);
        put(REBAR + 16, 4, 4 | 3 << 8);
    }
    now = SECONDS(5);
    quiet_until = 0;
    resets = touches = 0;
    pending = pending_at_reset = gone = false;
    spin_lock(&pcidevs_lock);
    pci_reset_save(&dev);
    /* What a guest does to it, by the registers or behind our back. */
    put(PCI_BAR0, 4, 0xdead0000);
    put(PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void unplug(void)
{
    spin_unlock(&pcidevs_lock);
}

static void check_restored(void)
{
    for (unsigned int i = 0; i < 6; i++)
        assert_int_equal(get(PCI_BAR0 + 4 * i, 4), 0xc0000000 + (i << 24));
    assert_int_equal(get(PCI_ROM_NORMAL, 4), 0xfe000000);
    assert_int_equal(get(PCI_CACHE_LINE_SIZE, 1), 0x10);
    assert_int_equal(get(PCI_LATENCY_TIMER, 1), 0x40);
    assert_int_equal(get(PCI_INTERRUPT_LINE, 1), 11);
    assert_int_equal(get(PCI_COMMAND, 2), PCI_COMMAND_INTX_OFF);
    assert_int_equal(dev.reset.state, PCI_RESET_NONE);
}

/* Ask as a domctl does, each time in 10 ms: what it came to, and when. */
static int wait_for_it(s_time_t *took)
{
    s_time_t start = now;
    int rc;

    while ((rc = pci_reset_finish(&dev)) == -ERESTART) {
        assert_true(now - start <= WAIT_LIMIT);
        now += MILLISECS(10);
    }
    *took = now - start;
    return rc;
}

/* ---- tests ---- */

static void express(void **state)
{
    s_time_t took;

    (void)state;
    plug(true, false);
    pci_reset_start(&dev);
    assert_int_equal(resets, 1);
    assert_int_equal(wait_for_it(&took), 0);
    assert_int_equal(took, MILLISECS(100));
    check_restored();
    assert_int_equal(get(EXP + PCI_EXP_DEVCTL, 2), 0x5936);
    assert_int_equal(get(EXP + PCI_EXP_DEVCTL2, 2), 0x0405);
    assert_int_equal(get(REBAR + 8, 4), 2 | 2 << PCI_REBAR_COUNT_SHIFT | 4 << 8);
    assert_int_equal(get(REBAR + 16, 4), 4 | 3 << 8);
    touches = 0;
    assert_int_equal(pci_reset_finish(&dev), 0);
    assert_int_equal(touches, 0);
    assert_int_equal(resets, 1);
    unplug();
}

/* The second control register is somebody else's in the first version. */
static void express_version_1(void **state)
{
    s_time_t took;

    (void)state;
    plug(true, false);
    put(EXP + PCI_EXP_FLAGS, 2, 1);
    memcpy(cold + EXP + PCI_EXP_FLAGS, cfg + EXP + PCI_EXP_FLAGS, 2);
    pci_reset_start(&dev);
    assert_int_equal(wait_for_it(&took), 0);
    check_restored();
    assert_int_equal(get(EXP + PCI_EXP_DEVCTL2, 2), 0);
    unplug();
}

static void advanced_features(void **state)
{
    s_time_t took;

    (void)state;
    plug(false, true);
    pending = true;
    pci_reset_start(&dev);
    assert_int_equal(resets, 0);
    pending = false;
    assert_int_equal(pci_reset_finish(&dev), -ERESTART);
    assert_int_equal(resets, 1);
    assert_int_equal(wait_for_it(&took), 0);
    assert_int_equal(took, MILLISECS(100));
    check_restored();
    unplug();
}

/* No reset to be had: left as it is, and not waited for. */
static void none(void **state)
{
    (void)state;
    plug(true, true);
    put(EXP + PCI_EXP_DEVCAP, 4, ~PCI_EXP_DEVCAP_FLR);
    put(AF + PCI_AF_CAP, 1, PCI_AF_CAP_PENDING);
    pci_reset_start(&dev);
    put(AF + PCI_AF_CAP, 1, PCI_AF_CAP_FLR);
    pci_reset_start(&dev);
    assert_int_equal(pci_reset_finish(&dev), 0);
    assert_int_equal(resets, 0);
    assert_int_equal(get(PCI_BAR0, 4), 0xdead0000);
    assert_true(get(PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
    unplug();
}

/* Requests under way: a second at most, with bus mastering off. */
static void requests_under_way(void **state)
{
    s_time_t took;

    (void)state;
    plug(true, false);
    pending = true;
    pci_reset_start(&dev);
    assert_int_equal(resets, 0);
    assert_int_equal(get(PCI_COMMAND, 2), PCI_COMMAND_INTX_OFF);
    now += MILLISECS(990);
    assert_int_equal(pci_reset_finish(&dev), -ERESTART);
    assert_int_equal(resets, 0);
    now += MILLISECS(10);
    assert_int_equal(pci_reset_finish(&dev), -ERESTART);
    assert_int_equal(resets, 1);
    assert_true(pending_at_reset);
    assert_int_equal(wait_for_it(&took), 0);
    check_restored();
    unplug();
}

/* It answers late, within the second it has; or too late: the next to ask gets it. */
static void late(void **state)
{
    s_time_t took;

    (void)state;
    plug(true, false);
    pci_reset_start(&dev);
    gone = true;
    now += MILLISECS(1090);
    assert_int_equal(pci_reset_finish(&dev), -ERESTART);
    gone = false;
    assert_int_equal(pci_reset_finish(&dev), 0);
    check_restored();
    unplug();

    plug(true, false);
    pci_reset_start(&dev);
    gone = true;
    assert_int_equal(wait_for_it(&took), -ETIMEDOUT);
    assert_int_equal(took, MILLISECS(1100));
    assert_int_equal(pci_reset_finish(&dev), -ETIMEDOUT);
    gone = false;
    assert_int_equal(pci_reset_finish(&dev), 0);
    check_restored();
    unplug();
}

/* Pulled out while a guest had it: an error after a bounded time, not for ever. */
static void pulled_out(void **state)
{
    s_time_t took;

    (void)state;
    plug(true, false);
    gone = true;
    pci_reset_start(&dev);
    assert_int_equal(wait_for_it(&took), -ETIMEDOUT);
    unplug();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(express),
        cmocka_unit_test(express_version_1),
        cmocka_unit_test(advanced_features),
        cmocka_unit_test(none),
        cmocka_unit_test(requests_under_way),
        cmocka_unit_test(late),
        cmocka_unit_test(pulled_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
