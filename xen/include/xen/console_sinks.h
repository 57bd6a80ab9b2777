/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the parts of the console; others use <xen/console.h>. */
#ifndef XEN_CONSOLE_SINKS_H
#define XEN_CONSOLE_SINKS_H

#include <xen/types.h>

/* Append to the ring, overwriting the oldest. Caller holds the console lock. */
void console_ring_write(const char *s, size_t len);
/* Everything written so far, as long as nothing was overwritten; for early start-up. */
const char *console_ring_early(size_t *len);

/*
 * Boot, once, when there is a heap and before interrupts and other CPUs: the size that
 * conring_size= asks for, rounded up to a power of two; less if there is no memory for
 * it, but never less than before. What the ring holds stays.
 */
void console_ring_init(void);
void console_ring_resize(uint64_t bytes);

/*
 * Text to all consoles and the ring; prefix (may be NULL) before each line. Any context.
 */
void console_write_raw(const char *prefix, const char *buf, size_t len);

/* Serial ports in use as a console, bit n for com(n+1): where input comes from. */
unsigned int console_input_ports(void);

/* sync_console was given: nothing is to wait in a buffer. */
bool console_is_sync(void);

/* Text-mode screen: false when there is none. Writers hold the console lock. */
bool vga_init(void);
void vga_write(const char *s, size_t len);

#endif
