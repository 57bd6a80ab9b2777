/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The invalidation queue (6.5.2) and completion with a deadline (I8). Each post ends in a
 * wait descriptor that stores a rising number; whoever sees that number or a later one
 * knows that everything posted before it has been done. A unit without a queue is driven
 * through registers (6.5.1), and then a post returns when the work is done.
 */
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/time.h>
#include <asm/cpu.h>

#include "hw.h"

static unsigned int ring_head(struct vtd_unit *u)
{
    return (mmio_read32(u->regs + REG_IQH) / RING_ENTRY) % RING_ENTRIES;
}

static unsigned int ring_room(struct vtd_unit *u)
{
    return (ring_head(u) + RING_ENTRIES - u->tail - 1) % RING_ENTRIES;
}

void vtd_give_up(struct vtd_unit *u, const char *what)
{
    if (!u->dead)
        printk(XENLOG_ERR "VT-d: unit %u: %s missed its deadline of %u ms: given up, "
               "fault status %#x\n", u->index, what, iommu_deadline_ms,
               mmio_read32(u->regs + REG_FSTS));
    u->dead = true;
}

/* Wait until n descriptors fit. [queue_lock] */
static bool make_room(struct vtd_unit *u, unsigned int n)
{
    s_time_t deadline = NOW() + MILLISECS(iommu_deadline_ms);

    while (!u->dead && ring_room(u) < n) {
        if (NOW() > deadline)
            vtd_give_up(u, "the invalidation queue");
        cpu_relax();
    }
    return !u->dead;
}

static void put(struct vtd_unit *u, struct iommu_command cmd)
{
    u->ring[u->tail] = cmd;
    vtd_sync(u, &u->ring[u->tail], sizeof(cmd));
    u->tail = (u->tail + 1) % RING_ENTRIES;
}

/* ---- registers ---- */

static bool wait_clear(struct vtd_unit *u, unsigned int reg, uint64_t bit)
{
    s_time_t deadline = NOW() + MILLISECS(iommu_deadline_ms);

    while (mmio_read64(u->regs + reg) & bit) {
        if (NOW() > deadline) {
            vtd_give_up(u, "an invalidation register");
            return false;
        }
        cpu_relax();
    }
    return true;
}

static void run_by_register(struct vtd_unit *u, struct iommu_command cmd)
{
    uint64_t scope = (cmd.word[0] >> INV_SCOPE_SHIFT) & 3;
    uint64_t domain = (cmd.word[0] >> INV_DOMAIN_SHIFT) & 0xffff;
    unsigned int iotlb = (unsigned int)ECAP_IOTLB_OFFSET(u->ecap);

    if (u->dead)
        return;
    if (CMD_TYPE(cmd) == INV_CONTEXT) {
        uint64_t source = (cmd.word[0] >> INV_SOURCE_SHIFT) & 0xffff;

        mmio_write64(u->regs + REG_CCMD,
                     CCMD_GO | scope << CCMD_SCOPE_SHIFT | source << 16 | domain);
        wait_clear(u, REG_CCMD, CCMD_GO);
    } else if (CMD_TYPE(cmd) == INV_IOTLB) {
        if (scope == SCOPE_SELECTIVE)
            mmio_write64(u->regs + iotlb + REG_IVA, cmd.word[1]);
        mmio_write64(u->regs + iotlb + REG_IOTLB,
                     IOTLB_GO | scope << IOTLB_SCOPE_SHIFT | IOTLB_DRAIN | domain << 32);
        wait_clear(u, iotlb + REG_IOTLB, IOTLB_GO);
    }
}

/* ---- both ---- */

uint32_t vtd_post(struct vtd_unit *u, const struct iommu_command *cmds, unsigned int n)
{
    uint64_t flags = spin_lock_irqsave(&u->queue_lock);
    uint32_t number = ++u->posted;
    struct iommu_command wait = {
        { INV_WAIT | INV_WAIT_STORE | INV_WAIT_FENCE | (uint64_t)number << 32,
          virt_to_paddr(u->done) },
    };

    if (!u->ring) {
        bool stalled = read_once(u->stalled);

        for (unsigned int i = 0; i < n && !stalled; i++)
            run_by_register(u, cmds[i]);
        if (!u->dead && !stalled)
            write_once(*u->done, number);
    } else if (make_room(u, n + 1)) {
        for (unsigned int i = 0; i < n; i++)
            put(u, cmds[i]);
        put(u, wait);
        smp_wmb();
        if (!read_once(u->stalled))
            mmio_write32(u->regs + REG_IQT, u->tail * RING_ENTRY);
    }
    spin_unlock_irqrestore(&u->queue_lock, flags);
    return number;
}

/* The numbers wrap: later is what is less than half the circle ahead. */
static bool reached(struct vtd_unit *u, uint32_t number)
{
    return (int32_t)(read_once(*u->done) - number) >= 0;
}

int vtd_wait(struct vtd_unit *u, uint32_t number)
{
    s_time_t deadline = NOW() + MILLISECS(iommu_deadline_ms);

    while (!reached(u, number)) {
        if (u->dead)
            return -ETIMEDOUT;
        if (NOW() > deadline) {
            /* One last look: this CPU may itself have been stopped for long. */
            if (reached(u, number))
                break;
            vtd_give_up(u, "an invalidation");
            return -ETIMEDOUT;
        }
        cpu_relax();
    }
    smp_rmb();
    return 0;
}

int vtd_run(struct vtd_unit *u, struct iommu_command cmd)
{
    return vtd_wait(u, vtd_post(u, &cmd, 1));
}

static struct iommu_command make(unsigned int type, unsigned int scope, uint64_t low,
                               uint64_t high)
{
    return (struct iommu_command){ {
        type | (uint64_t)scope << INV_SCOPE_SHIFT | low, high,
    } };
}

/* 1 << order pages at addr, which is aligned to that (6.5.2.3). */
struct iommu_command vtd_cmd_pages(uint16_t domain, uint64_t addr, unsigned int order)
{
    return make(INV_IOTLB, SCOPE_SELECTIVE,
                INV_DRAIN | (uint64_t)domain << INV_DOMAIN_SHIFT, addr | order);
}

struct iommu_command vtd_cmd_domain(uint16_t domain)
{
    return make(INV_IOTLB, SCOPE_DOMAIN,
                INV_DRAIN | (uint64_t)domain << INV_DOMAIN_SHIFT, 0);
}

struct iommu_command vtd_cmd_all_pages(void)
{
    return make(INV_IOTLB, SCOPE_GLOBAL, INV_DRAIN, 0);
}

struct iommu_command vtd_cmd_device(uint16_t domain, uint16_t rid)
{
    return make(INV_CONTEXT, SCOPE_SELECTIVE,
                (uint64_t)domain << INV_DOMAIN_SHIFT |
                    (uint64_t)rid << INV_SOURCE_SHIFT, 0);
}

struct iommu_command vtd_cmd_all_devices(void)
{
    return make(INV_CONTEXT, SCOPE_GLOBAL, 0, 0);
}

/* Here bit 4 alone says whether an index follows. */
struct iommu_command vtd_cmd_interrupts(unsigned int index)
{
    return make(INV_INTERRUPTS, 1, (uint64_t)index << 32, 0);
}

struct iommu_command vtd_cmd_all_interrupts(void)
{
    return make(INV_INTERRUPTS, 0, 0, 0);
}
