/* SPDX-License-Identifier: GPL-2.0-only */
#include <xen/lib.h>
#include <xen/param.h>
#include <xen/serial.h>
#include <xen/shutdown.h>
#include <xen/time.h>
#include <asm/cpu.h>

static bool noreboot;
bool_param("noreboot", noreboot);

void (*stop_other_cpus)(void);
void (*firmware_reset)(void);

void machine_halt(void)
{
    serial_flush(false);
    for (;;) {
        irq_disable();
        __asm__ volatile("hlt");
    }
}

/*
 * Reads of the diagnostics port take about a microsecond on any PC, time set up or not.
 */
static void delay_ms(unsigned int ms)
{
    if (cpu_khz) {
        mdelay(ms);
        return;
    }
    for (unsigned int i = 0; i < ms * 1000; i++)
        (void)inb(0x80);
}

static void keyboard_reset(void)
{
    for (unsigned int i = 0; i < 10000 && (inb(0x64) & 2); i++)
        (void)inb(0x80);
    outb(0xfe, 0x64);
}

void machine_restart(unsigned int delay, bool crashed)
{
    const struct {
        uint16_t limit;
        uint64_t base;
    } __packed no_idt = {0, 0};

    irq_disable();
    if (crashed && noreboot) {
        printk("Halted: noreboot was given\n");
        machine_halt();
    }
    if (delay) {
        printk("Reboot in %u seconds\n", delay / 1000);
        delay_ms(delay);
    }
    if (stop_other_cpus)
        stop_other_cpus();
    serial_flush(true);
    if (firmware_reset)
        firmware_reset();
    delay_ms(50);
    outb(0x06, 0xcf9); /* PCI reset control: full reset */
    delay_ms(50);
    keyboard_reset();
    delay_ms(50);
    /* No IDT: the breakpoint ends in a triple fault. */
    __asm__ volatile("lidt %0; int3" : : "m"(no_idt));
    machine_halt();
}
