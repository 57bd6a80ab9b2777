/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulator against this machine's own CPU: random instructions with random
 * registers, flags and memory are executed and emulated, and the results compared.
 * Then a bounded fuzz of arbitrary bytes, for crashes and undefined behaviour only.
 */
#include <sys/mman.h>
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
#define CF 0x001
#define PF 0x004
#define AF 0x010
#define ZF 0x040
#define SF 0x080
#define DF 0x400
#define OF 0x800
#define ARITH (CF | PF | AF | ZF | SF | OF)

#define MEM_BYTES 4096u
#define HALF      (MEM_BYTES / 2)

/* What the trampoline loads and stores; rsp is the host's own and not touched. */
struct host_state {
    uint64_t gpr[16];
    uint64_t rflags;
};

struct host_state *host_state_ptr;
void *host_code_ptr;
void host_run(void);
void host_back(void);

__asm__(".text\n"
        ".globl host_run\n"
        "host_run:\n"
        "  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "  mov host_state_ptr(%rip), %rax\n"
        "  pushq 128(%rax); popfq\n"
        "  mov 8(%rax), %rcx; mov 16(%rax), %rdx; mov 24(%rax), %rbx\n"
        "  mov 40(%rax), %rbp; mov 48(%rax), %rsi; mov 56(%rax), %rdi\n"
        "  mov 64(%rax), %r8; mov 72(%rax), %r9; mov 80(%rax), %r10\n"
        "  mov 88(%rax), %r11; mov 96(%rax), %r12; mov 104(%rax), %r13\n"
        "  mov 112(%rax), %r14; mov 120(%rax), %r15\n"
        "  mov (%rax), %rax\n"
        "  jmp *host_code_ptr(%rip)\n"
        ".globl host_back\n"
        "host_back:\n"
        "  push %rax; pushfq\n"
        "  mov host_state_ptr(%rip), %rax\n"
        "  popq 128(%rax); popq (%rax)\n"
        "  cld\n"
        "  mov %rcx, 8(%rax); mov %rdx, 16(%rax); mov %rbx, 24(%rax)\n"
        "  mov %rbp, 40(%rax); mov %rsi, 48(%rax); mov %rdi, 56(%rax)\n"
        "  mov %r8, 64(%rax); mov %r9, 72(%rax); mov %r10, 80(%rax)\n"
        "  mov %r11, 88(%rax); mov %r12, 96(%rax); mov %r13, 104(%rax)\n"
        "  mov %r14, 112(%rax); mov %r15, 120(%rax)\n"
        "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "  ret\n"
        ".section .note.GNU-stack,\"\",@progbits\n"
        ".text\n");

static uint8_t *code, *native, *shadow;

static uint64_t rnd(void)
{
    return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();
}

/* Values near the edges find more than uniform ones. */
static uint64_t rnd_value(void)
{
    static const uint64_t edge[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff,
        0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, 1ull << 63, UINT64_MAX };

    return random() & 1 ? rnd() : edge[(unsigned long)random() % ARRAY_LEN(edge)];
}

static int fake_fetch(struct emulate_ctxt *c, uint64_t linear, void *buf, unsigned int n)
{
    (void)c;
    memcpy(buf, (const void *)linear, n);
    return EMUL_OK;
}

static uint8_t *shadow_of(uint64_t linear, unsigned int n)
{
    uint64_t at = linear - (uint64_t)native;

    return at < MEM_BYTES && at + n <= MEM_BYTES ? shadow + at : NULL;
}

static int fake_read(struct emulate_ctxt *c, uint64_t linear, void *buf, unsigned int n,
                     enum emul_access why)
{
    const uint8_t *p = shadow_of(linear, n);

    (void)why;
    if (!p)
        return emul_raise(c, 14, true, 0);
    memcpy(buf, p, n);
    return EMUL_OK;
}

static int fake_write(struct emulate_ctxt *c, uint64_t linear, const void *buf,
                      unsigned int n)
{
    uint8_t *p = shadow_of(linear, n);

    if (!p)
        return emul_raise(c, 14, true, 2);
    memcpy(p, buf, n);
    return EMUL_OK;
}

static const struct emulate_ops ops = {
    .fetch = fake_fetch, .read = fake_read, .write = fake_write,
};

