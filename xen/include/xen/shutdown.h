/* SPDX-License-Identifier: GPL-2.0-only */
/* How the machine stops. None of these returns. */
#ifndef XEN_SHUTDOWN_H
#define XEN_SHUTDOWN_H

#include <xen/compiler.h>
#include <xen/types.h>

noreturn void machine_halt(void);
/*
 * After delay_ms; at once to a halt when the noreboot option was given and crashed is
 * set.
 */
noreturn void machine_restart(unsigned int delay_ms, bool crashed);

/* ACPI soft off; a halt where that is not to be had. */
noreturn void machine_power_off(void);
/* Boot, ACPI tables parsed: learn how the firmware wants to be reset. */
void machine_power_init(void);

/*
 * Set by those who know how, as soon as they do; NULL until then. Any context, interrupts
 * off, locks in any state.
 */
extern void (*stop_other_cpus)(void);
extern void (*firmware_reset)(void); /* the FADT's reset register; may return */

#endif
