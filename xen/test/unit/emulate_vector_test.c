/* SPDX-License-Identifier: GPL-2.0-only */
/* Moves of XMM registers, and divisions, whose operand is in memory. */
#include <asm/cr.h>
#include "emulate_fake.h"

#define MEM_AT 0x12000u
#define LOW  0x1111111122222222ull
#define HIGH 0x3333333344444444ull
#define MLOW  0xaaaaaaaabbbbbbbbull
#define MHIGH 0xccccccccddddddddull

/* One instruction with memory at (%rsi), checked in XMM9 or in memory. */
static void vector_move(const char *code, unsigned int len, bool store, uint64_t low,
                        uint64_t high)
{
    const uint64_t before[2] = {MLOW, MHIGH};
    uint64_t *where = xmm[9], got[2];

    prepare(8, code, len);
    xmm[9][0] = LOW;
    xmm[9][1] = HIGH;
    memcpy(mem + (MEM_AT - MEM_BASE), before, 16);
    c.regs.gpr[EMUL_RSI] = MEM_AT;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    assert_int_equal(c.regs.rip, CODE + len);
    assert_int_equal(store ? reads : writes, 0);
    memcpy(got, store ? (void *)(mem + (MEM_AT - MEM_BASE)) : (void *)where, 16);
    assert_true(got[0] == low && got[1] == high);
}

#define LOADS(code, low, high) vector_move(code, sizeof(code) - 1, false, low, high)
#define STORES(code, low, high) vector_move(code, sizeof(code) - 1, true, low, high)

/* Broken, a guest whose memcpy uses SSE on device memory dies or copies rubbish. */
static void test_vector_moves(void **state)
{
    (void)state;
    LOADS("\x44\x0f\x10\x0e", MLOW, MHIGH);                 /* movups */
    STORES("\x44\x0f\x11\x0e", LOW, HIGH);
    LOADS("\x66\x44\x0f\x10\x0e", MLOW, MHIGH);             /* movupd */
    STORES("\x66\x44\x0f\x11\x0e", LOW, HIGH);
    LOADS("\xf3\x44\x0f\x10\x0e", (uint32_t)MLOW, 0);       /* movss */
    STORES("\xf3\x44\x0f\x11\x0e", (MLOW >> 32) << 32 | (uint32_t)LOW, MHIGH);
    LOADS("\xf2\x44\x0f\x10\x0e", MLOW, 0);                 /* movsd */
    STORES("\xf2\x44\x0f\x11\x0e", LOW, MHIGH);
    LOADS("\x44\x0f\x12\x0e", MLOW, HIGH);                  /* movlps */
    STORES("\x44\x0f\x13\x0e", LOW, MHIGH);
    LOADS("\x66\x44\x0f\x16\x0e", LOW, MLOW);               /* movhpd */
    STORES("\x66\x44\x0f\x17\x0e", HIGH, MHIGH);
    LOADS("\x44\x0f\x28\x0e", MLOW, MHIGH);                 /* movaps */
    STORES("\x44\x0f\x29\x0e", LOW, HIGH);
    STORES("\x44\x0f\x2b\x0e", LOW, HIGH);                  /* movntps */
    LOADS("\x66\x44\x0f\x6e\x0e", (uint32_t)MLOW, 0);       /* movd */
    STORES("\x66\x44\x0f\x7e\x0e", (MLOW >> 32) << 32 | (uint32_t)LOW, MHIGH);
    LOADS("\x66\x4c\x0f\x6e\x0e", MLOW, 0);                 /* movq, by REX.W */
    STORES("\x66\x4c\x0f\x7e\x0e", LOW, MHIGH);
    LOADS("\xf3\x44\x0f\x7e\x0e", MLOW, 0);                 /* movq */
    STORES("\x66\x44\x0f\xd6\x0e", LOW, MHIGH);
    LOADS("\x66\x44\x0f\x6f\x0e", MLOW, MHIGH);             /* movdqa */
    STORES("\x66\x44\x0f\x7f\x0e", LOW, HIGH);
    LOADS("\xf3\x44\x0f\x6f\x0e", MLOW, MHIGH);             /* movdqu */
    STORES("\xf3\x44\x0f\x7f\x0e", LOW, HIGH);
    STORES("\x66\x44\x0f\xe7\x0e", LOW, HIGH);              /* movntdq */
    LOADS("\xf2\x44\x0f\xf0\x0e", MLOW, MHIGH);             /* lddqu */
    LOADS("\x66\x44\x0f\x38\x2a\x0e", MLOW, MHIGH);         /* movntdqa */
}

