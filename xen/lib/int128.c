/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What compilers call for 128-bit division and population count. The distribution's
 * libgcc cannot be used: it is built with a red zone, which interrupts on the same stack
 * destroy.
 */
#include <xen/types.h>

typedef unsigned __int128 u128;
typedef __int128 s128;

u128 __udivmodti4(u128 n, u128 d, u128 *rem);
u128 __udivti3(u128 n, u128 d);
u128 __umodti3(u128 n, u128 d);
s128 __divti3(s128 n, s128 d);
s128 __modti3(s128 n, s128 d);
int __popcountdi2(uint64_t x);

/* 128 by 64 bits, when the quotient fits (hi < d). */
static uint64_t div_narrow(uint64_t hi, uint64_t lo, uint64_t d, uint64_t *rem)
{
    uint64_t q;

    __asm__("divq %4" : "=a"(q), "=d"(*rem) : "0"(lo), "1"(hi), "r"(d) : "cc");
    return q;
}

u128 __udivmodti4(u128 n, u128 d, u128 *rem)
{
    uint64_t hi = (uint64_t)(n >> 64), r = 0;
    u128 q = 0;

    if (!(d >> 64)) {
        uint64_t d64 = (uint64_t)d, q_hi = div_narrow(0, hi, d64, &r);

        q = (u128)q_hi << 64 | div_narrow(r, (uint64_t)n, d64, &r);
        *rem = r;
        return q;
    }
    /* A divisor of more than 64 bits leaves a quotient of less: subtract bit by bit. */
    if (n >= d) {
        int shift = __builtin_clzll((uint64_t)(d >> 64)) - __builtin_clzll(hi);

        for (d <<= shift; shift >= 0; shift--, d >>= 1) {
            q <<= 1;
            if (n >= d) {
                n -= d;
                q |= 1;
            }
        }
    }
    *rem = n;
    return q;
}

u128 __udivti3(u128 n, u128 d)
{
    u128 r;

    return __udivmodti4(n, d, &r);
}

u128 __umodti3(u128 n, u128 d)
{
    u128 r;

    __udivmodti4(n, d, &r);
    return r;
}

s128 __divti3(s128 n, s128 d)
{
    u128 r, q = __udivmodti4(n < 0 ? -(u128)n : (u128)n, d < 0 ? -(u128)d : (u128)d, &r);

    return (s128)((n < 0) != (d < 0) ? -q : q);
}

s128 __modti3(s128 n, s128 d)
{
    u128 r;

    __udivmodti4(n < 0 ? -(u128)n : (u128)n, d < 0 ? -(u128)d : (u128)d, &r);
    return (s128)(n < 0 ? -r : r);
}

int __popcountdi2(uint64_t x)
{
    int n = 0;

    for (; x; x &= x - 1)
        n++;
    return n;
}
