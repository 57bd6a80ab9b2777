/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the comparison with the build machine cannot show: other modes, segments, faults,
 * retries, ports, control registers, and that nothing changes when nothing happened.
 */
#include "emulate_fake.h"

static void test_sixteen_bit(void **state)
{
    (void)state;
    RUN(2, "\x89\x43\x02");                 /* mov %ax, 2(%bp,%di) */
    c.regs.gpr[EMUL_RAX] = 0x1234abcd;
    c.regs.gpr[EMUL_RBP] = 0xfff0;
    c.regs.gpr[EMUL_RDI] = 0x0110;
    c.seg[EMUL_SS].base = 0x12000;          /* BP: the stack segment, wraps at 64K */
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(peek(0x12102), 0xabcd);
    assert_int_equal(c.regs.rip, 0x1003);
    RUN(2, "\x66\x67\x8b\x04\x8b");         /* mov (%ebx,%ecx,4), %eax */
    poke(0x10120, 0xcafef00d);
    c.regs.gpr[EMUL_RBX] = 0x100;
    c.regs.gpr[EMUL_RCX] = 8;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(c.regs.gpr[EMUL_RAX], 0xcafef00d);
    RUN(2, "\x8b\x07");                     /* mov (%bx), %ax at the end of the segment */
    c.regs.gpr[EMUL_RBX] = 0xffff;
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(c.exc.vector, 13);
}

static void test_segments(void **state)
{
    (void)state;
    RUN(4, "\x64\xa3\x10\0\0\0");           /* mov %eax, %fs:0x10 */
    c.seg[EMUL_FS].base = 0x15000;
    c.regs.gpr[EMUL_RAX] = 77;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(peek(0x15010), 77);
    RUN(4, "\x64\xa3\x10\0\0\0");           /* read-only segment */
    c.seg[EMUL_FS].attr = 0x491;
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(c.exc.vector, 13);
    RUN(4, "\x64\xa1\x10\0\0\0");           /* not present */
    c.seg[EMUL_FS].attr = 0x413;
    unchanged(EMUL_EXCEPTION);
    RUN(4, "\x2e\xc6\x00\x01");             /* store through CS */
    unchanged(EMUL_EXCEPTION);
    RUN(4, "\x8b\x45\x00");                 /* expand-down stack: valid above the limit */
    c.seg[EMUL_SS].attr = 0x497;
    c.seg[EMUL_SS].limit = 0x12fff;
    c.regs.gpr[EMUL_RBP] = 0x13000;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    c.regs.rip = CODE;
    c.regs.gpr[EMUL_RBP] = 0x12ffe;
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(c.exc.vector, 12);
    RUN(8, "\x8b\x00");                     /* not canonical */
    c.regs.gpr[EMUL_RAX] = 1ull << 47;
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(c.exc.vector, 13);
}

static void test_rip_relative(void **state)
{
    (void)state;
    RUN(8, "\x81\x05\xf6\x0f\0\0\x44\x33\x22\x11");    /* addl $.., 0xff6(%rip) */
    poke(0x12000, 1);
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(peek(0x12000), 0x11223345);
}

static void test_faults_change_nothing(void **state)
{
    (void)state;
    RUN(8, "\x48\x87\x03");                 /* xchg %rax, (%rbx) */
    c.regs.gpr[EMUL_RAX] = 5;
    c.regs.gpr[EMUL_RBX] = HOLE + 8;
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(c.exc.vector, 14);
    assert_int_equal(c.exc.error, 2);       /* a read that will write faults as a write */
    assert_int_equal(c.exc.cr2, HOLE + 8);
    RUN(8, "\x8f\x00");                     /* pop (%rax): rsp goes back, too */
    c.regs.gpr[EMUL_RAX] = HOLE;
    c.regs.gpr[EMUL_RSP] = 0x12000;
    unchanged(EMUL_EXCEPTION);
    RUN(8, "\xff\x10");                     /* call *(%rax) to a non-canonical target */
    c.regs.gpr[EMUL_RAX] = 0x12000;
    c.regs.gpr[EMUL_RSP] = 0x13000;
    memset(mem + 0x2000, 0x5a, 8);
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(writes, 0);
    RUN(8, "\x01\x03");
    c.regs.gpr[EMUL_RBX] = DEVICE;
    busy = true;
    unchanged(EMUL_RETRY);
    RUN(8, "\x0f\x58\x00");                 /* addps: not ours */
    unchanged(EMUL_UNHANDLEABLE);
    RUN(8, "\xf0\x8b\x00");                 /* lock mov */
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(c.exc.vector, 6);
    RUN(8, "\xf0\x01\xc0");                 /* lock add to a register */
    unchanged(EMUL_EXCEPTION);
}

