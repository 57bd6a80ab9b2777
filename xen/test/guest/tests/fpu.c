/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One guest's x87 state and another's, on one processor. Broken, a guest reads where the
 * one before it has executed its last x87 instruction, and on which data (XSA-52): QEMU's
 * FXRSTOR and XRSTOR, as those of AMD before Zen, do not load these pointers.
 */
#include "remote.h"

static domid_t other;

TEST(other_guest)
{
    CHECK_EQ(remote_start(&other, XEN_X86_EMU_LAPIC), 0);
}

TEST(pointers_of_others)
{
    struct x87_env env;
    uint64_t theirs;

    __asm__ volatile("fninit");
    for (unsigned int i = 0; i < 10; i++) {
        theirs = remote_ask(REMOTE_X87, 0, 0, 0);
        env = x87_env();
        CHECK(theirs && theirs != 0xdeaddeaddeaddeadul);
        CHECK_EQ(env.ip, 0);
        CHECK_EQ(env.data, 0);
        CHECK_EQ(env.opcode, 0);
        CHECK_EQ(env.control, 0x37f);
        CHECK_EQ(env.tag, 0xffff);
        __asm__ volatile("fninit");
    }
}

/* The rest of the state is loaded whatever is done about the pointers. */
TEST(values_stay)
{
    static const double number = 123456.75;
    uint16_t control = 0x27f;
    double got = 0;

    __asm__ volatile("fninit; fldcw %0; fldl %1" ::"m"(control), "m"(number));
    remote_ask(REMOTE_X87, 0, 0, 0);
    CHECK_EQ(x87_env().control, 0x27f);
    __asm__ volatile("fstpl %0" : "=m"(got));
    CHECK(!memcmp(&got, &number, sizeof(got)));
}

TEST(pending_exception)
{
    uint16_t control = 0x37b;           /* division by zero is not masked */
    struct x87_env env;

    __asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp" ::"m"(control));
    remote_ask(REMOTE_X87, 0, 0, 0);
    env = x87_env();
    CHECK(env.status & 0x80);
    CHECK(env.status & 4);
    __asm__ volatile("fnclex; fninit");
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, other), 0);
}
