/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Function level reset between two owners (PCI Express Base 4.0, 6.6.2; for conventional
 * functions the Advanced Features ECN to PCI 3.0). Nothing here waits: the reset starts
 * when an owner goes, and the next one comes back until it is over.
 */
#include <xen/lib.h>
#include <xen/spinlock.h>
#include <xen/time.h>

#include "pci_private.h"

#define DRAIN_TIME      SECONDS(1)      /* for requests that wait for an answer */
#define SETTLE_TIME     MILLISECS(100)  /* no access meanwhile */
#define RETURN_TIME     SECONDS(1)      /* after that, to answer with its name */

/* Where a function has its reset, and how it says that requests are still under way. */
struct reset_way {
    unsigned int start, start_size;
    unsigned int pending;       /* one byte */
    uint32_t start_bit, pending_bit;
};

static bool find_way(const struct pci_dev *pdev, struct reset_way *way)
{
    const uint32_t both = PCI_AF_CAP_PENDING | PCI_AF_CAP_FLR;
    unsigned int pos = pdev->pcie_pos;

    if (pos && pci_conf_read(pdev->sbdf, pos + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR) {
        *way = (struct reset_way){
            .start = pos + PCI_EXP_DEVCTL, .start_size = 2,
            .start_bit = PCI_EXP_DEVCTL_FLR,
            .pending = pos + PCI_EXP_DEVSTA, .pending_bit = PCI_EXP_DEVSTA_PENDING,
        };
        return true;
    }
    pos = pdev->af_pos;
    if (pos && (pci_conf_read(pdev->sbdf, pos + PCI_AF_CAP, 1) & both) == both) {
        *way = (struct reset_way){
            .start = pos + PCI_AF_CONTROL, .start_size = 1,
            .start_bit = PCI_AF_CONTROL_FLR,
            .pending = pos + PCI_AF_STATUS, .pending_bit = PCI_AF_STATUS_PENDING,
        };
        return true;
    }
    return false;
}

/* ---- what the reset clears and its owner cannot set again ---- */

/* Only version 2 of the capability has the second control register for all functions. */
static bool has_devctl2(const struct pci_dev *pdev)
{
    return (pci_conf_read(pdev->sbdf, pdev->pcie_pos + PCI_EXP_FLAGS, 2) &
            PCI_EXP_VERSION_MASK) >= 2;
}

/* How many resizable BARs; where the control of the first is goes to *reg. */
static unsigned int resizable_bars(const struct pci_dev *pdev, unsigned int *reg)
{
    unsigned int pos =
        pdev->pcie_pos ? pci_find_ext_cap(pdev->sbdf, PCI_EXT_CAP_REBAR) : 0;
    uint32_t control;

    if (!pos)
        return 0;
    *reg = pos + PCI_REBAR_CONTROL;
    control = pci_conf_read(pdev->sbdf, *reg, 4);
    return MIN((control & PCI_REBAR_COUNT) >> PCI_REBAR_COUNT_SHIFT, PCI_REBAR_MAX);
}

void pci_reset_save(struct pci_dev *pdev)
{
    struct pci_saved *s = &pdev->reset.saved;
    unsigned int reg = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(s->bar); i++)
        s->bar[i] = pci_conf_read(pdev->sbdf, PCI_BAR0 + 4 * i, 4);
    s->rom = pci_conf_read(pdev->sbdf, PCI_ROM_NORMAL, 4);
    s->cache_line = (uint8_t)pci_conf_read(pdev->sbdf, PCI_CACHE_LINE_SIZE, 1);
    s->latency = (uint8_t)pci_conf_read(pdev->sbdf, PCI_LATENCY_TIMER, 1);
    s->line = (uint8_t)pci_conf_read(pdev->sbdf, PCI_INTERRUPT_LINE, 1);
    if (pdev->pcie_pos) {
        s->devctl =
            (uint16_t)pci_conf_read(pdev->sbdf, pdev->pcie_pos + PCI_EXP_DEVCTL, 2);
        s->devctl2 =
            (uint16_t)pci_conf_read(pdev->sbdf, pdev->pcie_pos + PCI_EXP_DEVCTL2, 2);
    }
    s->rebars = (uint8_t)resizable_bars(pdev, &reg);
    for (unsigned int i = 0; i < s->rebars; i++)
        s->rebar[i] = pci_conf_read(pdev->sbdf, reg + PCI_REBAR_STEP * i, 4);
}

