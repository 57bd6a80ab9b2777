/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's interrupt lines at a guest's pins. Domain 0's pins are the GSIs, others
 * have them where the toolstack says. No hypercall tells which GSIs domain 0 uses:
 * unmasking an entry does. The machine's GSI then belongs to the domain until it goes; a
 * masked entry merely drops what comes, as the hardware would.
 */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <asm/hvm.h>
#include "vioapic_host.h"

/* A number that is no pin when there is none. */
static unsigned int pin_of(const struct vioapic *vio, unsigned int gsi)
{
    unsigned int pin;

    if (vio->host_gsis)
        return gsi;
    for (pin = 0; pin < vio->gsis; pin++)
        if (test_bit(pin, vio->bound) && vio->machine[pin] == gsi)
            break;
    return pin;
}

/* Interrupt context. An edge has no end that could be seen: it is a pulse. */
static void host_gsi(unsigned int irq, void *data)
{
    struct vioapic *vio = data;
    unsigned int gsi = pin_of(vio, irq);

    vioapic_assert(vio->domain, gsi, VIOAPIC_LINE_HOST);
    if (gsi < vio->gsis && !test_bit(gsi, vio->level))
        vioapic_deassert(vio->domain, gsi, VIOAPIC_LINE_HOST);
}

static void unbind(struct vioapic *vio, unsigned int gsi)
{
    if (!test_and_clear_bit(gsi, vio->bound))
        return;
    irq_unbind_guest(vio->machine[gsi], vio->domain);
    vioapic_deassert(vio->domain, gsi, VIOAPIC_LINE_HOST);
}

/* Once for each GSI: the guest may unmask as often as it likes. */
static void complain(struct vioapic *vio, unsigned int gsi, int rc)
{
    if (!test_and_set_bit(gsi, vio->refused))
        printk(XENLOG_WARNING "%pd: cannot have GSI %u: error %d\n", vio->domain, gsi,
               rc);
}

void vioapic_host_update(struct vioapic *vio, unsigned int gsi, uint64_t e)
{
    bool level = e & RTE_LEVEL;
    int rc;

    if (e & RTE_MASKED)
        return;
    if (test_bit(gsi, vio->bound)) {
        if (level == test_bit(gsi, vio->level))
            return;
        unbind(vio, gsi);
    }
    if (test_and_set_bit(gsi, vio->bound))
        return;     /* another vCPU is at it */
    vio->machine[gsi] = (uint16_t)gsi;
    if (level)
        set_bit(gsi, vio->level);
    else
        clear_bit(gsi, vio->level);
    rc = irq_set_gsi_trigger(gsi, level, e & RTE_LOW_ACTIVE);
    if (rc == 0)
        rc = irq_bind_guest(gsi, vio->domain, host_gsi, vio);
    if (rc != 0) {
        clear_bit(gsi, vio->bound);
        complain(vio, gsi, rc);
    }
}

void vioapic_host_eoi(struct vioapic *vio, const unsigned long *gsis)
{
    unsigned int gsi;

    for (gsi = find_first_bit(gsis, vio->gsis); gsi < vio->gsis;
         gsi = find_next_bit(gsis, vio->gsis, gsi + 1))
        if (test_bit(gsi, vio->bound))
            irq_eoi_guest(vio->machine[gsi], vio->domain);
}

void vioapic_host_release(struct vioapic *vio)
{
    unsigned int gsi;

    for (gsi = 0; gsi < vio->gsis; gsi++)
        unbind(vio, gsi);
}

int vioapic_bind_machine(struct domain *d, unsigned int pin, unsigned int gsi)
{
    struct vioapic *vio = d->arch.hvm.vioapic;
    int rc;

    if (!vio)
        return -EOPNOTSUPP;
    if (vio->host_gsis || pin >= vio->gsis || gsi >= nr_gsis || !irq_gsi_is_level(gsi))
        return -EINVAL;
    if (test_bit(pin, vio->bound))
        return -EEXIST;
    vio->machine[pin] = (uint16_t)gsi;
    set_bit(pin, vio->level);
    set_bit(pin, vio->bound);
    rc = irq_bind_guest(gsi, d, host_gsi, vio);
    if (rc)
        clear_bit(pin, vio->bound);
    return rc;
}

void vioapic_unbind_machine(struct domain *d, unsigned int pin)
{
    struct vioapic *vio = d->arch.hvm.vioapic;

    if (vio && !vio->host_gsis && pin < vio->gsis)
        unbind(vio, pin);
}
