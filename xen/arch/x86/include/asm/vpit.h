/* SPDX-License-Identifier: GPL-2.0-only */
/* Emulated 8254 interval timer and the speaker port, counters only. */
#ifndef ASM_VPIT_H
#define ASM_VPIT_H

#include <xen/spinlock.h>
#include <xen/types.h>

struct domain;
struct vcpu;

#define PIT_HZ 1193182u

struct vpit_channel {
    s_time_t start;         /* when count was loaded, gate up */
    s_time_t held;          /* gate down since; 0: counting */
    uint32_t count;         /* 1 .. 65536 */
    uint16_t latch;
    uint8_t mode;           /* 0 .. 5 */
    uint8_t access;         /* 1 low, 2 high, 3 both bytes */
    uint8_t status;
    uint8_t low;            /* first byte of a two-byte write */
    bool bcd, gate, loaded;
    bool write_high, read_high;     /* the second byte of two is next */
    bool latched, status_latched;
};

struct vpit {
    spinlock_t lock;        /* LOCK_VDEV: everything here */
    struct vpit_channel ch[3];
    uint8_t speaker;        /* low two bits of port 61h */
};

int vpit_init(struct domain *d);        /* -ENOMEM */
void vpit_destroy(struct domain *d);

/* What a channel shows at system time now; for the save record and tests. */
uint16_t vpit_counter(const struct vpit_channel *ch, s_time_t now);
bool vpit_output(const struct vpit_channel *ch, s_time_t now);

#endif
