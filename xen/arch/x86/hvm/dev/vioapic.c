/* SPDX-License-Identifier: GPL-2.0-only */
/* I/O APICs: registers, input lines, delivery. Intel 82093AA data sheet, section 3. */
#include <xen/acpi.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <asm/hvm.h>
#include <asm/vioapic.h>
#include <asm/vlapic.h>
#include "vioapic_host.h"

#define VERSION 0x11u       /* no EOI register; level is ended by the local APIC */

#define REG_SELECT 0x00
#define REG_WINDOW 0x10

#define RTE_VECTOR(e)   ((uint8_t)(e))
#define RTE_MODE(e)     ((e) >> 8 & 7)
#define RTE_LOGICAL     (1ull << 11)
#define RTE_REMOTE_IRR  (1ull << 14)
#define RTE_DEST(e)     ((uint8_t)((e) >> 56))
#define RTE_WRITABLE    0xff0000000001afffull

/* [lock] Send pin's interrupt. Level: at most one is under way until its EOI. */
static void deliver(struct vioapic *vio, unsigned int gsi)
{
    uint64_t e = vio->rte[gsi];
    struct vlapic_msg m = {
        .dest = RTE_DEST(e), .logical = !!(e & RTE_LOGICAL), .level = !!(e & RTE_LEVEL),
        .mode = RTE_MODE(e), .vector = RTE_VECTOR(e),
    };

    if (m.mode != VL_FIXED && m.mode != VL_LOWEST && m.mode != VL_NMI)
        return;     /* SMI, INIT, ExtINT: nothing behind these pins sends them */
    if (m.mode == VL_NMI)
        m.level = false;
    if (vlapic_deliver(vio->domain, &m) && m.level)
        vio->rte[gsi] |= RTE_REMOTE_IRR;
}

/* [lock] A level-triggered pin that is asserted and may be heard. */
static void recheck_level(struct vioapic *vio, unsigned int gsi)
{
    uint64_t e = vio->rte[gsi];

    if ((e & RTE_LEVEL) && vio->line[gsi] && !(e & (RTE_MASKED | RTE_REMOTE_IRR)))
        deliver(vio, gsi);
}

void vioapic_assert(struct domain *d, unsigned int gsi, uint8_t who)
{
    struct vioapic *vio = d->arch.hvm.vioapic;
    uint64_t flags;
    bool rising;

    if (!vio || gsi >= vio->gsis)
        return;
    flags = spin_lock_irqsave(&vio->lock);
    rising = vio->line[gsi] == 0;
    vio->line[gsi] |= who;
    if (vio->rte[gsi] & RTE_LEVEL)
        recheck_level(vio, gsi);
    else if (rising && !(vio->rte[gsi] & RTE_MASKED))
        deliver(vio, gsi);
    spin_unlock_irqrestore(&vio->lock, flags);
}

void vioapic_deassert(struct domain *d, unsigned int gsi, uint8_t who)
{
    struct vioapic *vio = d->arch.hvm.vioapic;
    uint64_t flags;

    /* A low line is the rule, also on the way into the guest: no lock for it. */
    if (!vio || gsi >= vio->gsis || !(read_once(vio->line[gsi]) & who))
        return;
    flags = spin_lock_irqsave(&vio->lock);
    vio->line[gsi] &= (uint8_t)~who;
    spin_unlock_irqrestore(&vio->lock, flags);
}

/*
 * The machine's line is known again only when its interrupt is let through: it counts as
 * low now, and a device that still wants service raises it at once.
 */
