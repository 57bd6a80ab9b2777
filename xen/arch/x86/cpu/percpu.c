/* SPDX-License-Identifier: GPL-2.0-only */
#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/init.h>
#include <xen/percpu.h>
#include <xen/string.h>
#include <asm/cpu.h>
#include <asm/msr.h>
#include <asm/percpu_area.h>

extern char __per_cpu_start[], __per_cpu_end[], boot_percpu_area[];

/* The linker script puts it at the start of the template. */
static struct cpu_info cpu_info_template __used __section(".data.percpu.first");

unsigned long percpu_offset[NR_CPUS] __ro_after_init;

static void fill(unsigned int cpu, char *area)
{
    struct cpu_info *info = (struct cpu_info *)area;

    memcpy(area, __per_cpu_start, (size_t)(__per_cpu_end - __per_cpu_start));
    percpu_offset[cpu] = (unsigned long)(area - __per_cpu_start);
    info->percpu_offset = percpu_offset[cpu];
    info->cpu = cpu;
}

unsigned long percpu_gs_base(unsigned int cpu)
{
    return (unsigned long)__per_cpu_start + percpu_offset[cpu];
}

void percpu_load(unsigned int cpu)
{
    wrmsr(MSR_GS_BASE, percpu_gs_base(cpu));
}

void percpu_init_boot(void)
{
    fill(0, boot_percpu_area);
    percpu_load(0);
}

int percpu_alloc(unsigned int cpu)
{
    size_t size = (size_t)(__per_cpu_end - __per_cpu_start);
    char *area;

    if (percpu_offset[cpu])
        return 0;
    area = charge_alloc(NULL, CHARGE_MISC, size < PAGE_SIZE ? PAGE_SIZE : size);
    if (!area)
        return -ENOMEM;
    fill(cpu, area);
    return 0;
}
