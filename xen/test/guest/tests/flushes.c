/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What changes of N pages cost in IOTLB flushes, by real hypercalls. What would be wrong:
 * a number that grows with the pages instead of with the batches they come in.
 */
#include <xen/test_op.h>
#include <public/memory.h>
#include "../guest.h"

#define FIRST   0x50000ul
#define OTHER   0x60000ul
#define MOST    4096u
#define BATCH   512u

static xen_pfn_t list[MOST], to[MOST];
static xen_ulong_t from[MOST];
static int errs[MOST];

static long reserve(unsigned int cmd, unsigned long gfn, unsigned int n)
{
    struct xen_memory_reservation r = {.nr_extents = n, .domid = DOMID_SELF};

    for (unsigned int i = 0; i < n; i++)
        list[i] = gfn + i;
    set_xen_guest_handle(r.extent_start, list);
    return HC2(__HYPERVISOR_memory_op, cmd, &r) - (long)n;
}

static long fill(unsigned int n)
{
    return reserve(XENMEM_populate_physmap, FIRST, n);
}

static long clear(unsigned int n)
{
    return reserve(XENMEM_decrease_reservation, FIRST, n);
}

static long move(unsigned long source, unsigned long target, unsigned int n)
{
    struct xen_add_to_physmap x = {
        .domid = DOMID_SELF, .size = (uint16_t)n, .space = XENMAPSPACE_gmfn_range,
        .idx = source, .gpfn = target,
    };

    return HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &x);
}

static long move_away(unsigned int n)
{
    return move(FIRST, OTHER, n);
}

static long move_each_back(unsigned int n)
{
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn, .size = (uint16_t)n,
    };

    for (unsigned int i = 0; i < n; i++) {
        from[i] = OTHER + i;
        to[i] = FIRST + i;
    }
    set_xen_guest_handle(b.idxs, from);
    set_xen_guest_handle(b.gpfns, to);
    set_xen_guest_handle(b.errs, errs);
    return HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &b);
}

static long count(unsigned int what)
{
    return HC2(HYPERVISOR_TEST_OP, TESTOP_FLUSHES, what);
}

/* In the order in which each leaves what the next one needs. */
static const struct {
    const char *name;
    long (*change)(unsigned int n);
} ways[] = {
    { "replaced", fill }, { "moved", move_away }, { "moved back", move_each_back },
    { "given back", clear },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

TEST(flush_table)
{
    NEEDS_INJECTION();
    print("FLUSHES  flushes (commands) of N pages");
    for (unsigned int w = 0; w < WAYS; w++)
        print(", %s", ways[w].name);
    print("; one flush a page\n");
    for (unsigned int n = 1; n <= MOST; n *= 2) {
        CHECK_EQ(fill(n), 0);
        print("FLUSHES %5u:", n);
        for (unsigned int w = 0; w < WAYS; w++) {
            long waits = count(FLUSHES_WAITS), commands = count(FLUSHES_COMMANDS);

            CHECK_EQ(ways[w].change(n), 0);
            waits = count(FLUSHES_WAITS) - waits;
            commands = count(FLUSHES_COMMANDS) - commands;
            print(" %5ld (%ld)", waits, commands);
            CHECK_EQ(waits, (n + BATCH - 1) / BATCH);
        }
        print(" %5u\n", n);
    }
}

/*
 * Pages added where nothing was. Units that keep absent entries, of which the command
 * line tells, must be told, batch by batch; with others nothing is to do.
 */
TEST(into_holes)
{
    bool absent = command_line()[0] == 'a'; /* "absent" */

    NEEDS_INJECTION();
    for (unsigned int n = 1; n <= MOST; n *= 64) {
        long waits = count(FLUSHES_WAITS);

        CHECK_EQ(fill(n), 0);
        CHECK_EQ(count(FLUSHES_WAITS) - waits, absent ? (n + BATCH - 1) / BATCH : 0);
        CHECK_EQ(clear(n), 0);
    }
}