void vioapic_eoi(struct domain *d, uint8_t vector)
{
    struct vioapic *vio = d->arch.hvm.vioapic;
    DECLARE_BITMAP(ended, VIOAPIC_MAX_GSIS) = {0};
    unsigned int gsi;
    uint64_t flags;

    if (!vio)
        return;
    flags = spin_lock_irqsave(&vio->lock);
    for (gsi = 0; gsi < vio->gsis; gsi++) {
        if (!(vio->rte[gsi] & RTE_REMOTE_IRR) || RTE_VECTOR(vio->rte[gsi]) != vector)
            continue;
        vio->rte[gsi] &= ~RTE_REMOTE_IRR;
        if (vio->line[gsi] & VIOAPIC_LINE_HOST) {
            vio->line[gsi] &= (uint8_t)~VIOAPIC_LINE_HOST;
            __set_bit(gsi, ended);
        }
        recheck_level(vio, gsi);
    }
    spin_unlock_irqrestore(&vio->lock, flags);
    vioapic_host_eoi(vio, ended);
}

/* --- registers --------------------------------------------------------------------- */

/* [lock] Half an entry is written. True: that ended the machine's interrupt. */
static bool write_entry(struct vioapic *vio, unsigned int gsi, bool high, uint32_t val)
{
    uint64_t old = vio->rte[gsi], e;
    bool ended;

    e = high ? (old & 0xffffffffull) | (uint64_t)val << 32 : (old & ~0xffffffffull) | val;
    e = (e & RTE_WRITABLE) | (old & RTE_REMOTE_IRR);
    /* The documented way to end a level interrupt by hand: switch to edge. */
    if (!(e & RTE_LEVEL))
        e &= ~RTE_REMOTE_IRR;
    vio->rte[gsi] = e;
    ended = (old & ~e & RTE_REMOTE_IRR) && (vio->line[gsi] & VIOAPIC_LINE_HOST);
    if (ended)
        vio->line[gsi] &= (uint8_t)~VIOAPIC_LINE_HOST;
    recheck_level(vio, gsi);
    return ended;
}

static struct vioapic_unit *unit_at(struct vioapic *vio, uint64_t addr)
{
    unsigned int i;

    for (i = 0; i < vio->units; i++)
        if ((addr & PAGE_MASK) == vio->unit[i].base)
            return &vio->unit[i];
    return NULL;
}

static uint32_t window_read(const struct vioapic *vio, const struct vioapic_unit *u)
{
    unsigned int pin = (u->select - 0x10) / 2;
    uint64_t e;

    switch (u->select) {
    case 0: case 2:
        return u->id << 24;
    case 1:
        return (u->pins - 1) << 16 | VERSION;
    default:
        if (u->select < 0x10 || pin >= u->pins)
            return 0;
        e = vio->rte[u->gsi_base + pin];
        return (uint32_t)(u->select & 1 ? e >> 32 : e);
    }
}

int vioapic_read(struct vcpu *v, uint64_t addr, unsigned int size, uint64_t *val,
                 void *data)
{
    struct vioapic *vio = data;
    struct vioapic_unit *u = unit_at(vio, addr);
    uint64_t flags;

    (void)v;
    *val = 0;
    if (!u || size > 4 || (addr & 15))
        return IO_OK;
    flags = spin_lock_irqsave(&vio->lock);
    if ((addr & 0xff) == REG_SELECT)
        *val = u->select;
    else if ((addr & 0xff) == REG_WINDOW)
        *val = window_read(vio, u);
    spin_unlock_irqrestore(&vio->lock, flags);
    *val &= (1ull << (8 * size)) - 1;
    return IO_OK;
}

