/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starting the other processors (SDM vol. 3, 8.4.4; APM vol. 2, 16.5). One at a time: the
 * words that a starting CPU reads exist once. A CPU that misses its deadline is told to
 * stay away, and what was prepared for it is kept, because it might still use it.
 */
#include <xen/acpi.h>
#include <xen/alloc.h>
#include <xen/cpumask.h>
#include <xen/errno.h>
#include <xen/init.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/param.h>
#include <xen/percpu.h>
#include <xen/domain.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/timer.h>
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/cpu_init.h>
#include <asm/hvm.h>
#include <asm/mmu.h>
#include <asm/msr.h>
#include <asm/percpu_area.h>
#include <asm/stack.h>
#include <asm/time.h>
#include <asm/traps.h>

#define START_DEADLINE SECONDS(5)   /* I8; an emulator on a busy host is slow */
#define NO_APIC_ID 0xffffffffU

/* The boot CPU is there from the first instruction, and flushes rely on it. */
cpumask_t cpu_present_map = {.bits = {1}}, cpu_online_map = {.bits = {1}};

static unsigned int opt_maxcpus __initdata = NR_CPUS;
uint_param("maxcpus", opt_maxcpus);

static bool opt_nosmp __initdata;
bool_param("nosmp", opt_nosmp);

static uint32_t apic_ids[NR_CPUS] __ro_after_init;
static uint32_t acpi_ids[NR_CPUS] __ro_after_init;
static unsigned int nr_cpus_known __ro_after_init;

/* The CPU being started; states change by compare and exchange. */
enum ap_state { AP_NONE, AP_STARTING, AP_ALIVE, AP_ONLINE, AP_CANCELLED };
static unsigned int ap_state;
static unsigned int ap_cpu;
static const struct cpu_clock *ap_boot_clock;
uint64_t ap_boot_cr3;   /* read by ap_entry in trampoline.S */
void *ap_boot_stack;

extern const char trampoline_start[], trampoline_end[], trampoline_code64[],
    trampoline_gdt[], trampoline_gdt_base[], trampoline_far[], trampoline_cr3[],
    trampoline_efer[], trampoline_entry[], boot_l4[], ap_entry[];
noreturn void ap_main(void);

uint32_t cpu_apic_id(unsigned int cpu)
{
    return cpu < nr_cpus_known ? apic_ids[cpu] : NO_APIC_ID;
}

uint32_t cpu_acpi_id(unsigned int cpu)
{
    return cpu < nr_cpus_known ? acpi_ids[cpu] : NO_APIC_ID;
}

/* --- on the new CPU ----------------------------------------------------------------- */

