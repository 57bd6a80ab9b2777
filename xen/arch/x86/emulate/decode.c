/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opcode bytes to struct insn. APM vol. 3, chapter 1 (encoding) and appendix A
 * (opcode maps).
 */
#include <asm/emulate.h>

#include "opmap.h"

struct cursor {
    const uint8_t *buf;
    unsigned int avail;
    unsigned int pos;
    unsigned int mode;
    enum insn_status status;
};

/* Past the end every byte reads as zero; status keeps the first reason. */
static uint8_t next_byte(struct cursor *c)
{
    if (c->status == INSN_OK) {
        if (c->pos >= INSN_MAX_BYTES)
            c->status = INSN_TOO_LONG;
        else if (c->pos >= c->avail)
            c->status = INSN_TRUNCATED;
    }
    return c->status == INSN_OK ? c->buf[c->pos++] : 0;
}

static uint64_t next_unsigned(struct cursor *c, unsigned int bytes)
{
    uint64_t val = 0;
    unsigned int n;

    for (n = 0; n < bytes; n++)
        val |= (uint64_t)next_byte(c) << (8 * n);
    return val;
}

static int64_t next_signed(struct cursor *c, unsigned int bytes)
{
    unsigned int unused = 64 - 8 * bytes;

    return (int64_t)(next_unsigned(c, bytes) << unused) >> unused;
}

static void override_segment(struct insn *i, unsigned int mode, uint8_t seg)
{
    /* 64-bit code ignores all but FS and GS (APM vol. 3, 1.2.4). */
    if (mode == 8 && seg < EMUL_FS)
        return;
    i->seg = seg;
    i->seg_override = true;
}

/* Consume prefixes; returns the first byte of the opcode. */
static uint8_t take_prefixes(struct cursor *c, struct insn *i, bool *adsize)
{
    for ( ; ; ) {
        uint8_t b = next_byte(c);

        if (c->status != INSN_OK)
            return 0;
        if (c->mode == 8 && (b & 0xf0) == 0x40) {
            i->rex = b;
            continue;
        }
        switch (b) {
        case 0x26: case 0x2e: case 0x36: case 0x3e:
            override_segment(i, c->mode, (b >> 3) & 3);
            break;
        case 0x64: case 0x65:
            override_segment(i, c->mode, EMUL_FS + (b & 1));
            break;
        case 0x66:
            i->opsize_prefix = true;
            break;
        case 0x67:
            *adsize = true;
            break;
        case 0xf0:
            i->lock = true;
            break;
        case 0xf2: case 0xf3:
            i->rep = b;
            break;
        default:
            return b;
        }
        i->rex = 0;     /* REX counts only right before the opcode */
    }
}

static void take_sib(struct cursor *c, struct insn *i, unsigned int mod)
{
    uint8_t sib = next_byte(c);
    unsigned int base = sib & 7, index = (sib >> 3) & 7;

    index |= (i->rex & 2) << 2;
    if (index != EMUL_RSP) {
        i->index = index;
        i->scale = sib >> 6;
    }
    if (base == 5 && mod == 0) {
        i->disp = next_signed(c, 4);
        return;
    }
    i->base = base | (i->rex & 1) << 3;
}

/* 16-bit forms pair registers (APM vol. 3, table 1-13). */
static void take_memory16(struct cursor *c, struct insn *i, unsigned int mod,
                          unsigned int rm)
{
    static const uint8_t base[8] = {
        EMUL_RBX, EMUL_RBX, EMUL_RBP, EMUL_RBP, EMUL_RSI, EMUL_RDI, EMUL_RBP, EMUL_RBX
    };

    if (mod == 0 && rm == 6) {
        i->disp = next_signed(c, 2);
        return;
    }
    i->base = base[rm];
    if (rm < 4)
        i->index = rm & 1 ? EMUL_RDI : EMUL_RSI;
    if (mod)
        i->disp = next_signed(c, mod);
}

static void take_memory(struct cursor *c, struct insn *i)
{
    unsigned int mod = i->modrm >> 6, rm = i->modrm & 7;

    i->mem = true;
    if (i->ad_bytes == 2) {
        take_memory16(c, i, mod, rm);
    } else {
        if (rm == 4) {
            take_sib(c, i, mod);
        } else if (mod == 0 && rm == 5) {
            i->rip_relative = c->mode == 8;
            i->disp = next_signed(c, 4);
        } else {
            i->base = i->rm;
        }
        if (mod)
            i->disp = next_signed(c, mod == 1 ? 1 : 4);
    }
    if (!i->seg_override && (i->base == EMUL_RSP || i->base == EMUL_RBP))
        i->seg = EMUL_SS;
}

static void take_modrm(struct cursor *c, struct insn *i, bool always_reg)
{
    i->has_modrm = true;
    i->modrm = next_byte(c);
    i->reg = ((i->modrm >> 3) & 7) | (i->rex & 4) << 1;
    i->rm = (i->modrm & 7) | (i->rex & 1) << 3;
    if (i->modrm < 0xc0 && !always_reg)
        take_memory(c, i);
}

/*
 * VEX, EVEX and XOP: @i->opcode holds the escape byte. Their register bits are
 * not kept; nothing with them is emulated.
 */
