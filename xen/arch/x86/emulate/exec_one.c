/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions of the one-byte opcode map. */
#include "private.h"

static unsigned int width(const struct insn *i)
{
    return i->opcode & 1 ? i->op_bytes : 1;
}

static int alu_into(struct emulate_ctxt *c, enum alu_op op, struct operand *dst,
                    uint64_t src)
{
    enum emul_access why = op == ALU_CMP ? EMUL_READ : EMUL_RMW;
    uint64_t val;
    int rc = operand_read(c, dst, why, &val);

    if (rc != EMUL_OK)
        return rc;
    val = alu_binary(op, dst->bytes, val, src, &c->regs.rflags);
    return op == ALU_CMP ? EMUL_OK : operand_write(c, dst, val);
}

/* 00-3F: the low three bits are the form, the next three the operation. */
static int exec_alu(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    enum alu_op op = (i->opcode >> 3) & 7;
    unsigned int form = i->opcode & 7, bytes = width(i);
    enum emul_access why = form < 2 && op != ALU_CMP ? EMUL_RMW : EMUL_READ;
    struct operand rm, reg;
    uint64_t src;
    int rc;

    if (form > 3) {
        reg_operand(c, EMUL_RAX, bytes, &reg);
        return alu_into(c, op, &reg, (uint64_t)i->imm);
    }
    reg_operand(c, i->reg, bytes, &reg);
    rc = rm_operand(c, bytes, why, &rm);
    if (rc == EMUL_OK)
        rc = operand_read(c, form < 2 ? &reg : &rm, EMUL_READ, &src);
    if (rc == EMUL_OK)
        rc = alu_into(c, op, form < 2 ? &rm : &reg, src);
    return rc;
}

static int exec_group1(struct emulate_ctxt *c)
{
    enum alu_op op = (c->insn.modrm >> 3) & 7;
    struct operand rm;
    int rc = rm_operand(c, width(&c->insn), op == ALU_CMP ? EMUL_READ : EMUL_RMW, &rm);

    return rc != EMUL_OK ? rc : alu_into(c, op, &rm, (uint64_t)c->insn.imm);
}

static int exec_test(struct emulate_ctxt *c)
{
    unsigned int bytes = width(&c->insn);
    struct operand rm, reg;
    uint64_t a, b;
    int rc = rm_operand(c, bytes, EMUL_READ, &rm);

    reg_operand(c, c->insn.reg, bytes, &reg);
    if (rc == EMUL_OK)
        rc = operand_read(c, &rm, EMUL_READ, &a);
    if (rc == EMUL_OK)
        rc = operand_read(c, &reg, EMUL_READ, &b);
    if (rc == EMUL_OK)
        alu_logic_flags(bytes, a & b, &c->regs.rflags);
    return rc;
}

/* 86, 87: memory forms are locked with or without the prefix. */
static int exec_xchg(struct emulate_ctxt *c)
{
    unsigned int bytes = width(&c->insn);
    struct operand rm, reg;
    uint64_t a = 0, b = 0;
    int rc = rm_operand(c, bytes, EMUL_RMW, &rm);

    reg_operand(c, c->insn.reg, bytes, &reg);
    if (rc == EMUL_OK)
        rc = operand_read(c, &rm, EMUL_RMW, &a);
    if (rc == EMUL_OK)
        rc = operand_read(c, &reg, EMUL_READ, &b);
    c->insn.lock = rm.mem;
    if (rc == EMUL_OK)
        rc = operand_write(c, &rm, b);
    if (rc == EMUL_OK)
        rc = operand_write(c, &reg, a);
    return rc;
}

/* 88-8B, A0-A3: bit 1 set means a load for the former, a store for the latter. */
static int exec_mov(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    bool moffs = !i->has_modrm, load = !(i->opcode & 2) == moffs;
    struct operand rm, reg;
    uint64_t val;
    int rc = rm_operand(c, width(i), load ? EMUL_READ : EMUL_WRITE, &rm);

    reg_operand(c, moffs ? EMUL_RAX : i->reg, width(i), &reg);
    if (rc == EMUL_OK)
        rc = operand_read(c, load ? &rm : &reg, EMUL_READ, &val);
    if (rc == EMUL_OK)
        rc = operand_write(c, load ? &reg : &rm, val);
    return rc;
}

static int exec_mov_imm(struct emulate_ctxt *c)
{
    struct operand rm;
    int rc;

    if ((c->insn.modrm >> 3) & 7)
        return EMUL_UNHANDLEABLE;
    rc = rm_operand(c, width(&c->insn), EMUL_WRITE, &rm);
    return rc != EMUL_OK ? rc : operand_write(c, &rm, (uint64_t)c->insn.imm);
}

static int exec_movsxd(struct emulate_ctxt *c)
{
    struct operand rm;
    uint64_t val;
    int rc;

    if (c->mode != 8)
        return EMUL_UNHANDLEABLE;       /* ARPL */
    rc = rm_operand(c, c->insn.op_bytes == 2 ? 2 : 4, EMUL_READ, &rm);
    if (rc == EMUL_OK)
        rc = operand_read(c, &rm, EMUL_READ, &val);
    if (rc == EMUL_OK)
        reg_set(c, c->insn.reg, c->insn.op_bytes, sign_extend(val, rm.bytes));
    return rc;
}

