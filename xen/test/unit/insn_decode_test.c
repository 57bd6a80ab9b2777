/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instruction lengths: recorded bytes in all three modes, truncation and over-long
 * forms, and agreement with objdump on pseudo-random bytes.
 */
#include <unistd.h>
#include <string.h>
#include <stdlib.h>
#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <asm/emulate.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

struct sample {
    unsigned int mode;
    enum insn_id id;
    const char *bytes;
    unsigned int length;
};

static const struct sample intercepts[] = {
    { 8, INSN_ID_CPUID,       "\x0f\xa2", 2 },
    { 8, INSN_ID_CPUID,       "\x48\x0f\xa2", 3 },
    { 2, INSN_ID_CPUID,       "\x66\x0f\xa2", 3 },
    { 8, INSN_ID_RDMSR,       "\x0f\x32", 2 },
    { 4, INSN_ID_WRMSR,       "\x0f\x30", 2 },
    { 8, INSN_ID_HLT,         "\xf4", 1 },
    { 8, INSN_ID_HLT,         "\x2e\x66\xf4", 3 },
    { 8, INSN_ID_VMMCALL,     "\x0f\x01\xd9", 3 },
    { 8, INSN_ID_VMCALL,      "\x0f\x01\xc1", 3 },
    { 8, INSN_ID_INVD,        "\x0f\x08", 2 },
    { 8, INSN_ID_WBINVD,      "\xf3\x0f\x09", 3 },
    { 8, INSN_ID_RDTSC,       "\x0f\x31", 2 },
    { 8, INSN_ID_RDTSCP,      "\x0f\x01\xf9", 3 },
    { 8, INSN_ID_RDPMC,       "\x0f\x33", 2 },
    { 8, INSN_ID_PAUSE,       "\xf3\x90", 2 },
    { 8, INSN_ID_MONITOR,     "\x67\x0f\x01\xc8", 4 },
    { 8, INSN_ID_MWAIT,       "\x0f\x01\xc9", 3 },
    { 8, INSN_ID_XSETBV,      "\x0f\x01\xd1", 3 },
    { 8, INSN_ID_CLTS,        "\x0f\x06", 2 },
    { 8, INSN_ID_LMSW,        "\x0f\x01\xf0", 3 },
    { 2, INSN_ID_LMSW,        "\x0f\x01\x36\x34\x12", 5 },
    { 8, INSN_ID_INVLPG,      "\x0f\x01\x38", 3 },
    { 8, INSN_ID_INVLPG,      "\x65\x0f\x01\x3c\x25\0\x10\0\0", 9 },
    { 8, INSN_ID_MOV_TO_CR,   "\x44\x0f\x22\xc0", 4 },
    { 8, INSN_ID_MOV_FROM_CR, "\x0f\x20\x1c", 3 },   /* mod is ignored */
    { 8, INSN_ID_MOV_TO_DR,   "\x0f\x23\xf8", 3 },
    { 8, INSN_ID_IO,          "\xe4\x60", 2 },
    { 8, INSN_ID_IO,          "\x66\xef", 2 },
    { 8, INSN_ID_IO,          "\xf3\x6c", 2 },
    { 8, INSN_ID_IO,          "\x66\xf3\x65\x6f", 4 },
    { 8, INSN_ID_IRET,        "\x48\xcf", 2 },
};

static void test_intercepts(void **state)
{
    struct insn i;
    unsigned int n, other;

    (void)state;
    for (n = 0; n < ARRAY_LEN(intercepts); n++) {
        const struct sample *s = &intercepts[n];
        uint8_t buf[INSN_MAX_BYTES] = { 0 };

        memcpy(buf, s->bytes, s->length);
        assert_int_equal(insn_decode(buf, sizeof(buf), s->mode, &i), INSN_OK);
        assert_int_equal(i.length, s->length);
        assert_true(insn_is(&i, s->id));
        for (other = 0; other < INSN_ID_NR; other++)
            assert_int_equal(insn_is(&i, other), other == s->id);
    }
}

