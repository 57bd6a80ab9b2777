/* SPDX-License-Identifier: GPL-2.0-only */
/* Making tables by hand. */
#ifndef ACPI_BYTES_H
#define ACPI_BYTES_H

#include <stdint.h>

static inline void put(uint8_t *p, uint64_t v, unsigned int size)
{
    for (unsigned int i = 0; i < size; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static inline void seal(uint8_t *t, uint32_t len)
{
    uint8_t sum = 0;

    put(t + 4, len, 4);
    t[9] = 0;
    for (uint32_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + t[i]);
    t[9] = (uint8_t)-sum;
}

#endif
