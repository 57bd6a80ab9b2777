/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between a vCPU and the emulator: registers and segments in, memory through the guest's
 * page tables to RAM or a device, results out. v is always current.
 */
#include <xen/domain.h>
#include <xen/percpu.h>
#include <xen/guest_access.h>
#include <xen/lib.h>
#include <asm/emulate.h>
#include <asm/guest_walk.h>
#include <asm/hvm.h>
#include <asm/xstate.h>
#include "private.h"

/* --- memory ------------------------------------------------------------------------ */

static int translate(struct emulate_ctxt *c, uint64_t linear, uint32_t access,
                     paddr_t *gpa)
{
    uint32_t pfec;

    if (c->cpl == 3)
        access |= GW_USER;
    if (guest_walk(current, linear, access, gpa, &pfec))
        return EMUL_OK;
    emul_raise(c, EXC_PF, true, pfec);
    c->exc.cr2 = linear;
    return EMUL_EXCEPTION;
}

static int device_access(paddr_t gpa, void *buf, unsigned int n, bool write)
{
    unsigned int done = 0, size;
    uint64_t val;

    /* The widest aligned pieces: one for every access that a device defines. */
    while (done < n) {
        size = n - done >= 8 ? 8 : n - done >= 4 ? 4 : n - done >= 2 ? 2 : 1;
        while ((gpa + done) & (size - 1))
            size /= 2;
        val = 0;
        if (write)
            memcpy(&val, (char *)buf + done, size);
        if (hvm_mmio(current, gpa + done, size, write, &val) == IO_RETRY)
            return EMUL_RETRY;
        if (!write)
            memcpy((char *)buf + done, &val, size);
        done += size;
    }
    return EMUL_OK;
}

/* One page's part. A write to ROM finds no device behind it either: it is dropped. */
static int piece(paddr_t gpa, void *buf, unsigned int n, bool write)
{
    int rc;

    if (!hvm_mmio_claimed(current, gpa)) {
        rc = write ? copy_to_guest_phys(current->domain, gpa, buf, n)
                   : copy_from_guest_phys(current->domain, buf, gpa, n);
        if (rc == 0)
            return EMUL_OK;
    }
    return device_access(gpa, buf, n, write);
}

/* Both pages of a crossing access are translated before either is touched. */
static int linear_access(struct emulate_ctxt *c, uint64_t linear, void *buf,
                         unsigned int n, uint32_t access, bool write)
{
    unsigned int first = (unsigned int)(PAGE_SIZE - (linear & ~PAGE_MASK));
    paddr_t gpa[2] = { 0, 0 };
    int rc;

    if (first > n)
        first = n;
    rc = translate(c, linear, access, &gpa[0]);
    if (rc == EMUL_OK && first < n)
        rc = translate(c, linear + first, access, &gpa[1]);
    if (rc == EMUL_OK)
        rc = piece(gpa[0], buf, first, write);
    if (rc == EMUL_OK && first < n)
        rc = piece(gpa[1], (char *)buf + first, n - first, write);
    return rc;
}

static uint32_t fetch_access(const struct emulate_ctxt *c)
{
    return c->cpl == 3 ? GW_FETCH | GW_USER : GW_FETCH;
}

static int op_fetch(struct emulate_ctxt *c, uint64_t linear, void *buf, unsigned int n)
{
    unsigned int first = (unsigned int)(PAGE_SIZE - (linear & ~PAGE_MASK)), part;
    paddr_t gpa;
    int rc;

    for (part = MIN(first, n); n; part = n) {
        if (!copy_from_known_page(current, buf, linear, part, fetch_access(c))) {
            rc = translate(c, linear, GW_FETCH, &gpa);
            if (rc != EMUL_OK)
                return rc;
            if (copy_from_guest_phys(current->domain, buf, gpa, part))
                return EMUL_UNHANDLEABLE;   /* code outside of RAM */
        }
        linear += part;
        buf = (char *)buf + part;
        n -= part;
    }
    return EMUL_OK;
}

static int op_read(struct emulate_ctxt *c, uint64_t linear, void *buf, unsigned int n,
                   enum emul_access why)
{
    return linear_access(c, linear, buf, n, why == EMUL_READ ? 0 : GW_WRITE, false);
}

static int op_write(struct emulate_ctxt *c, uint64_t linear, const void *buf,
                    unsigned int n)
{
    uint8_t copy[16];

    memcpy(copy, buf, n);
    return linear_access(c, linear, copy, n, GW_WRITE, true);
}

static int op_probe_write(struct emulate_ctxt *c, uint64_t linear, unsigned int n)
{
    paddr_t gpa;
    int rc = translate(c, linear, GW_WRITE, &gpa);

    return rc != EMUL_OK ? rc : translate(c, linear + n - 1, GW_WRITE, &gpa);
}

