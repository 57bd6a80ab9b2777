/* SPDX-License-Identifier: GPL-2.0-only */
/* Bitmaps between the control interfaces' byte arrays and our words. */
#include "private.h"

/* Bytes of so many bits. The sum of DIV_ROUND_UP would wrap for the guest's largest. */
static unsigned int bytes_for(unsigned int bits)
{
    return bits / 8 + (bits % 8 != 0);
}

int bitmap_to_guest(const struct xenctl_bitmap *to, const void *map, unsigned int nbits)
{
    uint64_t at = guest_handle_addr(to->bitmap);
    unsigned int room = bytes_for(to->nr_bits);
    unsigned int have = bytes_for(nbits);
    unsigned int n = MIN(room, have);
    uint8_t last;

    if (to->nr_bits == 0)
        return 0;
    if (!guest_range_okay(at, room, 1))
        return -EFAULT;
    if (n > 1 && copy_to_guest_va(at, map, n - 1))
        return -EFAULT;
    /* The last byte may hold bits beyond what the guest asked for. */
    last = ((const uint8_t *)map)[n - 1];
    if (n == room && to->nr_bits % 8)
        last &= (uint8_t)((1U << to->nr_bits % 8) - 1);
    if (copy_to_guest_va(at + n - 1, &last, 1))
        return -EFAULT;
    return room > n ? clear_guest_va(at + n, room - n) : 0;
}

int bitmap_from_guest(void *map, const struct xenctl_bitmap *from, unsigned int nbits)
{
    unsigned int bits = MIN(from->nr_bits, nbits);
    unsigned int n = DIV_ROUND_UP(bits, 8U);

    memset(map, 0, DIV_ROUND_UP(nbits, 8U));
    if (n && copy_from_guest_va(map, guest_handle_addr(from->bitmap), n))
        return -EFAULT;
    if (bits % 8)
        ((uint8_t *)map)[n - 1] &= (uint8_t)((1U << bits % 8) - 1);
    return 0;
}