/* imm: bytes of immediate; 'z' for one that follows the operand size. */
struct tmpl {
    const char *name;
    uint8_t map, opcode;
    int8_t digit;           /* /digit of ModRM, -1: a register */
    char imm;
    uint16_t undefined;     /* arithmetic flags the manual leaves open */
    bool byte_reg;          /* the register operand is a byte */
    bool lockable;
    bool mem_only;
};

#define ALU(name, op, lk) \
    { name, 0, op, -1, 0, 0, true, lk, false }, \
    { name, 0, (op) + 1, -1, 0, 0, false, lk, false }, \
    { name, 0, (op) + 2, -1, 0, 0, true, false, false }, \
    { name, 0, (op) + 3, -1, 0, 0, false, false, false }, \
    { name, 0, 0x80, (op) / 8, 1, 0, true, lk, false }, \
    { name, 0, 0x81, (op) / 8, 'z', 0, false, lk, false }, \
    { name, 0, 0x83, (op) / 8, 1, 0, false, lk, false }

static const struct tmpl tmpls[] = {
    ALU("add", 0x00, true), ALU("or", 0x08, true), ALU("adc", 0x10, true),
    ALU("sbb", 0x18, true), ALU("and", 0x20, true), ALU("sub", 0x28, true),
    ALU("xor", 0x30, true), ALU("cmp", 0x38, false),
    { "test", 0, 0x84, -1, 0, AF, true, false, false },
    { "test", 0, 0x85, -1, 0, AF, false, false, false },
    { "xchg", 0, 0x86, -1, 0, 0, true, true, false },
    { "xchg", 0, 0x87, -1, 0, 0, false, true, false },
    { "mov", 0, 0x88, -1, 0, 0, true, false, false },
    { "mov", 0, 0x89, -1, 0, 0, false, false, false },
    { "mov", 0, 0x8a, -1, 0, 0, true, false, false },
    { "mov", 0, 0x8b, -1, 0, 0, false, false, false },
    { "movsxd", 0, 0x63, -1, 0, 0, false, false, false },
    { "mov", 0, 0xc6, 0, 1, 0, true, false, false },
    { "mov", 0, 0xc7, 0, 'z', 0, false, false, false },
    { "imul", 0, 0x69, -1, 'z', PF | AF | ZF | SF, false, false, false },
    { "imul", 0, 0x6b, -1, 1, PF | AF | ZF | SF, false, false, false },
    { "imul", 1, 0xaf, -1, 0, PF | AF | ZF | SF, false, false, false },
    { "test", 0, 0xf6, 0, 1, AF, true, false, false },
    { "test", 0, 0xf7, 1, 'z', AF, false, false, false },
    { "not", 0, 0xf6, 2, 0, 0, true, true, false },
    { "not", 0, 0xf7, 2, 0, 0, false, true, false },
    { "neg", 0, 0xf6, 3, 0, 0, true, true, false },
    { "neg", 0, 0xf7, 3, 0, 0, false, true, false },
    { "mul", 0, 0xf6, 4, 0, PF | AF | ZF | SF, true, false, false },
    { "mul", 0, 0xf7, 4, 0, PF | AF | ZF | SF, false, false, false },
    { "imul", 0, 0xf6, 5, 0, PF | AF | ZF | SF, true, false, false },
    { "imul", 0, 0xf7, 5, 0, PF | AF | ZF | SF, false, false, false },
    { "inc", 0, 0xfe, 0, 0, 0, true, true, false },
    { "inc", 0, 0xff, 0, 0, 0, false, true, false },
    { "dec", 0, 0xfe, 1, 0, 0, true, true, false },
    { "dec", 0, 0xff, 1, 0, 0, false, true, false },
    { "shift1", 0, 0xd0, -2, 0, AF, true, false, false },
    { "shift1", 0, 0xd1, -2, 0, AF, false, false, false },
    { "shiftcl", 0, 0xd2, -2, 0, AF | OF, true, false, false },
    { "shiftcl", 0, 0xd3, -2, 0, AF | OF, false, false, false },
    { "shifti", 0, 0xc0, -2, 1, AF | OF, true, false, false },
    { "shifti", 0, 0xc1, -2, 1, AF | OF, false, false, false },
    { "cmovcc", 1, 0x40, -3, 0, 0, false, false, false },
    { "setcc", 1, 0x90, -3, 0, 0, true, false, false },
    { "movzx", 1, 0xb6, -1, 0, 0, false, false, false },
    { "movzx", 1, 0xb7, -1, 0, 0, false, false, false },
    { "movsx", 1, 0xbe, -1, 0, 0, false, false, false },
    { "movsx", 1, 0xbf, -1, 0, 0, false, false, false },
    { "cmpxchg", 1, 0xb0, -1, 0, 0, true, true, true },
    { "cmpxchg", 1, 0xb1, -1, 0, 0, false, true, true },
    { "xadd", 1, 0xc0, -1, 0, 0, true, true, false },
    { "xadd", 1, 0xc1, -1, 0, 0, false, true, false },
    { "movnti", 1, 0xc3, -1, 0, 0, false, false, true },
    { "bt", 1, 0xa3, -4, 0, PF | AF | SF | OF, false, false, false },
    { "bts", 1, 0xab, -4, 0, PF | AF | SF | OF, false, true, false },
    { "btr", 1, 0xb3, -4, 0, PF | AF | SF | OF, false, true, false },
    { "btc", 1, 0xbb, -4, 0, PF | AF | SF | OF, false, true, false },
    { "bt", 1, 0xba, 4, 1, PF | AF | SF | OF, false, false, false },
    { "bts", 1, 0xba, 5, 1, PF | AF | SF | OF, false, true, false },
    { "btr", 1, 0xba, 6, 1, PF | AF | SF | OF, false, true, false },
    { "btc", 1, 0xba, 7, 1, PF | AF | SF | OF, false, true, false },
    { "cmpxchg8b", 1, 0xc7, 1, 0, 0, false, true, true },
    { "movbe", 2, 0xf0, -1, 0, 0, false, false, true },
    { "movbe", 2, 0xf1, -1, 0, 0, false, false, true },
};

