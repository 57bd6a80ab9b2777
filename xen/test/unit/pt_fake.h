/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world for page tables on the host: tables come from an array, retired ones
 * are kept and compared until the test says the flush is done, and a walker written
 * from the manuals, not from the engine, plays the hardware.
 */
#ifndef PT_FAKE_H
#define PT_FAKE_H

#include <asm/pt.h>

#define FAKE_TABLES 6000
#define FAKE_BASE   0x1000ul    /* mfn of table 0 */

enum fake_state { T_FREE, T_LIVE, T_RETIRED };

struct pt_world {
    pt_entry_t (*mem)[PT_ENTRIES];
    pt_entry_t (*copy)[PT_ENTRIES];     /* contents at retirement */
    enum fake_state state[FAKE_TABLES];
    unsigned int next, live, retired;
    unsigned long allocs;
    unsigned long looks;                /* map_table calls: a measure of work */
    unsigned long fail_at;              /* the nth allocation from now fails */
    /* Called after each store with what it touched. */
    void (*on_store)(struct pt_world *w, unsigned long table_mfn, unsigned int index);
    void *priv;
};

extern const struct pt_ops fake_pt_ops;

void world_init(struct pt_world *w);
void world_fini(struct pt_world *w);
/* Checks that retired tables did not change, then frees them. */
void world_flush(struct pt_world *w);
pt_entry_t *world_table(struct pt_world *w, unsigned long mfn);

/* The hardware's answer: frame, R/W/X; ok == false where it would fault. */
struct hw_result {
    bool ok;
    unsigned long mfn;
    unsigned int perm;
    unsigned int level;
    unsigned long tables[PT_MAX_LEVELS];    /* by level; 0 when not visited */
};
struct hw_result hw_walk(struct pt_world *w, const struct pt *pt, unsigned long pfn);

#endif
