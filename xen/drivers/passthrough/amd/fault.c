/* SPDX-License-Identifier: GPL-2.0-only */
/* The event log (2.5): read in softirq context, reported with a rate limit. */
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/pci_regs.h>
#include <xen/time.h>
#include <asm/cpu.h>

#include "hw.h"

static const char *const names[] = {
    [EVENT_ILLEGAL_DTE] = "illegal device table entry",
    [EVENT_PAGE_FAULT] = "I/O page fault",
    [EVENT_DTE_HW] = "device table hardware error",
    [EVENT_PT_HW] = "page table hardware error",
    [EVENT_ILLEGAL_COMMAND] = "illegal command",
    [EVENT_COMMAND_HW] = "command hardware error",
    [EVENT_IOTLB_TIMEOUT] = "IOTLB invalidation time-out",
    [EVENT_BAD_DEVICE_REQUEST] = "invalid device request",
    [EVENT_PPR] = "invalid page request",
};

static void report(struct amd_unit *u, const uint64_t *event)
{
    unsigned int code = (unsigned int)(event[0] >> 60);
    uint16_t rid = (uint16_t)event[0], segment = PCI_SEG(u->sbdf);
    uint64_t detail = (event[0] >> 48) & 0xfff;
    const char *name = code < ARRAY_SIZE(names) ? names[code] : NULL;

    if (code == EVENT_ILLEGAL_COMMAND || code == EVENT_COMMAND_HW) {
        if (iommu_faults_line(&u->faults))
            printk(XENLOG_ERR "AMD-Vi: unit %u: %s at %#lx\n", u->index, name,
                   (unsigned long)event[1]);
        return;
    }
    if (iommu_report_fault(segment, rid, event[1], name ? name : "unknown event",
                           detail))
        amd_suppress_faults(segment, rid);
}

/* The tail can be ahead of the entry's arrival in memory, though not for long. */
static bool entry_arrived(const uint64_t *event)
{
    s_time_t deadline = NOW() + MICROSECS(100);

    while (!(read_once(event[0]) >> 60)) {
        if (NOW() > deadline)
            return false;
        cpu_relax();
    }
    smp_rmb();
    return true;
}

static unsigned int drain(struct amd_unit *u)
{
    unsigned int tail = mmio_read32(u->regs + REG_EVENT_TAIL) / RING_ENTRY;
    unsigned int found = 0;

    for (; u->event_head != tail % RING_ENTRIES; found++) {
        uint64_t *event = u->events + 2UL * u->event_head;

        if (entry_arrived(event)) {
            uint64_t copy[2] = { event[0], event[1] };

            write_once(event[0], 0);
            report(u, copy);
        }
        u->event_head = (u->event_head + 1) % RING_ENTRIES;
        mmio_write32(u->regs + REG_EVENT_HEAD, u->event_head * RING_ENTRY);
    }
    return found;
}

/*
 * After an overflow the log stands still until it is switched off and on. One that does
 * not come to rest is left alone from then on: the unit still refuses what it should.
 */
static void restart_log(struct amd_unit *u)
{
    s_time_t deadline = NOW() + MILLISECS(iommu_deadline_ms);

    mmio_write64(u->regs + REG_CONTROL, u->control & ~CTL_EVENT_LOG);
    while ((mmio_read64(u->regs + REG_STATUS) & STATUS_EVENT_RUN) && NOW() < deadline)
        cpu_relax();
    if (mmio_read64(u->regs + REG_STATUS) & STATUS_EVENT_RUN) {
        u->log_lost = true;
        printk(XENLOG_ERR "AMD-Vi: unit %u: its event log cannot be restarted: no more "
                          "reports of refused accesses\n", u->index);
        return;
    }
    mmio_write32(u->regs + REG_EVENT_HEAD, 0);
    mmio_write32(u->regs + REG_EVENT_TAIL, 0);
    u->event_head = 0;
    mmio_write64(u->regs + REG_STATUS, STATUS_EVENT_OVERFLOW | STATUS_EVENT_INT);
    mmio_write64(u->regs + REG_CONTROL, u->control);
    if (iommu_faults_line(&u->faults))
        printk(XENLOG_WARNING "AMD-Vi: unit %u: event log overflowed\n", u->index);
}

static unsigned int read_reports(void *data)
{
    struct amd_unit *u = data;
    uint64_t status;
    unsigned int found;

    if (u->log_lost)
        return 0;
    status = mmio_read64(u->regs + REG_STATUS);
    /* Cleared first: an event that arrives from here on interrupts again. */
    mmio_write64(u->regs + REG_STATUS, STATUS_EVENT_INT);
    found = drain(u);
    if (!(status & STATUS_EVENT_OVERFLOW))
        return found;
    restart_log(u);
    return found + 1;
}

static void event_interrupt(unsigned int irq, void *data)
{
    struct amd_unit *u = data;

    (void)irq;
    iommu_faults_pending(&u->faults);
}

/* The unit's own MSI capability. Its messages are never remapped. */
static void write_msg(struct msi_source *src, const struct msi_msg *msg)
{
    struct amd_unit *u = src->priv;
    unsigned int pos = pci_find_cap(u->sbdf, PCI_CAP_MSI);
    uint32_t control = pci_conf_read(u->sbdf, pos + PCI_MSI_CONTROL, 2);
    bool is_64 = control & PCI_MSI_64BIT;

    pci_conf_write(u->sbdf, pos + PCI_MSI_ADDRESS, 4, (uint32_t)msg->address);
    if (is_64)
        pci_conf_write(u->sbdf, pos + PCI_MSI_ADDRESS + 4, 4,
                       (uint32_t)(msg->address >> 32));
    pci_conf_write(u->sbdf, pos + PCI_MSI_ADDRESS + (is_64 ? 8 : 4), 2, msg->data);
}

static void set_mask(struct msi_source *src, bool masked)
{
    struct amd_unit *u = src->priv;
    unsigned int pos = pci_find_cap(u->sbdf, PCI_CAP_MSI);
    uint32_t control = pci_conf_read(u->sbdf, pos + PCI_MSI_CONTROL, 2);

    control &= ~(uint32_t)(PCI_MSI_ENABLE | PCI_MSI_COUNT_ENABLED);
    pci_conf_write(u->sbdf, pos + PCI_MSI_CONTROL, 2,
                   masked ? control : control | PCI_MSI_ENABLE);
}

int amd_fault_init(struct amd_unit *u)
{
    int err;

    iommu_faults_init(&u->faults, read_reports, u);
    if (!pci_find_cap(u->sbdf, PCI_CAP_MSI))
        return -ENODEV;
    u->msi = (struct msi_source){
        .write_msg = write_msg, .set_mask = set_mask, .priv = u,
    };
    u->irq = irq_alloc_msi(&u->msi);
    if (u->irq < 0)
        return u->irq;
    err = irq_request((unsigned int)u->irq, event_interrupt, u, "AMD-Vi");
    if (err) {
        irq_free_msi((unsigned int)u->irq);
        u->irq = 0;
    }
    return err;
}
