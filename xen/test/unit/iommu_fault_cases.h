/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Refused accesses, from a unit's record to a line of the log, the same cases for both
 * vendors. The vendor's half plays the unit: it records, and interrupts, as its manual
 * says.
 */
#ifndef IOMMU_FAULT_CASES_H
#define IOMMU_FAULT_CASES_H

#include <xen/iommu.h>

struct fault_vendor {
    const char *name;
    void (*reset)(void);        /* a fresh unit that is switched on */
    /* It refuses an access. false: it had no room to record that. */
    bool (*refuse)(uint16_t rid, uint64_t address, bool write);
    void (*later)(void);        /* time has gone by; may be NULL */
    void (*interrupts)(void);   /* what it refuses now are messages; may be NULL */
    void (*broken)(void);       /* it cannot execute a command ... */
    const char *broken_line;    /* ... of which the log says this */
    void (*stuck)(void);        /* the log is full and cannot be restarted; may be NULL */
    unsigned int room;          /* records before it loses some */
    const char *what;           /* it calls such an access ... */
    const char *flags;          /* ... with these, when it is a write */
};

/* The unit's message; what it does to software is up to the cases. */
void unit_interrupts(void);
/* Each access to a register goes through here first: something may happen meanwhile. */
void unit_touched(void);
/* Which requester id the driver has silenced since the start; 0: none. */
extern uint16_t silenced;

int run_fault_cases(const struct fault_vendor *vendor);

#endif
