/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instruction decoder and emulator for what hardware-virtualised guests make
 * us look at: the length of an intercepted instruction on CPUs that do not
 * report it, and loads, stores and read-modify-writes to emulated devices.
 *
 * Neither half takes locks, allocates, or knows of domains: the caller hands
 * in registers, segments and callbacks. That is what makes it testable on the
 * host. Nothing here dereferences guest memory.
 */
#ifndef ASM_X86_EMULATE_H
#define ASM_X86_EMULATE_H

#include <xen/types.h>

/* Longest legal instruction (APM vol. 3, 1.1). */
#define INSN_MAX_BYTES 15

/* Hardware numbers of the registers, as ModRM and REX encode them. */
enum emul_reg {
    EMUL_RAX, EMUL_RCX, EMUL_RDX, EMUL_RBX, EMUL_RSP, EMUL_RBP, EMUL_RSI, EMUL_RDI,
    EMUL_R8, EMUL_R9, EMUL_R10, EMUL_R11, EMUL_R12, EMUL_R13, EMUL_R14, EMUL_R15,
    EMUL_NR_REGS,
    EMUL_NO_REG = 0xff
};

enum emul_seg { EMUL_ES, EMUL_CS, EMUL_SS, EMUL_DS, EMUL_FS, EMUL_GS, EMUL_NR_SEGS };

enum insn_map {
    INSN_ONE,           /* one-byte opcodes */
    INSN_0F,
    INSN_0F38,
    INSN_0F3A,
    INSN_VECTOR         /* VEX, EVEX, XOP: length only */
};

enum insn_status {
    INSN_OK,
    INSN_TRUNCATED,     /* more bytes are needed than were given */
    INSN_INVALID,       /* #UD */
    INSN_TOO_LONG       /* #GP(0): over 15 bytes */
};

/* One decoded instruction. Registers are hardware numbers with REX applied. */
struct insn {
    uint8_t length;
    uint8_t map;            /* enum insn_map */
    uint8_t opcode;
    uint8_t op_bytes;       /* 2, 4, 8: size of the word-sized forms */
    uint8_t ad_bytes;       /* 2, 4, 8 */
    uint8_t rex;            /* the prefix byte, 0 when absent */
    uint8_t rep;            /* 0, 0xf2, 0xf3: the last one seen */
    uint8_t seg;            /* segment of the memory operand */
    bool seg_override;
    bool opsize_prefix;
    bool lock;
    bool has_modrm;
    bool mem;               /* ModRM names memory */
    bool rip_relative;
    uint8_t modrm;
    uint8_t reg, rm;
    uint8_t base, index;    /* EMUL_NO_REG when absent */
    uint8_t scale;          /* log2 */
    uint16_t imm2;          /* selector of a far pointer, second byte of ENTER */
    int64_t disp;           /* sign-extended; of moffs: zero-extended */
    int64_t imm;            /* sign-extended */
};

/*
 * Decode the instruction at @buf, of which @avail bytes may be read, for code
 * of @mode bytes (2, 4 or 8: default address size of the code segment).
 * *out is complete only for INSN_OK.
 */
enum insn_status insn_decode(const uint8_t *buf, unsigned int avail,
                             unsigned int mode, struct insn *out);

/* Length in bytes, or 0 when the bytes are no complete legal instruction. */
unsigned int insn_length(const uint8_t *buf, unsigned int avail, unsigned int mode);

/* What an intercept may be about. */
enum insn_id {
    INSN_ID_CPUID, INSN_ID_RDMSR, INSN_ID_WRMSR, INSN_ID_HLT, INSN_ID_INVD,
    INSN_ID_WBINVD, INSN_ID_RDTSC, INSN_ID_RDTSCP, INSN_ID_RDPMC, INSN_ID_PAUSE,
    INSN_ID_MONITOR, INSN_ID_MWAIT, INSN_ID_XSETBV, INSN_ID_VMMCALL,
    INSN_ID_VMCALL, INSN_ID_VMRUN, INSN_ID_VMLOAD, INSN_ID_VMSAVE, INSN_ID_STGI,
    INSN_ID_CLGI, INSN_ID_SKINIT, INSN_ID_INVLPGA, INSN_ID_INVLPG, INSN_ID_CLTS,
    INSN_ID_LMSW, INSN_ID_SMSW, INSN_ID_MOV_TO_CR, INSN_ID_MOV_FROM_CR,
    INSN_ID_MOV_TO_DR, INSN_ID_MOV_FROM_DR, INSN_ID_IRET, INSN_ID_PUSHF,
    INSN_ID_POPF, INSN_ID_INT, INSN_ID_INT3, INSN_ID_ICEBP, INSN_ID_IO,
    INSN_ID_RDPRU,
    INSN_ID_NR
};

/* Whether @i is the instruction @id, whatever its prefixes. */
bool insn_is(const struct insn *i, enum insn_id id);

/*
 * The length of @id (below INSN_ID_NR) if the bytes at @buf are it, without a prefix and
 * of a form that has no operand bytes; INSN_PLAIN_BYTES must be readable. 0 says nothing:
 * use the decoder.
 */
