/* SPDX-License-Identifier: GPL-2.0-only */
/* Who answers a port: handlers, the machine for domain 0, nobody. */
#include <stdlib.h>
#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/percpu.h>
#include <xen/vpci.h>
#include <asm/hvm.h>
#include <asm/vlapic.h>
#include "../../arch/x86/hvm/dev/dev.h"

struct cpu_info fake_cpu_info;
static struct domain d;
static struct vcpu v = { .domain = &d };
static unsigned int allocated, fail_at;
static uint16_t last_port;
static uint32_t last_val;
static unsigned int accesses;
static uint32_t config_sbdf, config_reg;

void panic(const char *fmt, ...)
{
    fputs(fmt, stderr);
    abort();
}

void bug_fail(const char *file, int line, const char *what)
{
    panic(what);
}

void printk(const char *fmt, ...)
{
}

static unsigned int refusals;

void gprintk(const char *level, const char *fmt, ...)
{
    refusals++;
}

void *charge_alloc(struct charge *c, enum charge_tag tag, size_t size)
{
    if (fail_at && --fail_at == 0)
        return NULL;
    allocated++;
    return calloc(1, size);
}

void charge_free(void *p)
{
    allocated -= p != NULL;
    free(p);
}

uint32_t fake_port_in(uint16_t port, unsigned int size)
{
    accesses++;
    last_port = port;
    return 0x87654321;
}

void fake_port_out(uint32_t val, uint16_t port, unsigned int size)
{
    accesses++;
    last_port = port;
    last_val = val;
}

bool vlapic_mmio_claims(const struct vcpu *x, paddr_t gpa)
{
    return gpa >> 12 == 0xfee00;
}

int vlapic_mmio_read(struct vcpu *x, paddr_t gpa, unsigned int size, uint64_t *val)
{
    *val = 0x50014;
    return IO_OK;
}

int vlapic_mmio_write(struct vcpu *x, paddr_t gpa, unsigned int size, uint64_t val)
{
    return IO_OK;
}

bool vpci_mmio_claims(struct domain *x, paddr_t gpa)
{
    return false;
}

int vpci_mmio(struct domain *x, paddr_t gpa, unsigned int size, bool write, uint64_t *val)
{
    return IO_UNHANDLED;
}

uint32_t vpci_read(struct domain *x, sbdf_t s, unsigned int reg, unsigned int size)
{
    config_sbdf = s.v;
    config_reg = reg;
    return 0x12345678;
}

static bool config_busy;

bool vpci_write(struct domain *x, sbdf_t s, unsigned int reg, unsigned int size,
                uint32_t val)
{
    config_sbdf = s.v;
    config_reg = reg;
    last_val = val;
    return !config_busy;
}

static int fresh(void **state)
{
    memset(&d, 0, sizeof(d));
    d.is_privileged = *state != NULL;
    spin_lock_init(&d.arch.hvm.io_lock, LOCK_VDEV, "io");
    list_init(&d.arch.hvm.io_handlers);
    rangeset_init(&d.arch.ioport_caps, &d.charge, "ports");
    accesses = fail_at = 0;
    assert_int_equal(ports_init(&d), 0);
    return 0;
}

static int gone(void **state)
{
    hvm_unregister_io(&d);
    rangeset_destroy(&d.arch.ioport_caps);
    assert_int_equal(allocated, 0);
    return 0;
}

static uint64_t in(uint16_t port, unsigned int size)
{
    uint64_t val = 0;

    hvm_port_io(&v, port, size, false, &val);
    return val;
}

static void out(uint16_t port, unsigned int size, uint64_t val)
{
    hvm_port_io(&v, port, size, true, &val);
}

static void test_nobody(void **state)
{
    uint64_t val = 0;

    assert_int_equal(hvm_port_io(&v, 0xaf00, 1, false, &val), IO_UNHANDLED);
    assert_int_equal(val, 0xff);
    assert_int_equal(refusals, 1);
    assert_int_equal(in(0x604, 2), 0xffff);
    assert_int_equal(in(0xb000, 4), 0xffffffff);
    out(0xb000, 4, 1);
    assert_int_equal(hvm_mmio(&v, 0xfed00000, 8, false, &val), IO_UNHANDLED);
    assert_true(val == ~0ull);
    assert_int_equal(accesses, 0);
    assert_int_equal(in(0x70, 1), 0xff);        /* the clock is domain 0's */
}