/* The short cut answers only where the decoder would say the same, and then always. */
static void test_plain(void **state)
{
    struct insn i;
    uint8_t buf[INSN_MAX_BYTES] = { 0 };
    unsigned int n, mode, len, found = 0;
    enum insn_id id;

    (void)state;
    for (n = 0; n < 1u << 24; n++) {
        buf[0] = (uint8_t)n;
        buf[1] = (uint8_t)(n >> 8);
        buf[2] = (uint8_t)(n >> 16);
        /* All first bytes; after them all that begins with 0F, little of the rest. */
        if (buf[0] != 0x0f && n >> 8 > 1)
            continue;
        for (id = 0; id < INSN_ID_NR; id++) {
            len = insn_plain_length(buf, id);
            if (!len)
                continue;
            found++;
            for (mode = 2; mode <= 8; mode *= 2) {
                assert_int_equal(insn_decode(buf, sizeof(buf), mode, &i), INSN_OK);
                assert_true(insn_is(&i, id));
                assert_int_equal(i.length, len);
            }
        }
    }
    assert_true(found > 1000);
    assert_int_equal(insn_plain_length((uint8_t *)"\x0f\xa2\xff", INSN_ID_CPUID), 2);
    assert_int_equal(insn_plain_length((uint8_t *)"\x0f\x32\xff", INSN_ID_RDMSR), 2);
    assert_int_equal(insn_plain_length((uint8_t *)"\x0f\x30\xff", INSN_ID_WRMSR), 2);
    assert_int_equal(insn_plain_length((uint8_t *)"\xf4\xff\xff", INSN_ID_HLT), 1);
    assert_int_equal(insn_plain_length((uint8_t *)"\x0f\x01\xd9", INSN_ID_VMMCALL), 3);
    assert_int_equal(insn_plain_length((uint8_t *)"\x0f\x01\xd1", INSN_ID_XSETBV), 3);
    assert_int_equal(insn_plain_length((uint8_t *)"\x0f\x09\xff", INSN_ID_WBINVD), 2);
    assert_int_equal(insn_plain_length((uint8_t *)"\x66\x0f\xa2", INSN_ID_CPUID), 0);
    assert_int_equal(insn_plain_length((uint8_t *)"\x0f\x22\xc0", INSN_ID_MOV_TO_CR), 0);
}

struct shape {
    unsigned int mode, length;
    const char *bytes;
    uint8_t seg, base, index;
    int64_t disp, imm;
};

static const struct shape shapes[] = {
    /* mov %eax, -0x8(%rbp) */
    {8, 3, "\x89\x45\xf8", EMUL_SS, EMUL_RBP, EMUL_NO_REG, -8, 0},
    /* movl $-1, %gs:0x10(%r12,%r9,4) */
    {8, 10, "\x65\x43\xc7\x44\x8c\x10\xff\xff\xff\xff", EMUL_GS, EMUL_R12, EMUL_R9, 0x10,
     -1},
    /* mov 0x80b(%rip), %eax */
    {8, 6, "\x8b\x05\x0b\x08\0\0", EMUL_DS, EMUL_NO_REG, EMUL_NO_REG, 0x80b, 0},
    /* movabs 0xfee00020, %eax */
    {8, 9, "\xa1\x20\0\xe0\xfe\0\0\0\0", EMUL_DS, EMUL_NO_REG, EMUL_NO_REG, 0xfee00020,
     0},
    /* movabs $-2, %r8 */
    {8, 10, "\x49\xb8\xfe\xff\xff\xff\xff\xff\xff\xff", EMUL_DS, EMUL_NO_REG, EMUL_NO_REG,
     0, -2},
    /* mov %ax, 2(%bp,%di) in 16-bit code */
    {2, 3, "\x89\x43\x02", EMUL_SS, EMUL_RBP, EMUL_RDI, 2, 0},
    /* movw $0x1234, 0x8000 */
    {2, 6, "\xc7\x06\x00\x80\x34\x12", EMUL_DS, EMUL_NO_REG, EMUL_NO_REG, -0x8000,
     0x1234},
    /* testl $8, (%eax) in 32-bit code */
    {4, 6, "\xf7\x00\x08\0\0\0", EMUL_DS, EMUL_RAX, EMUL_NO_REG, 0, 8},
    /* notl (%eax): the same opcode without an immediate */
    {4, 2, "\xf7\x10", EMUL_DS, EMUL_RAX, EMUL_NO_REG, 0, 0},
    /* mov %eax, %es:(%esi) with a 32-bit address in 64-bit code: ES is ignored */
    {8, 4, "\x26\x67\x89\x06", EMUL_DS, EMUL_RSI, EMUL_NO_REG, 0, 0},
};

