/* SPDX-License-Identifier: GPL-2.0-only */
/* Bit tests, wide compare-exchange, control registers, port I/O. */
#include <asm/cr.h>
#include "private.h"

enum bit_op { BIT_TEST, BIT_SET, BIT_RESET, BIT_COMPLEMENT };

/*
 * A bit number from a register is signed and reaches beyond the operand: the
 * word that holds the bit is the one accessed (APM vol. 3, BT).
 */
static int bit_operand(struct emulate_ctxt *c, enum emul_access why, struct operand *rm,
                       unsigned int *bit)
{
    const struct insn *i = &c->insn;
    unsigned int bits = 8 * i->op_bytes;
    int64_t number, word;
    uint64_t ea;

    if (i->opcode == 0xba) {
        *bit = (uint8_t)i->imm & (bits - 1);
        return rm_operand(c, i->op_bytes, why, rm);
    }
    number = (int64_t)sign_extend(c->regs.gpr[i->reg], i->op_bytes);
    *bit = (unsigned int)number & (bits - 1);
    if (!i->mem)
        return rm_operand(c, i->op_bytes, why, rm);
    word = (number - *bit) / 8;
    ea = (effective_address(c) + (uint64_t)word) & size_mask(i->ad_bytes);
    *rm = (struct operand){ .mem = true, .bytes = i->op_bytes };
    return linear_address(c, i->seg, ea, i->op_bytes, why, &rm->linear);
}

int exec_bit(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    enum bit_op op = ((i->opcode == 0xba ? i->modrm : i->opcode) >> 3) & 3;
    enum emul_access why = op == BIT_TEST ? EMUL_READ : EMUL_RMW;
    struct operand rm;
    uint64_t val, mask;
    unsigned int bit;
    int rc;

    if (i->opcode == 0xba && ((i->modrm >> 3) & 7) < 4)
        return emul_raise(c, VEC_UD, false, 0);
    rc = bit_operand(c, why, &rm, &bit);
    if (rc == EMUL_OK)
        rc = operand_read(c, &rm, why, &val);
    if (rc != EMUL_OK)
        return rc;
    mask = 1ull << bit;
    c->regs.rflags &= ~(uint64_t)FLAG_CF;
    if (val & mask)
        c->regs.rflags |= FLAG_CF;
    switch (op) {
    case BIT_SET:        val |= mask; break;
    case BIT_RESET:      val &= ~mask; break;
    case BIT_COMPLEMENT: val ^= mask; break;
    default:             return EMUL_OK;
    }
    return operand_write(c, &rm, val);
}

/* 0F C7 /1: CMPXCHG8B and, with REX.W, CMPXCHG16B. */
int exec_cmpxchg_wide(struct emulate_ctxt *c)
{
    unsigned int half = c->insn.op_bytes == 8 ? 8 : 4;
    uint64_t old[2] = { 0, 0 }, lo = 0, hi = 0, new[2], linear;
    uint32_t pack[4];
    void *mem = old;
    const void *put;
    bool equal;
    int rc;

    if (!c->insn.mem || ((c->insn.modrm >> 3) & 7) != 1)
        return EMUL_UNHANDLEABLE;
    rc = linear_address(c, c->insn.seg, effective_address(c), 2 * half, EMUL_RMW,
                        &linear);
    if (rc == EMUL_OK && half == 8 && (linear & 15))
        rc = emul_raise(c, VEC_GP, true, 0);
    if (rc == EMUL_OK)
        rc = c->ops->read(c, linear, mem, 2 * half, EMUL_RMW);
    if (rc != EMUL_OK)
        return rc;
    lo = half == 8 ? old[0] : old[0] & size_mask(4);
    hi = half == 8 ? old[1] : old[0] >> 32;
    equal = lo == reg_get(c, EMUL_RAX, half) && hi == reg_get(c, EMUL_RDX, half);
    new[0] = equal ? reg_get(c, EMUL_RBX, half) : lo;
    new[1] = equal ? reg_get(c, EMUL_RCX, half) : hi;
    pack[0] = (uint32_t)new[0];
    pack[1] = (uint32_t)new[1];
    put = half == 8 ? (const void *)new : (const void *)pack;
    if (c->insn.lock && c->ops->cmpxchg)
        rc = c->ops->cmpxchg(c, linear, mem, put, 2 * half);
    else
        rc = c->ops->write(c, linear, put, 2 * half);
    if (rc != EMUL_OK)
        return rc;
    c->regs.rflags &= ~(uint64_t)FLAG_ZF;
    if (equal) {
        c->regs.rflags |= FLAG_ZF;
    } else {
        reg_set(c, EMUL_RAX, half, lo);
        reg_set(c, EMUL_RDX, half, hi);
    }
    return EMUL_OK;
}

