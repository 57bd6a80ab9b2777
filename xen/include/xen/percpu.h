/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-CPU variables. The linker gathers them in .data.percpu, the template; each CPU
 * has a copy at percpu_offset[cpu] bytes from it, allocated when the CPU comes up.
 * The current CPU's offset comes from asm/current.h.
 *
 * Code that can move to another CPU (it holds no lock and interrupts are on) must not
 * keep a this_cpu() pointer across a point where it may be scheduled out; the only
 * such points are context_switch() callers.
 */
#ifndef XEN_PERCPU_H
#define XEN_PERCPU_H

#include <xen/compiler.h>
#include <xen/types.h>
#include <xen/config.h>
#include <asm/current.h>

#ifdef XEN_HOST_TEST
#define DEFINE_PER_CPU(type, name) __typeof__(type) percpu_##name[NR_CPUS]
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) percpu_##name[NR_CPUS]
#define per_cpu(name, cpu) (percpu_##name[cpu])
#define this_cpu(name) per_cpu(name, smp_processor_id())
#else
#define DEFINE_PER_CPU(type, name) \
    __section(".data.percpu") __typeof__(type) percpu_##name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) percpu_##name
extern unsigned long percpu_offset[NR_CPUS];
#define percpu_at_(name, off) \
    (*(__typeof__(&percpu_##name))((char *)&percpu_##name + (off)))
#define per_cpu(name, cpu) percpu_at_(name, percpu_offset[cpu])
#define this_cpu(name) percpu_at_(name, this_cpu_offset())
#endif

#endif
