/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between a test kernel in dom0's place and the small kernel it put into a domain of its
 * own: one command at a time, through a page that both see.
 */
#ifndef REMOTE_MAILBOX_H
#define REMOTE_MAILBOX_H

#include <stdint.h>

#define REMOTE_MAILBOX  0x10000ul   /* guest physical, in the domain */
#define REMOTE_INFO     0x11000ul   /* its start info and memory map */
#define REMOTE_ENTRY    0x100000ul  /* the kernel, and where it starts */
#define REMOTE_VECTOR   0x30u       /* the first of the vectors that are counted */
#define REMOTE_VECTORS  32u
#define REMOTE_READY    0x52454459u
#define REMOTE_TAKE_MAX     128u

enum remote_command {
    REMOTE_LOAD,        /* value = size bytes of memory at address */
    REMOTE_STORE,
    REMOTE_IN,          /* value = what an I/O port gives */
    REMOTE_CONFIG_LOAD, /* config space, by its ports; address: for the first of them */
    REMOTE_CONFIG_STORE,
    REMOTE_SLOTS,       /* value = functions of bus 0 that are there */
    REMOTE_WAIT,        /* halt until vector address has arrived value times */
    REMOTE_FAULTS,      /* value = the exception that a load of address makes, or -1 */
    REMOTE_TAKE,        /* size fresh pages from address on; value = changed words */
    REMOTE_X87,         /* use the x87 FPU; value = where its last instruction is */
};

struct remote_mailbox {
    uint32_t ready;
    uint32_t asked;     /* counted up by dom0 */
    uint32_t answered;  /* follows */
    uint32_t command, size;
    uint64_t address, value;
    /* Before a vector is ended, copy the word at the one address to the other. */
    uint64_t quiet_from, quiet_to;
    /* REMOTE_TAKE: begins when go is set, counts its pages, watches until go is clear. */
    uint32_t go, taken;
    uint32_t arrived[REMOTE_VECTORS];
};

#endif
