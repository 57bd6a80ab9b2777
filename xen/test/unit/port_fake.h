/* SPDX-License-Identifier: GPL-2.0-only */
/* Port instructions for sources that use them, on the host: a test defines the two. */
#ifndef PORT_FAKE_H
#define PORT_FAKE_H

#include <stdint.h>

uint32_t fake_port_in(uint16_t port, unsigned int size);
void fake_port_out(uint32_t val, uint16_t port, unsigned int size);

static inline uint8_t inb(uint16_t port)
{
    return (uint8_t)fake_port_in(port, 1);
}
static inline uint16_t inw(uint16_t port)
{
    return (uint16_t)fake_port_in(port, 2);
}
static inline uint32_t inl(uint16_t port)
{
    return fake_port_in(port, 4);
}
static inline void outb(uint8_t val, uint16_t port)
{
    fake_port_out(val, port, 1);
}
static inline void outw(uint16_t val, uint16_t port)
{
    fake_port_out(val, port, 2);
}
static inline void outl(uint32_t val, uint16_t port)
{
    fake_port_out(val, port, 4);
}

#endif
