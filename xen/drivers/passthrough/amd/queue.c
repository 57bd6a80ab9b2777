/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command ring (2.4) and completion with a deadline (I8). Each post ends in a wait
 * command that stores a rising number; whoever sees that number or a later one knows
 * that everything posted before it has been done.
 */
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/time.h>
#include <asm/cpu.h>

#include "hw.h"

static unsigned int ring_head(struct amd_unit *u)
{
    /* At the wrap some units show the end of the ring rather than its start. */
    return (mmio_read32(u->regs + REG_COMMAND_HEAD) / RING_ENTRY) % RING_ENTRIES;
}

static unsigned int ring_room(struct amd_unit *u)
{
    return (ring_head(u) + RING_ENTRIES - u->tail - 1) % RING_ENTRIES;
}

static void give_up(struct amd_unit *u, const char *what)
{
    if (!u->dead)
        printk(XENLOG_ERR "AMD-Vi: unit %u: %s missed its deadline of %u ms: given up\n",
               u->index, what, iommu_deadline_ms);
    u->dead = true;
}

/* Wait until n commands fit. [queue_lock] */
static bool make_room(struct amd_unit *u, unsigned int n)
{
    s_time_t deadline = NOW() + MILLISECS(iommu_deadline_ms);

    while (!u->dead && ring_room(u) < n) {
        if (NOW() > deadline)
            give_up(u, "the command ring");
        cpu_relax();
    }
    return !u->dead;
}

static void put(struct amd_unit *u, struct iommu_command cmd)
{
    u->ring[u->tail] = cmd;
    u->tail = (u->tail + 1) % RING_ENTRIES;
}

uint64_t amd_post(struct amd_unit *u, const struct iommu_command *cmds, unsigned int n)
{
    uint64_t flags = spin_lock_irqsave(&u->queue_lock);
    uint64_t number = ++u->posted;
    struct iommu_command wait = {
        { CMD_WAIT | CMD_WAIT_STORE | virt_to_paddr(u->done), number },
    };

    if (make_room(u, n + 1)) {
        for (unsigned int i = 0; i < n; i++)
            put(u, cmds[i]);
        put(u, wait);
        smp_wmb();
        if (!read_once(u->stalled))
            mmio_write32(u->regs + REG_COMMAND_TAIL, u->tail * RING_ENTRY);
    }
    spin_unlock_irqrestore(&u->queue_lock, flags);
    return number;
}

int amd_wait(struct amd_unit *u, uint64_t number)
{
    s_time_t deadline = NOW() + MILLISECS(iommu_deadline_ms);

    while (read_once(*u->done) < number) {
        if (u->dead)
            return -ETIMEDOUT;
        if (NOW() > deadline) {
            /* One last look: this CPU may itself have been stopped for long. */
            if (read_once(*u->done) >= number)
                break;
            give_up(u, "a command");
            return -ETIMEDOUT;
        }
        cpu_relax();
    }
    smp_rmb();
    return 0;
}

int amd_run(struct amd_unit *u, struct iommu_command cmd)
{
    return amd_wait(u, amd_post(u, &cmd, 1));
}

/* 1 << order pages at addr, which is aligned to that (2.4.3 and table 14). */
struct iommu_command amd_cmd_pages(uint16_t domain, uint64_t addr, unsigned int order)
{
    uint64_t low = CMD_INV_TABLES;

    if (order) {
        /* Ones from bit 12 up to the first zero tell the size: 2 << position. */
        addr |= ((1ULL << (order - 1)) - 1) << PAGE_SHIFT;
        addr &= ~(1ULL << (order - 1 + PAGE_SHIFT));
        low |= CMD_INV_SIZE;
    }
    return (struct iommu_command){ {
        CMD_INV_PAGES | (uint64_t)domain << 32, addr | low,
    } };
}

struct iommu_command amd_cmd_domain(uint16_t domain)
{
    return (struct iommu_command){ {
        CMD_INV_PAGES | (uint64_t)domain << 32,
        0x7ffffffffffff000ULL | CMD_INV_SIZE | CMD_INV_TABLES,
    } };
}

struct iommu_command amd_cmd_device(uint16_t rid)
{
    return (struct iommu_command){ { CMD_INV_DEVICE | rid, 0 } };
}

struct iommu_command amd_cmd_interrupts(uint16_t rid)
{
    return (struct iommu_command){ { CMD_INV_INTERRUPTS | rid, 0 } };
}
