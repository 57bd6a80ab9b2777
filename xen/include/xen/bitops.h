/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bits in memory. The atomic forms are sequentially consistent and may be used on
 * memory shared with a guest; the double-underscore forms are plain.
 * Bit n of an array of T is bit n % bits(T) of element n / bits(T), little endian,
 * so every element size addresses the same bit.
 */
#ifndef XEN_BITOPS_H
#define XEN_BITOPS_H

#include <xen/compiler.h>
#include <xen/types.h>

#define BITS_PER_LONG 64
#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, BITS_PER_LONG)
#define DECLARE_BITMAP(name, n) unsigned long name[BITS_TO_LONGS(n)]

static inline bool test_bit(unsigned long n, const volatile void *map)
{
    const volatile uint32_t *w = (const volatile uint32_t *)map + n / 32;

    return (*w >> (n % 32)) & 1;
}

static inline bool test_and_set_bit(unsigned long n, volatile void *map)
{
    volatile uint32_t *w = (volatile uint32_t *)map + n / 32;
    uint32_t m = 1U << (n % 32);

    return __atomic_fetch_or(w, m, __ATOMIC_SEQ_CST) & m;
}

static inline bool test_and_clear_bit(unsigned long n, volatile void *map)
{
    volatile uint32_t *w = (volatile uint32_t *)map + n / 32;
    uint32_t m = 1U << (n % 32);

    return __atomic_fetch_and(w, ~m, __ATOMIC_SEQ_CST) & m;
}

static inline void set_bit(unsigned long n, volatile void *map)
{
    (void)test_and_set_bit(n, map);
}

static inline void clear_bit(unsigned long n, volatile void *map)
{
    (void)test_and_clear_bit(n, map);
}

static inline void __set_bit(unsigned long n, void *map)
{
    ((uint32_t *)map)[n / 32] |= 1U << (n % 32);
}

static inline void __clear_bit(unsigned long n, void *map)
{
    ((uint32_t *)map)[n / 32] &= ~(1U << (n % 32));
}

/* Index of the lowest / highest set bit; x must not be 0. */
static inline unsigned int ffs_long(unsigned long x)
{
    return (unsigned int)__builtin_ctzl(x);
}

static inline unsigned int fls_long(unsigned long x)
{
    return 63U - (unsigned int)__builtin_clzl(x);
}

/* Smallest order with (1 << order) pages >= size bytes (size > 0). */
static inline unsigned int order_from_bytes(size_t size)
{
    size_t pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;

    return pages <= 1 ? 0 : fls_long(pages - 1) + 1;
}

/* First set (clear) bit at or behind from, or nbits when there is none. */
static inline unsigned int find_next_bit(const unsigned long *map,
                                         unsigned int nbits, unsigned int from)
{
    while (from < nbits) {
        unsigned long w = map[from / 64] >> (from % 64);

        if (w) {
            from += ffs_long(w);
            return from < nbits ? from : nbits;
        }
        from = (from / 64 + 1) * 64;
    }
    return nbits;
}

static inline unsigned int find_next_zero_bit(const unsigned long *map,
                                              unsigned int nbits,
                                              unsigned int from)
{
    while (from < nbits) {
        unsigned long w = ~map[from / 64] >> (from % 64);

        if (w) {
            from += ffs_long(w);
            return from < nbits ? from : nbits;
        }
        from = (from / 64 + 1) * 64;
    }
    return nbits;
}

#define find_first_bit(map, nbits)      find_next_bit(map, nbits, 0)
#define find_first_zero_bit(map, nbits) find_next_zero_bit(map, nbits, 0)

static inline unsigned int hweight_long(unsigned long x)
{
    return (unsigned int)__builtin_popcountl(x);
}

#endif
