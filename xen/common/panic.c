/* SPDX-License-Identifier: GPL-2.0-only */
#include <xen/console.h>
#include <xen/lib.h>
#include <xen/shutdown.h>
#include <asm/cpu.h>
#include <asm/current.h>
#include <asm/regs.h>

#define PANIC_REBOOT_DELAY_MS 5000

/* CPU + 1 of the one that panics; others that follow just stop. */
static uint32_t panicking;

static noreturn void vpanic(const struct cpu_user_regs *regs, const char *fmt,
                            va_list args)
{
    static char text[512];
    uint32_t me = smp_processor_id() + 1, first = 0;

    irq_disable();
    if (!__atomic_compare_exchange_n(&panicking, &first, me, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST)) {
        if (first != me)
            machine_halt();
        /* A panic while panicking: say so with as little code as possible. */
        printk("Panic while panicking: %s\n", fmt);
        machine_restart(PANIC_REBOOT_DELAY_MS, true);
    }
    console_force_unlock();
    if (stop_other_cpus)
        stop_other_cpus();

    vsnprintf(text, sizeof(text), fmt, args);
    printk("\n****************************************\n");
    printk("Panic on CPU %u:\n%s\n", me - 1, text);
    printk("****************************************\n");
    show_registers(regs);
    show_backtrace(regs);
    machine_restart(PANIC_REBOOT_DELAY_MS, true);
}

void panic(const char *fmt, ...)
{
    struct cpu_user_regs regs;
    va_list args;

    regs_capture(&regs);
    va_start(args, fmt);
    vpanic(&regs, fmt, args);
}

void bug_fail(const char *file, int line, const char *what)
{
    panic("%s at %s:%d", what, file, line);
}

void warn_report(const char *file, int line, const char *what)
{
    printk(XENLOG_WARNING "WARN_ON(%s) at %s:%d\n", what, file, line);
    dump_stack();
}