static void test_operands(void **state)
{
    struct insn i;
    unsigned int n, cut;

    (void)state;
    for (n = 0; n < ARRAY_LEN(shapes); n++) {
        const struct shape *s = &shapes[n];
        const uint8_t *b = (const uint8_t *)s->bytes;

        assert_int_equal(insn_decode(b, s->length, s->mode, &i), INSN_OK);
        assert_int_equal(i.length, s->length);
        assert_int_equal(i.seg, s->seg);
        assert_int_equal(i.base, s->base);
        assert_int_equal(i.index, s->index);
        assert_true(i.disp == s->disp);
        assert_true(i.imm == s->imm);
        for (cut = 0; cut < s->length; cut++)
            assert_int_equal(insn_decode(b, cut, s->mode, &i), INSN_TRUNCATED);
    }
}

static void test_refused(void **state)
{
    uint8_t many[32];
    struct insn i;

    (void)state;
    memset(many, 0x66, sizeof(many));
    assert_int_equal(insn_decode(many, sizeof(many), 8, &i), INSN_TOO_LONG);
    many[14] = 0xf4;
    assert_int_equal(insn_length(many, sizeof(many), 8), 15);
    many[14] = 0xb0;        /* its immediate would be byte 16 */
    assert_int_equal(insn_decode(many, sizeof(many), 8, &i), INSN_TOO_LONG);
    assert_int_equal(insn_decode((const uint8_t *)"\x06", 1, 8, &i), INSN_INVALID);
    assert_int_equal(insn_decode((const uint8_t *)"\x06", 1, 4, &i), INSN_OK);
    assert_int_equal(insn_decode((const uint8_t *)"\x0f\x0a", 2, 8, &i), INSN_INVALID);
    assert_int_equal(insn_decode((const uint8_t *)"\x9a\0\0\0\0\0\0", 7, 8, &i),
                     INSN_INVALID);
    assert_int_equal(insn_length((const uint8_t *)"\x9a\0\0\0\0\0\0", 7, 4), 7);
}

/*
 * What objdump prints that is not one instruction for us: an FWAIT joined to what
 * follows, prefixes alone, vector prefixes after legacy ones (#UD), test registers.
 */
static bool only_prefixes(const uint8_t *b, unsigned int n, unsigned int mode)
{
    static const char prefixes[] = "\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3";
    unsigned int k;

    for (k = 0; k < n; k++)
        if (!memchr(prefixes, b[k], sizeof(prefixes) - 1) &&
            (mode != 8 || (b[k] & 0xf0) != 0x40))
            return false;
    return true;
}

static bool objdump_oddity(const char *text, const uint8_t *b, unsigned int n,
                           unsigned int mode)
{
    bool wait = false, vector = false;
    unsigned int k;

    for (k = 0; k < n && k < 6; k++) {
        wait |= b[k] == 0x9b;
        vector |= k > 0 && ((b[k] | 1) == 0xc5 || b[k] == 0x62 || b[k] == 0x8f);
    }
    return wait || vector || strstr(text, "(bad)") || strstr(text, "%tr") ||
           strstr(text, ".byte") ||
           only_prefixes(b, n, mode);
}

static unsigned int check_line(char *line, unsigned int mode)
{
    char *hex = strchr(line, '\t'), *text, *end;
    uint8_t b[INSN_MAX_BYTES + 1];
    unsigned int n = 0;

    if (!hex)
        return 0;
    text = strchr(hex + 1, '\t');
    if (!text)
        return 0;
    *text++ = 0;
    for (hex++; n < sizeof(b); hex = end, n++) {
        unsigned long v = strtoul(hex, &end, 16);

        if (end == hex)
            break;
        b[n] = (uint8_t)v;
    }
    if (n == 0 || n > INSN_MAX_BYTES || objdump_oddity(text, b, n, mode))
        return 0;
    if (insn_length(b, n, mode) != n)
        fail_msg("mode %u: objdump says %u bytes for:%s", mode, n, text);
    return 1;
}

static void objdump_agrees(unsigned int mode, const char *machine)
{
    char path[] = "/tmp/insnXXXXXX", cmd[200], line[300];
    unsigned int checked = 0, n;
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");

    srandom(20240101 + mode);
    for (n = 0; n < 200000; n++)
        fputc((int)(random() >> 8) & 0xff, f);
    fclose(f);
    snprintf(cmd, sizeof(cmd),
             "objdump -D -b binary -m %s --insn-width=16 %s 2>/dev/null", machine, path);
    f = popen(cmd, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f))
        checked += check_line(line, mode);
    pclose(f);
    unlink(path);
    assert_true(checked > 10000);
}

static void test_objdump(void **state)
{
    (void)state;
    if (system("command -v objdump >/dev/null 2>&1") != 0)
        skip();
    objdump_agrees(8, "i386:x86-64");
    objdump_agrees(4, "i386");
    objdump_agrees(2, "i8086");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intercepts),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_operands),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_objdump),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
