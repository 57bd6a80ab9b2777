/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console ring behind `xl dmesg`. Positions count bytes ever written and wrap at
 * 2^32; the ring holds [produced - size, produced) as far as written.
 */
#include <xen/console.h>
#include <xen/console_sinks.h>
#include <xen/lib.h>

#define RING_SIZE (1U << 17)

/* All [console lock], which readers do without: a torn line is better than a stop. */
static char ring[RING_SIZE];
static uint32_t produced; /* position behind the last byte */
static uint32_t oldest;   /* position of the first byte not cleared or overwritten */

void console_ring_write(const char *s, size_t len)
{
    uint32_t end = produced;

    for (size_t i = 0; i < len; i++)
        ring[end++ % RING_SIZE] = s[i];
    smp_wmb();
    if (end - oldest > RING_SIZE)
        write_once(oldest, end - RING_SIZE);
    write_once(produced, end);
}

const char *console_ring_early(size_t *len)
{
    *len = produced;
    return ring;
}

uint32_t console_ring_size(void)
{
    return RING_SIZE;
}

size_t console_ring_read(char *buf, size_t count, uint32_t *index, bool clear,
                         bool incremental)
{
    uint32_t end = read_once(produced), from = read_once(oldest), n;

    /* A position the ring has lost, or never had, starts again at the oldest byte. */
    if (incremental && end - *index <= end - from)
        from = *index;
    n = end - from;
    if (n > count)
        n = (uint32_t)count;
    for (uint32_t i = 0; i < n; i++)
        buf[i] = ring[(from + i) % RING_SIZE];
    *index = from + n;
    if (clear)
        write_once(oldest, from + n);
    return n;
}
