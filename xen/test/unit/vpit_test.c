/* SPDX-License-Identifier: GPL-2.0-only */
/* The interval timer as calibration loops use it. */
#include "vdev_fake.h"

static int setup(void **state)
{
    (void)state;
    fake_domain(false, XEN_X86_EMU_LAPIC);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_domain_free();
    return 0;
}

static s_time_t ticks(unsigned int n)
{
    return (s_time_t)((uint64_t)n * 1000000000 / PIT_HZ) + 1;
}

static uint16_t read_count(void)
{
    uint8_t low = port_read(0x42);

    return (uint16_t)(port_read(0x42) << 8 | low);
}

/* Linux's quick_pit_calibrate(): the high byte must step down in good time. */
static void test_quick_calibration(void **state)
{
    unsigned int msb, reads;
    s_time_t began;

    (void)state;
    port_write(0x61, 0x01);
    port_write(0x43, 0xb0);
    port_write(0x42, 0xff);
    port_write(0x42, 0xff);
    began = fake_now;
    for (msb = 0xff; msb > 0xc0; msb--) {
        for (reads = 0; reads < 1000; reads++) {
            port_read(0x42);
            if (port_read(0x42) != msb)
                break;
            fake_advance(2000);
        }
        assert_in_range(reads, 90, 120);        /* 256 ticks are 214.6 us */
    }
    assert_in_range(fake_now - began, 13400000, 13700000);
}

static void test_terminal_count(void **state)
{
    (void)state;
    port_write(0x61, 0x01);
    port_write(0x43, 0xb0);
    port_write(0x42, 0x00);
    port_write(0x42, 0x10);
    assert_false(port_read(0x61) & 0x20);
    fake_advance(ticks(0xfff));
    assert_false(port_read(0x61) & 0x20);
    fake_advance(ticks(2));
    assert_true(port_read(0x61) & 0x20);
    assert_in_range(read_count(), 0xfff0, 0xffff);  /* counts on */
}

static void test_gate(void **state)
{
    uint16_t a;

    (void)state;
    port_write(0x61, 0x00);
    port_write(0x43, 0xb0);
    port_write(0x42, 0x00);
    port_write(0x42, 0x80);
    fake_advance(ticks(500));
    assert_int_equal(read_count(), 0x8000);     /* gate down: it waits */
    port_write(0x61, 0x01);
    fake_advance(ticks(256));
    a = read_count();
    assert_in_range(a, 0x7efe, 0x7f01);
    port_write(0x61, 0x00);
    fake_advance(ticks(1000));
    assert_int_equal(read_count(), a);
}

static void test_latches(void **state)
{
    (void)state;
    port_write(0x61, 0x01);
    port_write(0x43, 0xb4);                     /* counter 2, rate generator */
    port_write(0x42, 0x00);
    port_write(0x42, 0x04);
    fake_advance(ticks(0x3f0));
    port_write(0x43, 0x80);                     /* latch */
    fake_advance(ticks(0x40));
    assert_in_range(read_count(), 0x0e, 0x11);  /* what it was */
    assert_in_range(read_count(), 0x3cd, 0x3d3); /* wrapped */
    port_write(0x43, 0xe8);                     /* read-back: status of 2 */
    assert_int_equal(port_read(0x42) & 0x7f, 0x34);
    port_write(0x43, 0xb0);
    port_write(0x43, 0xe8);
    assert_int_equal(port_read(0x42), 0x70);    /* null count, output low */
}

static void test_byte_access_and_bcd(void **state)
{
    (void)state;
    port_write(0x43, 0x14);                     /* counter 0, low byte only, mode 2 */
    port_write(0x40, 100);
    fake_advance(ticks(30));
    assert_in_range(port_read(0x40), 69, 71);
    port_write(0x43, 0x31);                     /* counter 0, both bytes, BCD */
    port_write(0x40, 0x00);
    port_write(0x40, 0x00);
    fake_advance(ticks(1));
    port_write(0x43, 0x00);
    assert_int_equal(port_read(0x40), 0x99);
    assert_int_equal(port_read(0x40), 0x99);
    assert_int_equal(port_read(0x43), 0xff);
    port_write(0x43, 0x36);                     /* square wave, full count */
    port_write(0x40, 0);
    port_write(0x40, 0);
    fake_advance(SECONDS(3600));
    port_read(0x40);
}

static int setup_dom0(void **state)
{
    (void)state;
    fake_domain(true, 0);
    return 0;
}

/* Domain 0 reaches the machine's counter 2 and nothing else of it. */
static void test_dom0(void **state)
{
    (void)state;
    machine_port[0x61] = 0x0c | 0x20;
    port_write(0x61, 0xf1);
    assert_int_equal(machine_port[0x61], 0x0d);     /* NMI switches as they were */
    port_write(0x61, 0x02);
    assert_int_equal(machine_port[0x61], 0x0e);
    port_write(0x43, 0xb0);
    assert_int_equal(machine_port[0x43], 0xb0);
    machine_writes = 0;
    port_write(0x43, 0x34);
    port_write(0x40, 1);
    port_write(0x40, 1);
    port_write(0x43, 0x74);
    port_write(0x43, 0xe2);                         /* read-back of counter 0 */
    assert_int_equal(machine_writes, 0);
    port_write(0x43, 0xee);                         /* of all: only 2 is passed on */
    assert_int_equal(machine_port[0x43], 0xe8);
    assert_int_equal(port_read(0x40) & 0x3f, 0x34);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_quick_calibration), T(test_terminal_count), T(test_gate), T(test_latches),
        T(test_byte_access_and_bcd),
        cmocka_unit_test_setup_teardown(test_dom0, setup_dom0, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
