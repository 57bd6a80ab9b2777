/* SPDX-License-Identifier: GPL-2.0-only */
/* Which operand bytes follow an opcode: one character per opcode. */
#ifndef EMULATE_OPMAP_H
#define EMULATE_OPMAP_H

#include <xen/types.h>

#define OP_BAD            'x'
#define OP_NONE           '.'
#define OP_NONE_NO64      ','   /* NO64: #UD in 64-bit code */
#define OP_MODRM          'm'
#define OP_MODRM_REG      'r'   /* ModRM whose mod field is ignored */
#define OP_MODRM_IB       'b'
#define OP_MODRM_IB_NO64  'B'
#define OP_MODRM_IB_IB    'd'
#define OP_MODRM_IZ       'z'   /* z: 2 bytes with a 16-bit operand, else 4 */
#define OP_GROUP3         'g'
#define OP_IB             '1'
#define OP_IB_NO64        'i'
#define OP_IW             '2'
#define OP_IZ             '4'
#define OP_IV             'v'   /* as wide as the operand, 8 bytes included */
#define OP_IW_IB          'e'
#define OP_MOFFS          'o'
#define OP_FAR_NO64       'p'

extern const char opmap_one[257];
extern const char opmap_0f[257];

/* VEX and EVEX opcodes of map 1 that end in an immediate byte. */
bool opmap_vector_imm8(uint8_t opcode);

#endif