struct trial {
    uint8_t bytes[16];
    unsigned int n;
    struct host_state in;
};

/* Aim base (and index) so that the operand falls into the middle of native. */
static void aim(struct trial *t, unsigned int base, unsigned int index,
                unsigned int scale, int64_t disp)
{
    uint64_t want = (uint64_t)native + HALF + ((uint64_t)random() % 64) * 16;

    if (index == 4) {
        t->in.gpr[base] = want - (uint64_t)disp;
        return;
    }
    t->in.gpr[index] = (uint64_t)random() % 32;
    if (base == index)
        t->in.gpr[index] = (want - (uint64_t)disp) >> scale; /* caller avoids it */
    else
        t->in.gpr[base] = want - (uint64_t)disp - (t->in.gpr[index] << scale);
}

static unsigned int pick_register(unsigned int avoid)
{
    unsigned int r;

    do {
        r = (unsigned int)random() & 15;
    } while (r == 4 || r == avoid);
    return r;
}

static void put_disp(struct trial *t, unsigned int mod, int64_t disp)
{
    unsigned int n = mod == 1 ? 1 : mod == 2 ? 4 : 0, k;

    for (k = 0; k < n; k++)
        t->bytes[t->n++] = (uint8_t)((uint64_t)disp >> (8 * k));
}

/* A bit number near the memory operand, in a register that is not in its address. */
static void place_bit(struct trial *t, unsigned int at, unsigned int digit,
                      unsigned int base, unsigned int index, unsigned int rex)
{
    if (digit != base && digit != index)
        t->in.gpr[digit] = rnd() % 8192 - 4096;
    else
        t->bytes[at] &= (uint8_t)~0x38; /* rax; see below */
    if ((t->bytes[at] & 0x38) == 0 && !(rex & 4) && base != 0 && index != 0)
        t->in.gpr[0] = rnd() % 8192 - 4096;
}

