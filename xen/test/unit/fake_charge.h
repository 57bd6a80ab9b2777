/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocation that is counted and can fail, for tests that look at nothing else of it. */
#ifndef FAKE_CHARGE_H
#define FAKE_CHARGE_H

extern unsigned int allocated;  /* and not freed */
extern unsigned int fail_at;    /* this one of the next fails, 0: none */

#endif
