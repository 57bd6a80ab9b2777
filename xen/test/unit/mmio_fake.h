/* SPDX-License-Identifier: GPL-2.0-only */
/* Device registers for sources that use them, on the host: a test defines the two. */
#ifndef MMIO_FAKE_H
#define MMIO_FAKE_H

#include <stdint.h>

uint64_t fake_mmio_in(const volatile void *p, unsigned int size);
void fake_mmio_out(volatile void *p, uint64_t val, unsigned int size);

static inline uint8_t mmio_read8(const volatile void *p)
{
    return (uint8_t)fake_mmio_in(p, 1);
}
static inline uint32_t mmio_read32(const volatile void *p)
{
    return (uint32_t)fake_mmio_in(p, 4);
}
static inline uint64_t mmio_read64(const volatile void *p)
{
    return fake_mmio_in(p, 8);
}
static inline void mmio_write8(volatile void *p, uint8_t v)
{
    fake_mmio_out(p, v, 1);
}
static inline void mmio_write32(volatile void *p, uint32_t v)
{
    fake_mmio_out(p, v, 4);
}
static inline void mmio_write64(volatile void *p, uint64_t v)
{
    fake_mmio_out(p, v, 8);
}
static inline void clflush(const volatile void *p)
{
    (void)p;
}

#endif