static void build(struct trial *t, const struct tmpl *m)
{
    bool mem = m->mem_only || random() % 3 != 0, sib;
    unsigned int base = pick_register(16), index = pick_register(base), mod, scale, k,
                 imm;
    uint8_t opcode = m->opcode, rex = 0, digit, at;
    int64_t disp;

    t->n = 0;
    for (k = 0; k < 16; k++)
        t->in.gpr[k] = rnd_value();
    t->in.rflags = 0x202 | (rnd() & ARITH);
    if (m->digit == -3)
        opcode |= random() & 15;
    digit = m->digit >= 0 ? m->digit : m->digit == -2 ? random() & 7 : pick_register(4);
    if (m->digit == -2 && digit == 6)
        digit = 4;
    if (m->byte_reg && m->digit < 0)
        digit = pick_register(4);
    if (m->digit == -2)
        digit &= 7;

    if (mem && m->lockable && random() & 1)
        t->bytes[t->n++] = 0xf0;
    if (random() % 4 == 0 && m->opcode != 0xc3 && strcmp(m->name, "cmpxchg8b"))
        t->bytes[t->n++] = 0x66;
    sib = mem && (random() & 1 || (base & 7) == 4);
    if (!sib)
        index = 4;
    if (random() & 1 && strcmp(m->name, "cmpxchg8b"))
        rex |= 0x48;
    if (base >= 8)
        rex |= 0x41;
    if (index >= 8)
        rex |= 0x42;
    if (digit >= 8)
        rex |= 0x44;
    if (rex)
        t->bytes[t->n++] = rex;
    if (m->map)
        t->bytes[t->n++] = 0x0f;
    if (m->map == 2)
        t->bytes[t->n++] = 0x38;
    t->bytes[t->n++] = opcode;
    at = t->n;
    mod = !mem ? 3 : random() & 1 ? 1 : 2;
    disp = mod == 1 ? (int8_t)random() : (int32_t)random() % 4096;
    scale = (unsigned int)random() & 3;
    t->bytes[t->n++] = mod << 6 | (digit & 7) << 3 | (sib ? 4 : (base & 7));
    if (sib)
        t->bytes[t->n++] = scale << 6 | (index & 7) << 3 | (base & 7);
    if (mem) {
        put_disp(t, mod, disp);
        aim(t, base, index, scale, disp);
        if (m->digit == -4)
            place_bit(t, at, digit, base, index, rex);
    }
    imm = m->imm == 'z' ? (memchr(t->bytes, 0x66, at) && !(rex & 8) ? 2 : 4) : m->imm;
    for (k = 0; k < imm; k++)
        t->bytes[t->n++] = (uint8_t)rnd_value();
}

static void print_trial(const struct trial *t, const char *name)
{
    unsigned int k;

    fprintf(stderr, "%s:", name);
    for (k = 0; k < t->n; k++)
        fprintf(stderr, " %02x", t->bytes[k]);
    fprintf(stderr, "\n");
}

static void setup(struct emulate_ctxt *c, const struct host_state *in)
{
    unsigned int k;

    memset(c, 0, sizeof(*c));
    c->ops = &ops;
    c->mode = 8;
    c->protmode = true;
    for (k = 0; k < EMUL_NR_SEGS; k++) {
        c->seg[k].limit = UINT32_MAX;
        c->seg[k].attr = 0x493;
    }
    memcpy(c->regs.gpr, in->gpr, sizeof(in->gpr));
    c->regs.rflags = in->rflags;
    c->regs.rip = (uint64_t)code;
}

/* Code is the instruction, then a jump to host_back. */
static void load_code(const struct trial *t)
{
    uint64_t back = (uint64_t)host_back;

    memcpy(code, t->bytes, t->n);
    memcpy(code + t->n, "\xff\x25\0\0\0\0", 6);
    memcpy(code + t->n + 6, &back, 8);
}

static bool same_outcome(const struct trial *t, const char *name, uint64_t undefined)
{
    struct host_state host = t->in;
    struct emulate_ctxt c;
    unsigned int k;
    int rc;

    load_code(t);
    setup(&c, &t->in);
    rc = emulate_insn(&c);
    if (rc == EMUL_EXCEPTION && (c.exc.vector == 14 || c.exc.vector == 13))
        return true;        /* aimed outside of the page: not run on the host */
    if (rc != EMUL_OK) {
        print_trial(t, name);
        fail_msg("result %d, vector %u", rc, c.exc.vector);
    }
    host_state_ptr = &host;
    host_code_ptr = code;
    host_run();
    host.gpr[4] = c.regs.gpr[4];
    if ((host.rflags ^ c.regs.rflags) & (ARITH | DF) & ~undefined) {
        print_trial(t, name);
        fail_msg("flags %lx, should be %lx", c.regs.rflags, host.rflags);
    }
    for (k = 0; k < 16; k++)
        if (host.gpr[k] != c.regs.gpr[k]) {
            print_trial(t, name);
            fail_msg("register %u is %lx, should be %lx", k, c.regs.gpr[k], host.gpr[k]);
        }
    assert_true(c.regs.rip == (uint64_t)code + t->n);
    if (memcmp(native, shadow, MEM_BYTES) != 0) {
        print_trial(t, name);
        fail_msg("memory differs");
    }
    return false;
}

