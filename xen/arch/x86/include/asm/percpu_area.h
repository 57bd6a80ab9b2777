/* SPDX-License-Identifier: GPL-2.0-only */
/* Making the areas behind <xen/percpu.h>. */
#ifndef ASM_PERCPU_AREA_H
#define ASM_PERCPU_AREA_H

#include <xen/types.h>

/* The boot CPU's area, and %gs at it: first thing in C. */
void percpu_init_boot(void);
/* Allocate and fill cpu's area (percpu_offset[cpu]): 0 or -ENOMEM. Kept for ever. */
int percpu_alloc(unsigned int cpu);
/* On the new CPU itself: point %gs at its area. Needs no stack frame above it. */
void percpu_load(unsigned int cpu);
/* Physical or virtual %gs base for assembly that starts a CPU. */
unsigned long percpu_gs_base(unsigned int cpu);

#endif