static void test_vector_faults(void **state)
{
    (void)state;
    RUN(8, "\x66\x0f\x6f\x0e");           /* movdqa (%rsi), %xmm1, misaligned */
    c.regs.gpr[EMUL_RSI] = MEM_AT + 8;
    unchanged(EMUL_EXCEPTION);
    assert_true(c.exc.vector == 13 && c.exc.has_error && reads == 0);
    RUN(8, "\xf3\x0f\x6f\x0e");           /* movdqu into the hole: no register changes */
    c.regs.gpr[EMUL_RSI] = HOLE - 8;
    xmm[1][0] = 7;
    unchanged(EMUL_EXCEPTION);
    assert_true(c.exc.vector == 14 && xmm[1][0] == 7);
    RUN(8, "\xf3\x0f\x6f\x0e");           /* a device that is busy */
    c.regs.gpr[EMUL_RSI] = DEVICE;
    busy = true;
    unchanged(EMUL_RETRY);
    assert_int_equal(xmm[1][0], 7);
    RUN(8, "\xf3\x0f\x12\x0e");           /* movsldup: arithmetic is not for us */
    c.regs.gpr[EMUL_RSI] = MEM_AT;
    unchanged(EMUL_UNHANDLEABLE);
    RUN(8, "\x0f\x6f\x0e");               /* movq of MMX */
    c.regs.gpr[EMUL_RSI] = MEM_AT;
    unchanged(EMUL_UNHANDLEABLE);
    RUN(8, "\xf0\x0f\x11\x0e");           /* lock movups */
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(c.exc.vector, 6);
}

/* The move at CODE with these control registers: an exception, and no access at all. */
static void refused(const char *code, unsigned int len, uint64_t cr0, uint64_t cr4,
                    unsigned int vector)
{
    prepare(8, code, len);
    c.regs.gpr[EMUL_RSI] = HOLE + 8;        /* #PF and, for some, #GP come after these */
    cr[0] = cr0;
    cr[4] = cr4;
    xmm[1][0] = 7;
    unchanged(EMUL_EXCEPTION);
    assert_int_equal(c.exc.vector, vector);
    assert_false(c.exc.has_error);
    assert_true(reads == 0 && writes == 0 && xmm[1][0] == 7);
}

/*
 * Broken, a guest that switches the FPU lazily sees another process's registers: a second
 * processor puts such a move where the first was stopped at another instruction.
 */
static void test_vector_disabled(void **state)
{
    static const char *const code[] = {
        "\x0f\x28\x0e", "\x0f\x29\x0e", "\x66\x0f\x6f\x0e", "\xf3\x0f\x7f\x0e",
        "\xf2\x0f\x10\x0e", "\x66\x0f\x7e\x0e", "\x66\x0f\x38\x2a\x0e",
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(code) / sizeof(code[0]); i++) {
        unsigned int n = (unsigned int)strlen(code[i]);

        refused(code[i], n, CR0_PE | CR0_TS, CR4_OSFXSR, 7);
        refused(code[i], n, CR0_PE | CR0_TS | CR0_MP, CR4_OSFXSR, 7);
        refused(code[i], n, CR0_PE | CR0_EM, CR4_OSFXSR, 6);
        refused(code[i], n, CR0_PE, ~(uint64_t)CR4_OSFXSR, 6);
        refused(code[i], n, CR0_PE | CR0_TS | CR0_EM, CR4_OSFXSR, 6);
    }
    RUN(8, "\x0f\xc3\x06");             /* movnti has nothing to do with XMM registers */
    c.regs.gpr[EMUL_RSI] = MEM_AT;
    cr[0] |= CR0_TS | CR0_EM;
    cr[4] = 0;
    assert_int_equal(emulate_insn(&c), EMUL_OK);
}

