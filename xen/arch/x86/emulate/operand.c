/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers, effective and linear addresses, memory and stack operands. */
#include "private.h"

int emul_raise(struct emulate_ctxt *c, uint8_t vector, bool has_error, uint32_t error)
{
    c->exc = (struct emul_exception){
        .vector = vector, .has_error = has_error, .error = error,
    };
    return EMUL_EXCEPTION;
}

uint64_t reg_get(const struct emulate_ctxt *c, unsigned int reg, unsigned int bytes)
{
    return c->regs.gpr[reg] & size_mask(bytes);
}

/* A 32-bit write clears the upper half, narrower ones keep what is above. */
void reg_set(struct emulate_ctxt *c, unsigned int reg, unsigned int bytes, uint64_t val)
{
    uint64_t mask = size_mask(bytes == 4 ? 8 : bytes);

    val &= size_mask(bytes);
    c->regs.gpr[reg] = (c->regs.gpr[reg] & ~mask) | val;
}

uint64_t effective_address(const struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    uint64_t ea = (uint64_t)i->disp;

    if (i->base != EMUL_NO_REG)
        ea += c->regs.gpr[i->base];
    if (i->index != EMUL_NO_REG)
        ea += c->regs.gpr[i->index] << i->scale;
    if (i->rip_relative)
        ea += c->regs.rip;      /* already that of the next instruction */
    return ea & size_mask(i->ad_bytes);
}

static bool canonical(uint64_t addr)
{
    return sign_extend(addr & size_mask(6), 6) == addr;
}

static int segment_fault(struct emulate_ctxt *c, enum emul_seg seg)
{
    return emul_raise(c, seg == EMUL_SS ? VEC_SS : VEC_GP, true, 0);
}

static bool type_allows(const struct emulate_ctxt *c, const struct emul_segment *s,
                        enum emul_access why)
{
    if (!c->protmode)
        return true;
    if (!(s->attr & EMUL_SEG_P))
        return false;
    if (s->attr & EMUL_SEG_CODE)
        return why == EMUL_READ && (s->attr & EMUL_SEG_WRITABLE);
    return why == EMUL_READ || (s->attr & EMUL_SEG_WRITABLE);
}

/* APM vol. 2, 4.12: limits count the last byte; expand-down inverts them. */
static bool within_limit(const struct emul_segment *s, uint64_t first, unsigned int bytes)
{
    uint64_t last = first + bytes - 1;
    uint64_t top = s->attr & EMUL_SEG_DB ? 0xffffffffull : 0xffff;

    if ((s->attr & (EMUL_SEG_CODE | EMUL_SEG_DOWN)) == EMUL_SEG_DOWN)
        return first > s->limit && last <= top;
    return last <= s->limit;
}

int linear_address(struct emulate_ctxt *c, enum emul_seg seg, uint64_t offset,
                   unsigned int bytes, enum emul_access why, uint64_t *linear)
{
    const struct emul_segment *s = &c->seg[seg];
    uint64_t addr = offset;

    if (c->mode == 8) {
        if (seg >= EMUL_FS)
            addr += s->base;
        if (!canonical(addr) || !canonical(addr + bytes - 1))
            return segment_fault(c, seg);
        *linear = addr;
        return EMUL_OK;
    }
    if (!type_allows(c, s, why) || !within_limit(s, offset, bytes))
        return segment_fault(c, seg);
    *linear = (s->base + offset) & 0xffffffffull;
    return EMUL_OK;
}

void reg_operand(const struct emulate_ctxt *c, unsigned int reg, unsigned int bytes,
                 struct operand *op)
{
    *op = (struct operand){ .reg = reg, .bytes = bytes };
    if (bytes == 1 && !c->insn.rex && reg >= 4) {
        op->reg = reg - 4;
        op->high = true;
    }
}

int rm_operand(struct emulate_ctxt *c, unsigned int bytes, enum emul_access why,
               struct operand *op)
{
    if (!c->insn.mem) {
        reg_operand(c, c->insn.rm, bytes, op);
        return EMUL_OK;
    }
    *op = (struct operand){ .mem = true, .bytes = bytes };
    return linear_address(c, c->insn.seg, effective_address(c), bytes, why, &op->linear);
}

int operand_read(struct emulate_ctxt *c, struct operand *op, enum emul_access why,
                 uint64_t *val)
{
    int rc;

    *val = 0;
    if (op->mem) {
        rc = c->ops->read(c, op->linear, val, op->bytes, why);
        op->old = *val;
        return rc;
    }
    *val = op->high ? (c->regs.gpr[op->reg] >> 8) & 0xff
                    : reg_get(c, op->reg, op->bytes);
    return EMUL_OK;
}

int operand_write(struct emulate_ctxt *c, const struct operand *op, uint64_t val)
{
    uint64_t *reg = &c->regs.gpr[op->reg];

    if (op->mem) {
        if (c->insn.lock && c->ops->cmpxchg)
            return c->ops->cmpxchg(c, op->linear, &op->old, &val, op->bytes);
        return c->ops->write(c, op->linear, &val, op->bytes);
    }
    if (op->high)
        *reg = (*reg & ~0xff00ull) | (val & 0xff) << 8;
    else
        reg_set(c, op->reg, op->bytes, val);
    return EMUL_OK;
}

static unsigned int stack_width(const struct emulate_ctxt *c)
{
    if (c->mode == 8)
        return 8;
    return c->seg[EMUL_SS].attr & EMUL_SEG_DB ? 4 : 2;
}

/* Unlike reg_set, a 32-bit stack pointer update outside 64-bit code. */
static void stack_move(struct emulate_ctxt *c, int64_t by)
{
    unsigned int width = stack_width(c);

    reg_set(c, EMUL_RSP, width, c->regs.gpr[EMUL_RSP] + (uint64_t)by);
}

int stack_push(struct emulate_ctxt *c, unsigned int bytes, uint64_t val)
{
    uint64_t sp = (c->regs.gpr[EMUL_RSP] - bytes) & size_mask(stack_width(c)), linear;
    int rc = linear_address(c, EMUL_SS, sp, bytes, EMUL_WRITE, &linear);

    if (rc == EMUL_OK)
        rc = c->ops->write(c, linear, &val, bytes);
    if (rc == EMUL_OK)
        stack_move(c, -(int64_t)bytes);
    return rc;
}

int stack_pop(struct emulate_ctxt *c, unsigned int bytes, uint64_t *val)
{
    uint64_t sp = reg_get(c, EMUL_RSP, stack_width(c)), linear;
    int rc = linear_address(c, EMUL_SS, sp, bytes, EMUL_READ, &linear);

    *val = 0;
    if (rc == EMUL_OK)
        rc = c->ops->read(c, linear, val, bytes, EMUL_READ);
    if (rc == EMUL_OK)
        stack_move(c, bytes);
    return rc;
}

void set_rip(struct emulate_ctxt *c, uint64_t rip)
{
    c->regs.rip = rip & size_mask(c->mode);
}