int vioapic_write(struct vcpu *v, uint64_t addr, unsigned int size, uint64_t val,
                  void *data)
{
    struct vioapic *vio = data;
    struct vioapic_unit *u = unit_at(vio, addr);
    DECLARE_BITMAP(ended, VIOAPIC_MAX_GSIS) = {0};
    unsigned int pin = ~0u, gsi = 0;
    uint64_t flags, e = 0;

    (void)v;
    if (!u || (size != 4 && (addr & 0xff) != REG_SELECT) || (addr & 15))
        return IO_OK;
    flags = spin_lock_irqsave(&vio->lock);
    if ((addr & 0xff) == REG_SELECT) {
        u->select = (uint8_t)val;
    } else if ((addr & 0xff) == REG_WINDOW) {
        if (u->select == 0)
            u->id = (uint32_t)val >> 24 & 0xf;
        else if (u->select >= 0x10)
            pin = (u->select - 0x10) / 2;
        if (pin < u->pins) {
            gsi = u->gsi_base + pin;
            if (write_entry(vio, gsi, u->select & 1, (uint32_t)val))
                __set_bit(gsi, ended);
            e = vio->rte[gsi];
        }
    }
    spin_unlock_irqrestore(&vio->lock, flags);
    if (pin < u->pins) {
        vioapic_host_eoi(vio, ended);
        if (vio->host_gsis)
            vioapic_host_update(vio, gsi, e);
    }
    return IO_OK;
}

/* --- life -------------------------------------------------------------------------- */

static void add_unit(struct vioapic *vio, paddr_t base, unsigned int gsi_base,
                     unsigned int pins, uint32_t id)
{
    struct vioapic_unit *u;

    if (vio->units == VIOAPIC_MAX_UNITS || pins == 0 || pins > 120 ||
        gsi_base + pins > VIOAPIC_MAX_GSIS) {
        printk(XENLOG_WARNING "vioapic: unit at %lx, GSIs %u+%u, not shown to %pd\n",
               base, gsi_base, pins, vio->domain);
        return;
    }
    u = &vio->unit[vio->units++];
    *u = (struct vioapic_unit){
        .base = base & PAGE_MASK, .gsi_base = gsi_base, .pins = pins, .id = id,
    };
    vio->gsis = MAX(vio->gsis, gsi_base + pins);
}

/* A unit's pins end where the next one's begin. */
static void add_host_units(struct vioapic *vio)
{
    const struct acpi_madt *madt = &acpi_host.madt;
    unsigned int i, k;

    for (i = 0; i < madt->ioapics; i++) {
        unsigned int first = madt->ioapic[i].gsi_base, end = nr_gsis;

        for (k = 0; k < madt->ioapics; k++)
            if (madt->ioapic[k].gsi_base > first && madt->ioapic[k].gsi_base < end)
                end = madt->ioapic[k].gsi_base;
        if (first < end)
            add_unit(vio, madt->ioapic[i].addr, first, end - first, madt->ioapic[i].id);
    }
}

int vioapic_init(struct domain *d)
{
    struct vioapic *vio;
    unsigned int i;
    int rc = 0;

    if (!d->is_privileged && !(d->arch.emulation_flags & XEN_X86_EMU_IOAPIC))
        return 0;
    vio = charge_alloc(&d->charge, CHARGE_VDEV, sizeof(*vio));
    if (!vio)
        return -ENOMEM;
    vio->domain = d;
    vio->host_gsis = d->is_privileged;
    spin_lock_init(&vio->lock, LOCK_VDEV, "vioapic");
    if (vio->host_gsis)
        add_host_units(vio);
    else
        add_unit(vio, VIOAPIC_DOMU_BASE, 0, VIOAPIC_DOMU_PINS, 0);
    for (i = 0; i < VIOAPIC_MAX_GSIS; i++)
        vio->rte[i] = RTE_MASKED;
    for (i = 0; i < vio->units && rc == 0; i++)
        rc =
            hvm_register_io(d, true, vio->unit[i].base, vio->unit[i].base + PAGE_SIZE - 1,
                            vioapic_read, vioapic_write, vio);
    d->arch.hvm.vioapic = vio;      /* from here hvm_dev_domain_destroy() frees it */
    return rc;
}

void vioapic_destroy(struct domain *d)
{
    struct vioapic *vio = d->arch.hvm.vioapic;

    if (!vio)
        return;
    vioapic_host_release(vio);
    d->arch.hvm.vioapic = NULL;
    charge_free(vio);
}
