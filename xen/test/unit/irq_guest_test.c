/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's interrupts in the hands of guests. Broken, one domain ends or gets what
 * is another's, or a source sends although nobody may hear it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/iommu.h>
#include <xen/pci.h>
#include <xen/softirq.h>
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/current.h>
#include "../../arch/x86/intr/private.h"
#include "fake_charge.h"

#define GSIS    24U
#define GSI     20U

cpumask_t cpu_online_map;
struct cpu_info fake_cpu_info;
bool iommu_intremap;
const struct iommu_ops *iommu;

static struct domain one, two;
static unsigned int eois, heard[2];
static bool hw_masked;

/* --- the rest of the hypervisor --- */

void apic_eoi(void)
{
    eois++;
}

bool apic_vector_is_level(uint8_t vector)
{
    (void)vector;
    return true;
}

unsigned int cpu_apic_id(unsigned int cpu)
{
    return cpu;
}

void process_pending_softirqs(void)
{
}

static unsigned int vectors;

int vector_assign(const struct irq_desc *desc, const cpumask_t *mask, unsigned int *cpu,
                  uint8_t *vector)
{
    (void)desc;
    (void)mask;
    *cpu = 0;
    *vector = (uint8_t)(0x40 + vectors++);
    return 0;
}

void vector_retire(unsigned int cpu, uint8_t vector)
{
    (void)cpu;
    (void)vector;
    vectors--;
}

unsigned int vectors_in_use(unsigned int cpu)
{
    (void)cpu;
    return vectors;
}

void irq_cpu_init(unsigned int cpu)
{
    (void)cpu;
}

uint64_t ioapic_read_entry(unsigned int gsi)
{
    return gsi;
}

int ioapic_count_gsis(void)
{
    return GSIS;
}

static int program(struct irq_desc *desc)
{
    (void)desc;
    return 0;
}

static void set_mask(struct irq_desc *desc, bool masked)
{
    if (desc->irq == GSI)
        hw_masked = masked;
}

int ioapic_init(void)
{
    static const struct irq_source source = {
        .name = "pin", .program = program, .set_mask = set_mask,
    };

    for (unsigned int i = 0; i < GSIS; i++)
        irq_table[i].source = &source;
    return 0;
}

/* --- tests --- */

static void arrived(unsigned int irq, void *data)
{
    (void)irq;
    ++*(unsigned int *)data;
}

static void enter(void)
{
    memset(&one, 0, sizeof(one));
    memset(&two, 0, sizeof(two));
    heard[0] = heard[1] = eois = vectors = 0;
    hw_masked = true;
    cpumask_set(0, &cpu_online_map);
    rangeset_init(&one.irq_caps, NULL, "irq");
    rangeset_init(&two.irq_caps, NULL, "irq");
    assert_int_equal(rangeset_add(&one.irq_caps, GSI, GSI), 0);
    assert_int_equal(rangeset_add(&two.irq_caps, GSI, GSI), 0);
    assert_int_equal(irq_init(), 0);
    assert_int_equal(irq_set_gsi_trigger(GSI, true, true), 0);
}

static void leave(void)
{
    rangeset_destroy(&one.irq_caps);
    rangeset_destroy(&two.irq_caps);
    charge_free(irq_table);
    assert_int_equal(vectors, 0);
    assert_int_equal(allocated, 0);
}

static void raise(void)
{
    assert_false(hw_masked);
    irq_deliver(GSI, irq_table[GSI].vector);
}

static void test_end(void **state)
{
    (void)state;
    enter();
    assert_int_equal(irq_bind_guest(GSI, &one, arrived, &heard[0]), 0);
    raise();
    assert_int_equal(heard[0], 1);
    assert_true(hw_masked && eois == 1);
    /* Whoever does not have it, nobody, and numbers that are none. */
    irq_eoi_guest(GSI, &two);
    assert_true(hw_masked);
    irq_eoi_guest(GSI, NULL);
    assert_true(hw_masked);
    irq_eoi_guest(GSI + 1, &one);
    irq_eoi_guest(~0U, &one);
    assert_true(hw_masked);
    irq_eoi_guest(GSI, &one);
    raise();
    assert_int_equal(heard[0], 2);
    irq_unbind_guest(GSI, &one);
    leave();
}

/* The one who had it before hears of its end late. */
static void test_new_owner(void **state)
{
    (void)state;
    enter();
    assert_int_equal(irq_bind_guest(GSI, &one, arrived, &heard[0]), 0);
    raise();
    assert_int_equal(irq_bind_guest(GSI, &two, arrived, &heard[1]), -EBUSY);
    irq_unbind_guest(GSI, &two);
    irq_unbind_guest(GSI, &one);
    assert_true(hw_masked);
    assert_int_equal(irq_bind_guest(GSI, &two, arrived, &heard[1]), 0);
    raise();
    assert_int_equal(heard[1], 1);
    irq_eoi_guest(GSI, &one);
    assert_true(hw_masked);
    irq_eoi_guest(GSI, &two);
    assert_false(hw_masked);
    irq_unbind_guest(GSI, &two);
    leave();
}

/* Who may have one; the hypervisor's own are nobody else's. */
static void test_permission(void **state)
{
    (void)state;
    enter();
    assert_int_equal(rangeset_remove(&two.irq_caps, GSI, GSI), 0);
    assert_int_equal(irq_bind_guest(GSI, &two, arrived, &heard[1]), -EPERM);
    assert_int_equal(irq_bind_guest(GSI, &one, NULL, NULL), -EINVAL);
    assert_int_equal(irq_bind_guest(GSIS, &one, arrived, &heard[0]), -EINVAL);
    assert_int_equal(irq_request(GSI, arrived, &heard[0], "own"), 0);
    assert_int_equal(irq_bind_guest(GSI, &one, arrived, &heard[0]), -EBUSY);
    irq_unbind_guest(GSI, &one);
    assert_false(hw_masked);
    irq_release(GSI);
    leave();
}

/* How a line is triggered is settled while somebody has it. */
static void test_trigger(void **state)
{
    (void)state;
    enter();
    assert_int_equal(irq_set_gsi_trigger(GSIS, true, true), -EINVAL);
    assert_int_equal(irq_set_gsi_trigger(GSI, false, false), 0);
    assert_false(irq_gsi_is_level(GSI));
    assert_int_equal(irq_set_gsi_trigger(GSI, true, true), 0);
    assert_int_equal(irq_bind_guest(GSI, &one, arrived, &heard[0]), 0);
    assert_int_equal(irq_set_gsi_trigger(GSI, true, true), 0);
    assert_int_equal(irq_set_gsi_trigger(GSI, false, true), -EBUSY);
    assert_int_equal(irq_set_gsi_trigger(GSI, true, false), -EBUSY);
    assert_true(irq_gsi_is_level(GSI) && irq_table[GSI].active_low);
    irq_unbind_guest(GSI, &one);
    assert_int_equal(irq_set_gsi_trigger(GSI, false, true), 0);
    leave();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_new_owner),
        cmocka_unit_test(test_permission),
        cmocka_unit_test(test_trigger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