/* An instruction that straddles into a missing page faults there, if it needs to. */
static void test_fetch_across_pages(void **state)
{
    (void)state;
    RUN(8, "");
    memcpy(mem + (HOLE - MEM_BASE - 2), "\x8b\x00", 2);
    c.regs.rip = HOLE - 2;
    c.regs.gpr[EMUL_RAX] = 0x12000;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    memcpy(mem + (HOLE - MEM_BASE - 2), "\x8b\x40", 2);
    c.regs.rip = HOLE - 2;
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(c.exc.cr2, HOLE);
}

static void test_rep(void **state)
{
    (void)state;
    /* rep stosl into the hole: progress is kept */
    RUN(8, "\xf3\xab");
    c.regs.gpr[EMUL_RAX] = 0x77777777;
    c.regs.gpr[EMUL_RDI] = HOLE - 12;
    c.regs.gpr[EMUL_RCX] = 10;
    assert_int_equal(emulate_insn(&c), EMUL_EXCEPTION);
    assert_int_equal(c.regs.gpr[EMUL_RCX], 7);
    assert_int_equal(c.regs.gpr[EMUL_RDI], HOLE);
    assert_int_equal(c.regs.rip, CODE);
    assert_int_equal(peek(HOLE - 4), 0x77777777);
    RUN(8, "\xf3\xaa");                     /* a long one takes several turns */
    c.regs.gpr[EMUL_RDI] = 0x12000;
    c.regs.gpr[EMUL_RCX] = 5000;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(c.regs.rip, CODE);
    assert_in_range(c.regs.gpr[EMUL_RCX], 1, 4999);
    while (c.regs.rip == CODE)
        assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(c.regs.gpr[EMUL_RDI], 0x12000 + 5000);
    RUN(8, "\xf3\xa4");                     /* the device gets busy in the middle */
    c.regs.gpr[EMUL_RSI] = DEVICE - 3;
    c.regs.gpr[EMUL_RDI] = 0x12000;
    c.regs.gpr[EMUL_RCX] = 8;
    c.seg[EMUL_DS].limit = 0;               /* not looked at in 64-bit code */
    busy = true;
    assert_int_equal(emulate_insn(&c), EMUL_EXCEPTION);     /* HOLE is before DEVICE */
    RUN(8, "\xf3\xaa");
    c.regs.gpr[EMUL_RCX] = 0;               /* nothing to do */
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(c.regs.rip, CODE + 2);
    assert_int_equal(writes, 0);
    RUN(8, "\xf3\xaa");                     /* single step: one element, then a trap */
    c.regs.gpr[EMUL_RDI] = 0x12000;
    c.regs.gpr[EMUL_RCX] = 3;
    c.regs.rflags |= 0x100;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(c.regs.gpr[EMUL_RCX], 2);
    assert_true(c.single_step);
}

static void test_ports(void **state)
{
    (void)state;
    RUN(8, "\xe4\x71");
    c.regs.gpr[EMUL_RAX] = ~0ull;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(last_port, 0x71);
    assert_true(c.regs.gpr[EMUL_RAX] == 0xffffffffffffffa1);
    RUN(8, "\xed");
    c.regs.gpr[EMUL_RDX] = 0xffff0cfc;
    c.regs.gpr[EMUL_RAX] = ~0ull;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(last_port, 0xcfc);
    assert_int_equal(c.regs.gpr[EMUL_RAX], 0xa1b2c3d4);
    RUN(8, "\xf3\x66\x6d");                 /* rep insw */
    c.regs.gpr[EMUL_RDI] = 0x12000;
    c.regs.gpr[EMUL_RCX] = 3;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(ports, 3);
    assert_int_equal(peek(0x12002), 0xa1b2a1b2);
    RUN(4, "\x6f");                         /* outsl */
    c.regs.gpr[EMUL_RSI] = 0x12000;
    poke(0x12000, 0x12345678);
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(last_out, 0x12345678);
    assert_int_equal(c.regs.gpr[EMUL_RSI], 0x12004);
    RUN(8, "\x6d");                         /* no page to put it: the port is not read */
    c.regs.gpr[EMUL_RDI] = 1ull << 50;
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(ports, 0);
    RUN(4, "\xec");                         /* user code above IOPL */
    c.cpl = 3;
    unchanged(EMUL_UNHANDLEABLE);
    c.io_checked = true;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
}

