/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ports that need more than all-ones: the PCI configuration pair for everyone, and for
 * domain 0 those it may not reach in hardware or only under a lock.
 */
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/spinlock.h>
#include <xen/vpci.h>
#include <asm/cpu.h>
#include <asm/hvm.h>
#include "dev.h"

/* --- CF8, CFC: PCI Local Bus 3.0, 3.2.2.3.2 ---------------------------------------- */

#define CF8_ENABLE 0x80000000u
#define PORT_CF8   0xcf8
#define PORT_CFC   0xcfc

/*
 * AMD's extended form puts register bits 8-11 into bits 24-27 (BKDG, IOCF8). Only what
 * has a vPCI answers; the latch exists in any case, as on a machine with empty slots.
 */
static bool config_target(struct vcpu *v, uint64_t port, sbdf_t *s, unsigned int *reg)
{
    uint32_t cf8 = read_once(v->domain->arch.hvm.pci_cf8);

    if (!(cf8 & CF8_ENABLE) || !v->domain->arch.vpci)
        return false;
    *s = PCI_SBDF(0, cf8 >> 16 & 0xff, cf8 >> 11 & 31, cf8 >> 8 & 7);
    *reg = (cf8 & 0xfc) | (cf8 >> 16 & 0xf00) | (port & 3);
    return true;
}

static int config_read(struct vcpu *v, uint64_t port, unsigned int size, uint64_t *val,
                       void *data)
{
    unsigned int reg;
    sbdf_t s;

    (void)data;
    if (port == PORT_CF8 && size == 4) {
        *val = read_once(v->domain->arch.hvm.pci_cf8);
        return IO_OK;
    }
    /* Only whole accesses inside the window; CF9 is the reset register, not ours. */
    if (port < PORT_CFC || !config_target(v, port, &s, &reg))
        return IO_UNHANDLED;
    *val = vpci_read(v->domain, s, reg, size);
    return IO_OK;
}

static int config_write(struct vcpu *v, uint64_t port, unsigned int size, uint64_t val,
                        void *data)
{
    unsigned int reg;
    sbdf_t s;

    (void)data;
    if (port == PORT_CF8 && size == 4) {
        write_once(v->domain->arch.hvm.pci_cf8, (uint32_t)val);
        return IO_OK;
    }
    if (port < PORT_CFC || !config_target(v, port, &s, &reg))
        return IO_UNHANDLED;
    return vpci_write(v->domain, s, reg, size, (uint32_t)val) ? IO_OK : IO_RETRY;
}

/* --- domain 0 ---------------------------------------------------------------------- */

/* The interrupt controllers of the PC/AT belong to the hypervisor: nobody answers. */
static int absent_read(struct vcpu *v, uint64_t port, unsigned int size, uint64_t *val,
                       void *data)
{
    (void)v;
    (void)port;
    (void)size;
    (void)val;
    (void)data;
    return IO_UNHANDLED;
}

static int absent_write(struct vcpu *v, uint64_t port, unsigned int size, uint64_t val,
                        void *data)
{
    (void)v;
    (void)port;
    (void)size;
    (void)val;
    (void)data;
    return IO_UNHANDLED;
}

/*
 * The clock chip: index and data are two accesses, so the index is kept here and both
 * are made under one lock.
 */
#define PORT_RTC_INDEX 0x70
#define PORT_RTC_DATA  0x71

static DEFINE_SPINLOCK(cmos_lock, LOCK_PLATFORM);
/* domain 0's; two vCPUs racing is domain 0's own affair */
static uint8_t rtc_index;

static int rtc_read(struct vcpu *v, uint64_t port, unsigned int size, uint64_t *val,
                    void *data)
{
    uint64_t flags;

    (void)v;
    (void)data;
    if (port != PORT_RTC_DATA || size != 1)
        return IO_UNHANDLED;
    flags = spin_lock_irqsave(&cmos_lock);
    outb(read_once(rtc_index), PORT_RTC_INDEX);
    *val = inb(PORT_RTC_DATA);
    spin_unlock_irqrestore(&cmos_lock, flags);
    return IO_OK;
}

static int rtc_write(struct vcpu *v, uint64_t port, unsigned int size, uint64_t val,
                     void *data)
{
    uint64_t flags;

    (void)v;
    (void)data;
    if (size != 1)
        return IO_UNHANDLED;
    if (port == PORT_RTC_INDEX) {
        /* Bit 7 of the index gates NMI on old machines: not domain 0's to switch. */
        write_once(rtc_index, (uint8_t)(val & 0x7f));
        return IO_OK;
    }
    flags = spin_lock_irqsave(&cmos_lock);
    outb(read_once(rtc_index), PORT_RTC_INDEX);
    outb((uint8_t)val, PORT_RTC_DATA);
    spin_unlock_irqrestore(&cmos_lock, flags);
    return IO_OK;
}

int ports_init(struct domain *d)
{
    static const uint16_t absent[][2] = {
        { 0x20, 0x21 }, { 0xa0, 0xa1 }, { 0x4d0, 0x4d1 },
    };
    unsigned int i;
    int rc = hvm_register_io(d, false, PORT_CF8, PORT_CFC + 3, config_read, config_write,
                             NULL);

    if (!d->is_privileged)
        return rc;
    for (i = 0; i < ARRAY_SIZE(absent) && rc == 0; i++)
        rc = hvm_register_io(d, false, absent[i][0], absent[i][1], absent_read,
                             absent_write, NULL);
    if (rc == 0)
        rc = hvm_register_io(d, false, PORT_RTC_INDEX, PORT_RTC_DATA, rtc_read, rtc_write,
                             NULL);
    return rc;
}