/* DIV or IDIV by the divisor at (%rsi), against the compiler's arithmetic. */
static void divide(unsigned int bytes, bool is_signed, __int128 n, __int128 d)
{
    static const char *const code[2][4] = {
        {"\xf6\x36", "\x66\xf7\x36", "\xf7\x36", "\x48\xf7\x36"},
        {"\xf6\x3e", "\x66\xf7\x3e", "\xf7\x3e", "\x48\xf7\x3e"},
    };
    unsigned int which = bytes == 8 ? 3 : bytes / 2, bits = 8 * bytes;
    const char *insn = code[is_signed][which];
    unsigned __int128 un = (unsigned __int128)n;
    unsigned __int128 mask = ((unsigned __int128)1 << bits) - 1;
    __int128 q = 0, r = 0, least = 0, most = (__int128)mask;
    uint64_t rax;

    prepare(8, insn, (unsigned int)strlen(insn));
    memcpy(mem + (MEM_AT - MEM_BASE), &d, bytes);
    c.regs.gpr[EMUL_RSI] = MEM_AT;
    c.regs.gpr[EMUL_RAX] = (uint64_t)(un & (bytes == 1 ? 0xffff : mask));
    c.regs.gpr[EMUL_RDX] = (uint64_t)(un >> bits & mask);
    if (is_signed) {
        most = (__int128)(mask >> 1);
        least = -most - 1;
    }
    if (d && is_signed) {
        q = n / d;
        r = n % d;
    } else if (d) {
        q = (__int128)(un / (unsigned __int128)d);
        r = (__int128)(un % (unsigned __int128)d);
    }
    if (!d || q > most || q < least) {
        unchanged(EMUL_EXCEPTION);
        assert_true(c.exc.vector == 0 && !c.exc.has_error);
        return;
    }
    assert_int_equal(emulate_insn(&c), EMUL_OK);
    rax = (uint64_t)((unsigned __int128)q & mask);
    if (bytes == 1)
        rax |= (uint64_t)((unsigned __int128)r & mask) << 8;
    else
        assert_int_equal(c.regs.gpr[EMUL_RDX], (uint64_t)((unsigned __int128)r & mask));
    assert_int_equal(c.regs.gpr[EMUL_RAX], rax);
}

static int64_t narrow(uint64_t v, unsigned int bits, bool is_signed)
{
    v <<= 64 - bits;
    return is_signed ? (int64_t)v >> (64 - bits) : (int64_t)(v >> (64 - bits));
}

static void test_divide(void **state)
{
    static const uint64_t edge[] = {0, 1, 2, 3, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000,
        0xffff, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, 1ull << 63, UINT64_MAX - 1,
        UINT64_MAX};
    const unsigned int n = sizeof(edge) / sizeof(edge[0]);

    (void)state;
    for (unsigned int all = 0; all < n * n * n * 8; all++) {
        unsigned int bytes = 1u << (all & 3), bits = 8 * bytes, rest = all >> 3;
        bool is_signed = all & 4;
        uint64_t hi = edge[rest % n], lo = edge[rest / n % n], d = edge[rest / n / n];
        __int128 num = (__int128)((unsigned __int128)(__int128)narrow(hi, bits, is_signed)
                                  << bits | (uint64_t)narrow(lo, bits, false));

        /* The compiler's own division has no room for these: not a case to compare. */
        if (bits == 64 && (!is_signed || (hi == 1ull << 63 && !lo)))
            continue;
        divide(bytes, is_signed, num,
               is_signed ? (__int128)narrow(d, bits, true)
                         : (__int128)(uint64_t)narrow(d, bits, false));
    }
    divide(8, false, (__int128)1 << 64, 2);
    divide(8, false, ((__int128)6 << 64) + 5, 7);
    divide(8, false, (__int128)2 << 64, 2);     /* no room */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_moves),
        cmocka_unit_test(test_vector_faults),
        cmocka_unit_test(test_vector_disabled),
        cmocka_unit_test(test_divide),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
