/* SPDX-License-Identifier: GPL-2.0-only */
/* Integer arithmetic with flags, APM vol. 3; no state, no memory. */
#include "private.h"

uint64_t size_mask(unsigned int bytes)
{
    return ~0ull >> (64 - 8 * bytes);
}

uint64_t sign_extend(uint64_t val, unsigned int bytes)
{
    unsigned int unused = 64 - 8 * bytes;

    return (uint64_t)((int64_t)(val << unused) >> unused);
}

static uint64_t sign_bit(unsigned int bytes)
{
    return 1ull << (8 * bytes - 1);
}

static uint64_t result_flags(unsigned int bytes, uint64_t res)
{
    uint64_t f = 0;

    if ((res & size_mask(bytes)) == 0)
        f |= FLAG_ZF;
    if (res & sign_bit(bytes))
        f |= FLAG_SF;
    if (!__builtin_parity((unsigned int)(res & 0xff)))
        f |= FLAG_PF;
    return f;
}

static void replace_flags(uint64_t *flags, uint64_t which, uint64_t val)
{
    *flags = (*flags & ~which) | (val & which);
}

void alu_logic_flags(unsigned int bytes, uint64_t res, uint64_t *flags)
{
    replace_flags(flags, FLAGS_ARITH, result_flags(bytes, res));
}

/*
 * @carries has a bit for every position that carried (or borrowed): AF is the
 * one out of bit 3, CF the one out of the top.
 */
static void carry_flags(unsigned int bytes, uint64_t res, uint64_t carries,
                        bool overflow, uint64_t *flags)
{
    uint64_t f = result_flags(bytes, res);

    if (carries & sign_bit(bytes))
        f |= FLAG_CF;
    if (carries & 8)
        f |= FLAG_AF;
    if (overflow)
        f |= FLAG_OF;
    replace_flags(flags, FLAGS_ARITH, f);
}

static uint64_t add(unsigned int bytes, uint64_t a, uint64_t b, bool in, uint64_t *flags)
{
    uint64_t res = a + b + in;
    uint64_t carries = (a & b) | ((a | b) & ~res);

    carry_flags(bytes, res, carries, (a ^ res) & (b ^ res) & sign_bit(bytes), flags);
    return res & size_mask(bytes);
}

static uint64_t sub(unsigned int bytes, uint64_t a, uint64_t b, bool in, uint64_t *flags)
{
    uint64_t res = a - b - in;
    uint64_t borrows = (~a & b) | (~(a ^ b) & res);

    carry_flags(bytes, res, borrows, (a ^ b) & (a ^ res) & sign_bit(bytes), flags);
    return res & size_mask(bytes);
}

uint64_t alu_binary(enum alu_op op, unsigned int bytes, uint64_t dst, uint64_t src,
                    uint64_t *flags)
{
    bool carry = *flags & FLAG_CF;
    uint64_t res;

    switch (op) {
    case ALU_ADD: return add(bytes, dst, src, false, flags);
    case ALU_ADC: return add(bytes, dst, src, carry, flags);
    case ALU_SUB: return sub(bytes, dst, src, false, flags);
    case ALU_SBB: return sub(bytes, dst, src, carry, flags);
    case ALU_CMP:
        sub(bytes, dst, src, false, flags);
        return dst & size_mask(bytes);
    case ALU_OR:  res = dst | src; break;
    case ALU_AND: res = dst & src; break;
    default:      res = dst ^ src; break;
    }
    alu_logic_flags(bytes, res, flags);
    return res & size_mask(bytes);
}

uint64_t alu_incdec(bool dec, unsigned int bytes, uint64_t dst, uint64_t *flags)
{
    uint64_t carry = *flags & FLAG_CF, res;

    res = dec ? sub(bytes, dst, 1, false, flags) : add(bytes, dst, 1, false, flags);
    replace_flags(flags, FLAG_CF, carry);
    return res;
}

