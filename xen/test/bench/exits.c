/* SPDX-License-Identifier: GPL-2.0-only */
/* What it costs to enter the hypervisor, by each of the doors. */
#include <public/version.h>
#include "bench.h"

#define LAPIC_VERSION  0xfee00030ul
#define IOAPIC_SELECT  0xfec00000ul
#define APIC_BASE      0x1b
#define CONFIG_ADDRESS 0xcf8

static long empty_hypercall(unsigned long arg)
{
    return HC2(__HYPERVISOR_xen_version, arg, 0) > 0 ? 0 : -XEN_ENOSYS;
}

static long read_counter(unsigned long arg)
{
    (void)arg;
    rdtsc();
    return 0;
}

static long cpuid_exit(unsigned long leaf)
{
    uint32_t r[4];

    cpuid((uint32_t)leaf, 0, r);
    __asm__ volatile("" ::"r"(r[0]));
    return 0;
}

static long msr_exit(unsigned long index)
{
    rdmsr((uint32_t)index);
    return 0;
}

static long mmio_exit(unsigned long addr)
{
    (void)*(volatile uint32_t *)addr;
    return 0;
}

static long port_exit(unsigned long port)
{
    uint32_t v;

    __asm__ volatile("inl %w1, %0" : "=a"(v) : "d"(port));
    return 0;
}

TEST(exits)
{
    measure(&(struct row){.name = "hypercall",
                          .run = empty_hypercall,
                          .arg = XENVER_version,
                          .repeat = 256});
    measure(&(struct row){
        .name = "cpuid", .run = cpuid_exit, .arg = 0x40000000, .repeat = 256});
    measure(&(struct row){.name = "rdtsc", .run = read_counter, .repeat = 256});
    measure(&(struct row){
        .name = "port_read", .run = port_exit, .arg = CONFIG_ADDRESS, .repeat = 256});
    /* Only the hardware domain has one. */
    if (in_control())
        measure(&(struct row){.name = "mmio_ioapic",
                              .run = mmio_exit,
                              .arg = IOAPIC_SELECT,
                              .repeat = 256});
    wrmsr(APIC_BASE, rdmsr(APIC_BASE) | 0x800);
    measure(&(struct row){
        .name = "mmio_lapic", .run = mmio_exit, .arg = LAPIC_VERSION, .repeat = 256});
    apic_enable();
    measure(&(struct row){
        .name = "msr_x2apic", .run = msr_exit, .arg = X2APIC_ID, .repeat = 256});
}
