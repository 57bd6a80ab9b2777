/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moves between an XMM register and memory: what compilers and libraries copy to and from
 * device memory with (APM vol. 4). Whoever may not use them has faulted before the access
 * that brought us here. The VEX forms are not here, and no arithmetic.
 */
#include "private.h"

#define STORE   0x1
#define ALIGNED 0x2     /* #GP if the address is not a multiple of 16 */
#define HIGH    0x4     /* the upper half of the register */
#define KEEP    0x8     /* a load leaves the rest alone, others clear it */

#define BY_REX_W 0      /* bytes: 8 with REX.W, else 4 */

/* prefix: the one that selects the form; 66h counts only without F2h and F3h. */
static const struct move {
    uint8_t map, opcode, prefix, bytes, how;
} moves[] = {
    {INSN_0F, 0x10, 0x00, 16, 0},                   /* MOVUPS */
    {INSN_0F, 0x11, 0x00, 16, STORE},
    {INSN_0F, 0x10, 0x66, 16, 0},                   /* MOVUPD */
    {INSN_0F, 0x11, 0x66, 16, STORE},
    {INSN_0F, 0x10, 0xf3, 4, 0},                    /* MOVSS */
    {INSN_0F, 0x11, 0xf3, 4, STORE},
    {INSN_0F, 0x10, 0xf2, 8, 0},                    /* MOVSD */
    {INSN_0F, 0x11, 0xf2, 8, STORE},
    {INSN_0F, 0x12, 0x00, 8, KEEP},                 /* MOVLPS */
    {INSN_0F, 0x13, 0x00, 8, STORE},
    {INSN_0F, 0x12, 0x66, 8, KEEP},                 /* MOVLPD */
    {INSN_0F, 0x13, 0x66, 8, STORE},
    {INSN_0F, 0x16, 0x00, 8, KEEP | HIGH},          /* MOVHPS */
    {INSN_0F, 0x17, 0x00, 8, STORE | HIGH},
    {INSN_0F, 0x16, 0x66, 8, KEEP | HIGH},          /* MOVHPD */
    {INSN_0F, 0x17, 0x66, 8, STORE | HIGH},
    {INSN_0F, 0x28, 0x00, 16, ALIGNED},             /* MOVAPS */
    {INSN_0F, 0x29, 0x00, 16, STORE | ALIGNED},
    {INSN_0F, 0x28, 0x66, 16, ALIGNED},             /* MOVAPD */
    {INSN_0F, 0x29, 0x66, 16, STORE | ALIGNED},
    {INSN_0F, 0x2b, 0x00, 16, STORE | ALIGNED},     /* MOVNTPS */
    {INSN_0F, 0x2b, 0x66, 16, STORE | ALIGNED},     /* MOVNTPD */
    {INSN_0F, 0x6e, 0x66, BY_REX_W, 0},             /* MOVD, MOVQ */
    {INSN_0F, 0x7e, 0x66, BY_REX_W, STORE},
    {INSN_0F, 0x7e, 0xf3, 8, 0},                    /* MOVQ */
    {INSN_0F, 0xd6, 0x66, 8, STORE},
    {INSN_0F, 0x6f, 0x66, 16, ALIGNED},             /* MOVDQA */
    {INSN_0F, 0x7f, 0x66, 16, STORE | ALIGNED},
    {INSN_0F, 0x6f, 0xf3, 16, 0},                   /* MOVDQU */
    {INSN_0F, 0x7f, 0xf3, 16, STORE},
    {INSN_0F, 0xe7, 0x66, 16, STORE | ALIGNED},     /* MOVNTDQ */
    {INSN_0F, 0xf0, 0xf2, 16, 0},                   /* LDDQU */
    {INSN_0F38, 0x2a, 0x66, 16, ALIGNED},           /* MOVNTDQA */
};

static const struct move *find_move(const struct insn *i)
{
    uint8_t prefix = i->rep ? i->rep : i->opsize_prefix ? 0x66 : 0;

    for (unsigned int n = 0; n < sizeof(moves) / sizeof(moves[0]); n++) {
        const struct move *m = &moves[n];

        if (m->map == i->map && m->opcode == i->opcode && m->prefix == prefix)
            return m;
    }
    return NULL;
}

int exec_vector_move(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    const struct move *m = find_move(i);
    uint64_t xmm[2] = {0, 0}, linear;
    unsigned int bytes;
    void *part;
    int rc;

    if (!m || !i->mem || !c->ops->read_xmm || !c->ops->write_xmm)
        return EMUL_UNHANDLEABLE;
    bytes = m->bytes != BY_REX_W ? m->bytes : i->rex & 8 ? 8 : 4;
    part = m->how & HIGH ? &xmm[1] : &xmm[0];
    rc = linear_address(c, i->seg, effective_address(c), bytes,
                        m->how & STORE ? EMUL_WRITE : EMUL_READ, &linear);
    if (rc == EMUL_OK && (m->how & ALIGNED) && (linear & 15))
        rc = emul_raise(c, VEC_GP, true, 0);
    if (rc == EMUL_OK && (m->how & (STORE | KEEP)))
        rc = c->ops->read_xmm(c, i->reg, xmm);
    if (rc != EMUL_OK)
        return rc;
    if (m->how & STORE)
        return c->ops->write(c, linear, part, bytes);
    rc = c->ops->read(c, linear, part, bytes, EMUL_READ);
    return rc != EMUL_OK ? rc : c->ops->write_xmm(c, i->reg, xmm);
}
