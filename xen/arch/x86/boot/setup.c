/* SPDX-License-Identifier: GPL-2.0-only */
/* Boot, as an ordered table of named steps. A step that fails stops the machine. */
#include <xen/console.h>
#include <xen/console_sinks.h>
#include <xen/dom0.h>
#include <xen/domain.h>
#include <xen/init.h>
#include <xen/iommu.h>
#include <xen/irq.h>
#include <xen/keyhandler.h>
#include <xen/lib.h>
#include <xen/param.h>
#include <xen/pci.h>
#include <xen/sched.h>
#include <xen/shutdown.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/timer.h>
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/cpu_init.h>
#include <asm/cpu_policy.h>
#include <asm/hvm.h>
#include <asm/percpu_area.h>
#include <asm/spec_ctrl.h>
#include <asm/time.h>
#include <asm/traps.h>
#include <generated/version.h>

#include "setup.h"

struct step {
    const char *name;
    int (*fn)(void);     /* 0 or -errno */
    void (*vfn)(void);   /* or one that cannot fail, or panics with a better message */
};

extern char boot_stack[];

static void __init traps_boot(void)
{
    traps_init();
    traps_load(0);
}

static void __init banner(void)
{
    printk("Xen version %d.%d%s (%s) %s\n", XEN_VERSION, XEN_SUBVERSION, XEN_EXTRAVERSION,
           XEN_COMPILER, XEN_COMPILE_DATE);
    printk("Changeset: %s\n", XEN_CHANGESET);
    printk("Bootloader: %s\n", boot_info.loader[0] ? boot_info.loader : "unnamed");
}

/* Deferred work and timers of this CPU; nothing runs before interrupts are on. */
static void __init softirqs_boot(void)
{
    tasklet_subsys_init();
    timer_subsys_init();
    softirq_cpu_init(0);
    tasklet_cpu_init(0);
    timer_cpu_init(0);
    irq_cpu_init(0);
}

static void __init scheduler_boot(void)
{
    sched_init();
    idle_vcpu[0]->stack = boot_stack;
}

static int __init apic_timer_boot(void)
{
    int rc = apic_timer_init();

    if (!rc)
        apic_timer_cpu_init();
    return rc;
}

/* A machine without SVM can still say what it lacks: dom0_build() refuses there. */
static int __init hvm_boot(void)
{
    int rc = hvm_init();

    return rc == -ENODEV ? 0 : rc;
}

static void __init debug_keys(void)
{
    keyhandler_init();
    domain_keys_init();
}

/* Without one the machine boots; domain 0 says what it lacks. */
static void __init iommu_boot(void)
{
    (void)iommu_init();
}

static const struct step steps[] __initconst = {
    {.name = "exception tables", .vfn = traps_boot},
    {.name = "console", .vfn = console_init_early},
    {.name = "banner", .vfn = banner},
    {.name = "command line", .vfn = cmdline_report},
    {.name = "memory map", .vfn = memory_map_init},
    {.name = "free memory", .vfn = boot_memory_init},
    {.name = "page tables", .vfn = xen_pagetables_init},
    {.name = "frame table and heap", .vfn = frametable_init},
    {.name = "console ring", .vfn = console_ring_init},
    {.name = "W^X check", .vfn = xen_pagetables_check},
    {.name = "softirqs and timers", .vfn = softirqs_boot},
    {.name = "CPU policy", .vfn = cpu_policy_init},
    {.name = "speculation", .vfn = spec_ctrl_init},
    {.name = "boot CPU", .vfn = cpu_init},
    {.name = "ACPI tables", .fn = acpi_boot},
    {.name = "scheduler", .vfn = scheduler_boot},
    {.name = "local APIC", .fn = apic_init},
    {.name = "interprocessor interrupts", .vfn = smp_ipi_init},
    {.name = "I/O APICs", .fn = irq_init},
    {.name = "time", .fn = time_init},
    {.name = "APIC timer", .fn = apic_timer_boot},
    {.name = "interrupts", .vfn = irq_enable},
    {.name = "power and reset", .vfn = machine_power_init},
    {.name = "debug keys", .vfn = debug_keys},
    {.name = "PCI", .fn = pci_init},
    {.name = "IOMMU", .vfn = iommu_boot}, /* before any I/O APIC entry is in use */
    {.name = "serial input", .vfn = console_init_late},
    {.name = "hardware virtualization", .fn = hvm_boot},
    {.name = "other processors", .vfn = smp_boot_all},
    {.name = "clock synchronisation", .vfn = time_start_sync},
    {.name = "domain 0", .fn = dom0_build},
    {.name = "boot modules", .vfn = boot_modules_release},
};

static void __init run_steps(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
        int rc = 0;

        if (steps[i].fn)
            rc = steps[i].fn();
        else
            steps[i].vfn();
        if (rc)
            panic("Boot step \"%s\" failed: error %d", steps[i].name, rc);
    }
}

/* Not __init: that is gone when boot is over. */
void start_xen(uint32_t magic, uint32_t info)
{
    percpu_init_boot();
    stop_other_cpus = smp_stop_others;
    multiboot_parse(magic, info);
    cmdline_parse(boot_info.cmdline);
    run_steps();
    xen_pagetables_seal();
    console_leave_screen();
    domain_unpause(dom0);
    idle_loop(NULL);
}
