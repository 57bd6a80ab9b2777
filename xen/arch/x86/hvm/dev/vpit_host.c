/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain 0 times its clocks against the machine's counter 2, which the hypervisor needs
 * at boot only: port 42h is not intercepted, so that reading it costs no exit and a
 * calibration loop sees the counter as steady as it is. Commands for other counters,
 * and the bits of port 61h that switch NMI sources, do not reach the machine.
 */
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/spinlock.h>
#include <asm/cpu.h>
#include <asm/hvm.h>
#include <asm/vpit.h>
#include "dev.h"

#define PORT_COUNTER0 0x40
#define PORT_COUNTER1 0x41
#define PORT_CONTROL  0x43
#define PORT_SPEAKER  0x61

#define SELECT(cmd)     ((cmd) >> 6)
#define READ_BACK       3
#define READ_BACK_CH2   0x08
#define READ_BACK_OTHER 0x06

#define SPEAKER_WRITABLE 0x03   /* gate and output of counter 2 */
#define SPEAKER_KEPT     0x0c   /* NMI by SERR#, IOCHK#: the hypervisor's */

static DEFINE_SPINLOCK(pit_port_lock, LOCK_PLATFORM);

static int control_write(struct vcpu *v, uint64_t port, unsigned int size, uint64_t val,
                         void *data)
{
    uint8_t cmd = (uint8_t)val;

    if (size != 1)
        return IO_UNHANDLED;
    if (SELECT(cmd) == READ_BACK) {
        if (cmd & READ_BACK_CH2)
            outb(cmd & (uint8_t)~READ_BACK_OTHER, PORT_CONTROL);
        return vpit_write(v, port, 1, cmd & ~(unsigned int)READ_BACK_CH2, data);
    }
    if (SELECT(cmd) != 2)
        return vpit_write(v, port, size, val, data);
    outb(cmd, PORT_CONTROL);
    return IO_OK;
}

static int control_read(struct vcpu *v, uint64_t port, unsigned int size, uint64_t *val,
                        void *data)
{
    (void)v;
    (void)port;
    (void)size;
    (void)val;
    (void)data;
    return IO_UNHANDLED;
}

static int speaker_read(struct vcpu *v, uint64_t port, unsigned int size, uint64_t *val,
                        void *data)
{
    (void)v;
    (void)data;
    if (size != 1)
        return IO_UNHANDLED;
    *val = inb((uint16_t)port);
    return IO_OK;
}

static int speaker_write(struct vcpu *v, uint64_t port, unsigned int size, uint64_t val,
                         void *data)
{
    uint64_t flags;
    uint8_t kept;

    (void)v;
    (void)data;
    if (size != 1)
        return IO_UNHANDLED;
    flags = spin_lock_irqsave(&pit_port_lock);
    kept = inb((uint16_t)port) & SPEAKER_KEPT;
    outb((uint8_t)(kept | (val & SPEAKER_WRITABLE)), (uint16_t)port);
    spin_unlock_irqrestore(&pit_port_lock, flags);
    return IO_OK;
}

int vpit_host_init(struct domain *d, struct vpit *pit)
{
    int rc = hvm_register_io(d, false, PORT_COUNTER0, PORT_COUNTER1, vpit_read,
                             vpit_write, pit);

    if (rc == 0)
        rc = hvm_register_io(d, false, PORT_CONTROL, PORT_CONTROL, control_read,
                             control_write, pit);
    if (rc == 0)
        rc = hvm_register_io(d, false, PORT_SPEAKER, PORT_SPEAKER, speaker_read,
                             speaker_write, NULL);
    return rc;
}
