/* SPDX-License-Identifier: GPL-2.0-only */
/* Sections of boot-time code and data, freed before domain 0 starts. */
#ifndef XEN_INIT_H
#define XEN_INIT_H

#include <xen/compiler.h>

#ifdef XEN_HOST_TEST
#define __init
#define __initdata
#define __initconst
#define __ro_after_init
#else
#define __init          __section(".init.text")
#define __initdata      __section(".init.data")
#define __initconst     __section(".init.rodata")
/* Written during boot only; read-only once boot is over. */
#define __ro_after_init __section(".data.ro_after_init")
#endif

#endif
