/* SPDX-License-Identifier: GPL-2.0-only */
/* One VT-d unit: its memory, its registers, on and off (10.4). */
#include <xen/alloc.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/time.h>
#include <asm/cpu.h>

#include "hw.h"

void vtd_sync(const struct vtd_unit *u, const void *p, size_t len)
{
    if (u->write_back)
        iommu_write_back(p, len);
}

int vtd_unit_setup(struct vtd_unit *u, const struct acpi_drhd *drhd)
{
    size_t placed;

    u->segment = drhd->segment;
    spin_lock_init(&u->queue_lock, LOCK_IOMMU_QUEUE, "vtd_queue");
    u->reg_space = REG_SPACE;
    u->regs = ioremap(drhd->base, u->reg_space);
    if (!u->regs)
        return -ENOMEM;
    u->cap = mmio_read64(u->regs + REG_CAP);
    u->ecap = mmio_read64(u->regs + REG_ECAP);
    if (u->cap == ~0ULL || u->ecap == ~0ULL || !CAP_SAGAW(u->cap)) {
        printk(XENLOG_ERR "VT-d: DMAR names a unit at %#lx, which does not answer\n",
               (unsigned long)drhd->base);
        return -ENODEV;
    }
    /* The register blocks that the capabilities place may lie behind the first page. */
    placed = MAX(CAP_FAULT_OFFSET(u->cap) + 16 * CAP_FAULTS(u->cap),
                 ECAP_IOTLB_OFFSET(u->ecap) + 16);
    if (placed > REG_SPACE) {
        iounmap(u->regs);
        u->reg_space = ROUND_UP(placed, PAGE_SIZE);
        u->regs = ioremap(drhd->base, u->reg_space);
        if (!u->regs)
            return -ENOMEM;
    }
    u->caches_absent = u->cap & CAP_CACHING_MODE;
    u->write_back = !(u->ecap & ECAP_COHERENT);
    u->root = charge_alloc_pages(NULL, CHARGE_MISC, 0);
    u->done = charge_alloc_pages(NULL, CHARGE_MISC, 0);
    if (!u->root || !u->done)
        return -ENOMEM;
    if ((u->ecap & ECAP_QUEUE) && iommu_options.qinval) {
        u->ring = charge_alloc_pages(NULL, CHARGE_MISC, 0);
        if (!u->ring)
            return -ENOMEM;
    }
    vtd_sync(u, u->root, PAGE_SIZE);
    printk(XENLOG_INFO "VT-d: unit %u: registers %#lx cap %#lx ecap %#lx, %s%s\n",
           u->index, (unsigned long)drhd->base, (unsigned long)u->cap,
           (unsigned long)u->ecap, u->ring ? "queued" : "register-based",
           u->caches_absent ? ", caches absent entries" : "");
    return 0;
}

/* Wait until the status bits of mask are as wanted. */
static int settle(struct vtd_unit *u, uint32_t mask, uint32_t wanted)
{
    s_time_t deadline = NOW() + MILLISECS(iommu_deadline_ms);

    while ((mmio_read32(u->regs + REG_GSTS) & mask) != wanted) {
        if (NOW() > deadline)
            return -ETIMEDOUT;
        cpu_relax();
    }
    return 0;
}

int vtd_global(struct vtd_unit *u, uint32_t bit, bool on)
{
    uint32_t lasting = mmio_read32(u->regs + REG_GSTS) & G_LASTING;

    mmio_write32(u->regs + REG_GCMD, on ? lasting | bit : lasting & ~bit);
    /* Flushing the write buffer is over when its bit falls. */
    if (bit == G_WRITE_BUFFER)
        on = false;
    return settle(u, bit, on ? bit : 0);
}

/* Firmware or a previous kernel may have left it running. */
void vtd_unit_stop(struct vtd_unit *u)
{
    static const uint32_t bits[] = { G_TRANSLATION, G_INTREMAP, G_QUEUE };
    uint32_t status = mmio_read32(u->regs + REG_GSTS);

    for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
        if (status & bits[i])
            (void)vtd_global(u, bits[i], false);
    }
    mmio_write32(u->regs + REG_PMEN, 0);
}

static int start_queue(struct vtd_unit *u)
{
    if (!u->ring)
        return 0;
    mmio_write64(u->regs + REG_IQT, 0);
    mmio_write64(u->regs + REG_IQA, virt_to_paddr(u->ring));
    u->tail = 0;
    return vtd_global(u, G_QUEUE, true);
}

int vtd_unit_start(struct vtd_unit *u)
{
    struct iommu_command cmds[] = { vtd_cmd_all_devices(), vtd_cmd_all_pages() };
    int err;

    vtd_unit_stop(u);
    mmio_write32(u->regs + REG_FSTS, mmio_read32(u->regs + REG_FSTS));
    err = start_queue(u);
    if (!err && iommu_intremap)
        err = vtd_intremap_start(u);
    if (!err) {
        mmio_write64(u->regs + REG_ROOT, virt_to_paddr(u->root));
        err = vtd_global(u, G_ROOT_POINTER, true);
    }
    /* What it cached before has to go. */
    if (!err)
        err = vtd_wait(u, vtd_post(u, cmds, ARRAY_SIZE(cmds)));
    if (!err)
        err = vtd_global(u, G_TRANSLATION, true);
    if (err)
        printk(XENLOG_ERR "VT-d: unit %u does not start: status %#x\n", u->index,
               mmio_read32(u->regs + REG_GSTS));
    return err;
}
