/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS. Each element is completed, or not
 * begun, before the counters move: stopping between elements is always safe.
 */
#include "private.h"

/* Elements per call (I6): the guest simply executes the rest again. */
#define BATCH 1024

bool is_string(const struct insn *i)
{
    if (i->map != INSN_ONE)
        return false;
    return (i->opcode & 0xfc) == 0x6c || (i->opcode & 0xfc) == 0xa4 ||
           (i->opcode >= 0xaa && i->opcode <= 0xaf);
}

static bool compares(uint8_t opcode)
{
    return (opcode & 0xf6) == 0xa6;
}

static void step(struct emulate_ctxt *c, unsigned int reg, unsigned int bytes)
{
    uint64_t by = c->regs.rflags & FLAG_DF ? -(uint64_t)bytes : bytes;

    reg_set(c, reg, c->insn.ad_bytes, c->regs.gpr[reg] + by);
}

static int load(struct emulate_ctxt *c, unsigned int reg, unsigned int bytes,
                uint64_t *val)
{
    enum emul_seg seg = reg == EMUL_RSI ? c->insn.seg : EMUL_ES;
    uint64_t linear;
    int rc = linear_address(c, seg, reg_get(c, reg, c->insn.ad_bytes), bytes,
                            EMUL_READ, &linear);

    *val = 0;
    return rc != EMUL_OK ? rc : c->ops->read(c, linear, val, bytes, EMUL_READ);
}

static int destination(struct emulate_ctxt *c, unsigned int bytes, uint64_t *linear)
{
    return linear_address(c, EMUL_ES, reg_get(c, EMUL_RDI, c->insn.ad_bytes), bytes,
                          EMUL_WRITE, linear);
}

static int store(struct emulate_ctxt *c, unsigned int bytes, uint64_t val)
{
    uint64_t linear;
    int rc = destination(c, bytes, &linear);

    return rc != EMUL_OK ? rc : c->ops->write(c, linear, &val, bytes);
}

/* A port read cannot be taken back, so the destination is tried first. */
static int port_to_memory(struct emulate_ctxt *c, unsigned int bytes)
{
    uint16_t port = (uint16_t)c->regs.gpr[EMUL_RDX];
    uint64_t linear, val;
    uint32_t in = 0;
    int rc = destination(c, bytes, &linear);

    if (rc == EMUL_OK && c->ops->probe_write)
        rc = c->ops->probe_write(c, linear, bytes);
    if (rc == EMUL_OK)
        rc = c->ops->port_in(c, port, bytes, &in);
    val = in;
    return rc != EMUL_OK ? rc : c->ops->write(c, linear, &val, bytes);
}

static int compare(struct emulate_ctxt *c, unsigned int bytes, bool scan)
{
    uint64_t a, b;
    int rc = EMUL_OK;

    if (scan)
        a = reg_get(c, EMUL_RAX, bytes);
    else
        rc = load(c, EMUL_RSI, bytes, &a);
    if (rc == EMUL_OK)
        rc = load(c, EMUL_RDI, bytes, &b);
    if (rc == EMUL_OK)
        alu_binary(ALU_CMP, bytes, a, b, &c->regs.rflags);
    return rc;
}

static int element(struct emulate_ctxt *c, unsigned int bytes)
{
    uint64_t val;
    int rc;

    switch (c->insn.opcode & 0xfe) {
    case 0x6c:
        return port_to_memory(c, bytes);
    case 0x6e:
        rc = load(c, EMUL_RSI, bytes, &val);
        return rc != EMUL_OK ? rc
            : c->ops->port_out(c, (uint16_t)c->regs.gpr[EMUL_RDX], bytes, (uint32_t)val);
    case 0xa4:
        rc = load(c, EMUL_RSI, bytes, &val);
        return rc != EMUL_OK ? rc : store(c, bytes, val);
    case 0xa6:
        return compare(c, bytes, false);
    case 0xaa:
        return store(c, bytes, reg_get(c, EMUL_RAX, bytes));
    case 0xac:
        rc = load(c, EMUL_RSI, bytes, &val);
        if (rc == EMUL_OK)
            reg_set(c, EMUL_RAX, bytes, val);
        return rc;
    default:
        return compare(c, bytes, true);
    }
}

static void advance(struct emulate_ctxt *c, unsigned int bytes)
{
    uint8_t op = c->insn.opcode & 0xfe;

    if (op == 0x6e || op == 0xa4 || op == 0xa6 || op == 0xac)
        step(c, EMUL_RSI, bytes);
    if (op != 0x6e && op != 0xac)
        step(c, EMUL_RDI, bytes);
}

/* True when the repetition is over. */
static bool repeat_done(struct emulate_ctxt *c)
{
    bool zero = c->regs.rflags & FLAG_ZF;
    unsigned int ad = c->insn.ad_bytes;

    reg_set(c, EMUL_RCX, ad, c->regs.gpr[EMUL_RCX] - 1);
    if (reg_get(c, EMUL_RCX, ad) == 0)
        return true;
    return compares(c->insn.opcode) && zero != (c->insn.rep == 0xf3);
}

int exec_string(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    unsigned int bytes = i->opcode & 1 ? i->op_bytes : 1, n;
    unsigned int batch = c->regs.rflags & FLAG_TF ? 1 : BATCH;
    bool port = (i->opcode & 0xfc) == 0x6c;
    int rc;

    if (i->lock)
        return emul_raise(c, VEC_UD, false, 0);
    if (port && bytes == 8)
        bytes = 4;
    if (port && !port_allowed(c))
        return EMUL_UNHANDLEABLE;
    for (n = 0; n < batch; n++) {
        if (i->rep && reg_get(c, EMUL_RCX, i->ad_bytes) == 0)
            break;
        rc = element(c, bytes);
        if (rc == EMUL_EXCEPTION || (rc != EMUL_OK && n == 0))
            return rc;
        if (rc != EMUL_OK)
            return EMUL_OK;         /* the next attempt starts here */
        advance(c, bytes);
        if (!i->rep || repeat_done(c))
            break;
    }
    if (n < batch)
        set_rip(c, c->regs.rip + i->length);
    return EMUL_OK;
}
