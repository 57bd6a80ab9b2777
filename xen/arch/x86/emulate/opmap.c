/* SPDX-License-Identifier: GPL-2.0-only */
/* APM vol. 3, tables; a row is sixteen opcodes. */
#include <asm/emulate.h>

#include "opmap.h"

/* Prefixes and escapes never come here; they read as bad. */
const char opmap_one[257] =
    "mmmm14,,mmmm14,x" /* 00 */ "mmmm14,,mmmm14,," /* 10 */
    "mmmm14x,mmmm14x," /* 20 */ "mmmm14x,mmmm14x," /* 30 */
    "................" /* 40 */ "................" /* 50 */
    ",,mmxxxx4z1b...." /* 60 */ "1111111111111111" /* 70 */
    "bzBbmmmmmmmmmmmm" /* 80 */ "..........p....." /* 90 */
    "oooo....14......" /* a0 */ "11111111vvvvvvvv" /* b0 */
    "bb2.mmbze.2..1,." /* c0 */ "mmmmii,.mmmmmmmm" /* d0 */
    "1111111144p1...." /* e0 */ "x.xx..gg......mm" /* f0 */;

const char opmap_0f[257] =
    "mmmmx.....x.xm.b" /* 00 */ "mmmmmmmmmmmmmmmm" /* 10 */
    "rrrrxxxxmmmmmmmm" /* 20 */ "......x.xxxxxxxx" /* 30 */
    "mmmmmmmmmmmmmmmm" /* 40 */ "mmmmmmmmmmmmmmmm" /* 50 */
    "mmmmmmmmmmmmmmmm" /* 60 */ "bbbbmmm.mmxxmmmm" /* 70 */
    "4444444444444444" /* 80 */ "mmmmmmmmmmmmmmmm" /* 90 */
    "...mbmxx...mbmmm" /* a0 */ "mmmmmmmmmmbmmmmm" /* b0 */
    "mmbmbbbm........" /* c0 */ "mmmmmmmmmmmmmmmm" /* d0 */
    "mmmmmmmmmmmmmmmm" /* e0 */ "mmmmmmmmmmmmmmmm" /* f0 */;

bool opmap_vector_imm8(uint8_t opcode)
{
    return (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 ||
           (opcode >= 0xc4 && opcode <= 0xc6);
}

/* An intercepted instruction; ModRM bits under @mask must equal @modrm. */
static const struct ident {
    uint8_t map, opcode, mask, modrm;
} idents[INSN_ID_NR] = {
    [INSN_ID_CPUID]       = { INSN_0F, 0xa2, 0, 0 },
    [INSN_ID_RDMSR]       = { INSN_0F, 0x32, 0, 0 },
    [INSN_ID_WRMSR]       = { INSN_0F, 0x30, 0, 0 },
    [INSN_ID_HLT]         = { INSN_ONE, 0xf4, 0, 0 },
    [INSN_ID_INVD]        = { INSN_0F, 0x08, 0, 0 },
    [INSN_ID_WBINVD]      = { INSN_0F, 0x09, 0, 0 },
    [INSN_ID_RDTSC]       = { INSN_0F, 0x31, 0, 0 },
    [INSN_ID_RDTSCP]      = { INSN_0F, 0x01, 0xff, 0xf9 },
    [INSN_ID_RDPMC]       = { INSN_0F, 0x33, 0, 0 },
    [INSN_ID_PAUSE]       = { INSN_ONE, 0x90, 0, 0 },
    [INSN_ID_MONITOR]     = { INSN_0F, 0x01, 0xff, 0xc8 },
    [INSN_ID_MWAIT]       = { INSN_0F, 0x01, 0xff, 0xc9 },
    [INSN_ID_XSETBV]      = { INSN_0F, 0x01, 0xff, 0xd1 },
    [INSN_ID_VMMCALL]     = { INSN_0F, 0x01, 0xff, 0xd9 },
    [INSN_ID_VMCALL]      = { INSN_0F, 0x01, 0xff, 0xc1 },
    [INSN_ID_VMRUN]       = { INSN_0F, 0x01, 0xff, 0xd8 },
    [INSN_ID_VMLOAD]      = { INSN_0F, 0x01, 0xff, 0xda },
    [INSN_ID_VMSAVE]      = { INSN_0F, 0x01, 0xff, 0xdb },
    [INSN_ID_STGI]        = { INSN_0F, 0x01, 0xff, 0xdc },
    [INSN_ID_CLGI]        = { INSN_0F, 0x01, 0xff, 0xdd },
    [INSN_ID_SKINIT]      = { INSN_0F, 0x01, 0xff, 0xde },
    [INSN_ID_INVLPGA]     = { INSN_0F, 0x01, 0xff, 0xdf },
    [INSN_ID_INVLPG]      = { INSN_0F, 0x01, 0x38, 0x38 },
    [INSN_ID_CLTS]        = { INSN_0F, 0x06, 0, 0 },
    [INSN_ID_LMSW]        = { INSN_0F, 0x01, 0x38, 0x30 },
    [INSN_ID_SMSW]        = { INSN_0F, 0x01, 0x38, 0x20 },
    [INSN_ID_MOV_TO_CR]   = { INSN_0F, 0x22, 0, 0 },
    [INSN_ID_MOV_FROM_CR] = { INSN_0F, 0x20, 0, 0 },
    [INSN_ID_MOV_TO_DR]   = { INSN_0F, 0x23, 0, 0 },
    [INSN_ID_MOV_FROM_DR] = { INSN_0F, 0x21, 0, 0 },
    [INSN_ID_IRET]        = { INSN_ONE, 0xcf, 0, 0 },
    [INSN_ID_PUSHF]       = { INSN_ONE, 0x9c, 0, 0 },
    [INSN_ID_POPF]        = { INSN_ONE, 0x9d, 0, 0 },
    [INSN_ID_INT]         = { INSN_ONE, 0xcd, 0, 0 },
    [INSN_ID_INT3]        = { INSN_ONE, 0xcc, 0, 0 },
    [INSN_ID_ICEBP]       = { INSN_ONE, 0xf1, 0, 0 },
    [INSN_ID_RDPRU]       = { INSN_0F, 0x01, 0xff, 0xfd },
};

bool insn_is(const struct insn *i, enum insn_id id)
{
    const struct ident *want;

    if (id >= INSN_ID_NR)
        return false;
    if (id == INSN_ID_IO)
        return i->map == INSN_ONE && ((i->opcode & 0xfc) == 0x6c ||
                                      (i->opcode & 0xf4) == 0xe4);
    if (id == INSN_ID_INVLPG && !i->mem)
        return false;   /* mod 3 of the same group is SWAPGS and others */
    want = &idents[id];
    return i->map == want->map && i->opcode == want->opcode &&
           (i->modrm & want->mask) == want->modrm;
}

unsigned int insn_plain_length(const uint8_t *buf, enum insn_id id)
{
    const struct ident *want = &idents[id];

    if (want->map == INSN_ONE)
        return buf[0] == want->opcode && opmap_one[want->opcode] == OP_NONE;
    if (buf[0] != 0x0f || buf[1] != want->opcode)
        return 0;
    if (opmap_0f[want->opcode] == OP_NONE)
        return 2;
    return want->mask == 0xff && buf[2] == want->modrm ? 3 : 0;
}
