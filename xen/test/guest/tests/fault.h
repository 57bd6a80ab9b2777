/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations whose allocations are failed one after the other. Each failure must be the
 * error that is documented, and after the undo not a byte may be lost. Half of the time
 * the operation is tried again before: it must work then, whatever the failure left.
 */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#include "passthrough.h"

#define LOW        0x100ul   /* pages of a domain */
#define FAR        0x80000ul /* 2 GiB: tables of their own */
#define PAGES      40        /* more than the hypervisor has room for on its stack */
#define COUNT(ops) (sizeof(ops) / sizeof(ops[0]))

#define FAULT_MOST 2000u /* allocations of one operation; far more than there are */

struct fault_op {
    const char *name;
    long (*set_up)(void); /* 0, or what was refused; NULL: there is nothing */
    long (*run)(void);    /* 0, or the error; again after an error without undo */
    long (*undo)(void);   /* of set_up and run, also of one that failed; NULL: nothing */
    long error;           /* what run() gives when there is no memory */
    unsigned int unfelt;  /* as many allocations that it can do without */
    const char *why;      /* how that is */
    bool lasting;         /* what it takes first stays: only that is failed */
    bool none;            /* it takes no memory at all */
};

static inline long fail_alloc(unsigned long nth)
{
    return HC2(HYPERVISOR_TEST_OP, TESTOP_FAIL_ALLOC, nth);
}

static inline bool fault_start(const struct fault_op *op)
{
    long rc = op->set_up ? op->set_up() : 0;

    if (rc)
        print("%s: set-up: %ld\n", op->name, rc);
    return rc == 0;
}

static inline bool fault_end(const struct fault_op *op)
{
    long rc = op->undo ? op->undo() : 0;

    if (rc)
        print("%s: undo: %ld\n", op->name, rc);
    return rc == 0;
}

/* Once without a failure: what is allocated for good, and that it works at all. */
static inline bool fault_rehearse(const struct fault_op *op)
{
    long rc;

    if (!fault_start(op))
        return false;
    rc = op->run();
    if (rc)
        print("%s: without a failure: %ld\n", op->name, rc);
    return fault_end(op) && rc == 0;
}

/* A round with the nth allocation failed. *through: there were fewer than n. */
static inline bool fault_round(const struct fault_op *op, unsigned long n, bool again,
                               unsigned int *unfelt, bool *through)
{
    long rc, asked;
    bool good;

    if (!fault_start(op))
        return false;
    fail_alloc(n);
    rc = op->run();
    asked = fail_alloc(0);
    *through = asked < (long)n;
    good = *through ? rc == 0 : rc == 0 || rc == op->error;
    *unfelt += !*through && !rc;
    if (!good)
        print("%s: allocation %lu of %ld: %ld\n", op->name, n, asked, rc);
    if (rc && again && (rc = op->run()) != 0) {
        print("%s: again after allocation %lu: %ld\n", op->name, n, rc);
        good = false;
    }
    return fault_end(op) && good;
}

/* Every allocation of the operation; false, with a line on the console: not as it says.
 */
static inline bool fault_each(const struct fault_op *op)
{
    uint64_t before;
    unsigned int unfelt = 0;
    unsigned long n;
    bool through = false;
    long used;

    if (op->lasting ? !fault_start(op) || !fault_end(op)
                    : !fault_rehearse(op) || !fault_rehearse(op))
        return false;
    at_rest(&before, &used);
    for (n = 1; n < FAULT_MOST; n++) {
        if (!fault_round(op, n, false, &unfelt, &through))
            return false;
        if (!as_before(before, used)) {
            print("%s: allocation %lu was lost\n", op->name, n);
            return false;
        }
        if (op->lasting)
            return !through && !unfelt && fault_rehearse(op);
        if (through)
            break;
        if (!fault_round(op, n, true, &(unsigned int){0}, &(bool){false}) ||
            !as_before(before, used)) {
            print("%s: tried again: allocation %lu was lost\n", op->name, n);
            return false;
        }
    }
    n--; /* the last one failed nothing */
    print("%s: %lu allocations, %u of them unfelt\n", op->name, n, unfelt);
    if (!through || op->none != (n == 0) || unfelt != op->unfelt)
        print("%s: should be %s, %u unfelt\n", op->name, op->none ? "none" : "some",
              op->unfelt);
    return through && op->none == (n == 0) && unfelt == op->unfelt;
}

/* All of a table; false: one was not as it says. */
static inline bool fault_table(const struct fault_op *ops, unsigned int n)
{
    bool good = true;

    for (unsigned int i = 0; i < n; i++)
        good &= fault_each(&ops[i]);
    return good;
}

/* --- the domain that operations are for --- */

static domid_t dom;

/* One with tables for devices, some pages and the pool for its own tables. */
static inline long with_devices(void)
{
    long rc = create_with_iommu(1, &dom);

    if (!rc)
        rc = populate(dom, LOW, PAGES);
    return rc < 0 ? rc : rc - PAGES;
}

static inline long end_domain(void)
{
    domid_t id = dom;

    dom = 0;
    return id ? simple(XEN_DOMCTL_destroydomain, id) : 0;
}

#endif