/* Decoding is off, and stays off: the next owner switches on what it uses. */
static void restore(const struct pci_dev *pdev)
{
    const struct pci_saved *s = &pdev->reset.saved;
    unsigned int reg = 0, rebars;

    pci_conf_write(pdev->sbdf, PCI_COMMAND, 2, PCI_COMMAND_INTX_OFF);
    if (pdev->pcie_pos) {
        pci_conf_write(pdev->sbdf, pdev->pcie_pos + PCI_EXP_DEVCTL, 2,
                       s->devctl & ~PCI_EXP_DEVCTL_FLR);
        if (has_devctl2(pdev))
            pci_conf_write(pdev->sbdf, pdev->pcie_pos + PCI_EXP_DEVCTL2, 2, s->devctl2);
    }
    /* Sizes before addresses: they say which bits of an address there are. */
    rebars = MIN(resizable_bars(pdev, &reg), (unsigned int)s->rebars);
    for (unsigned int i = 0; i < rebars; i++)
        pci_conf_write(pdev->sbdf, reg + PCI_REBAR_STEP * i, 4, s->rebar[i]);
    for (unsigned int i = 0; i < ARRAY_SIZE(s->bar); i++)
        pci_conf_write(pdev->sbdf, PCI_BAR0 + 4 * i, 4, s->bar[i]);
    pci_conf_write(pdev->sbdf, PCI_ROM_NORMAL, 4, s->rom);
    pci_conf_write(pdev->sbdf, PCI_CACHE_LINE_SIZE, 1, s->cache_line);
    pci_conf_write(pdev->sbdf, PCI_LATENCY_TIMER, 1, s->latency);
    pci_conf_write(pdev->sbdf, PCI_INTERRUPT_LINE, 1, s->line);
}

/* ---- the steps ---- */

/* Requests of the last owner end before the reset, so that no late answer meets it. */
static int drain(struct pci_dev *pdev)
{
    struct pci_reset *r = &pdev->reset;
    struct reset_way way;

    /* Not even its capabilities are what they were. */
    if (!find_way(pdev, &way))
        return -ENODEV;
    if (pci_conf_read(pdev->sbdf, way.pending, 1) & way.pending_bit) {
        if (NOW() < r->deadline)
            return -ERESTART;
        printk(XENLOG_WARNING "%pp: reset with requests under way\n", &pdev->sbdf.v);
    }
    pci_conf_write(pdev->sbdf, way.start, way.start_size,
                   pci_conf_read(pdev->sbdf, way.start, way.start_size) | way.start_bit);
    r->state = PCI_RESET_SETTLE;
    r->deadline = NOW() + SETTLE_TIME;
    return -ERESTART;
}

static int settle(struct pci_dev *pdev)
{
    struct pci_reset *r = &pdev->reset;
    s_time_t now = NOW();

    if (now < r->deadline)
        return -ERESTART;
    if (pci_conf_read(pdev->sbdf, PCI_VENDOR_ID, 2) != pdev->vendor)
        return now < r->deadline + RETURN_TIME ? -ERESTART : -ETIMEDOUT;
    restore(pdev);
    r->state = PCI_RESET_NONE;
    return 0;
}

int pci_reset_finish(struct pci_dev *pdev)
{
    ASSERT_LOCKED(&pcidevs_lock);
    switch (pdev->reset.state) {
    case PCI_RESET_DRAIN:
        return drain(pdev);
    case PCI_RESET_SETTLE:
        return settle(pdev);
    default:
        return 0;
    }
}

void pci_reset_start(struct pci_dev *pdev)
{
    struct reset_way way;

    ASSERT_LOCKED(&pcidevs_lock);
    if (!find_way(pdev, &way))
        return;
    pci_conf_write(pdev->sbdf, PCI_COMMAND, 2, PCI_COMMAND_INTX_OFF);
    pdev->reset.state = PCI_RESET_DRAIN;
    pdev->reset.deadline = NOW() + DRAIN_TIME;
    (void)drain(pdev);
}
