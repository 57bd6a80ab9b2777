/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 8254 counters (Intel 8254 data sheet) and port 61h. Every domain has them, because a
 * Linux that finds no counter 2 spins 100,000 port reads at boot before it believes it.
 * They count and can be read; no interrupt comes from channel 0, nothing else hangs on
 * the outputs. Domain 0 has the machine's counter 2 instead (vpit_host.c).
 */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/hvm.h>
#include <asm/vpit.h>
#include "dev.h"

#define PORT_COUNTER0 0x40
#define PORT_CONTROL  0x43
#define PORT_SPEAKER  0x61

#define SPEAKER_GATE    0x01
#define SPEAKER_REFRESH 0x10
#define SPEAKER_OUT2    0x20
#define REFRESH_NS      15085   /* the line toggles with every DRAM refresh of a PC/AT */

#define MODE_RATE   2
#define MODE_SQUARE 3

static uint64_t ticks_gone(const struct vpit_channel *ch, s_time_t now)
{
    s_time_t until = ch->held ? ch->held : now;

    return mul_shift((uint64_t)(until - ch->start), ((uint64_t)PIT_HZ << 32) / 1000000000,
                     32);
}

static uint16_t to_bcd(uint32_t n)
{
    return (uint16_t)(n % 10 | n / 10 % 10 << 4 | n / 100 % 10 << 8 |
                      n / 1000 % 10 << 12);
}

static uint32_t from_bcd(uint16_t b)
{
    return (b & 15) + (b >> 4 & 15) * 10 + (b >> 8 & 15) * 100 + (b >> 12) * 1000u;
}

uint16_t vpit_counter(const struct vpit_channel *ch, s_time_t now)
{
    uint32_t span = ch->bcd ? 10000 : 65536, val;
    uint64_t gone;

    if (!ch->loaded)
        return 0;
    gone = ticks_gone(ch, now);
    if (ch->mode == MODE_SQUARE)
        val = ch->count - (uint32_t)(2 * gone % ch->count);
    else if (ch->mode == MODE_RATE)
        val = ch->count - (uint32_t)(gone % ch->count);
    else
        val = (uint32_t)((ch->count + span - gone % span) % span);
    return ch->bcd ? to_bcd(val) : (uint16_t)val;
}

bool vpit_output(const struct vpit_channel *ch, s_time_t now)
{
    uint64_t gone;

    if (!ch->loaded)
        return ch->mode != 0;
    gone = ticks_gone(ch, now);
    switch (ch->mode) {
    case 0: case 1:
        return gone >= ch->count;
    case MODE_RATE:
        return gone % ch->count != ch->count - 1;
    case MODE_SQUARE:
        return gone % ch->count < (ch->count + 1) / 2;
    default:
        return gone != ch->count;       /* strobes: low for one clock */
    }
}

/* --- the counters' ports ----------------------------------------------------------- */

static void load_count(struct vpit_channel *ch, uint16_t val)
{
    uint32_t count = ch->bcd ? from_bcd(val) : val;

    ch->count = count ? count : ch->bcd ? 10000 : 65536;
    ch->start = NOW();
    ch->held = ch->gate ? 0 : ch->start;
    ch->loaded = true;
}

static void counter_write(struct vpit_channel *ch, uint8_t val)
{
    switch (ch->access) {
    case 1:
        load_count(ch, val);
        break;
    case 2:
        load_count(ch, (uint16_t)(val << 8));
        break;
    default:
        if (!ch->write_high)
            ch->low = val;
        else
            load_count(ch, (uint16_t)(val << 8 | ch->low));
        ch->write_high = !ch->write_high;
        break;
    }
}

static uint8_t counter_read(struct vpit_channel *ch)
{
    uint16_t val;
    bool high = ch->access == 2;

    if (ch->status_latched) {
        ch->status_latched = false;
        return ch->status;
    }
    val = ch->latched ? ch->latch : vpit_counter(ch, NOW());
    if (ch->access == 3) {
        high = ch->read_high;
        ch->read_high = !high;
    }
    if (ch->access != 3 || high)
        ch->latched = false;
    return (uint8_t)(high ? val >> 8 : val);
}

static void latch_count(struct vpit_channel *ch)
{
    if (!ch->latched) {
        ch->latch = vpit_counter(ch, NOW());
        ch->latched = true;
    }
}

static void latch_status(struct vpit_channel *ch)
{
    if (ch->status_latched)
        return;
    ch->status = (uint8_t)(vpit_output(ch, NOW()) << 7 | !ch->loaded << 6 |
                           ch->access << 4 | ch->mode << 1 | ch->bcd);
    ch->status_latched = true;
}

