/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU's edu: a device whose DMA a test can start. */
#ifndef TESTS_EDU_H
#define TESTS_EDU_H

#include "../guest.h"

#define EDU_ID          0x11e81234u
#define EDU_BUFFER      0x40000ul
#define EDU_BYTES       256ul
#define EDU_REG(base, r) (*(volatile uint64_t *)((base) + (r)))

/* bdf: bus << 8 | devfn, on segment 0. */
static inline uint32_t edu_config_read(unsigned int bdf, unsigned int reg)
{
    uint32_t v;

    __asm__ volatile("outl %0, %1" ::"a"(0x80000000u | bdf << 8 | reg),
                     "Nd"((uint16_t)0xcf8));
    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"((uint16_t)0xcfc));
    return v;
}

static inline void edu_config_write(unsigned int bdf, unsigned int reg, uint32_t v)
{
    __asm__ volatile("outl %0, %1" ::"a"(0x80000000u | bdf << 8 | reg),
                     "Nd"((uint16_t)0xcf8));
    __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"((uint16_t)0xcfc));
}

/* 256 when bus 0 has none. */
static inline unsigned int edu_devfn(void)
{
    unsigned int devfn = 0;

    while (devfn < 256 && edu_config_read(devfn, 0) != EDU_ID)
        devfn++;
    return devfn;
}

/* EDU_BYTES from source to target, one of which is EDU_BUFFER, in a tenth of a second. */
static inline void edu_begin(uintptr_t base, uint64_t source, uint64_t target)
{
    EDU_REG(base, 0x80) = source;
    EDU_REG(base, 0x88) = target;
    EDU_REG(base, 0x90) = EDU_BYTES;
    EDU_REG(base, 0x98) = 1 | (source == EDU_BUFFER ? 2 : 0);
}

static inline bool edu_busy(uintptr_t base)
{
    return EDU_REG(base, 0x98) & 1;
}

/* false: it never ended. */
static inline bool edu_end(uintptr_t base)
{
    return SOON(!edu_busy(base));
}

static inline bool edu_dma(uintptr_t base, uint64_t source, uint64_t target)
{
    edu_begin(base, source, target);
    return edu_end(base);
}

#endif
