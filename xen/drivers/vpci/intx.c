/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt line of a device that a guest has. The toolstack says which of the
 * machine's GSIs it is; until then the device may not pull it, as a line may be common to
 * devices of several domains. In the guest it arrives at a pin from 16 to 47: where the
 * slot's line does by the convention that the public ABI shares with device models, or,
 * as slots of several buses have one pin there, at the next that is free. Lines that are
 * one wire in the machine are one pin in the guest.
 */
#include <xen/lib.h>
#include <asm/vioapic.h>

#include "private.h"

#define FIRST_PIN   16U
#define LINES       32U
#define INTX_PINS   4U

static bool same_line(const struct vpci *v, const struct vpci_line *l)
{
    return !v->read_only && !v->leaving && v->line.seg == l->seg &&
           v->line.bus == l->bus && v->line.dev == l->dev && v->line.intx == l->intx;
}

static bool on_gsi(const struct vpci *v, unsigned int gsi)
{
    return v->intx && v->intx_gsi == gsi;
}

/* A device that pulls the line. */
static struct vpci *puller(struct domain *d, const struct vpci_line *l)
{
    struct vpci_domain *vd = d->arch.vpci;
    struct vpci *v;

    list_for_each(v, &vd->devices, link) {
        if (same_line(v, l))
            return v;
    }
    return NULL;
}

/* A device whose line arrives at the machine's GSI. */
static struct vpci *heard_from(struct domain *d, unsigned int gsi)
{
    struct vpci_domain *vd = d->arch.vpci;
    struct vpci *v;

    list_for_each(v, &vd->devices, link) {
        if (on_gsi(v, gsi))
            return v;
    }
    return NULL;
}

static void connect(struct vpci *v, unsigned int pin, unsigned int gsi)
{
    v->intx = true;
    v->intx_pin = (uint8_t)pin;
    v->intx_gsi = gsi;
    vpci_update_command(v);
}

/* The wire is for as long as anybody pulls it; v may be off the list. */
static void disconnect(struct vpci *v)
{
    v->intx = false;
    vpci_update_command(v);
    if (!heard_from(v->d, v->intx_gsi))
        vioapic_unbind_machine(v->d, v->intx_pin);
}

static unsigned int free_pin(struct domain *d, const struct vpci_line *l)
{
    unsigned int usual = l->dev * INTX_PINS + l->dev / 8 + l->intx, n = 0;
    struct vpci_domain *vd = d->arch.vpci;
    uint32_t taken = 0;
    struct vpci *v;

    list_for_each(v, &vd->devices, link) {
        if (v->intx)
            taken |= 1U << (v->intx_pin - FIRST_PIN);
    }
    while (n < LINES && taken & 1U << (usual + n) % LINES)
        n++;
    return FIRST_PIN + (usual + n) % LINES;
}

/* Which pin the GSI is, wired if need be. */
static int wire(struct domain *d, const struct vpci_line *l, unsigned int gsi,
                unsigned int *pin)
{
    const struct vpci *other = heard_from(d, gsi);

    if (other) {
        *pin = other->intx_pin;
        return rangeset_contains(&d->irq_caps, gsi, gsi) ? 0 : -EPERM;
    }
    *pin = free_pin(d, l);
    return vioapic_bind_machine(d, *pin, gsi);
}

int vpci_bind_intx(struct domain *d, const struct vpci_line *l, unsigned int gsi)
{
    struct vpci_domain *vd = d->arch.vpci;
    unsigned int pin;
    struct vpci *v;
    int err;

    if (!vd)
        return -EOPNOTSUPP;
    if (l->dev > 31 || l->intx >= INTX_PINS)
        return -EINVAL;
    spin_lock(&d->arch.vpci_lock);
    v = puller(d, l);
    err = !v ? -ENODEV : v->intx ? -EEXIST : wire(d, l, gsi, &pin);
    if (!err) {
        /* All functions of the line, for a line of theirs may be one wire. */
        list_for_each(v, &vd->devices, link) {
            if (same_line(v, l))
                connect(v, pin, gsi);
        }
    }
    spin_unlock(&d->arch.vpci_lock);
    return err;
}

bool vpci_name_line(struct domain *d, struct vpci_line *l, const unsigned int *gsi)
{
    struct vpci_domain *vd = d->arch.vpci;
    bool found = false, several = false;
    struct vpci_line named = *l;
    struct vpci *v;

    if (!vd)
        return true;
    spin_lock(&d->arch.vpci_lock);
    list_for_each(v, &vd->devices, link) {
        named.seg = v->line.seg;
        if (!same_line(v, &named) || (gsi && !on_gsi(v, *gsi)))
            continue;
        several |= found && l->seg && v->line.seg && l->seg != v->line.seg;
        if (!found || !v->line.seg)
            l->seg = v->line.seg;
        found = true;
    }
    spin_unlock(&d->arch.vpci_lock);
    return !several || !l->seg;
}

/* Lines that arrive at the GSI: this one, or all. False: there is none. */
static bool disconnect_all(struct domain *d, const struct vpci_line *l, unsigned int gsi)
{
    struct vpci_domain *vd = d->arch.vpci;
    bool found = false;
    struct vpci *v;

    spin_lock(&d->arch.vpci_lock);
    list_for_each(v, &vd->devices, link) {
        if (on_gsi(v, gsi) && (!l || same_line(v, l))) {
            disconnect(v);
            found = true;
        }
    }
    spin_unlock(&d->arch.vpci_lock);
    return found;
}

int vpci_unbind_intx(struct domain *d, const struct vpci_line *l, unsigned int gsi)
{
    if (!d->arch.vpci)
        return -EOPNOTSUPP;
    return disconnect_all(d, l, gsi) ? 0 : -ENOENT;
}

void vpci_unbind_gsi(struct domain *d, unsigned int gsi)
{
    if (d->arch.vpci)
        (void)disconnect_all(d, NULL, gsi);
}

/* Line (the guest's pin, as firmware would note it) and pin; 0: none. */
static uint32_t line_read(struct vpci *v, const struct vpci_field *f)
{
    (void)f;
    return v->intx ? v->intx_pin | (v->line.intx + 1U) << 8 : 0;
}

/* A function that joins others of its line on a list that it is on already. */
int vpci_intx_init(struct vpci *v)
{
    sbdf_t s = v->pdev->sbdf;
    const struct vpci *other;

    /* Read once: at its end the device may no longer answer. INTA is 1 there, none 0. */
    v->line = (struct vpci_line){
        .seg = PCI_SEG(s), .bus = PCI_BUS(s), .dev = (uint8_t)PCI_DEV(s),
        .intx = (uint8_t)(pci_conf_read(s, PCI_INTERRUPT_PIN, 1) - 1),
    };
    if (v->d->is_privileged)
        return 0;
    other = puller(v->d, &v->line);
    if (other && other->intx)
        connect(v, other->intx_pin, other->intx_gsi);
    return vpci_add_field(v, PCI_INTERRUPT_LINE, 2, 0, line_read, NULL);
}

void vpci_intx_release(struct vpci *v)
{
    if (v->intx)
        disconnect(v);
}
