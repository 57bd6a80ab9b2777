/* SPDX-License-Identifier: GPL-2.0-only */
/* One AMD-Vi unit: its memory, its registers, on and off (3.4). */
#include <xen/alloc.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/pci_regs.h>
#include <xen/time.h>
#include <asm/cpu.h>

#include "hw.h"

static uint64_t read_features(struct amd_unit *u, const struct acpi_ivhd *ivhd)
{
    uint32_t header = pci_conf_read(u->sbdf, u->cap + CAP_HEADER, 4);

    u->caches_absent = header & CAP_HEADER_NPCACHE;
    if (header & CAP_HEADER_EFR)
        return mmio_read64(u->regs + REG_FEATURES);
    return ivhd->efr;
}

int amd_unit_setup(struct amd_unit *u, const struct acpi_ivhd *ivhd)
{
    uint32_t id;
    uint8_t *done;

    u->sbdf = (sbdf_t){ (uint32_t)ivhd->segment << 16 | ivhd->devid };
    u->cap = ivhd->cap_offset;
    u->ivhd_flags = ivhd->flags;
    spin_lock_init(&u->queue_lock, LOCK_IOMMU_QUEUE, "amd_queue");
    id = pci_conf_read(u->sbdf, PCI_VENDOR_ID, 4);
    if (id == ~0U) {
        printk(XENLOG_ERR "AMD-Vi: IVRS names unit %pp, which does not answer\n",
               &u->sbdf.v);
        return -ENODEV;
    }
    u->regs = ioremap(ivhd->base, REG_SPACE);
    u->ring = charge_alloc_pages(NULL, CHARGE_MISC, 0);
    u->events = charge_alloc_pages(NULL, CHARGE_MISC, 0);
    done = charge_alloc_pages(NULL, CHARGE_MISC, 0);
    u->done = (uint64_t *)done;
    if (!u->regs || !u->ring || !u->events || !done)
        return -ENOMEM;
    u->features = read_features(u, ivhd);
    printk(XENLOG_INFO "AMD-Vi: unit %u: %pp registers %#lx features %#lx%s\n", u->index,
           &u->sbdf.v, (unsigned long)ivhd->base, (unsigned long)u->features,
           u->caches_absent ? " caches absent entries" : "");
    return 0;
}

/* Wait until the status bits of mask are as wanted. */
static int settle(struct amd_unit *u, uint64_t mask, uint64_t wanted)
{
    s_time_t deadline = NOW() + MILLISECS(iommu_deadline_ms);

    while ((mmio_read64(u->regs + REG_STATUS) & mask) != wanted) {
        if (NOW() > deadline)
            return -ETIMEDOUT;
        cpu_relax();
    }
    return 0;
}

/* Firmware or a previous kernel may have left it running. */
void amd_unit_stop(struct amd_unit *u)
{
    mmio_write64(u->regs + REG_CONTROL, 0);
    (void)settle(u, STATUS_COMMAND_RUN | STATUS_EVENT_RUN, 0);
}

static uint64_t firmware_control(uint8_t ivhd_flags)
{
    return (ivhd_flags & ACPI_IVHD_HT_TUNNEL ? CTL_HT_TUNNEL : 0) |
           (ivhd_flags & ACPI_IVHD_PASS_PW ? CTL_PASS_PW : 0) |
           (ivhd_flags & ACPI_IVHD_RES_PASS_PW ? CTL_RES_PASS_PW : 0) |
           (ivhd_flags & ACPI_IVHD_ISOC ? CTL_ISOC : 0) |
           (ivhd_flags & ACPI_IVHD_COHERENT ? CTL_COHERENT : 0);
}

int amd_unit_start(struct amd_unit *u, uint64_t *device_table)
{
    uint64_t table_pages = (uint64_t)AMD_DEVICES * 32 / PAGE_SIZE;
    int err;

    amd_unit_stop(u);
    mmio_write64(u->regs + REG_DEVICE_TABLE,
                 virt_to_paddr(device_table) | (table_pages - 1));
    mmio_write64(u->regs + REG_COMMAND_BASE, virt_to_paddr(u->ring) | RING_LEN_CODE);
    mmio_write32(u->regs + REG_COMMAND_HEAD, 0);
    mmio_write32(u->regs + REG_COMMAND_TAIL, 0);
    mmio_write64(u->regs + REG_EVENT_BASE, virt_to_paddr(u->events) | RING_LEN_CODE);
    mmio_write32(u->regs + REG_EVENT_HEAD, 0);
    mmio_write32(u->regs + REG_EVENT_TAIL, 0);
    mmio_write64(u->regs + REG_EXCLUSION_BASE, 0);
    mmio_write64(u->regs + REG_EXCLUSION_LIMIT, 0);
    mmio_write64(u->regs + REG_STATUS, STATUS_EVENT_OVERFLOW | STATUS_EVENT_INT |
                                           STATUS_COMPLETION_INT);

    u->control = firmware_control(u->ivhd_flags) | CTL_ENABLE | CTL_COMMANDS |
                 CTL_EVENT_LOG | CTL_EVENT_INT;
    mmio_write64(u->regs + REG_CONTROL, u->control);
    err = settle(u, STATUS_COMMAND_RUN, STATUS_COMMAND_RUN);
    if (err) {
        printk(XENLOG_ERR "AMD-Vi: unit %u does not start\n", u->index);
        return err;
    }

    /* What it cached before has to go. */
    if (u->features & FEAT_INVALIDATE_ALL)
        return amd_run(u, (struct iommu_command){ { CMD_INV_ALL, 0 } });
    for (unsigned int rid = 0; rid < AMD_DEVICES; rid += 64) {
        struct iommu_command cmds[128];
        int n = 0;

        for (unsigned int i = 0; i < 64; i++) {
            cmds[n++] = amd_cmd_device((uint16_t)(rid + i));
            cmds[n++] = amd_cmd_interrupts((uint16_t)(rid + i));
        }
        err = amd_wait(u, amd_post(u, cmds, (unsigned int)n));
        if (err)
            return err;
    }
    for (unsigned int id = 0; id < 256 && !err; id++)
        err = amd_run(u, amd_cmd_domain((uint16_t)id));
    return err;
}
