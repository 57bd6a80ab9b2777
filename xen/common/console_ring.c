/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console ring behind `xl dmesg`. Positions count bytes ever written and wrap at
 * 2^32; the ring holds [produced - size, produced) as far as written. Sizes are powers
 * of two, so that a position has its place also where it wraps.
 */
#include <xen/alloc.h>
#include <xen/bitops.h>
#include <xen/console.h>
#include <xen/console_sinks.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/param.h>

#define FIRST_SIZE (1U << 17)

static uint64_t opt_conring_size __initdata;
size_param("conring_size", opt_conring_size);

static char first_ring[FIRST_SIZE];

/* All [console lock], which readers do without: a torn line is better than a stop. */
static char *ring = first_ring;        /* changes once, at boot */
static uint32_t ring_size = FIRST_SIZE; /* likewise */
static uint32_t produced; /* position behind the last byte */
static uint32_t oldest;   /* position of the first byte not cleared or overwritten */

void console_ring_write(const char *s, size_t len)
{
    uint32_t end = produced;

    for (size_t i = 0; i < len; i++)
        ring[end++ % ring_size] = s[i];
    smp_wmb();
    if (end - oldest > ring_size)
        write_once(oldest, end - ring_size);
    write_once(produced, end);
}

const char *console_ring_early(size_t *len)
{
    *len = produced;
    return ring;
}

uint32_t console_ring_size(void)
{
    return ring_size;
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
        buf[i] = ring[(from + i) % ring_size];
    *index = from + n;
    if (clear)
        write_once(oldest, from + n);
    return n;
}

void __init console_ring_resize(uint64_t bytes)
{
    unsigned int order = MIN(order_from_bytes(bytes), (unsigned int)MAX_ORDER);
    char *larger = NULL;

    /* As much of it as there is in one piece. */
    for (; !larger && PAGE_SIZE << order > ring_size; order--)
        larger = charge_alloc_pages(NULL, CHARGE_MISC, order);
    if (larger) {
        uint32_t size = (uint32_t)(PAGE_SIZE << (order + 1));

        for (uint32_t at = oldest; at != produced; at++)
            larger[at % size] = ring[at % ring_size];
        ring = larger;
        ring_size = size;
    }
    if (ring_size < bytes)
        printk(XENLOG_WARNING "conring_size: no memory for %lu KiB\n",
               (unsigned long)(bytes >> 10));
    printk(XENLOG_DEBUG "Console ring: %u KiB\n", ring_size >> 10);
}

void __init console_ring_init(void)
{
    console_ring_resize(opt_conring_size);
}
