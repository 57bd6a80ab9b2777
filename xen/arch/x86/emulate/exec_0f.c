/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions of the 0F and 0F38 maps, and group 3. */
#include "private.h"

static int read_rm(struct emulate_ctxt *c, unsigned int bytes, enum emul_access why,
                   struct operand *rm, uint64_t *val)
{
    int rc = rm_operand(c, bytes, why, rm);

    return rc != EMUL_OK ? rc : operand_read(c, rm, why, val);
}

/* F6, F7 /4, /5: the accumulator times @val; CF and OF tell of a used high half. */
static int multiply(struct emulate_ctxt *c, bool is_signed, unsigned int bytes,
                    uint64_t val)
{
    uint64_t acc = reg_get(c, EMUL_RAX, bytes), lo, hi;
    unsigned __int128 full;
    bool big;

    if (is_signed)
        full = (unsigned __int128)((__int128)(int64_t)sign_extend(acc, bytes) *
                                   (int64_t)sign_extend(val, bytes));
    else
        full = (unsigned __int128)acc * val;
    lo = (uint64_t)full & size_mask(bytes);
    hi = (uint64_t)(full >> (8 * bytes)) & size_mask(bytes);
    big = hi != (is_signed ? sign_extend(lo, bytes) >> 63 ? size_mask(bytes) : 0 : 0);
    if (bytes == 1) {
        reg_set(c, EMUL_RAX, 2, hi << 8 | lo);
    } else {
        reg_set(c, EMUL_RAX, bytes, lo);
        reg_set(c, EMUL_RDX, bytes, hi);
    }
    c->regs.rflags &= ~(uint64_t)(FLAG_CF | FLAG_OF);
    if (big)
        c->regs.rflags |= FLAG_CF | FLAG_OF;
    return EMUL_OK;
}

/* F6, F7 /6, /7. The flags are undefined; they stay. */
static int divide(struct emulate_ctxt *c, bool is_signed, unsigned int bytes,
                  uint64_t val)
{
    uint64_t lo = reg_get(c, EMUL_RAX, bytes), hi, q, r;

    hi = bytes == 1 ? reg_get(c, EMUL_RAX, 2) >> 8 : reg_get(c, EMUL_RDX, bytes);
    if (!alu_divide(is_signed, bytes, hi, lo, val, &q, &r))
        return emul_raise(c, VEC_DE, false, 0);
    if (bytes == 1) {
        reg_set(c, EMUL_RAX, 2, r << 8 | q);
    } else {
        reg_set(c, EMUL_RAX, bytes, q);
        reg_set(c, EMUL_RDX, bytes, r);
    }
    return EMUL_OK;
}

int exec_group3(struct emulate_ctxt *c)
{
    unsigned int bytes = c->insn.opcode & 1 ? c->insn.op_bytes : 1;
    unsigned int sub = (c->insn.modrm >> 3) & 7;
    enum emul_access why = sub == 2 || sub == 3 ? EMUL_RMW : EMUL_READ;
    struct operand rm;
    uint64_t val;
    int rc;

    rc = read_rm(c, bytes, why, &rm, &val);
    if (rc != EMUL_OK)
        return rc;
    switch (sub) {
    case 2:
        return operand_write(c, &rm, ~val);
    case 3:
        val = alu_binary(ALU_SUB, bytes, 0, val, &c->regs.rflags);
        return operand_write(c, &rm, val);
    case 4: case 5:
        return multiply(c, sub == 5, bytes, val);
    case 6: case 7:
        return divide(c, sub == 7, bytes, val);
    default:
        alu_logic_flags(bytes, val & (uint64_t)c->insn.imm, &c->regs.rflags);
        return EMUL_OK;
    }
}

/* B6, B7, BE, BF: bit 3 tells sign from zero extension. */
static int exec_extend(struct emulate_ctxt *c)
{
    unsigned int bytes = c->insn.opcode & 1 ? 2 : 1;
    struct operand rm;
    uint64_t val;
    int rc = read_rm(c, bytes, EMUL_READ, &rm, &val);

    if (rc != EMUL_OK)
        return rc;
    if (c->insn.opcode & 8)
        val = sign_extend(val, bytes);
    reg_set(c, c->insn.reg, c->insn.op_bytes, val);
    return EMUL_OK;
}

/* A 32-bit CMOV clears the upper half even when the condition is false. */
static int exec_cmov(struct emulate_ctxt *c)
{
    unsigned int bytes = c->insn.op_bytes;
    struct operand rm;
    uint64_t val;
    int rc = read_rm(c, bytes, EMUL_READ, &rm, &val);

    if (rc != EMUL_OK)
        return rc;
    if (!condition_met(c->insn.opcode & 15, c->regs.rflags))
        val = reg_get(c, c->insn.reg, bytes);
    reg_set(c, c->insn.reg, bytes, val);
    return EMUL_OK;
}

static int exec_setcc(struct emulate_ctxt *c)
{
    struct operand rm;
    int rc = rm_operand(c, 1, EMUL_WRITE, &rm);

    if (rc != EMUL_OK)
        return rc;
    return operand_write(c, &rm, condition_met(c->insn.opcode & 15, c->regs.rflags));
}

