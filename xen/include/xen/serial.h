/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Serial ports. Output is polled until serial_start_irq(), then buffered and sent by
 * interrupts, until a panic makes it polled again: it works in every context.
 * Callers of serial_putc() serialise with interrupts off (the console lock); receive
 * handlers run in interrupt context.
 */
#ifndef XEN_SERIAL_H
#define XEN_SERIAL_H

#include <xen/types.h>

#define SERIAL_PORTS 2

/* Program the ports that com1= and com2= describe. After cmdline_parse(). */
void serial_init(void);
bool serial_present(unsigned int port);
/* Waits for room; a port that stays busy for long is given up until it is ready again. */
void serial_putc(unsigned int port, char c);
/* Next received byte, or -1. */
int serial_getc(unsigned int port);
/*
 * Let received bytes raise an interrupt that calls fn, and buffer output unless that is
 * to stay synchronous. -ENODEV, or irq_request()'s errors.
 */
int serial_start_irq(unsigned int port, void (*fn)(unsigned int port), bool buffered);
/* Send what is buffered, polled; for_good: and buffer no more. Any context. */
void serial_flush(bool for_good);
/* I/O port range of a port in use, which domains must not touch; false when unused. */
bool serial_io_range(unsigned int port, uint16_t *first, uint16_t *last);

#endif
