/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of hypercalls: guest memory is the test's own, and what lies in
 * [bad_start, bad_end) cannot be written nor, unless bad_readable, read. Continuations
 * are kept in next_args.
 */
#ifndef GUEST_FAKE_H
#define GUEST_FAKE_H

#include <xen/types.h>

extern uint64_t bad_start, bad_end;
extern bool bad_readable;
extern unsigned long next_args[6];
extern unsigned int restarts;

/* Runs handler until it is done; counts how often it stopped. */
long call_to_end(long (*handler)(const unsigned long *), unsigned long a0,
                 const void *a1, unsigned long a2);

#endif