static int exec_imul(struct emulate_ctxt *c)
{
    unsigned int bytes = c->insn.op_bytes;
    struct operand rm;
    uint64_t val;
    int rc = read_rm(c, bytes, EMUL_READ, &rm, &val);

    if (rc == EMUL_OK)
        reg_set(c, c->insn.reg, bytes,
                alu_imul(bytes, reg_get(c, c->insn.reg, bytes), val, &c->regs.rflags));
    return rc;
}

/* The destination is written in either case (APM vol. 3, CMPXCHG). */
static int exec_cmpxchg(struct emulate_ctxt *c)
{
    unsigned int bytes = c->insn.opcode & 1 ? c->insn.op_bytes : 1;
    uint64_t acc = reg_get(c, EMUL_RAX, bytes), old, val;
    struct operand rm, reg;
    int rc = read_rm(c, bytes, EMUL_RMW, &rm, &old);

    if (rc != EMUL_OK)
        return rc;
    reg_operand(c, c->insn.reg, bytes, &reg);
    operand_read(c, &reg, EMUL_READ, &val);
    alu_binary(ALU_CMP, bytes, acc, old, &c->regs.rflags);
    if (acc == old)
        return operand_write(c, &rm, val);
    rc = operand_write(c, &rm, old);
    if (rc == EMUL_OK)
        reg_set(c, EMUL_RAX, bytes, old);
    return rc;
}

static int exec_xadd(struct emulate_ctxt *c)
{
    unsigned int bytes = c->insn.opcode & 1 ? c->insn.op_bytes : 1;
    struct operand rm, reg;
    uint64_t old, val;
    int rc = read_rm(c, bytes, EMUL_RMW, &rm, &old);

    if (rc != EMUL_OK)
        return rc;
    reg_operand(c, c->insn.reg, bytes, &reg);
    operand_read(c, &reg, EMUL_READ, &val);
    val = alu_binary(ALU_ADD, bytes, old, val, &c->regs.rflags);
    /* Same register twice: the sum stays, so it is written last. */
    if (!rm.mem) {
        operand_write(c, &reg, old);
        return operand_write(c, &rm, val);
    }
    rc = operand_write(c, &rm, val);
    return rc != EMUL_OK ? rc : operand_write(c, &reg, old);
}

static int exec_movnti(struct emulate_ctxt *c)
{
    struct operand rm;
    int rc;

    if (!c->insn.mem)
        return emul_raise(c, VEC_UD, false, 0);
    rc = rm_operand(c, c->insn.op_bytes, EMUL_WRITE, &rm);
    return rc != EMUL_OK ? rc
                         : operand_write(c, &rm, reg_get(c, c->insn.reg, rm.bytes));
}

int exec_two_byte(struct emulate_ctxt *c)
{
    uint8_t op = c->insn.opcode;

    if ((op & 0xf0) == 0x40)
        return exec_cmov(c);
    if ((op & 0xf0) == 0x90)
        return exec_setcc(c);
    switch (op) {
    case 0x01: case 0x06: case 0x20: case 0x21: case 0x22: case 0x23:
        return exec_system(c);
    case 0x0d: case 0x18: case 0x19: case 0x1c: case 0x1d: case 0x1f:
        return EMUL_OK;                 /* prefetch hints, long NOPs */
    case 0xa3: case 0xab: case 0xb3: case 0xbb: case 0xba:
        return exec_bit(c);
    case 0xaf:
        return exec_imul(c);
    case 0xb0: case 0xb1:
        return exec_cmpxchg(c);
    case 0xb6: case 0xb7: case 0xbe: case 0xbf:
        return exec_extend(c);
    case 0xc0: case 0xc1:
        return exec_xadd(c);
    case 0xc3:
        return c->insn.rep || c->insn.opsize_prefix ? EMUL_UNHANDLEABLE : exec_movnti(c);
    case 0xc7:
        return exec_cmpxchg_wide(c);
    default:
        return exec_vector_move(c);
    }
}

/* MOVBE; with F2 the same opcodes are CRC32. */
int exec_three_byte(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    unsigned int shift = 64 - 8 * i->op_bytes;
    bool load = i->opcode == 0xf0;
    struct operand rm;
    uint64_t val;
    int rc;

    if ((i->opcode != 0xf0 && i->opcode != 0xf1) || i->rep)
        return exec_vector_move(c);
    if (!i->mem)
        return emul_raise(c, VEC_UD, false, 0);
    rc = rm_operand(c, i->op_bytes, load ? EMUL_READ : EMUL_WRITE, &rm);
    if (rc != EMUL_OK)
        return rc;
    if (!load) {
        val = __builtin_bswap64(reg_get(c, i->reg, i->op_bytes)) >> shift;
        return operand_write(c, &rm, val);
    }
    rc = operand_read(c, &rm, EMUL_READ, &val);
    if (rc == EMUL_OK)
        reg_set(c, i->reg, i->op_bytes, __builtin_bswap64(val) >> shift);
    return rc;
}