/* One bit at a time: 64 rounds at most, and no special cases to get wrong. */
static uint64_t shift_once(enum shift_op op, unsigned int bytes, uint64_t v, bool *cf)
{
    bool top = v & sign_bit(bytes), low = v & 1, in = false;

    if (op == SHIFT_ROL || op == SHIFT_RCL || op == SHIFT_SHL || op == SHIFT_SHL2) {
        if (op == SHIFT_ROL)
            in = top;
        else if (op == SHIFT_RCL)
            in = *cf;
        *cf = top;
        return ((v << 1) | in) & size_mask(bytes);
    }
    if (op == SHIFT_ROR)
        in = low;
    else if (op == SHIFT_RCR)
        in = *cf;
    else if (op == SHIFT_SAR)
        in = top;
    *cf = low;
    return (v >> 1) | (in ? sign_bit(bytes) : 0);
}

uint64_t alu_shift(enum shift_op op, unsigned int bytes, uint64_t dst,
                   unsigned int count, uint64_t *flags)
{
    bool left = op != SHIFT_ROR && op != SHIFT_RCR && op != SHIFT_SHR && op != SHIFT_SAR;
    bool rotate = op <= SHIFT_RCR, cf = *flags & FLAG_CF, of;
    uint64_t v = dst & size_mask(bytes), first = v;

    count &= bytes == 8 ? 63 : 31;
    if (count == 0)
        return v;
    while (count--)
        v = shift_once(op, bytes, v, &cf);

    /* OF is architectural for single shifts only; this is what CPUs compute. */
    if (left)
        of = !!(v & sign_bit(bytes)) != cf;
    else if (op == SHIFT_SAR)
        of = false;
    else if (op == SHIFT_SHR)
        of = first & sign_bit(bytes);
    else
        of = !!(v & sign_bit(bytes)) != !!(v & (sign_bit(bytes) >> 1));

    if (!rotate)
        replace_flags(flags, FLAGS_ARITH & ~FLAG_AF, result_flags(bytes, v));
    replace_flags(flags, FLAG_CF | FLAG_OF, (cf ? FLAG_CF : 0) | (of ? FLAG_OF : 0));
    return v;
}

uint64_t alu_imul(unsigned int bytes, uint64_t a, uint64_t b, uint64_t *flags)
{
    __int128 full = (__int128)(int64_t)sign_extend(a, bytes) *
                    (int64_t)sign_extend(b, bytes);
    uint64_t res = (uint64_t)full & size_mask(bytes);
    bool lost = full != (int64_t)sign_extend(res, bytes);

    replace_flags(flags, FLAG_CF | FLAG_OF, lost ? FLAG_CF | FLAG_OF : 0);
    return res;
}

/* On magnitudes; a remainder has the sign of the dividend. */
bool alu_divide(bool is_signed, unsigned int bytes, uint64_t hi, uint64_t lo,
                uint64_t divisor, uint64_t *quotient, uint64_t *rest)
{
    unsigned __int128 n = (unsigned __int128)(hi & size_mask(bytes)) << (8 * bytes) |
                          (lo & size_mask(bytes)), q;
    bool n_neg = is_signed && (hi & sign_bit(bytes));
    bool d_neg = is_signed && (divisor & sign_bit(bytes));
    uint64_t d = d_neg ? -sign_extend(divisor, bytes) : divisor & size_mask(bytes);
    uint64_t most = size_mask(bytes), r;

    if (!d)
        return false;
    if (n_neg) {
        n = -n;
        if (bytes < 8)
            n &= ((unsigned __int128)1 << (16 * bytes)) - 1;
    }
    if (is_signed)
        most = sign_bit(bytes) - (n_neg == d_neg);
    q = n / d;
    r = (uint64_t)(n % d);
    if (q > most)
        return false;
    *quotient = (n_neg != d_neg ? -(uint64_t)q : (uint64_t)q) & size_mask(bytes);
    *rest = (n_neg ? -r : r) & size_mask(bytes);
    return true;
}

/* Condition codes of Jcc, SETcc, CMOVcc. */
bool condition_met(unsigned int code, uint64_t flags)
{
    bool less = !(flags & FLAG_SF) != !(flags & FLAG_OF), met;

    switch ((code >> 1) & 7) {
    case 0:  met = flags & FLAG_OF; break;
    case 1:  met = flags & FLAG_CF; break;
    case 2:  met = flags & FLAG_ZF; break;
    case 3:  met = flags & (FLAG_CF | FLAG_ZF); break;
    case 4:  met = flags & FLAG_SF; break;
    case 5:  met = flags & FLAG_PF; break;
    case 6:  met = less; break;
    default: met = less || (flags & FLAG_ZF); break;
    }
    return met != (code & 1);
}
