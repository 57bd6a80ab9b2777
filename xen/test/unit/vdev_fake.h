/* SPDX-License-Identifier: GPL-2.0-only */
/* A domain without a hypervisor around it: what the device tests share. */
#ifndef VDEV_FAKE_H
#define VDEV_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <xen/domain.h>
#include <xen/irq.h>
#include <asm/hvm.h>
#include <asm/vioapic.h>
#include <asm/vlapic.h>
#include <asm/vpit.h>

#define FAKE_VCPUS 4
#define FAKE_GSIS  48

extern struct domain *dom;
extern struct vcpu *vcpu[FAKE_VCPUS];

extern bool fake_x2apic, fake_deadline; /* what the CPU policy has */
extern unsigned int kicks[FAKE_VCPUS], ups[FAKE_VCPUS], resets[FAKE_VCPUS];
extern unsigned int wakes[FAKE_VCPUS];
extern uint16_t reset_cs[FAKE_VCPUS];
extern unsigned int shutdowns, shutdown_reason;
/* What happens elsewhere while a vCPU is on its way to sleep. */
extern void (*fake_on_sleep)(struct vcpu *v);

struct fake_gsi {
    irq_handler_t fn;
    void *data;
    bool level, low, in_service;
    unsigned int eois, binds;
    int error;
};
extern struct fake_gsi host[FAKE_GSIS];

extern uint8_t machine_port[0x100];      /* the machine's, last value written */
extern unsigned int machine_writes;

/* Virtual time; advancing fires the timers that became due, in order. */
extern s_time_t fake_now;
void fake_advance(s_time_t ns);

void fake_domain(bool privileged, uint32_t emulation_flags);
void fake_domain_free(void);        /* checks that the charge is zero */

uint32_t mmio_read(unsigned int vcpu_id, paddr_t gpa);
void mmio_write(unsigned int vcpu_id, paddr_t gpa, uint32_t val);
uint64_t msr_read(unsigned int vcpu_id, uint32_t msr);
void msr_write(unsigned int vcpu_id, uint32_t msr, uint64_t val);
uint8_t port_read(uint16_t port);
void port_write(uint16_t port, uint8_t val);

/* Take the next interrupt of the vCPU as the CPU would; -1: none. */
int take_interrupt(unsigned int vcpu_id);
extern const struct hvm_save_handler *save_handler[32];

#define LAPIC(off) (VLAPIC_DEFAULT_BASE + (off))
#define X2(off)    (VLAPIC_MSR_FIRST + (off) / 16)

#endif