static void fill_memory(void)
{
    unsigned int k;

    for (k = 0; k < MEM_BYTES; k += 8) {
        uint64_t v = rnd_value();

        memcpy(native + k, &v, 8);
    }
    memcpy(shadow, native, MEM_BYTES);
}

static void test_against_cpu(void **state)
{
    unsigned int n, missed = 0, runs = 0;
    size_t m;

    (void)state;
    srandom(4170);
    for (n = 0; n < 1500; n++) {
        fill_memory();
        for (m = 0; m < ARRAY_LEN(tmpls); m++, runs++) {
            struct trial t;

            build(&t, &tmpls[m]);
            /* A shift by more than one leaves CF, a rotate SF and ZF... as defined. */
            missed += same_outcome(&t, tmpls[m].name, tmpls[m].undefined);
        }
    }
    assert_true(missed < runs / 20);
}

/* REP MOVS, STOS, LODS, CMPS, SCAS of all sizes, both directions. */
static void test_strings(void **state)
{
    static const uint8_t opcodes[] = { 0xa4, 0xa6, 0xaa, 0xac, 0xae };
    unsigned int n;

    (void)state;
    for (n = 0; n < 60000; n++) {
        struct trial t = { .n = 0 };
        unsigned int k, size = random() & 3;

        if (n % 16 == 0)
            fill_memory();
        for (k = 0; k < 16; k++)
            t.in.gpr[k] = rnd_value();
        t.in.gpr[EMUL_RSI] = (uint64_t)native + 1500 + (uint64_t)random() % 200;
        t.in.gpr[EMUL_RDI] = (uint64_t)native + 2200 + (uint64_t)random() % 200;
        t.in.gpr[EMUL_RCX] = (uint64_t)random() % 40;
        t.in.rflags = 0x202 | (rnd() & (ARITH | DF));
        if (random() % 4)
            t.bytes[t.n++] = random() & 1 ? 0xf2 : 0xf3;
        if (size == 1)
            t.bytes[t.n++] = 0x66;
        if (size == 3)
            t.bytes[t.n++] = 0x48;
        t.bytes[t.n++] = opcodes[(unsigned int)random() % 5] | (size != 0);
        assert_false(same_outcome(&t, "string", 0));
    }
}

static void test_fuzz(void **state)
{
    unsigned int n, k, handled = 0;

    (void)state;
    for (n = 0; n < 400000; n++) {
        static const uint8_t modes[] = { 2, 4, 8 };
        struct host_state in;
        struct emulate_ctxt c;
        int rc;

        for (k = 0; k < 16; k++)
            in.gpr[k] = random() % 3 ? (uint64_t)native + HALF : rnd_value();
        in.rflags = rnd() & 0x257fd5;
        for (k = 0; k < INSN_MAX_BYTES; k++)
            code[k] = (uint8_t)(random() >> 7);
        setup(&c, &in);
        c.mode = modes[n % 3];
        c.seg[EMUL_CS].base = c.mode == 8 ? 0 : 0x1000;
        if (c.mode != 8) {
            c.seg[EMUL_CS].base = 0;
            c.regs.rip = (uint32_t)c.regs.rip;
            c.protmode = random() & 1;
        }
        rc = emulate_insn(&c);
        handled += rc == EMUL_OK;
        assert_in_range(rc, EMUL_OK, EMUL_UNHANDLEABLE);
        if (rc == EMUL_RETRY || rc == EMUL_UNHANDLEABLE)
            assert_memory_equal(c.regs.gpr, in.gpr, sizeof(in.gpr));
    }
    assert_true(handled > 20000);
}

static int group_setup(void **state)
{
    int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT;

    (void)state;
    code = mmap(NULL, 4096, prot | PROT_EXEC, flags, -1, 0);
    native = mmap(NULL, MEM_BYTES, prot, flags, -1, 0);
    shadow = mmap(NULL, MEM_BYTES, prot, flags, -1, 0);
    return code == MAP_FAILED || native == MAP_FAILED || shadow == MAP_FAILED;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_cpu),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_fuzz),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