/* --- ports and control registers --------------------------------------------------- */

static int op_port_in(struct emulate_ctxt *c, uint16_t port, unsigned int n,
                      uint32_t *val)
{
    uint64_t wide = 0;
    int rc = hvm_port_io(current, port, n, false, &wide);

    (void)c;
    *val = (uint32_t)wide;
    return rc == IO_RETRY ? EMUL_RETRY : EMUL_OK;
}

static int op_port_out(struct emulate_ctxt *c, uint16_t port, unsigned int n,
                       uint32_t val)
{
    uint64_t wide = val;

    (void)c;
    return hvm_port_io(current, port, n, true, &wide) == IO_RETRY ? EMUL_RETRY : EMUL_OK;
}

static int op_read_cr(struct emulate_ctxt *c, unsigned int cr, uint64_t *val)
{
    (void)c;
    *val = cr == 8 ? vlapic_get_cr8(current) : current->arch.hvm.guest_cr[cr];
    return EMUL_OK;
}

static int op_write_cr(struct emulate_ctxt *c, unsigned int cr, uint64_t val)
{
    int rc = 0;

    switch (cr) {
    case 0: rc = hvm_set_cr0(current, val); break;
    case 2: current->arch.hvm.guest_cr[2] = val; break;
    case 3: rc = hvm_set_cr3(current, val); break;
    case 4: rc = hvm_set_cr4(current, val); break;
    default:
        if (val & ~15ull)
            rc = -1;
        else
            vlapic_set_cr8(current, (uint8_t)val);
        break;
    }
    return rc ? emul_raise(c, EXC_GP, true, 0) : EMUL_OK;
}

static int op_read_xmm(struct emulate_ctxt *c, unsigned int reg, void *val)
{
    (void)c;
    xstate_get_xmm(current, reg, val);
    return EMUL_OK;
}

static int op_write_xmm(struct emulate_ctxt *c, unsigned int reg, const void *val)
{
    (void)c;
    xstate_set_xmm(current, reg, val);
    return EMUL_OK;
}

static const struct emulate_ops ops = {
    .fetch = op_fetch, .read = op_read, .write = op_write,
    .probe_write = op_probe_write, .port_in = op_port_in, .port_out = op_port_out,
    .read_cr = op_read_cr, .write_cr = op_write_cr,
    .read_xmm = op_read_xmm, .write_xmm = op_write_xmm,
};

/* --- registers --------------------------------------------------------------------- */

#define AT(reg) (offsetof(struct cpu_user_regs, reg) / 8)
static const uint8_t gpr_at[EMUL_NR_REGS] = {
    AT(rax), AT(rcx), AT(rdx), AT(rbx), AT(rsp), AT(rbp), AT(rsi), AT(rdi),
    AT(r8), AT(r9), AT(r10), AT(r11), AT(r12), AT(r13), AT(r14), AT(r15),
};

static void load_gprs(const struct cpu_user_regs *r, uint64_t *gpr)
{
    const uint64_t *place = (const uint64_t *)r;

#pragma GCC unroll 16
    for (unsigned int i = 0; i < EMUL_NR_REGS; i++)
        gpr[i] = place[gpr_at[i]];
}

static void store_gprs(struct cpu_user_regs *r, const uint64_t *gpr)
{
    uint64_t *place = (uint64_t *)r;

#pragma GCC unroll 16
    for (unsigned int i = 0; i < EMUL_NR_REGS; i++)
        place[gpr_at[i]] = gpr[i];
}

static void load_state(struct vcpu *v, struct emulate_ctxt *c)
{
    static const uint8_t order[EMUL_NR_SEGS] = {
        SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS,
    };
    unsigned int i;

    memset(c, 0, sizeof(*c));
    c->ops = &ops;
    load_gprs(&v->arch.regs, c->regs.gpr);
    c->regs.rip = v->arch.regs.rip;
    c->regs.rflags = v->arch.regs.rflags;
    for (i = 0; i < EMUL_NR_SEGS; i++) {
        struct segment_reg s;

        hvm->get_segment(v, order[i], &s);
        c->seg[i] = (struct emul_segment){
            .base = s.base, .limit = s.limit, .attr = s.attr, .sel = s.sel,
        };
    }
    c->protmode = (v->arch.hvm.guest_cr[0] & CR0_PE) && !(c->regs.rflags & X86_EFLAGS_VM);
    c->cpl = hvm_cpl(v);
    c->mode = hvm_code_bytes(v);
}