static int exec_imul_imm(struct emulate_ctxt *c)
{
    unsigned int bytes = c->insn.op_bytes;
    struct operand rm;
    uint64_t val;
    int rc = rm_operand(c, bytes, EMUL_READ, &rm);

    if (rc == EMUL_OK)
        rc = operand_read(c, &rm, EMUL_READ, &val);
    if (rc == EMUL_OK)
        reg_set(c, c->insn.reg, bytes,
                alu_imul(bytes, val, (uint64_t)c->insn.imm, &c->regs.rflags));
    return rc;
}

static int exec_shift(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    unsigned int count;
    struct operand rm;
    uint64_t val;
    int rc = rm_operand(c, width(i), EMUL_RMW, &rm);

    if (i->opcode < 0xd0)
        count = (uint8_t)i->imm;
    else
        count = i->opcode & 2 ? (uint8_t)c->regs.gpr[EMUL_RCX] : 1;
    if (rc == EMUL_OK)
        rc = operand_read(c, &rm, EMUL_RMW, &val);
    if (rc != EMUL_OK)
        return rc;
    val = alu_shift((i->modrm >> 3) & 7, rm.bytes, val, count, &c->regs.rflags);
    return operand_write(c, &rm, val);
}

/* The operand's address counts from the stack pointer after the pop. */
static int exec_pop(struct emulate_ctxt *c)
{
    unsigned int bytes = c->mode == 8 && c->insn.op_bytes != 2 ? 8 : c->insn.op_bytes;
    struct operand rm;
    uint64_t val;
    int rc;

    if ((c->insn.modrm >> 3) & 7)
        return EMUL_UNHANDLEABLE;
    rc = stack_pop(c, bytes, &val);
    if (rc == EMUL_OK)
        rc = rm_operand(c, bytes, EMUL_WRITE, &rm);
    return rc != EMUL_OK ? rc : operand_write(c, &rm, val);
}

static int exec_incdec(struct emulate_ctxt *c)
{
    bool dec = (c->insn.modrm >> 3) & 1;
    struct operand rm;
    uint64_t val;
    int rc = rm_operand(c, width(&c->insn), EMUL_RMW, &rm);

    if (rc == EMUL_OK)
        rc = operand_read(c, &rm, EMUL_RMW, &val);
    if (rc != EMUL_OK)
        return rc;
    return operand_write(c, &rm, alu_incdec(dec, rm.bytes, val, &c->regs.rflags));
}

static int branch_to(struct emulate_ctxt *c, uint64_t target, bool call,
                     unsigned int bytes)
{
    bool ok = c->mode == 8 ? sign_extend(target & size_mask(6), 6) == target
                           : target <= c->seg[EMUL_CS].limit;
    int rc;

    if (!ok)
        return emul_raise(c, VEC_GP, true, 0);
    if (call) {
        rc = stack_push(c, bytes, c->regs.rip);
        if (rc != EMUL_OK)
            return rc;
    }
    set_rip(c, target);
    return EMUL_OK;
}

/* FF /2, /4, /6: near CALL, near JMP, PUSH; 64 bits wide in 64-bit code. */
static int exec_indirect(struct emulate_ctxt *c, unsigned int sub)
{
    unsigned int bytes = c->insn.op_bytes;
    struct operand rm;
    uint64_t val;
    int rc;

    if (c->mode == 8 && (bytes == 4 || sub != 6))
        bytes = 8;
    rc = rm_operand(c, bytes, EMUL_READ, &rm);
    if (rc == EMUL_OK)
        rc = operand_read(c, &rm, EMUL_READ, &val);
    if (rc != EMUL_OK)
        return rc;
    return sub == 6 ? stack_push(c, bytes, val) : branch_to(c, val, sub == 2, bytes);
}

static int exec_group45(struct emulate_ctxt *c)
{
    unsigned int sub = (c->insn.modrm >> 3) & 7;

    if (sub < 2)
        return exec_incdec(c);
    if (c->insn.opcode == 0xff && (sub == 2 || sub == 4 || sub == 6))
        return exec_indirect(c, sub);
    return EMUL_UNHANDLEABLE;
}

int exec_one_byte(struct emulate_ctxt *c)
{
    uint8_t op = c->insn.opcode;

    if (op < 0x40)
        return (op & 7) < 6 ? exec_alu(c) : EMUL_UNHANDLEABLE;
    switch (op) {
    case 0x63:
        return exec_movsxd(c);
    case 0x69: case 0x6b:
        return exec_imul_imm(c);
    case 0x80: case 0x81: case 0x82: case 0x83:
        return exec_group1(c);
    case 0x84: case 0x85:
        return exec_test(c);
    case 0x86: case 0x87:
        return exec_xchg(c);
    case 0x88: case 0x89: case 0x8a: case 0x8b:
    case 0xa0: case 0xa1: case 0xa2: case 0xa3:
        return exec_mov(c);
    case 0x8f:
        return exec_pop(c);
    case 0xc0: case 0xc1: case 0xd0: case 0xd1: case 0xd2: case 0xd3:
        return exec_shift(c);
    case 0xc6: case 0xc7:
        return exec_mov_imm(c);
    case 0xe4: case 0xe5: case 0xe6: case 0xe7:
    case 0xec: case 0xed: case 0xee: case 0xef:
        return exec_port(c);
    case 0xf6: case 0xf7:
        return exec_group3(c);
    case 0xfe: case 0xff:
        return exec_group45(c);
    default:
        return EMUL_UNHANDLEABLE;
    }
}