#define INSN_PLAIN_BYTES 3
unsigned int insn_plain_length(const uint8_t *buf, enum insn_id id);

/* ---- emulation ---- */

enum emul_result {
    EMUL_OK,                /* registers updated; rip may stay put inside a REP */
    EMUL_RETRY,             /* nothing changed: run the instruction again later */
    EMUL_EXCEPTION,         /* inject ctxt->exc; nothing changed but REP progress */
    EMUL_UNHANDLEABLE       /* nothing changed: outside what is emulated */
};

enum emul_access {
    EMUL_READ,
    EMUL_WRITE,
    EMUL_RMW                /* a read whose write follows: fault as a write */
};

/* Bits of emul_segment.attr: the VMCB's packing (APM vol. 2, 15.5.1). */
#define EMUL_SEG_TYPE      0x00f
#define EMUL_SEG_WRITABLE  0x002    /* data: writable; code: readable */
#define EMUL_SEG_DOWN      0x004    /* data: expand-down */
#define EMUL_SEG_CODE      0x008
#define EMUL_SEG_P         0x080
#define EMUL_SEG_DB        0x400

struct emul_segment {
    uint64_t base;
    uint32_t limit;         /* in bytes, granularity applied */
    uint16_t attr;
    uint16_t sel;
};

struct emulate_ctxt;

/*
 * Callbacks return an emul_result; with EMUL_EXCEPTION they have filled
 * ctxt->exc. Linear accesses are at most 16 bytes and may cross a page. A null
 * callback means "not offered": what needs it is EMUL_UNHANDLEABLE.
 */
struct emulate_ops {
    int (*fetch)(struct emulate_ctxt *c, uint64_t linear, void *buf, unsigned int n);
    int (*read)(struct emulate_ctxt *c, uint64_t linear, void *buf, unsigned int n,
                enum emul_access why);
    int (*write)(struct emulate_ctxt *c, uint64_t linear, const void *buf,
                 unsigned int n);
    /*
     * For LOCK: write @val if memory still holds @old, else EMUL_RETRY. When
     * absent a plain write is made, which is right for device memory.
     */
    int (*cmpxchg)(struct emulate_ctxt *c, uint64_t linear, const void *old,
                   const void *val, unsigned int n);
    /* For INS: would a write succeed? Asked before the port is read. */
    int (*probe_write)(struct emulate_ctxt *c, uint64_t linear, unsigned int n);
    int (*port_in)(struct emulate_ctxt *c, uint16_t port, unsigned int n,
                   uint32_t *val);
    int (*port_out)(struct emulate_ctxt *c, uint16_t port, unsigned int n,
                    uint32_t val);
    int (*read_cr)(struct emulate_ctxt *c, unsigned int cr, uint64_t *val);
    int (*write_cr)(struct emulate_ctxt *c, unsigned int cr, uint64_t val);
    int (*read_dr)(struct emulate_ctxt *c, unsigned int dr, uint64_t *val);
    int (*write_dr)(struct emulate_ctxt *c, unsigned int dr, uint64_t val);
    /* All 16 bytes of an XMM register. */
    int (*read_xmm)(struct emulate_ctxt *c, unsigned int reg, void *val);
    int (*write_xmm)(struct emulate_ctxt *c, unsigned int reg, const void *val);
    int (*invlpg)(struct emulate_ctxt *c, uint64_t linear);
};

struct emul_regs {
    uint64_t gpr[EMUL_NR_REGS];
    uint64_t rip;
    uint64_t rflags;
};

struct emul_exception {
    uint8_t vector;
    bool has_error;
    uint32_t error;
    uint64_t cr2;           /* for #PF */
};

struct emulate_ctxt {
    /* Filled in by the caller. */
    const struct emulate_ops *ops;
    void *priv;                             /* the callbacks' own */
    struct emul_regs regs;                  /* in and out */
    struct emul_segment seg[EMUL_NR_SEGS];
    uint8_t mode;                           /* 2, 4, 8: code size in bytes */
    uint8_t cpl;
    bool protmode;                          /* CR0.PE and not EFLAGS.VM */
    bool io_checked;    /* from an I/O intercept: the CPU has checked IOPL, TSS */

    /* Filled in by the emulator. */
    struct insn insn;
    struct emul_exception exc;
    bool single_step;   /* EMUL_OK, RFLAGS.TF was set: #DB with DR6.BS is due */
};

/* Callbacks and the emulator record an exception with this; it returns it. */
int emul_raise(struct emulate_ctxt *c, uint8_t vector, bool has_error, uint32_t error);

/* Fetch and decode the instruction at CS:RIP into c->insn. */
int emulate_decode(struct emulate_ctxt *c);

/*
 * Emulate the instruction at CS:RIP. On EMUL_OK c->regs holds the new state; a
 * REP may have advanced by a bounded count only, with rip unchanged.
 */
int emulate_insn(struct emulate_ctxt *c);

/*
 * Length of the instruction at CS:RIP if it is @id. EMUL_UNHANDLEABLE when it
 * is another (the guest rewrote its code under us).
 */
int emulate_insn_length(struct emulate_ctxt *c, enum insn_id id, unsigned int *len);

#endif