static bool advance(unsigned int from, unsigned int to)
{
    return __atomic_compare_exchange_n(&ap_state, &from, to, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

static noreturn void stay_away(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

void ap_main(void)
{
    unsigned int cpu = ap_cpu;

    if (!advance(AP_STARTING, AP_ALIVE))
        stay_away();
    percpu_load(cpu);
    mmu_init_cpu();
    traps_load(cpu);
    set_current(idle_vcpu[cpu]);
    cpu_init();
    apic_cpu_init();
    if (tsc_reliable && tsc_measure_warp())
        time_tsc_unreliable();
    time_cpu_init(ap_boot_clock);
    apic_timer_cpu_init();
    if (hvm_cpu_up())
        stay_away(); /* the boot CPU reports it when its patience ends */

    cpumask_set(cpu, &cpu_online_map);
    advance(AP_ALIVE, AP_ONLINE);
    irq_enable();
    idle_loop(NULL);
}

/* --- on the boot CPU ---------------------------------------------------------------- */

static void __init patch(char *page, const char *field, uint64_t value, size_t size)
{
    memcpy(page + (field - trampoline_start), &value, size);
}

static paddr_t __init place_trampoline(void)
{
    paddr_t pa = boot_trampoline_pa();
    char *page = paddr_to_virt(pa);

    BUG_ON(!pa || pa >= MB(1) || trampoline_end - trampoline_start > (long)PAGE_SIZE);
    memcpy(page, trampoline_start, (size_t)(trampoline_end - trampoline_start));
    patch(page, trampoline_gdt_base, pa + (size_t)(trampoline_gdt - trampoline_start), 4);
    patch(page, trampoline_far, pa + (size_t)(trampoline_code64 - trampoline_start), 4);
    patch(page, trampoline_cr3, virt_to_paddr(boot_l4), 4);
    patch(page, trampoline_efer, EFER_LME | EFER_NXE, 4);
    patch(page, trampoline_entry, (uint64_t)ap_entry, 8);
    ap_boot_cr3 = xen_cr3;
    return pa;
}

/* All that the CPU needs before its first instruction. */
static int __init prepare(unsigned int cpu)
{
    int rc = percpu_alloc(cpu);

    if (!rc)
        rc = traps_alloc_stacks(cpu);
    if (rc)
        return rc;
    ap_boot_stack = stack_alloc(NULL, STACK_ORDER);
    if (!ap_boot_stack)
        return -ENOMEM;
    lock_check_forget(cpu);
    softirq_cpu_init(cpu);
    tasklet_cpu_init(cpu);
    timer_cpu_init(cpu);
    irq_cpu_init(cpu);
    sched_init_cpu(cpu);
    idle_vcpu[cpu]->stack = ap_boot_stack;
    ap_boot_stack = (char *)ap_boot_stack + STACK_SIZE;
    ap_cpu = cpu;
    ap_boot_clock = cpu_clock();
    tsc_warp_reset();
    __atomic_store_n(&ap_state, AP_STARTING, __ATOMIC_SEQ_CST);
    return 0;
}

/* INIT, then up to two start-up interrupts; many CPUs need only the first. */
static int __init send_start(uint32_t apic_id, paddr_t trampoline)
{
    uint32_t sipi = APIC_DELIVERY_SIPI | APIC_ICR_ASSERT | (uint32_t)(trampoline >> 12);
    int rc, i;

    rc = apic_send_command(apic_id,
                           APIC_DELIVERY_INIT | APIC_ICR_LEVEL | APIC_ICR_ASSERT);
    if (rc)
        return rc;
    mdelay(10);
    for (i = 0; i < 2 && read_once(ap_state) == AP_STARTING; i++) {
        rc = apic_send_command(apic_id, sipi);
        if (rc)
            return rc;
        udelay(i ? 0 : 300);
    }
    return 0;
}

static int __init wait_state(unsigned int wanted, s_time_t deadline)
{
    while (read_once(ap_state) < wanted) {
        if (NOW() > deadline)
            return -ETIMEDOUT;
        cpu_relax();
    }
    return 0;
}

static int __init start_cpu(unsigned int cpu, paddr_t trampoline)
{
    s_time_t deadline;
    int rc = prepare(cpu);

    if (rc)
        return rc;
    deadline = NOW() + START_DEADLINE;
    rc = send_start(apic_ids[cpu], trampoline);
    if (!rc)
        rc = wait_state(AP_ALIVE, deadline);
    if (rc) {
        /* Too late for it now; if it came this very moment, it may go on. */
        if (advance(AP_STARTING, AP_CANCELLED))
            return rc;
        deadline = NOW() + START_DEADLINE;
    }
    if (tsc_reliable) {
        uint64_t warp = tsc_measure_warp();

        if (warp)
            printk(XENLOG_WARNING "CPU%u: TSC is up to %lu ticks off: not relied on\n",
                   cpu, warp);
    }
    return wait_state(AP_ONLINE, deadline);
}

static bool __init is_known(uint32_t apic_id)
{
    unsigned int cpu;

    for (cpu = 0; cpu < nr_cpus_known; cpu++)
        if (apic_ids[cpu] == apic_id)
            return true;
    return false;
}

/* Number the usable CPUs: the boot CPU is 0, the others as the MADT lists them. */
static void __init enumerate_cpus(void)
{
    const struct acpi_madt *madt = &acpi_host.madt;
    uint32_t self = apic_my_id(), i;
    unsigned int ignored = 0, limit = MAX(MIN(opt_maxcpus, (unsigned int)NR_CPUS), 1U);

    if (opt_nosmp)
        limit = 1;
    for (i = 0; i < madt->cpus; i++) {
        const struct acpi_cpu *c = &madt->cpu[i];

        if (!c->enabled)
            continue;
        if (c->apic_id == self)
            acpi_ids[0] = c->uid;
        /* Small ids may be listed a second time, in an x2APIC entry. */
        if (is_known(c->apic_id))
            continue;
        if (nr_cpus_known == limit || (!apic_x2mode && c->apic_id > 0xfe)) {
            ignored++;
            continue;
        }
        apic_ids[nr_cpus_known] = c->apic_id;
        acpi_ids[nr_cpus_known++] = c->uid;
    }
    if (ignored)
        printk(XENLOG_WARNING "%u processors are not used (limit %u)\n", ignored, limit);
}

void __init smp_boot_cpu_init(void)
{
    apic_ids[0] = apic_my_id();
    nr_cpus_known = 1;
    enumerate_cpus();
}

void __init smp_boot_all(void)
{
    paddr_t trampoline = place_trampoline();
    unsigned int cpu;

    for (cpu = 1; cpu < nr_cpus_known; cpu++) {
        int rc = start_cpu(cpu, trampoline);

        if (rc) {
            printk(XENLOG_ERR "CPU%u (APIC id %u) did not start: error %d\n", cpu,
                   apic_ids[cpu], rc);
            continue;
        }
        cpumask_set(cpu, &cpu_present_map);
        process_pending_softirqs();
    }
    printk(XENLOG_INFO "Brought up %u of %u processors\n", num_online_cpus(),
           nr_cpus_known);
}
