/* SPDX-License-Identifier: GPL-2.0-only */
/* A little memory, ports and registers around one instruction. */
#ifndef EMULATE_FAKE_H
#define EMULATE_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <asm/emulate.h>

#define MEM_BASE  0x10000u
#define MEM_BYTES 0x20000u
#define HOLE      0x1f000u          /* this page faults */
#define DEVICE    0x20000u          /* this page answers EMUL_RETRY while busy is set */
#define CODE      0x11000u

extern uint8_t mem[MEM_BYTES];
extern bool busy;
extern unsigned int reads, writes, ports;   /* accesses since prepare() */
extern uint16_t last_port;
extern uint32_t last_out;
extern uint64_t cr[9], xmm[16][2];
extern struct emulate_ctxt c;

/* @len bytes of code at CODE (CS:IP 0:1000 with a base of 10000h in 16-bit code). */
void prepare(unsigned int mode, const char *code, unsigned int len);
#define RUN(mode, code) prepare(mode, code, sizeof(code) - 1)

uint32_t peek(uint32_t addr);
void poke(uint32_t addr, uint32_t v);

/* Emulates; the result must be this one, and the registers what they were. */
void unchanged(int want);

#endif
