/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <cmocka.h>

#include "store_watch.h"

#define EFLAGS_TF 0x100

static uint8_t *range;
static size_t range_len;
static void (*look)(const void *at);
static const void *written;

static void protect(int rights)
{
    assert_int_equal(mprotect(range, range_len, rights), 0);
}

/* A write that is refused: let this one instruction pass. */
static void on_refusal(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    const uint8_t *at = info->si_addr;

    if (!range || at < range || at >= range + range_len) {
        signal(sig, SIG_DFL);
        return;
    }
    written = at;
    protect(PROT_READ | PROT_WRITE);
    uc->uc_mcontext.gregs[REG_EFL] |= EFLAGS_TF;
}

static void on_step(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)sig;
    (void)info;
    uc->uc_mcontext.gregs[REG_EFL] &= ~EFLAGS_TF;
    protect(PROT_READ);
    look(written);
}

void store_watch_start(void *start, size_t len, void (*seen)(const void *at))
{
    struct sigaction refusal = { .sa_sigaction = on_refusal, .sa_flags = SA_SIGINFO };
    struct sigaction step = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };

    assert_int_equal(sigaction(SIGSEGV, &refusal, NULL), 0);
    assert_int_equal(sigaction(SIGTRAP, &step, NULL), 0);
    range = start;
    range_len = len;
    look = seen;
    protect(PROT_READ);
}

void store_watch_stop(void)
{
    if (range)
        protect(PROT_READ | PROT_WRITE);
    range = NULL;
}
