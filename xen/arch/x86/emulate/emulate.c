/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fetch, decode, execute, retire. State is changed in c->regs as execution
 * goes and put back when it does not end in EMUL_OK, so no handler has to
 * undo anything; memory is written last.
 */
#include "private.h"

#define PAGE_BYTES 4096u

/* Linear address and readable length of the code at CS:RIP, 15 bytes at most. */
static int code_window(struct emulate_ctxt *c, uint64_t *linear, unsigned int *n)
{
    const struct emul_segment *cs = &c->seg[EMUL_CS];
    uint64_t rip = c->regs.rip, left;

    *n = INSN_MAX_BYTES;
    if (c->mode == 8) {
        *linear = rip;
        return EMUL_OK;
    }
    rip &= 0xffffffffull;
    if (rip > cs->limit)
        return emul_raise(c, VEC_GP, true, 0);
    left = cs->limit - rip + 1;
    if (left < *n)
        *n = (unsigned int)left;
    *linear = (cs->base + rip) & 0xffffffffull;
    return EMUL_OK;
}

/*
 * The second page is touched only when the instruction needs it: it may be
 * absent, or a device's, and the CPU would not fault there either.
 */
int emulate_decode(struct emulate_ctxt *c)
{
    uint8_t buf[INSN_MAX_BYTES];
    enum insn_status st;
    unsigned int n, head;
    uint64_t linear = 0;
    int rc = code_window(c, &linear, &n);

    if (rc != EMUL_OK)
        return rc;
    head = PAGE_BYTES - (unsigned int)(linear & (PAGE_BYTES - 1));
    if (head > n)
        head = n;
    rc = c->ops->fetch(c, linear, buf, head);
    if (rc != EMUL_OK)
        return rc;
    st = insn_decode(buf, head, c->mode, &c->insn);
    if (st == INSN_TRUNCATED && head < n) {
        rc = c->ops->fetch(c, linear + head, buf + head, n - head);
        if (rc != EMUL_OK)
            return rc;
        st = insn_decode(buf, n, c->mode, &c->insn);
    }
    switch (st) {
    case INSN_OK:
        return EMUL_OK;
    case INSN_INVALID:
        return emul_raise(c, VEC_UD, false, 0);
    default:
        return emul_raise(c, VEC_GP, true, 0);
    }
}

static bool one_byte_lockable(const struct insn *i)
{
    unsigned int sub = (i->modrm >> 3) & 7;

    if (i->opcode < 0x38)
        return (i->opcode & 7) < 2;
    switch (i->opcode) {
    case 0x80: case 0x81: case 0x82: case 0x83:
        return sub != ALU_CMP;
    case 0x86: case 0x87:
        return true;
    case 0xf6: case 0xf7:
        return sub == 2 || sub == 3;
    case 0xfe: case 0xff:
        return sub < 2;
    default:
        return false;
    }
}

/* APM vol. 3, 1.2.5: LOCK with anything else is #UD. */
static bool lockable(const struct insn *i)
{
    unsigned int sub = (i->modrm >> 3) & 7;

    /* AMD: LOCK MOV CR0 means CR8. */
    if (i->map == INSN_0F && (i->opcode == 0x20 || i->opcode == 0x22))
        return true;
    if (!i->mem || !i->has_modrm)
        return false;
    if (i->map == INSN_ONE)
        return one_byte_lockable(i);
    if (i->map != INSN_0F)
        return false;
    switch (i->opcode) {
    case 0xab: case 0xb0: case 0xb1: case 0xb3: case 0xbb: case 0xc0: case 0xc1:
        return true;
    case 0xba:
        return sub > 4;
    case 0xc7:
        return sub == 1;
    default:
        return false;
    }
}

static int execute(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;

    if (i->lock && !lockable(i))
        return emul_raise(c, VEC_UD, false, 0);
    switch (i->map) {
    case INSN_ONE:
        return exec_one_byte(c);
    case INSN_0F:
        return exec_two_byte(c);
    case INSN_0F38:
        return exec_three_byte(c);
    default:
        return EMUL_UNHANDLEABLE;
    }
}

int emulate_insn(struct emulate_ctxt *c)
{
    struct emul_regs before = c->regs;
    bool trap = before.rflags & FLAG_TF;
    int rc = emulate_decode(c);

    c->single_step = false;
    if (rc != EMUL_OK)
        return rc;
    if (is_string(&c->insn)) {
        rc = exec_string(c);
    } else {
        /* Branches overwrite it, RIP-relative operands count from it. */
        set_rip(c, before.rip + c->insn.length);
        rc = execute(c);
        if (rc != EMUL_OK)
            c->regs = before;
    }
    if (rc == EMUL_OK) {
        c->regs.rflags &= ~(uint64_t)FLAG_RF;
        c->single_step = trap;
    }
    return rc;
}

int emulate_insn_length(struct emulate_ctxt *c, enum insn_id id, unsigned int *len)
{
    int rc = emulate_decode(c);

    if (rc == EMUL_OK && !insn_is(&c->insn, id))
        rc = EMUL_UNHANDLEABLE;
    if (rc == EMUL_OK)
        *len = c->insn.length;
    return rc;
}
