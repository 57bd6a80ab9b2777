/* SPDX-License-Identifier: GPL-2.0-only */
/* Fault records (7.2): read in softirq context, reported with a rate limit. */
#include <xen/lib.h>
#include <asm/cpu.h>

#include "hw.h"

static const char *reason_name(unsigned int reason)
{
    static const char *const names[] = {
        [1] = "no root entry", [2] = "no context entry", [3] = "bad context entry",
        [4] = "address too wide", [5] = "no write permission",
        [6] = "no read permission", [7] = "page table unreachable",
        [8] = "root table unreachable", [9] = "context table unreachable",
        [10] = "reserved bits in root entry", [11] = "reserved bits in context entry",
        [12] = "reserved bits in page table", [13] = "translation request blocked",
    };

    if (reason >= FAULT_INTREMAP_FIRST)
        return "interrupt refused";
    if (reason < ARRAY_SIZE(names) && names[reason])
        return names[reason];
    return "unknown fault";
}

static void report(struct vtd_unit *u, uint64_t low, uint64_t high)
{
    unsigned int reason = (unsigned int)FAULT_REASON(high);
    uint16_t rid = (uint16_t)high;
    /* Bit 8 of what is shown as flags: a read. The rest is the reason. */
    uint64_t detail = reason | (high & FAULT_READ ? 0x100 : 0);

    /* A context entry has no say in reports of refused interrupts (9.3, FPD). */
    if (iommu_report_fault(u->segment, rid, low, reason_name(reason), detail) &&
        reason < FAULT_INTREMAP_FIRST)
        vtd_suppress_faults(u, rid);
}

/*
 * The records are a ring that starts where the status register says. It can go round
 * while it is read, so an empty record is not the end of it.
 */
static unsigned int drain(struct vtd_unit *u)
{
    unsigned int count = (unsigned int)CAP_FAULTS(u->cap);
    unsigned int i = FSTS_INDEX(mmio_read32(u->regs + REG_FSTS)), found = 0;

    for (unsigned int n = 0; n < count; n++, i++) {
        uint8_t *rec = u->regs + CAP_FAULT_OFFSET(u->cap) + 16UL * (i % count);
        uint64_t high = mmio_read64(rec + 8), low;

        if (!(high & FAULT_VALID))
            continue;
        low = mmio_read64(rec);
        /* Writing the valid bit back frees the record. */
        mmio_write32(rec + 12, (uint32_t)(FAULT_VALID >> 32));
        report(u, low, high);
        found++;
    }
    return found;
}

static unsigned int read_reports(void *data)
{
    struct vtd_unit *u = data;
    uint32_t status = mmio_read32(u->regs + REG_FSTS);
    uint32_t lasting = status & (FSTS_OVERFLOW | FSTS_QUEUE_FAULTS);
    unsigned int found = drain(u);

    if (!lasting)
        return found;
    if ((status & FSTS_QUEUE_FAULTS) && iommu_faults_line(&u->faults))
        printk(XENLOG_ERR "VT-d: unit %u: invalidation queue fault, status %#x\n",
               u->index, status);
    if ((status & FSTS_OVERFLOW) && iommu_faults_line(&u->faults))
        printk(XENLOG_WARNING "VT-d: unit %u: fault records overflowed\n", u->index);
    mmio_write32(u->regs + REG_FSTS, lasting);
    return found + 1;
}

static void event_interrupt(unsigned int irq, void *data)
{
    struct vtd_unit *u = data;

    (void)irq;
    iommu_faults_pending(&u->faults);
}

/* The unit's own message. It is never remapped. */
static void write_msg(struct msi_source *src, const struct msi_msg *msg)
{
    struct vtd_unit *u = src->priv;

    mmio_write32(u->regs + REG_FEDATA, msg->data);
    mmio_write32(u->regs + REG_FEADDR, (uint32_t)msg->address);
    mmio_write32(u->regs + REG_FEUADDR, (uint32_t)(msg->address >> 32));
}

static void set_mask(struct msi_source *src, bool masked)
{
    struct vtd_unit *u = src->priv;

    mmio_write32(u->regs + REG_FECTL, masked ? FECTL_MASK : 0);
    (void)mmio_read32(u->regs + REG_FECTL);
}

int vtd_fault_init(struct vtd_unit *u)
{
    int err;

    iommu_faults_init(&u->faults, read_reports, u);
    u->msi = (struct msi_source){
        .write_msg = write_msg, .set_mask = set_mask, .priv = u,
    };
    u->irq = irq_alloc_msi(&u->msi);
    if (u->irq < 0)
        return u->irq;
    err = irq_request((unsigned int)u->irq, event_interrupt, u, "VT-d");
    if (err) {
        irq_free_msi((unsigned int)u->irq);
        u->irq = 0;
    }
    return err;
}