static void store_state(struct vcpu *v, struct emulate_ctxt *c)
{
    store_gprs(&v->arch.regs, c->regs.gpr);
    v->arch.regs.rip = c->regs.rip;
    v->arch.regs.rflags = c->regs.rflags;
}

static void inject(struct vcpu *v, const struct emulate_ctxt *c)
{
    if (c->exc.vector == EXC_PF)
        hvm_inject_page_fault(v, c->exc.cr2, c->exc.error);
    else
        hvm_inject_exception(v, c->exc.vector, c->exc.has_error ? (int)c->exc.error : -1);
}

static void give_up(struct vcpu *v, struct emulate_ctxt *c, paddr_t gpa)
{
    uint8_t b[INSN_MAX_BYTES] = { 0 };

    (void)op_fetch(c, c->regs.rip + (c->mode == 8 ? 0 : c->seg[EMUL_CS].base), b, 8);
    hvm_dump_vcpu(v);
    domain_crash(v->domain,
                 "cannot emulate the access to %lx at %04x:%lx (%u-bit code): "
                 "%02x %02x %02x %02x %02x %02x %02x %02x",
                 gpa, c->seg[EMUL_CS].sel, c->regs.rip, c->mode * 8, b[0], b[1], b[2],
                 b[3], b[4], b[5], b[6], b[7]);
}

bool hvm_emulate_one(struct vcpu *v, paddr_t gpa, bool gpa_valid)
{
    struct emulate_ctxt c;
    int rc;

    load_state(v, &c);
    c.io_checked = !gpa_valid;      /* without an address this is a port intercept */
    rc = emulate_insn(&c);
    switch (rc) {
    case EMUL_OK:
        store_state(v, &c);
        v->arch.hvm.insn_retired = true;
        if (c.single_step) {
            v->arch.hvm.dr6 |= DR6_BS;
            hvm_inject_exception(v, EXC_DB, -1);
        }
        return true;
    case EMUL_RETRY:
        return true;
    case EMUL_EXCEPTION:
        store_state(v, &c);         /* a REP may have got somewhere */
        inject(v, &c);
        return true;
    default:
        give_up(v, &c, gpa_valid ? gpa : 0);
        return false;
    }
}

/* Only what finding the code takes: this is on the path of every intercepted RDMSR. */
static void load_code_state(struct vcpu *v, struct emulate_ctxt *c)
{
    struct segment_reg cs;

    c->ops = &ops;
    c->regs.rip = v->arch.regs.rip;
    c->cpl = hvm_cpl(v);
    c->mode = hvm_code_bytes(v);
    if (c->mode == 8)
        return;         /* nothing of CS counts */
    hvm->get_segment(v, SEG_CS, &cs);
    c->seg[EMUL_CS].base = cs.base;
    c->seg[EMUL_CS].limit = cs.limit;
}

/*
 * Nearly always an intercepted instruction has no prefix and its page was fetched from
 * before. 0: not so, or something is wrong with it, which is for the decoder to find.
 */
static unsigned int plain_length(struct vcpu *v, const struct emulate_ctxt *c,
                                 enum insn_id id)
{
    const struct emul_segment *cs = &c->seg[EMUL_CS];
    uint64_t linear = c->regs.rip;
    uint8_t b[INSN_PLAIN_BYTES];

    if (c->mode != 8) {
        linear &= 0xffffffff;
        if (linear > cs->limit || cs->limit - linear < sizeof(b) - 1)
            return 0;
        linear = (cs->base + linear) & 0xffffffff;
    }
    if ((linear & ~PAGE_MASK) > PAGE_SIZE - sizeof(b) ||
        !copy_from_known_page(v, b, linear, sizeof(b), fetch_access(c)))
        return 0;
    return insn_plain_length(b, id);
}

static unsigned int length_at_rip(struct vcpu *v, const enum insn_id *id)
{
    struct emulate_ctxt c;
    unsigned int len;
    int rc;

    load_code_state(v, &c);
    len = id ? plain_length(v, &c, *id) : 0;
    if (len)
        return len;
    rc = emulate_decode(&c);
    if (rc == EMUL_EXCEPTION) {
        inject(v, &c);
        return 0;
    }
    /* Code that is gone or was changed under us: so is what the guest asked for. */
    if (rc != EMUL_OK || (id && !insn_is(&c.insn, *id))) {
        hvm_inject_exception(v, EXC_UD, -1);
        return 0;
    }
    return c.insn.length;
}

unsigned int hvm_insn_length(struct vcpu *v)
{
    return length_at_rip(v, NULL);
}

unsigned int hvm_insn_length_of(struct vcpu *v, enum insn_id id)
{
    return length_at_rip(v, &id);
}
