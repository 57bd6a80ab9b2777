/* SPDX-License-Identifier: GPL-2.0-only */
/* Emulated I/O APICs: registers, triggers, and domain 0's wires to the machine. */
#include "vdev_fake.h"

#include <xen/errno.h>
#include <public/hvm/save.h>

#define UNIT0 0xfec00000ull
#define UNIT1 0xfec01000ull
#define LEVEL  0x8000u
#define LOW    0x2000u
#define MASKED 0x10000u
#define REMOTE 0x4000u

static int setup_dom0(void **state)
{
    (void)state;
    fake_domain(true, 0);
    return 0;
}

static int setup_domu(void **state)
{
    (void)state;
    fake_domain(false, XEN_X86_EMU_LAPIC | XEN_X86_EMU_IOAPIC);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_domain_free();
    return 0;
}

static uint32_t reg(paddr_t unit, unsigned int index)
{
    mmio_write(0, unit, index);
    return mmio_read(0, unit + 0x10);
}

static void set_reg(paddr_t unit, unsigned int index, uint32_t val)
{
    mmio_write(0, unit, index);
    mmio_write(0, unit + 0x10, val);
}

static void route(paddr_t unit, unsigned int pin, uint32_t dest, uint32_t low)
{
    set_reg(unit, 0x11 + 2 * pin, dest << 24);
    set_reg(unit, 0x10 + 2 * pin, low);
}

/* The machine raises a GSI: a level one stays in service until its EOI. */
static void host_raise(unsigned int gsi)
{
    assert_non_null(host[gsi].fn);
    assert_false(host[gsi].in_service);
    host[gsi].in_service = host[gsi].level;
    host[gsi].fn(gsi, host[gsi].data);
}

static void test_registers(void **state)
{
    (void)state;
    assert_int_equal(reg(UNIT0, 1), 23 << 16 | 0x11);
    assert_int_equal(reg(UNIT1, 1), 23 << 16 | 0x11);
    assert_int_equal(reg(UNIT1, 0), 1u << 24);
    assert_int_equal(reg(UNIT0, 0x10 + 2 * 5), MASKED);
    set_reg(UNIT0, 0x10, 0xffffffff);
    assert_int_equal(reg(UNIT0, 0x10), 0x1afff);        /* status bits are read-only */
    set_reg(UNIT0, 0x11, 0xffffffff);
    assert_int_equal(reg(UNIT0, 0x11), 0xff000000);
    assert_int_equal(reg(UNIT0, 0x10 + 2 * 24), 0);     /* no such pin */
    set_reg(UNIT0, 0x10 + 2 * 24, 0x31);
    assert_int_equal(reg(UNIT1, 0x10), MASKED);
    assert_int_equal(mmio_read(0, UNIT0 + 0x40), 0);
}

static void test_binding(void **state)
{
    (void)state;
    route(UNIT0, 9, 0, MASKED | 0x31);
    assert_null(host[9].fn);
    route(UNIT0, 9, 0, LEVEL | LOW | 0x31);
    assert_non_null(host[9].fn);
    assert_true(host[9].level && host[9].low);
    route(UNIT0, 9, 0, MASKED | LEVEL | LOW | 0x31);
    route(UNIT0, 9, 0, LEVEL | LOW | 0x31);
    assert_int_equal(host[9].binds, 1);
    route(UNIT0, 9, 0, 0x31);                           /* now an edge */
    assert_int_equal(host[9].binds, 2);
    assert_false(host[9].level);
    route(UNIT1, 3, 0, 0x32);
    assert_non_null(host[27].fn);
    host[4].error = -EBUSY;                             /* the console's */
    route(UNIT0, 4, 0, 0x33);
    assert_null(host[4].fn);
    host[4].error = 0;
    route(UNIT0, 4, 0, 0x33);
    assert_non_null(host[4].fn);
}

static void test_edge(void **state)
{
    (void)state;
    route(UNIT0, 8, 2, 0x38);
    host_raise(8);
    host_raise(8);                              /* merges: pending already */
    assert_int_equal(take_interrupt(1), 0x38);
    vlapic_eoi(vcpu[1]->arch.hvm.vlapic);
    assert_int_equal(take_interrupt(1), -1);
    assert_int_equal(host[8].eois, 0);
    host_raise(8);
    assert_int_equal(take_interrupt(1), 0x38);
    vlapic_eoi(vcpu[1]->arch.hvm.vlapic);
    route(UNIT0, 8, 2, MASKED | 0x38);
    host_raise(8);                              /* an edge into a mask is lost */
    route(UNIT0, 8, 2, 0x38);
    assert_int_equal(take_interrupt(1), -1);
}