static void take_vector(struct cursor *c, struct insn *i)
{
    uint8_t escape = i->opcode, b = next_byte(c);
    unsigned int map = escape == 0xc5 ? 1 : b & (escape == 0x62 ? 7 : 0x1f);

    if (i->lock || i->opsize_prefix || i->rep || i->rex)
        c->status = c->status == INSN_OK ? INSN_INVALID : c->status;
    if (escape != 0xc5)
        next_byte(c);
    if (escape == 0x62)
        next_byte(c);
    i->map = INSN_VECTOR;
    i->opcode = next_byte(c);
    if (map == 1 && i->opcode == 0x77 && escape != 0x62)
        return;
    take_modrm(c, i, false);
    if (map == 3 || map == 8 || (map == 1 && opmap_vector_imm8(i->opcode)))
        i->imm = next_signed(c, 1);
    else if (map == 10)
        i->imm = next_signed(c, 4);
}

/* Do C4, C5, 62, 8F start a vector prefix here rather than LES, BOUND, POP? */
static bool starts_vector(const struct cursor *c, uint8_t b)
{
    uint8_t next;

    if (b != 0xc4 && b != 0xc5 && b != 0x62 && b != 0x8f)
        return false;
    if (c->pos >= c->avail || c->pos >= INSN_MAX_BYTES)
        return c->mode == 8 && b != 0x8f;
    next = c->buf[c->pos];
    if (b == 0x8f)
        return (next & 0x1f) >= 8;
    return c->mode == 8 || next >= 0xc0;
}

static char take_opcode(struct cursor *c, struct insn *i, uint8_t b)
{
    i->opcode = b;
    if (b != 0x0f)
        return opmap_one[b];
    b = i->opcode = next_byte(c);
    i->map = INSN_0F;
    if (b == 0x38) {
        i->map = INSN_0F38;
        i->opcode = next_byte(c);
        return OP_MODRM;
    }
    if (b == 0x3a) {
        i->map = INSN_0F3A;
        i->opcode = next_byte(c);
        return OP_MODRM_IB;
    }
    /* SSE4a EXTRQ and INSERTQ carry two bytes (APM vol. 4). */
    if (b == 0x78 && (i->opsize_prefix || i->rep == 0xf2))
        return OP_MODRM_IB_IB;
    return opmap_0f[b];
}

static void take_immediate(struct cursor *c, struct insn *i, char kind)
{
    unsigned int z = i->op_bytes == 2 ? 2 : 4;

    switch (kind) {
    case OP_MODRM_IB_IB:
        i->imm = next_signed(c, 1);
        i->imm2 = next_byte(c);
        break;
    case OP_IB: case OP_IB_NO64: case OP_MODRM_IB: case OP_MODRM_IB_NO64:
        i->imm = next_signed(c, 1);
        break;
    case OP_IW:
        i->imm = next_signed(c, 2);
        break;
    case OP_IZ: case OP_MODRM_IZ:
        i->imm = next_signed(c, z);
        break;
    case OP_IV:
        i->imm = next_signed(c, i->op_bytes);
        break;
    case OP_MOFFS:
        i->mem = true;
        i->disp = next_unsigned(c, i->ad_bytes);
        break;
    case OP_FAR_NO64:
        i->imm = next_signed(c, z);
        i->imm2 = next_unsigned(c, 2);
        break;
    case OP_IW_IB:
        i->imm = next_signed(c, 2);
        i->imm2 = next_byte(c);
        break;
    case OP_GROUP3:
        /* Only TEST, /0 and /1, has an immediate. */
        if ((i->modrm & 0x30) == 0)
            i->imm = next_signed(c, i->opcode & 1 ? z : 1);
        break;
    default:
        break;
    }
}

static bool kind_no64(char kind)
{
    return kind == OP_NONE_NO64 || kind == OP_IB_NO64 || kind == OP_FAR_NO64 ||
           kind == OP_MODRM_IB_NO64;
}

static bool kind_modrm(char kind)
{
    return kind == OP_MODRM || kind == OP_MODRM_IB || kind == OP_MODRM_IZ ||
           kind == OP_MODRM_REG || kind == OP_MODRM_IB_NO64 || kind == OP_GROUP3 ||
           kind == OP_MODRM_IB_IB;
}

static void set_sizes(const struct cursor *c, struct insn *i, bool adsize)
{
    unsigned int half = c->mode == 2 ? 4 : c->mode / 2;
    bool wide = c->mode != 2;

    i->ad_bytes = adsize ? half : c->mode;
    i->op_bytes = wide != i->opsize_prefix ? 4 : 2;
    if (i->rex & 8)
        i->op_bytes = 8;
}

enum insn_status insn_decode(const uint8_t *buf, unsigned int avail,
                             unsigned int mode, struct insn *out)
{
    struct cursor c = { .buf = buf, .avail = avail, .mode = mode };
    struct insn i = {
        .seg = EMUL_DS, .base = EMUL_NO_REG, .index = EMUL_NO_REG,
    };
    bool adsize = false;
    uint8_t b = take_prefixes(&c, &i, &adsize);
    char kind;

    if (c.status != INSN_OK)
        return c.status;
    set_sizes(&c, &i, adsize);
    if (starts_vector(&c, b)) {
        i.opcode = b;
        take_vector(&c, &i);
    } else {
        kind = take_opcode(&c, &i, b);
        if (c.status == INSN_OK &&
            (kind == OP_BAD || (mode == 8 && kind_no64(kind))))
            return INSN_INVALID;
        if (kind_modrm(kind))
            take_modrm(&c, &i, kind == OP_MODRM_REG);
        take_immediate(&c, &i, kind);
    }
    i.length = c.pos;
    *out = i;
    return c.status;
}

unsigned int insn_length(const uint8_t *buf, unsigned int avail, unsigned int mode)
{
    struct insn i;

    return insn_decode(buf, avail, mode, &i) == INSN_OK ? i.length : 0;
}
