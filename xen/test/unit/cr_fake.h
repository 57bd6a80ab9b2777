/* SPDX-License-Identifier: GPL-2.0-only */
/* Control registers for sources that set them at boot: nothing happens on the host. */
#ifndef UNIT_CR_FAKE_H
#define UNIT_CR_FAKE_H

#include <xen/types.h>

static inline uint64_t read_cr0(void)
{
    return 0;
}

static inline uint64_t read_cr4(void)
{
    return 0;
}

static inline void write_cr0(uint64_t val)
{
    (void)val;
}

static inline void write_cr4(uint64_t val)
{
    (void)val;
}

#endif