static void test_level(void **state)
{
    (void)state;
    route(UNIT0, 16, 4, LEVEL | LOW | 0x41);
    host_raise(16);
    assert_true(reg(UNIT0, 0x10 + 32) & REMOTE);
    assert_int_equal(take_interrupt(2), 0x41);
    assert_int_equal(host[16].eois, 0);
    vlapic_eoi(vcpu[2]->arch.hvm.vlapic);
    assert_int_equal(host[16].eois, 1);
    assert_false(reg(UNIT0, 0x10 + 32) & REMOTE);
    assert_int_equal(take_interrupt(2), -1);
    /* Masked while it waits: delivered on unmask, the machine's line held meanwhile. */
    route(UNIT0, 16, 4, MASKED | LEVEL | LOW | 0x41);
    host_raise(16);
    assert_int_equal(take_interrupt(2), -1);
    route(UNIT0, 16, 4, LEVEL | LOW | 0x41);
    assert_int_equal(take_interrupt(2), 0x41);
    vlapic_eoi(vcpu[2]->arch.hvm.vlapic);
    assert_int_equal(host[16].eois, 2);
    /* Two pins on one vector: the EOI ends both. */
    route(UNIT0, 17, 4, LEVEL | LOW | 0x41);
    host_raise(16);
    host_raise(17);
    assert_int_equal(take_interrupt(2), 0x41);
    vlapic_eoi(vcpu[2]->arch.hvm.vlapic);
    assert_int_equal(host[16].eois, 3);
    assert_int_equal(host[17].eois, 1);
}

/* Switching an entry to edge ends its interrupt, for a guest that cannot use EOI. */
static void test_level_by_hand(void **state)
{
    (void)state;
    route(UNIT0, 16, 0, LEVEL | LOW | 0x41);
    host_raise(16);
    assert_int_equal(take_interrupt(0), 0x41);
    set_reg(UNIT0, 0x10 + 32, MASKED | 0x41);
    assert_int_equal(host[16].eois, 1);
    set_reg(UNIT0, 0x10 + 32, LEVEL | LOW | 0x41);
    assert_false(host[16].in_service);
    vlapic_eoi(vcpu[0]->arch.hvm.vlapic);
    assert_int_equal(take_interrupt(0), -1);
    host_raise(16);
    assert_int_equal(take_interrupt(0), 0x41);
}

/* No vCPU matches: the line waits, and goes out when the route is repaired. */
static void test_no_destination(void **state)
{
    (void)state;
    route(UNIT0, 10, 9, LEVEL | 0x51);
    host_raise(10);
    assert_false(reg(UNIT0, 0x10 + 20) & REMOTE);
    route(UNIT0, 10, 2, LEVEL | 0x51);
    assert_int_equal(take_interrupt(1), 0x51);
}

static void test_delivery_modes(void **state)
{
    (void)state;
    route(UNIT0, 11, 2, 0x400);                 /* NMI */
    host_raise(11);
    assert_int_equal(take_interrupt(1), 2);
    route(UNIT0, 12, 2, 0x561);                 /* INIT: nothing sends that here */
    host_raise(12);
    assert_int_equal(vcpu[1]->arch.hvm.vlapic->start, VL_WAIT_SIPI);
    assert_int_equal(take_interrupt(1), -1);
    route(UNIT0, 13, 0xff, 0x62);
    host_raise(13);
    assert_int_equal(take_interrupt(0), 0x62);
    assert_int_equal(take_interrupt(3), 0x62);
}

static void test_domu(void **state)
{
    (void)state;
    assert_int_equal(reg(UNIT0, 1), 47 << 16 | 0x11);
    route(UNIT0, 40, 2, LEVEL | 0x71);
    assert_null(host[40].fn);                   /* no machine behind it */
    hvm_gsi_assert(dom, 40);
    assert_int_equal(take_interrupt(1), 0x71);
    vlapic_eoi(vcpu[1]->arch.hvm.vlapic);
    assert_int_equal(take_interrupt(1), 0x71);  /* still asserted */
    hvm_gsi_deassert(dom, 40);
    vlapic_eoi(vcpu[1]->arch.hvm.vlapic);
    assert_int_equal(take_interrupt(1), -1);
    hvm_gsi_assert(dom, 48);                    /* beyond: ignored */
    hvm_gsi_assert(dom, ~0u);
}