static void test_control_registers(void **state)
{
    (void)state;
    cr[0] = 0x80000011;
    RUN(8, "\x0f\x20\xc3");                 /* mov %cr0, %rbx */
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(c.regs.gpr[EMUL_RBX], 0x80000011);
    RUN(8, "\x44\x0f\x22\xc0");             /* mov %rax, %cr8 */
    c.regs.gpr[EMUL_RAX] = 9;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(cr[8], 9);
    RUN(4, "\xf0\x0f\x20\xc0");             /* AMD's way to CR8 without REX */
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(c.regs.gpr[EMUL_RAX], 9);
    RUN(8, "\x0f\x22\xc8");                 /* CR1 */
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(c.exc.vector, 6);
    RUN(8, "\x0f\x22\xc0");
    c.cpl = 3;
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(c.exc.vector, 13);
    RUN(8, "\x0f\x01\xf0");                 /* lmsw cannot clear PE */
    c.regs.gpr[EMUL_RAX] = 0x8;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(cr[0], 0x80000019);
    RUN(8, "\x0f\x06");                     /* clts */
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(cr[0], 0x80000011);
    RUN(8, "\x0f\x21\xc0");                 /* no debug registers offered */
    unchanged(EMUL_UNHANDLEABLE);
}

static void test_branches(void **state)
{
    (void)state;
    RUN(8, "\xff\x13");                     /* call *(%rbx) */
    c.regs.gpr[EMUL_RBX] = 0x12000;
    c.regs.gpr[EMUL_RSP] = 0x13000;
    poke(0x12000, 0x14000);
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(c.regs.rip, 0x14000);
    assert_int_equal(c.regs.gpr[EMUL_RSP], 0x12ff8);
    assert_int_equal(peek(0x12ff8), CODE + 2);
    RUN(4, "\xff\x23");                     /* jmp *(%ebx) to itself */
    c.regs.gpr[EMUL_RBX] = 0x12000;
    poke(0x12000, CODE);
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(c.regs.rip, CODE);
    RUN(2, "\xff\x36\x00\x20");             /* push 0x2000: 16-bit stack wraps */
    poke(0x12000, 0x9988);
    c.regs.gpr[EMUL_RSP] = 0xabcd0000;
    c.seg[EMUL_SS].base = MEM_BASE;
    assert_int_equal(emulate_insn(&c), EMUL_EXCEPTION);     /* HOLE is at the top */
    assert_int_equal(c.regs.gpr[EMUL_RSP], 0xabcd0000);
    c.regs.gpr[EMUL_RSP] = 0xabcd3000;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(c.regs.gpr[EMUL_RSP], 0xabcd2ffe);
    assert_int_equal(peek(0x12ffe) & 0xffff, 0x9988);
}

static void test_wide_compare_exchange(void **state)
{
    uint64_t pair[2] = { 1, 2 };

    (void)state;
    RUN(8, "\xf0\x48\x0f\xc7\x0e");         /* lock cmpxchg16b (%rsi) */
    memcpy(mem + 0x2000, pair, 16);
    c.regs.gpr[EMUL_RSI] = 0x12000;
    c.regs.gpr[EMUL_RAX] = 1;
    c.regs.gpr[EMUL_RDX] = 2;
    c.regs.gpr[EMUL_RBX] = 3;
    c.regs.gpr[EMUL_RCX] = 4;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    memcpy(pair, mem + 0x2000, 16);
    assert_true(pair[0] == 3 && pair[1] == 4 && (c.regs.rflags & 0x40));
    c.regs.rip = CODE;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_true(c.regs.gpr[EMUL_RAX] == 3 && c.regs.gpr[EMUL_RDX] == 4);
    assert_false(c.regs.rflags & 0x40);
    c.regs.rip = CODE;
    c.regs.gpr[EMUL_RSI] = 0x12008;
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(c.exc.vector, 13);
}

static void test_length_of(void **state)
{
    unsigned int len = 0;

    (void)state;
    RUN(8, "\x0f\x01\xf9");
    assert_int_equal(emulate_insn_length(&c, INSN_ID_RDTSCP, &len), EMUL_OK);
    assert_int_equal(len, 3);
    assert_int_equal(emulate_insn_length(&c, INSN_ID_CPUID, &len), EMUL_UNHANDLEABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sixteen_bit),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_rip_relative),
        cmocka_unit_test(test_faults_change_nothing),
        cmocka_unit_test(test_fetch_across_pages),
        cmocka_unit_test(test_rep),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_control_registers),
        cmocka_unit_test(test_branches),
        cmocka_unit_test(test_wide_compare_exchange),
        cmocka_unit_test(test_length_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