static void control_write(struct vpit *pit, uint8_t val)
{
    unsigned int sel = val >> 6, i;
    struct vpit_channel *ch;

    if (sel == 3) {
        for (i = 0; i < 3; i++) {
            if (!(val & (2 << i)))
                continue;
            if (!(val & 0x20))
                latch_count(&pit->ch[i]);
            if (!(val & 0x10))
                latch_status(&pit->ch[i]);
        }
        return;
    }
    ch = &pit->ch[sel];
    if ((val & 0x30) == 0) {
        latch_count(ch);
        return;
    }
    ch->access = val >> 4 & 3;
    ch->mode = val >> 1 & 7;
    if (ch->mode > 5)
        ch->mode &= 3;          /* bit 2 is a don't-care for modes 2 and 3 */
    ch->bcd = val & 1;
    ch->loaded = ch->latched = ch->status_latched = false;
    ch->write_high = ch->read_high = false;
}

int vpit_read(struct vcpu *v, uint64_t port, unsigned int size, uint64_t *val, void *data)
{
    struct vpit *pit = data;

    (void)v;
    if (size != 1 || port == PORT_CONTROL)
        return IO_UNHANDLED;
    spin_lock(&pit->lock);
    *val = counter_read(&pit->ch[port - PORT_COUNTER0]);
    spin_unlock(&pit->lock);
    return IO_OK;
}

int vpit_write(struct vcpu *v, uint64_t port, unsigned int size, uint64_t val, void *data)
{
    struct vpit *pit = data;

    (void)v;
    if (size != 1)
        return IO_UNHANDLED;
    spin_lock(&pit->lock);
    if (port == PORT_CONTROL)
        control_write(pit, (uint8_t)val);
    else
        counter_write(&pit->ch[port - PORT_COUNTER0], (uint8_t)val);
    spin_unlock(&pit->lock);
    return IO_OK;
}

/* --- port 61h: the gate of counter 2 and its output -------------------------------- */

/* A rising gate restarts modes 1, 2, 3 and 5; in 0 and 4 the count goes on. */
static void set_gate(struct vpit_channel *ch, bool up)
{
    s_time_t now = NOW();

    if (up && !ch->gate) {
        if (ch->mode == 0 || ch->mode == 4)
            ch->start += ch->held ? now - ch->held : 0;
        else
            ch->start = now;
        ch->held = 0;
    } else if (!up && ch->gate) {
        ch->held = now;
    }
    ch->gate = up;
}

static int speaker_read(struct vcpu *v, uint64_t port, unsigned int size, uint64_t *val,
                        void *data)
{
    struct vpit *pit = data;
    s_time_t now = NOW();

    (void)v;
    (void)port;
    if (size != 1)
        return IO_UNHANDLED;
    spin_lock(&pit->lock);
    *val = pit->speaker | (now / REFRESH_NS & 1 ? SPEAKER_REFRESH : 0) |
           (vpit_output(&pit->ch[2], now) ? SPEAKER_OUT2 : 0);
    spin_unlock(&pit->lock);
    return IO_OK;
}

static int speaker_write(struct vcpu *v, uint64_t port, unsigned int size, uint64_t val,
                         void *data)
{
    struct vpit *pit = data;

    (void)v;
    (void)port;
    if (size != 1)
        return IO_UNHANDLED;
    spin_lock(&pit->lock);
    pit->speaker = val & 3;
    set_gate(&pit->ch[2], val & SPEAKER_GATE);
    spin_unlock(&pit->lock);
    return IO_OK;
}

/* --- life -------------------------------------------------------------------------- */

int vpit_init(struct domain *d)
{
    struct vpit *pit = charge_alloc(&d->charge, CHARGE_VDEV, sizeof(*pit));
    unsigned int i;
    int rc;

    if (!pit)
        return -ENOMEM;
    spin_lock_init(&pit->lock, LOCK_VDEV, "vpit");
    for (i = 0; i < 3; i++) {
        pit->ch[i].access = 3;
        pit->ch[i].gate = i != 2;
    }
    d->arch.hvm.vpit = pit;
    if (d->is_privileged)
        return vpit_host_init(d, pit);
    rc = hvm_register_io(d, false, PORT_COUNTER0, PORT_CONTROL, vpit_read,
                         vpit_write, pit);
    if (rc == 0)
        rc = hvm_register_io(d, false, PORT_SPEAKER, PORT_SPEAKER, speaker_read,
                             speaker_write, pit);
    return rc;
}

void vpit_destroy(struct domain *d)
{
    charge_free(d->arch.hvm.vpit);
    d->arch.hvm.vpit = NULL;
}
