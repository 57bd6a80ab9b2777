/* SPDX-License-Identifier: GPL-2.0-only */
#include <xen/console.h>
#include <xen/init.h>
#include <xen/irq.h>
#include <xen/keyhandler.h>
#include <xen/lib.h>
#include <xen/shutdown.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>
#include <xen/timer.h>
#include <asm/cpu.h>
#include <asm/current.h>

struct keyhandler {
    void (*fn)(unsigned char key);
    const char *description;
};

/* Written at boot only. */
static struct keyhandler handlers[128];

void keyhandler_register(unsigned char key, void (*fn)(unsigned char key),
                         const char *description)
{
    if (key <= ' ' || key >= 0x7f) {
        printk(XENLOG_ERR "Debug key %#x cannot be typed\n", key);
        return;
    }
    if (handlers[key].fn)
        printk(XENLOG_WARNING "Debug key '%c' taken twice: \"%s\" and \"%s\"\n", key,
               handlers[key].description, description);
    handlers[key] = (struct keyhandler){.fn = fn, .description = description};
}

void keyhandler_run(unsigned char key)
{
    if (key >= ARRAY_SIZE(handlers) || !handlers[key].fn) {
        printk("Debug key %#x does nothing; 'h' lists the keys\n", key);
        return;
    }
    printk("*** debug key '%c': %s\n", key, handlers[key].description);
    handlers[key].fn(key);
}

static void show_help(unsigned char key)
{
    unsigned int k;

    for (k = 0; k < ARRAY_SIZE(handlers); k++)
        if (handlers[k].fn)
            printk("  %c  %s\n", k, handlers[k].description);
}

static void reboot(unsigned char key)
{
    machine_restart(0, false);
}

static void crash(unsigned char key)
{
    panic("Asked for by debug key 'C'");
}

/* One CPU at a time, so that the lines do not mix. Interrupts are off. */
static void dump_this_cpu(void *lock)
{
    spin_lock(lock);
    printk("CPU%u:\n", smp_processor_id());
    dump_stack();
    spin_unlock(lock);
}

static void dump_timers(unsigned char key)
{
    timer_dump();
}

static void dump_irqs(unsigned char key)
{
    irq_dump();
}

static void dump_cpus(unsigned char key)
{
    static DEFINE_SPINLOCK(dump_lock, LOCK_NONE);

    on_cpus(&cpu_online_map, dump_this_cpu, &dump_lock);
}

void __init keyhandler_init(void)
{
    keyhandler_register('h', show_help, "this list");
    keyhandler_register('R', reboot, "reboot the machine at once");
    keyhandler_register('C', crash, "stop as after a fatal error");
    keyhandler_register('d', dump_cpus, "what each CPU is doing");
    keyhandler_register('a', dump_timers, "timers of each CPU");
    keyhandler_register('i', dump_irqs, "interrupts and who has them");
}
