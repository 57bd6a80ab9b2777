/* SPDX-License-Identifier: GPL-2.0-only */
/* Console output, the console ring and serial input. */
#ifndef XEN_CONSOLE_H
#define XEN_CONSOLE_H

#include <xen/types.h>

struct domain;
struct cpu_user_regs;

void console_init_early(void);  /* after cmdline_parse: com1/com2 usable */
void console_init_late(void);   /* interrupts and the heap exist: serial input */
void console_leave_screen(void); /* domain 0 starts: no more output to VGA */
void console_force_unlock(void); /* a panic must get through */

/*
 * XEN_SYSCTL_readconsole. Copies up to count bytes starting at ring position *index (when
 * incremental) or the oldest byte; updates *index; returns bytes copied. clear drops what
 * was read.
 */
size_t console_ring_read(char *buf, size_t count, uint32_t *index, bool clear,
                         bool incremental);
uint32_t console_ring_size(void);
/* Raw bytes from domain 0 (CONSOLEIO_write): no prefix, all consoles and the ring. */
void console_write_dom0(const char *buf, size_t len);
/* A line of another domain's console, prefixed and rate limited. */
void console_write_guest(struct domain *d, const char *buf, size_t len);
/*
 * Serial input queued for domain 0: bytes copied. VIRQ_CONSOLE says when there are some.
 */
size_t console_read_input(char *buf, size_t len);

/* Dump registers / a back trace of the current stack through printk. */
void show_registers(const struct cpu_user_regs *regs);
void show_backtrace(const struct cpu_user_regs *regs);
void dump_stack(void);

#endif