/* A line of the machine at another pin of a guest's. */
static void test_wired_pin(void **state)
{
    (void)state;
    host[20].level = host[21].level = true;
    assert_int_equal(vioapic_bind_machine(dom, 48, 20), -EINVAL);
    assert_int_equal(vioapic_bind_machine(dom, 28, 3), -EINVAL);    /* an edge */
    host[20].error = -EPERM;
    assert_int_equal(vioapic_bind_machine(dom, 28, 20), -EPERM);
    host[20].error = 0;
    assert_int_equal(vioapic_bind_machine(dom, 28, 20), 0);
    assert_int_equal(vioapic_bind_machine(dom, 28, 21), -EEXIST);
    assert_int_equal(vioapic_bind_machine(dom, 29, 20), -EBUSY);
    assert_int_equal(vioapic_bind_machine(dom, 29, 21), 0);

    route(UNIT0, 28, 2, LEVEL | LOW | 0x61);
    route(UNIT0, 29, 2, LEVEL | LOW | 0x62);
    host_raise(21);
    assert_int_equal(take_interrupt(1), 0x62);
    host_raise(20);
    vlapic_eoi(vcpu[1]->arch.hvm.vlapic);
    assert_int_equal(host[21].eois, 1);
    assert_int_equal(take_interrupt(1), 0x61);
    assert_int_equal(host[20].eois, 0);
    vlapic_eoi(vcpu[1]->arch.hvm.vlapic);
    assert_int_equal(host[20].eois, 1);
    assert_int_equal(take_interrupt(1), -1);
    /* Ended by hand, as for domain 0. */
    host_raise(20);
    assert_int_equal(take_interrupt(1), 0x61);
    set_reg(UNIT0, 0x10 + 2 * 28, MASKED | 0x61);
    assert_int_equal(host[20].eois, 2);

    vioapic_unbind_machine(dom, 28);
    vioapic_unbind_machine(dom, 28);
    assert_null(host[20].fn);
    assert_int_equal(vioapic_bind_machine(dom, 30, 20), 0);         /* teardown: both */
}

static void test_wires_of_dom0(void **state)
{
    (void)state;
    host[20].level = true;
    assert_int_equal(vioapic_bind_machine(dom, 20, 20), -EINVAL);
    route(UNIT0, 20, 0, LEVEL | LOW | 0x61);
    vioapic_unbind_machine(dom, 20);
    assert_non_null(host[20].fn);
}

static void test_callback_gsi(void **state)
{
    struct vcpu_info info = { .evtchn_upcall_pending = 1 };

    (void)state;
    vcpu[0]->vcpu_info = &info;
    route(UNIT0, 20, 0, LEVEL | 0x81);
    hvm_set_callback_via(dom, 20);
    assert_int_equal(take_interrupt(0), 0x81);
    info.evtchn_upcall_pending = 0;
    hvm_dev_before_entry(vcpu[0]);
    vlapic_eoi(vcpu[0]->arch.hvm.vlapic);
    assert_int_equal(take_interrupt(0), -1);
    /* With a vector of its own the GSI stays quiet: Linux sets GSI 1 as a placebo. */
    vcpu[0]->arch.hvm.evtchn_upcall_vector = 0xf3;
    info.evtchn_upcall_pending = 1;
    arch_evtchn_inject(vcpu[0]);
    assert_int_equal(take_interrupt(0), 0xf3);
    vlapic_eoi(vcpu[0]->arch.hvm.vlapic);
    assert_int_equal(take_interrupt(0), -1);
    vcpu[0]->vcpu_info = NULL;
}

static void test_save(void **state)
{
    struct hvm_hw_vioapic r;
    const struct hvm_save_handler *h;

    (void)state;
    vioapic_register_save();
    h = save_handler[HVM_SAVE_CODE(IOAPIC)];
    route(UNIT0, 7, 2, LEVEL | 0x91);
    assert_int_equal(h->save(dom, NULL, &r), 0);
    route(UNIT0, 7, 0, MASKED);
    assert_int_equal(h->load(dom, NULL, &r, sizeof(r)), 0);
    hvm_gsi_assert(dom, 7);
    assert_int_equal(take_interrupt(1), 0x91);
    r.base_address += 0x1000;
    assert_int_equal(h->load(dom, NULL, &r, sizeof(r)), -EINVAL);
    assert_int_equal(h->load(dom, NULL, &r, 10), -EINVAL);
}

#define D0(fn) cmocka_unit_test_setup_teardown(fn, setup_dom0, teardown)
#define DU(fn) cmocka_unit_test_setup_teardown(fn, setup_domu, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        D0(test_registers), D0(test_binding), D0(test_edge), D0(test_level),
        D0(test_level_by_hand), D0(test_no_destination), D0(test_delivery_modes),
        DU(test_wired_pin), D0(test_wires_of_dom0),
        DU(test_domu), DU(test_callback_gsi), DU(test_save),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
