/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of this directory only. */
#ifndef EMULATE_PRIVATE_H
#define EMULATE_PRIVATE_H

#include <asm/emulate.h>

#define FLAG_CF  0x00000001u
#define FLAG_PF  0x00000004u
#define FLAG_AF  0x00000010u
#define FLAG_ZF  0x00000040u
#define FLAG_SF  0x00000080u
#define FLAG_TF  0x00000100u
#define FLAG_DF  0x00000400u
#define FLAG_OF  0x00000800u
#define FLAG_RF  0x00010000u
#define FLAGS_ARITH (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

#define VEC_DE  0
#define VEC_UD  6
#define VEC_NM  7
#define VEC_SS  12
#define VEC_GP  13

/* The eight operations in the order opcodes 00-3F and group 1 number them. */
enum alu_op { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

/* In the order group 2 numbers them. */
enum shift_op {
    SHIFT_ROL,
    SHIFT_ROR,
    SHIFT_RCL,
    SHIFT_RCR,
    SHIFT_SHL,
    SHIFT_SHR,
    SHIFT_SHL2,
    SHIFT_SAR
};

/* A register or a place in memory, @bytes wide. */
struct operand {
    bool mem;
    bool high;          /* AH, CH, DH, BH */
    uint8_t reg;
    uint8_t bytes;
    uint64_t linear;
    uint64_t old;       /* what operand_read found, for a locked write */
};

/* alu.c: pure arithmetic; @flags gets the arithmetic flags, others are kept. */
uint64_t size_mask(unsigned int bytes);
uint64_t sign_extend(uint64_t val, unsigned int bytes);
uint64_t alu_binary(enum alu_op op, unsigned int bytes, uint64_t dst, uint64_t src,
                    uint64_t *flags);
uint64_t alu_incdec(bool dec, unsigned int bytes, uint64_t dst, uint64_t *flags);
uint64_t alu_shift(enum shift_op op, unsigned int bytes, uint64_t dst,
                   unsigned int count, uint64_t *flags);
uint64_t alu_imul(unsigned int bytes, uint64_t a, uint64_t b, uint64_t *flags);
/*
 * hi:lo by divisor, all bytes wide. False: the quotient has no room in them, or divisor
 * is zero, and nothing is returned.
 */
bool alu_divide(bool is_signed, unsigned int bytes, uint64_t hi, uint64_t lo,
                uint64_t divisor, uint64_t *quotient, uint64_t *rest);
void alu_logic_flags(unsigned int bytes, uint64_t res, uint64_t *flags);
bool condition_met(unsigned int code, uint64_t flags);

/* operand.c: every function returns an emul_result unless said otherwise. */
uint64_t reg_get(const struct emulate_ctxt *c, unsigned int reg, unsigned int bytes);
void reg_set(struct emulate_ctxt *c, unsigned int reg, unsigned int bytes, uint64_t val);
uint64_t effective_address(const struct emulate_ctxt *c);
/* Segment @seg, @offset to linear, checking limits, types and canonical form. */
int linear_address(struct emulate_ctxt *c, enum emul_seg seg, uint64_t offset,
                   unsigned int bytes, enum emul_access why, uint64_t *linear);
int rm_operand(struct emulate_ctxt *c, unsigned int bytes, enum emul_access why,
               struct operand *op);
void reg_operand(const struct emulate_ctxt *c, unsigned int reg, unsigned int bytes,
                 struct operand *op);
int operand_read(struct emulate_ctxt *c, struct operand *op, enum emul_access why,
                 uint64_t *val);
int operand_write(struct emulate_ctxt *c, const struct operand *op, uint64_t val);
int stack_push(struct emulate_ctxt *c, unsigned int bytes, uint64_t val);
int stack_pop(struct emulate_ctxt *c, unsigned int bytes, uint64_t *val);
void set_rip(struct emulate_ctxt *c, uint64_t rip);

/* One per group of opcodes; EMUL_UNHANDLEABLE for what is not in it. */
int exec_one_byte(struct emulate_ctxt *c);
int exec_two_byte(struct emulate_ctxt *c);
int exec_group3(struct emulate_ctxt *c);
int exec_three_byte(struct emulate_ctxt *c);
int exec_bit(struct emulate_ctxt *c);
int exec_cmpxchg_wide(struct emulate_ctxt *c);
int exec_vector_move(struct emulate_ctxt *c);
int exec_system(struct emulate_ctxt *c);
int exec_port(struct emulate_ctxt *c);
/* Whether this CPL may do port I/O, as far as it can be told without the TSS. */
bool port_allowed(const struct emulate_ctxt *c);
/* Advances rip itself: a REP may stop half-way. */
int exec_string(struct emulate_ctxt *c);
bool is_string(const struct insn *i);

#endif
