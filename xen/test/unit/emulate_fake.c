/* SPDX-License-Identifier: GPL-2.0-only */
#include <asm/cr.h>
#include "emulate_fake.h"

uint8_t mem[MEM_BYTES];
bool busy;
unsigned int reads, writes, ports;
uint16_t last_port;
uint32_t last_out;
uint64_t cr[9] = {[0] = CR0_PE, [4] = CR4_OSFXSR}, xmm[16][2];
struct emulate_ctxt c;

static int check(uint64_t linear, unsigned int n, bool write)
{
    if (linear < MEM_BASE || linear + n > MEM_BASE + MEM_BYTES ||
        (linear + n > HOLE && linear < HOLE + 0x1000)) {
        emul_raise(&c, 14, true, write ? 2 : 0);
        c.exc.cr2 = linear;
        return EMUL_EXCEPTION;
    }
    return linear >= DEVICE && linear < DEVICE + 0x1000 && busy ? EMUL_RETRY : EMUL_OK;
}

static int op_fetch(struct emulate_ctxt *x, uint64_t linear, void *buf, unsigned int n)
{
    int rc = check(linear, n, false);

    (void)x;
    if (rc == EMUL_OK)
        memcpy(buf, mem + (linear - MEM_BASE), n);
    return rc;
}

static int op_read(struct emulate_ctxt *x, uint64_t linear, void *buf, unsigned int n,
                   enum emul_access why)
{
    int rc = check(linear, n, why != EMUL_READ);

    (void)x;
    reads++;
    if (rc == EMUL_OK)
        memcpy(buf, mem + (linear - MEM_BASE), n);
    return rc;
}

static int op_write(struct emulate_ctxt *x, uint64_t linear, const void *buf,
                    unsigned int n)
{
    int rc = check(linear, n, true);

    (void)x;
    writes++;
    if (rc == EMUL_OK)
        memcpy(mem + (linear - MEM_BASE), buf, n);
    return rc;
}

static int op_in(struct emulate_ctxt *x, uint16_t port, unsigned int n, uint32_t *val)
{
    (void)x;
    ports++;
    last_port = port;
    *val = 0xa1b2c3d4u >> (32 - 8 * n);
    return EMUL_OK;
}

static int op_out(struct emulate_ctxt *x, uint16_t port, unsigned int n, uint32_t val)
{
    (void)x;
    (void)n;
    ports++;
    last_port = port;
    last_out = val;
    return EMUL_OK;
}

static int op_read_cr(struct emulate_ctxt *x, unsigned int nr, uint64_t *val)
{
    (void)x;
    *val = cr[nr];
    return EMUL_OK;
}

static int op_write_cr(struct emulate_ctxt *x, unsigned int nr, uint64_t val)
{
    (void)x;
    cr[nr] = val;
    return EMUL_OK;
}

static int op_read_xmm(struct emulate_ctxt *x, unsigned int reg, void *val)
{
    (void)x;
    memcpy(val, xmm[reg], 16);
    return EMUL_OK;
}

static int op_write_xmm(struct emulate_ctxt *x, unsigned int reg, const void *val)
{
    (void)x;
    memcpy(xmm[reg], val, 16);
    return EMUL_OK;
}

static const struct emulate_ops ops = {
    .fetch = op_fetch, .read = op_read, .write = op_write, .port_in = op_in,
    .port_out = op_out, .read_cr = op_read_cr, .write_cr = op_write_cr,
    .read_xmm = op_read_xmm, .write_xmm = op_write_xmm,
};

void prepare(unsigned int mode, const char *code, unsigned int len)
{
    unsigned int i;

    memset(&c, 0, sizeof(c));
    c.ops = &ops;
    c.mode = mode;
    c.protmode = mode != 2;
    for (i = 0; i < EMUL_NR_SEGS; i++)
        c.seg[i] = (struct emul_segment){
            .base = mode == 2 ? MEM_BASE : 0, .limit = mode == 2 ? 0xffff : 0xffffffff,
            .attr = i == EMUL_CS ? 0x49b : mode == 2 ? 0x093 : 0x493,
        };
    c.regs.rip = mode == 2 ? CODE - MEM_BASE : CODE;
    c.regs.rflags = 2;
    memset(mem, 0, sizeof(mem));
    memcpy(mem + (CODE - MEM_BASE), code, len);
    busy = false;
    reads = writes = ports = 0;
}

uint32_t peek(uint32_t addr)
{
    uint32_t v;

    memcpy(&v, mem + (addr - MEM_BASE), 4);
    return v;
}

void poke(uint32_t addr, uint32_t v)
{
    memcpy(mem + (addr - MEM_BASE), &v, 4);
}

void unchanged(int want)
{
    struct emul_regs before = c.regs;

    assert_int_equal(emulate_insn(&c), want);
    assert_memory_equal(&before, &c.regs, sizeof(before));
}
