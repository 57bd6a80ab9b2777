/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt line of a device that a guest has. The toolstack says which of the
 * machine's GSIs it is; until then the device may not pull it, as a line may be common to
 * devices of several domains. In the guest it arrives where a slot's line does by the
 * convention that the public ABI shares with device models: pins 16 to 47.
 */
#include <xen/lib.h>
#include <asm/vioapic.h>

#include "private.h"

#define FIRST_PIN   16U
#define LINES       32U
#define INTX_PINS   4U

static unsigned int pin_of(unsigned int dev, unsigned int intx)
{
    return FIRST_PIN + (dev * INTX_PINS + dev / 8 + intx) % LINES;
}

/* INTA is 0; a device without a line has the largest number. */
static unsigned int line_of(const struct vpci *v)
{
    return (uint8_t)(pci_conf_read(v->pdev->sbdf, PCI_INTERRUPT_PIN, 1) - 1);
}

/* A function that pulls this line of this slot. */
static bool pulls(const struct vpci *v, const struct vpci_line *l)
{
    return !v->read_only && !PCI_SEG(v->pdev->sbdf) && PCI_BUS(v->pdev->sbdf) == l->bus &&
           PCI_DEV(v->pdev->sbdf) == l->dev && line_of(v) == l->intx;
}

static struct vpci *next_puller(struct domain *d, struct vpci *v,
                                const struct vpci_line *l)
{
    struct vpci_domain *vd = d->arch.vpci;
    struct list *at = v ? v->link.next : vd->devices.next;

    for (; at != &vd->devices; at = at->next) {
        v = list_entry(at, struct vpci, link);
        if (pulls(v, l))
            return v;
    }
    return NULL;
}

/* All functions of the line, for a line of theirs may be one wire. */
static void connect(struct domain *d, const struct vpci_line *l, bool on,
                    unsigned int gsi)
{
    struct vpci *v = NULL;

    while ((v = next_puller(d, v, l))) {
        v->intx = on;
        v->intx_gsi = gsi;
        vpci_update_command(v);
    }
}

int vpci_bind_intx(struct domain *d, const struct vpci_line *l, unsigned int gsi)
{
    struct vpci *v;
    int err;

    if (!d->arch.vpci)
        return -EOPNOTSUPP;
    if (l->dev > 31 || l->intx >= INTX_PINS)
        return -EINVAL;
    spin_lock(&d->arch.vpci_lock);
    v = next_puller(d, NULL, l);
    if (!v)
        err = -ENODEV;
    else if (v->intx)
        err = -EEXIST;
    else
        err = vioapic_bind_machine(d, pin_of(l->dev, l->intx), gsi);
    if (!err)
        connect(d, l, true, gsi);
    spin_unlock(&d->arch.vpci_lock);
    return err;
}

int vpci_unbind_intx(struct domain *d, const struct vpci_line *l, unsigned int gsi)
{
    struct vpci *v;
    int err = 0;

    if (!d->arch.vpci)
        return -EOPNOTSUPP;
    spin_lock(&d->arch.vpci_lock);
    v = next_puller(d, NULL, l);
    if (v && v->intx && v->intx_gsi == gsi) {
        connect(d, l, false, 0);
        vioapic_unbind_machine(d, pin_of(l->dev, l->intx));
    } else {
        err = -ENOENT;
    }
    spin_unlock(&d->arch.vpci_lock);
    return err;
}

static struct vpci_line line_at(const struct vpci *v)
{
    return (struct vpci_line){
        .bus = PCI_BUS(v->pdev->sbdf), .dev = (uint8_t)PCI_DEV(v->pdev->sbdf),
        .intx = (uint8_t)line_of(v),
    };
}

void vpci_unbind_gsi(struct domain *d, unsigned int gsi)
{
    struct vpci_domain *vd = d->arch.vpci;
    struct vpci *v;

    if (!vd)
        return;
    spin_lock(&d->arch.vpci_lock);
    list_for_each(v, &vd->devices, link) {
        struct vpci_line l = line_at(v);

        if (!v->intx || v->intx_gsi != gsi)
            continue;
        connect(d, &l, false, 0);
        vioapic_unbind_machine(d, pin_of(l.dev, l.intx));
    }
    spin_unlock(&d->arch.vpci_lock);
}

/* Line (the guest's pin, as firmware would note it) and pin; 0: none. */
static uint32_t line_read(struct vpci *v, const struct vpci_field *f)
{
    (void)f;
    if (!v->intx)
        return 0;
    return pin_of(PCI_DEV(v->pdev->sbdf), line_of(v)) | (line_of(v) + 1) << 8;
}

/* A function that joins others of its line on a list that it is on already. */
int vpci_intx_init(struct vpci *v)
{
    struct vpci_line l = line_at(v);
    const struct vpci *other;

    if (v->d->is_privileged)
        return 0;
    other = next_puller(v->d, NULL, &l);
    if (other && other->intx) {
        v->intx = true;
        v->intx_gsi = other->intx_gsi;
        vpci_update_command(v);
    }
    return vpci_add_field(v, PCI_INTERRUPT_LINE, 2, 0, line_read, NULL);
}

/* v is off the list already; the line stays for other functions that pull it. */
void vpci_intx_release(struct vpci *v)
{
    struct vpci_line l = line_at(v);

    if (!v->intx)
        return;
    v->intx = false;
    vpci_update_command(v);
    if (!next_puller(v->d, NULL, &l))
        vioapic_unbind_machine(v->d, pin_of(l.dev, l.intx));
}
