/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overflows one of the hypervisor's stacks, named by a word of the command line; that
 * must end in a panic that says so (overflow.lab). Without the guard pages the recursion
 * runs through other memory and ends anywhere.
 */
#include <public/errno.h>
#include <xen/test_op.h>
#include "guest.h"

static const struct {
    const char *word;
    unsigned long which;
} stacks[] = {
    { "own", OVERFLOW_OWN },
    { "idle", OVERFLOW_IDLE },
    { "nmi", OVERFLOW_NMI },
    { "df", OVERFLOW_DF },
    { "mc", OVERFLOW_MC },
};

static long overflow(unsigned long which)
{
    return HC2(HYPERVISOR_TEST_OP, TESTOP_OVERFLOW_STACK, which);
}

TEST(overflow)
{
    const char *word = command_line();

    NEEDS_INJECTION();
    CHECK_EQ(overflow(99), -XEN_EINVAL);
    for (unsigned int i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
        if (strlen(word) < strlen(stacks[i].word) ||
            memcmp(word, stacks[i].word, strlen(stacks[i].word)))
            continue;
        CHECK_EQ(overflow(stacks[i].which), 1); /* does not come back */
    }
}
