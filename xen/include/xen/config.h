/* SPDX-License-Identifier: GPL-2.0-only */
/* Build configuration (Kconfig's CONFIG_* come in by -include) under short names. */
#ifndef XEN_CONFIG_H
#define XEN_CONFIG_H

#ifdef CONFIG_NR_CPUS
#define NR_CPUS CONFIG_NR_CPUS
#else
#define NR_CPUS 64
#endif

/* The ABI we answer with (XENVER_version). */
#define XEN_MAJOR 4
#define XEN_MINOR 17

#define MAX_VIRT_CPUS 128 /* vCPUs of one HVM domain */

#endif
