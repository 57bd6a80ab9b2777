/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Power off and reset as the firmware's tables describe them (ACPI 6.4, 4.8.3.6, 7.4.2).
 */
#include <xen/acpi.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/pci.h>
#include <xen/serial.h>
#include <xen/shutdown.h>
#include <xen/time.h>
#include <asm/cpu.h>

#define PM1_SCI_EN      (1U << 0)
#define PM1_SLP_TYP(t)  ((unsigned int)(t) << 10)
#define PM1_SLP_EN      (1U << 13)
#define PM1_SLP_MASK    (0xfU << 10)
#define ENABLE_WAIT_MS  300

static volatile void *reset_mmio __ro_after_init;

static void write_reset_register(void)
{
    const struct acpi_reg *r = &acpi_host.fadt.reset;
    uint8_t value = acpi_host.fadt.reset_value;

    switch (r->space) {
    case ACPI_SPACE_IO:
        outb(value, (uint16_t)r->addr);
        break;
    case ACPI_SPACE_MEM:
        if (reset_mmio)
            mmio_write8(reset_mmio, value);
        break;
    case ACPI_SPACE_PCI:
        /* Device, function and offset on bus 0 (ACPI 6.4, table 5.1). */
        pci_conf_write(PCI_SBDF(0, 0, (r->addr >> 32) & 31, (r->addr >> 16) & 7),
                       r->addr & 0xff, 1, value);
        break;
    default:
        break;
    }
}

void __init machine_power_init(void)
{
    const struct acpi_reg *r = &acpi_host.fadt.reset;

    if (!acpi_host.have_fadt || !r->bits)
        return;
    if (r->space == ACPI_SPACE_MEM)
        reset_mmio = ioremap(r->addr, 1);
    firmware_reset = write_reset_register;
}

/* Sleep control acts only in ACPI mode. */
static void enable_acpi_mode(const struct acpi_fadt *f)
{
    unsigned int i;

    if ((inw((uint16_t)f->pm1a_control.addr) & PM1_SCI_EN) || !f->smi_cmd)
        return;
    outb(f->acpi_enable, f->smi_cmd);
    for (i = 0; i < ENABLE_WAIT_MS; i++) {
        if (inw((uint16_t)f->pm1a_control.addr) & PM1_SCI_EN)
            return;
        mdelay(1);
    }
}

static void enter_sleep(const struct acpi_reg *control, uint8_t type)
{
    uint16_t port = (uint16_t)control->addr;
    unsigned int val;

    if (!control->bits || control->space != ACPI_SPACE_IO)
        return;
    val = (inw(port) & ~PM1_SLP_MASK) | PM1_SLP_TYP(type & 7);
    outw((uint16_t)val, port);
    outw((uint16_t)(val | PM1_SLP_EN), port);
}

void machine_power_off(void)
{
    const struct acpi_fadt *f = &acpi_host.fadt;

    irq_disable();
    if (stop_other_cpus)
        stop_other_cpus();
    serial_flush(true);
    if (acpi_host.have_fadt && acpi_host.have_s5 && f->pm1a_control.bits &&
        f->pm1a_control.space == ACPI_SPACE_IO) {
        enable_acpi_mode(f);
        enter_sleep(&f->pm1a_control, acpi_host.s5.type_a);
        enter_sleep(&f->pm1b_control, acpi_host.s5.type_b);
        mdelay(1000);
    }
    printk(XENLOG_WARNING "This machine cannot be switched off by software: halted\n");
    machine_halt();
}
