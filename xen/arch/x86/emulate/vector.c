/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moves between an XMM register and memory: what compilers and libraries copy to and from
 * device memory with (APM vol. 4). The VEX forms are not here, and no arithmetic.
 */
#include <asm/cr.h>
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

/*
 * May XMM registers be used now (APM vol. 2, 3.1.1 TS and EM, 3.1.3 OSFXSR)? The CPU has
 * asked already, but of the instruction that it saw: another processor may have put this
 * one in its place since. Comes before all that the operand can be wrong about.
 */
static int check_enabled(struct emulate_ctxt *c)
{
    uint64_t cr0 = 0, cr4 = 0;
    int rc = c->ops->read_cr(c, 0, &cr0);

    if (rc == EMUL_OK)
        rc = c->ops->read_cr(c, 4, &cr4);
    if (rc != EMUL_OK)
        return rc;
    if ((cr0 & CR0_EM) || !(cr4 & CR4_OSFXSR))
        return emul_raise(c, VEC_UD, false, 0);
    return cr0 & CR0_TS ? emul_raise(c, VEC_NM, false, 0) : EMUL_OK;
}

int exec_vector_move(struct emulate_ctxt *c)
{
    const struct insn *i = &c->insn;
    const struct emulate_ops *ops = c->ops;
    const struct move *m = find_move(i);
    uint64_t xmm[2] = {0, 0}, linear;
    unsigned int bytes;
    void *part;
    int rc;

    if (!m || !i->mem || !ops->read_xmm || !ops->write_xmm || !ops->read_cr)
        return EMUL_UNHANDLEABLE;
    bytes = m->bytes != BY_REX_W ? m->bytes : i->rex & 8 ? 8 : 4;
    part = m->how & HIGH ? &xmm[1] : &xmm[0];
    rc = check_enabled(c);
    if (rc == EMUL_OK)
        rc = linear_address(c, i->seg, effective_address(c), bytes,
                            m->how & STORE ? EMUL_WRITE : EMUL_READ, &linear);
    if (rc == EMUL_OK && (m->how & ALIGNED) && (linear & 15))
        rc = emul_raise(c, VEC_GP, true, 0);
    if (rc == EMUL_OK && (m->how & (STORE | KEEP)))
        rc = ops->read_xmm(c, i->reg, xmm);
    if (rc != EMUL_OK)
        return rc;
    if (m->how & STORE)
        return ops->write(c, linear, part, bytes);
    rc = ops->read(c, linear, part, bytes, EMUL_READ);
    return rc != EMUL_OK ? rc : ops->write_xmm(c, i->reg, xmm);
}