/* LMSW sets the low four bits of CR0 but cannot clear PE. */
static int exec_lmsw(struct emulate_ctxt *c)
{
    struct operand rm;
    uint64_t val, cr0;
    int rc = rm_operand(c, 2, EMUL_READ, &rm);

    if (rc == EMUL_OK)
        rc = operand_read(c, &rm, EMUL_READ, &val);
    if (rc == EMUL_OK)
        rc = c->ops->read_cr(c, 0, &cr0);
    if (rc != EMUL_OK)
        return rc;
    return c->ops->write_cr(c, 0, (cr0 & ~0xeull) | (val & 0xf));
}

/* SMSW stores 16 bits to memory, the operand size to a register. */
static int exec_smsw(struct emulate_ctxt *c)
{
    struct operand rm;
    uint64_t cr0;
    int rc = rm_operand(c, c->insn.mem ? 2 : c->insn.op_bytes, EMUL_WRITE, &rm);

    if (rc == EMUL_OK)
        rc = c->ops->read_cr(c, 0, &cr0);
    return rc != EMUL_OK ? rc : operand_write(c, &rm, cr0);
}

static int exec_clts(struct emulate_ctxt *c)
{
    uint64_t cr0;
    int rc = c->ops->read_cr(c, 0, &cr0);

    return rc != EMUL_OK ? rc : c->ops->write_cr(c, 0, cr0 & ~(uint64_t)CR0_TS);
}

/* 0F 20-23: bit 1 set is a write to, bit 0 set a debug register. */
static int exec_mov_special(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    unsigned int bytes = c->mode == 8 ? 8 : 4, nr = i->reg;
    bool to = i->opcode & 2, debug = i->opcode & 1;
    uint64_t val;
    int rc;

    /* LOCK stands for REX.R where there is none (APM vol. 3, MOV CRn). */
    if (i->lock && !debug)
        nr |= 8;
    if (debug ? nr > 7 : nr != 0 && nr != 8 && (nr < 2 || nr > 4))
        return emul_raise(c, VEC_UD, false, 0);
    if (to) {
        val = reg_get(c, i->rm, bytes);
        return debug ? c->ops->write_dr(c, nr, val) : c->ops->write_cr(c, nr, val);
    }
    rc = debug ? c->ops->read_dr(c, nr, &val) : c->ops->read_cr(c, nr, &val);
    if (rc == EMUL_OK)
        reg_set(c, i->rm, bytes, val);
    return rc;
}

static int exec_invlpg(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    uint64_t base = c->mode != 8 || i->seg >= EMUL_FS ? c->seg[i->seg].base : 0;

    /* No segment checks; a non-canonical address is a no-op. */
    return c->ops->invlpg(c, base + effective_address(c));
}

int exec_system(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    const struct emulate_ops *ops = c->ops;
    bool crs = ops->read_cr && ops->write_cr, drs = ops->read_dr && ops->write_dr;

    if (insn_is(i, INSN_ID_SMSW))
        return crs ? exec_smsw(c) : EMUL_UNHANDLEABLE;
    if (c->cpl != 0)
        return emul_raise(c, VEC_GP, true, 0);
    if (insn_is(i, INSN_ID_LMSW))
        return crs ? exec_lmsw(c) : EMUL_UNHANDLEABLE;
    if (insn_is(i, INSN_ID_INVLPG))
        return ops->invlpg ? exec_invlpg(c) : EMUL_UNHANDLEABLE;
    if (i->opcode == 0x06)
        return crs ? exec_clts(c) : EMUL_UNHANDLEABLE;
    if (i->opcode == 0x01)
        return EMUL_UNHANDLEABLE;
    return (i->opcode & 1 ? drs : crs) ? exec_mov_special(c) : EMUL_UNHANDLEABLE;
}

/* Bit 3 of the opcode: port in DX; bit 1: output; bit 0: not a byte. */
int exec_port(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    unsigned int bytes = !(i->opcode & 1) ? 1 : i->op_bytes == 2 ? 2 : 4;
    uint16_t port = i->opcode & 8 ? (uint16_t)c->regs.gpr[EMUL_RDX] : (uint8_t)i->imm;
    uint32_t val = 0;
    int rc;

    if (!port_allowed(c))
        return EMUL_UNHANDLEABLE;
    if (i->opcode & 2)
        return c->ops->port_out(c, port, bytes, (uint32_t)reg_get(c, EMUL_RAX, bytes));
    rc = c->ops->port_in(c, port, bytes, &val);
    if (rc == EMUL_OK)
        reg_set(c, EMUL_RAX, bytes, val);
    return rc;
}

/*
 * Without an intercept's own check only what needs no task-state bitmap is
 * done: that is kept by the CPU, and reading it here would be another copy.
 */
bool port_allowed(const struct emulate_ctxt *c)
{
    if (!c->ops->port_in || !c->ops->port_out)
        return false;
    return c->io_checked || !c->protmode || c->cpl <= ((c->regs.rflags >> 12) & 3);
}