static void test_config_latch(void **state)
{
    assert_int_equal(in(0xcf8, 1), 0xff);
    out(0xcf8, 4, 0x80001234);
    assert_int_equal(in(0xcf8, 4), 0x80001234);
    out(0xcf9, 1, 6);                           /* a reset: not for guests */
    out(0xcf8, 2, 0);
    assert_int_equal(in(0xcf8, 4), 0x80001234);
    assert_int_equal(in(0xcfc, 4), 0xffffffff); /* no vPCI */
    d.arch.vpci = &d;
    assert_int_equal(in(0xcfe, 2), 0x5678);
    assert_int_equal(config_sbdf, 0x12);
    assert_int_equal(config_reg, 0x36);
    out(0xcf8, 4, 0x8b001234);                  /* AMD: register bits 8-11 */
    out(0xcfc, 1, 0xab);
    assert_int_equal(config_sbdf, 0x12);
    assert_int_equal(config_reg, 0xb34);
    assert_int_equal(last_val, 0xab);
    config_busy = true;     /* not done yet: the instruction comes again */
    assert_int_equal(hvm_port_io(&v, 0xcff, 1, true, &(uint64_t){ 7 }), IO_RETRY);
    config_busy = false;
    out(0xcf8, 4, 0x00001234);                  /* disabled */
    assert_int_equal(in(0xcfc, 4), 0xffffffff);
    assert_int_equal(in(0xcfe, 4), 0xffffffff); /* reaches out of the window */
}

static void test_dom0_ports(void **state)
{
    assert_int_equal(rangeset_add(&d.arch.ioport_caps, 0, 0xffff), 0);
    assert_int_equal(rangeset_remove(&d.arch.ioport_caps, 0x3f8, 0x3ff), 0);
    assert_int_equal(in(0x608, 4), 0x87654321);
    assert_int_equal(last_port, 0x608);
    out(0x604, 2, 0x2000);
    assert_int_equal(last_val, 0x2000);
    accesses = 0;
    assert_int_equal(in(0x3f8, 1), 0xff);       /* the console's */
    assert_int_equal(in(0x3f6, 4), 0xffffffff);
    assert_int_equal(in(0x20, 1), 0xff);
    assert_int_equal(in(0xffff, 2), 0xffff);    /* would wrap */
    assert_int_equal(accesses, 0);
    assert_true(hvm_port_direct(&d, 0x608));
    assert_false(hvm_port_direct(&d, 0x3f8));
    assert_false(hvm_port_direct(&d, 0xcf8));
    assert_false(hvm_port_direct(&d, 0xa1));
}

static void test_clock(void **state)
{
    out(0x70, 1, 0x8a);
    assert_int_equal(accesses, 0);              /* only kept, without the NMI bit */
    assert_int_equal(in(0x71, 1), 0x21);
    assert_int_equal(accesses, 2);
    assert_int_equal(last_port, 0x71);
    out(0x71, 1, 0x55);
    assert_int_equal(last_val, 0x55);
}

static void test_registration(void **state)
{
    unsigned int before = allocated;
    uint64_t val;

    assert_int_equal(hvm_register_io(&d, false, 0xcff, 0xd00, NULL, NULL, NULL), -EEXIST);
    fail_at = 1;
    assert_int_equal(hvm_register_io(&d, true, 0, 0xfff, NULL, NULL, NULL), -ENOMEM);
    assert_int_equal(allocated, before);
    assert_int_equal(hvm_mmio(&v, 0xfee00030, 4, false, &val), IO_OK);
    assert_int_equal(val, 0x50014);
    assert_true(hvm_mmio_claimed(&v, 0xfee00030));
    assert_false(hvm_mmio_claimed(&v, 0xcf8));  /* a port is not an address */
}

#define DOM0(fn) cmocka_unit_test_prestate_setup_teardown(fn, fresh, gone, &d)
#define DOMU(fn) cmocka_unit_test_prestate_setup_teardown(fn, fresh, gone, NULL)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOMU(test_nobody), DOMU(test_config_latch), DOM0(test_dom0_ports),
        DOM0(test_clock), DOM0(test_registration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
