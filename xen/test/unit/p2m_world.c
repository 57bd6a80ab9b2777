/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <asm/cpufeature.h>
#include <asm/current.h>
#undef current   /* here only the field is meant */
#include <asm/tlb.h>

#include "p2m_world.h"

enum source {
    BY_NPT = 1, BY_IOMMU = 2,                   /* the tables now */
    BY_IOTLB = 4, BY_VCPU0 = 8, BY_VCPU1 = 16, BY_VCPU2 = 32
};
#define BY_VCPU(n)  (BY_VCPU0 << (n))
#define BY_CPUS     (BY_VCPU0 | BY_VCPU1 | BY_VCPU2)

/* One gfn's past: frames it leads or led to, and who may know. */
struct trace {
    unsigned int n;
    struct {
        unsigned long mfn;
        unsigned int by;
    } to[64];
};

struct domain *wd, *wother;
struct world_counters wc;
unsigned long w_iommu_fail_at, w_flush_timeouts;
bool w_preempt, w_iommu_lasting;
void (*w_racer)(void);
unsigned int w_own_refs[FRAMES];
struct cpu_info fake_cpu_info;
uint32_t host_features[X86_FEATURE_WORDS];

static struct trace trace[W_SIZE];
static unsigned int reach[FRAMES];
static struct {
    unsigned long mfn;
    unsigned int flags;
    bool ready;     /* the next change needs no memory */
} iotable[W_SIZE];
static uint64_t seen_gen[3];
static struct vcpu vcpus[3];
static struct vcpu *vcpu_array[3] = { &vcpus[0], &vcpus[1], &vcpus[2] };
static unsigned long free_at_start;

unsigned long frame_index(mfn_t mfn)
{
    unsigned long m = mfn_x(mfn);

    return m >= FAKE_HIGH_MFN ? m - FAKE_HIGH_MFN + FAKE_LOW_PAGES : m - FAKE_LOW_MFN;
}

static void mark(unsigned long g, unsigned long mfn, unsigned int by)
{
    struct trace *t = &trace[g];
    unsigned int i;

    if (!mfn_valid(_mfn(mfn)))
        return;
    for (i = 0; i < t->n && t->to[i].mfn != mfn; i++)
        ;
    if (i == t->n) {
        assert_true(i < 64);
        t->to[t->n++].mfn = mfn;
        t->to[i].by = 0;
        reach[frame_index(_mfn(mfn))]++;
    }
    t->to[i].by |= by;
}

/* Takes `by` away from all entries of g except those that the given tables still have. */
static void unmark(unsigned long g, unsigned int by, unsigned int unless)
{
    struct trace *t = &trace[g];
    unsigned int i = 0;

    while (i < t->n) {
        if (!(t->to[i].by & unless))
            t->to[i].by &= ~by;
        if (t->to[i].by) {
            i++;
            continue;
        }
        reach[frame_index(_mfn(t->to[i].mfn))]--;
        t->to[i] = t->to[--t->n];
    }
}

/* A vCPU outside the guest drops what it cached when it sees a new generation. */
static void forget(unsigned int v)
{
    unsigned long g;

    for (g = 0; g < W_SIZE; g++)
        unmark(g, BY_VCPU(v), BY_NPT);
    seen_gen[v] = p2m_tlb_generation(wd);
}

void world_look(void)
{
    struct p2m *p2m = wd->arch.p2m;
    unsigned long g;
    unsigned int v;

    for (g = 0; p2m && g < W_SIZE; g++) {
        struct pt_leaf leaf = pt_lookup(&p2m->pt, W_BASE + g);
        unsigned int i;

        for (i = 0; i < trace[g].n; i++)
            if (!leaf.attr || trace[g].to[i].mfn != leaf.mfn)
                trace[g].to[i].by &= ~BY_NPT;
        unmark(g, 0, 0);
        if (leaf.attr)
            mark(g, leaf.mfn, BY_NPT | BY_CPUS);
    }
    for (v = 0; p2m && v < 3; v++)
        if (v != 1 && seen_gen[v] != p2m_tlb_generation(wd))
            forget(v);
}

unsigned long world_reach(mfn_t mfn)
{
    return reach[frame_index(mfn)];
}

void world_check_clean(void)
{
    unsigned long g;
    unsigned int i;

    for (g = 0; g < W_SIZE; g++)
        for (i = 0; i < trace[g].n; i++)
            if (!(trace[g].to[i].by & (BY_NPT | BY_IOMMU)) ||
                ((trace[g].to[i].by & BY_IOTLB) && !(trace[g].to[i].by & BY_IOMMU)) ||
                ((trace[g].to[i].by & BY_CPUS) && !(trace[g].to[i].by & BY_NPT)))
                fail_msg("gfn %#lx: frame %#lx still cached by %#x", W_BASE + g,
                         trace[g].to[i].mfn, trace[g].to[i].by);
}

unsigned long p2m_refs(mfn_t mfn)
{
    struct page_info *pg = mfn_to_page(mfn);
    unsigned long refs = pg->count & PGC_COUNT_MASK, own = w_own_refs[frame_index(mfn)];

    if (pg->count & PGC_FREE)
        return 0;
    own += pg->count & PGC_ALLOCATED ? 1 : 0;
    assert_true(refs >= own);
    return refs - own;
}

/* --- what the p2m calls ----------------------------------------------------------- */

void __wrap_page_put(struct page_info *pg);

void __wrap_page_put(struct page_info *pg)
{
    mfn_t mfn = page_to_mfn(pg);
    bool lost = pg->count & PGC_QUARANTINED;

    __real_page_put(pg);
    wc.puts++;
    if (!lost && p2m_refs(mfn) < world_reach(mfn))
        fail_msg("frame %#lx has %lu references, but %lu gfns lead to it", mfn_x(mfn),
                 p2m_refs(mfn), world_reach(mfn));
    if (lost)
        assert_false(pg->count & PGC_FREE);
}

void flush_mask(const cpumask_t *mask, unsigned int flags)
{
    assert_int_equal(flags, FLUSH_GUEST_TLB);
    wc.cpu_ipis++;
    world_look();
    if (cpumask_test(1, mask)) {
        assert_true(seen_gen[1] != p2m_tlb_generation(wd));
        forget(1);
    }
}

static bool iommu_fails(void)
{
    if (!w_iommu_fail_at)
        return false;
    if (w_iommu_fail_at > 1 || !w_iommu_lasting)
        return --w_iommu_fail_at == 0;
    return true;
}

static bool all_ready(unsigned long gfn, unsigned long n)
{
    unsigned long g = gfn - W_BASE;

    for (; n && g < W_SIZE && iotable[g].ready; n--)
        g++;
    return !n;
}

static int prepare(struct domain *d, unsigned long gfn, unsigned long n)
{
    assert_ptr_equal(d, wd);
    if (!all_ready(gfn, n) && iommu_fails())
        return -ENOMEM;
    for (unsigned long g = gfn - W_BASE; n && g < W_SIZE; n--)
        iotable[g++].ready = true;
    return 0;
}

int iommu_prepare_map(struct domain *d, dfn_t dfn, unsigned int order)
{
    return prepare(d, dfn_x(dfn), 1ul << order);
}

int iommu_prepare_unmap(struct domain *d, dfn_t dfn, unsigned int order)
{
    return prepare(d, dfn_x(dfn), 1ul << order);
}

void iommu_prune(struct domain *d, dfn_t dfn, unsigned int order)
{
    unsigned long n = 1ul << order;

    assert_ptr_equal(d, wd);
    for (unsigned long g = dfn_x(dfn) - W_BASE; n && g < W_SIZE; n--)
        iotable[g++].ready = false;
}

int iommu_map(struct domain *d, dfn_t dfn, mfn_t mfn, unsigned int order,
              unsigned int flags)
{
    unsigned long n = 1ul << order, i;

    assert_ptr_equal(d, wd);
    assert_int_equal((dfn_x(dfn) | mfn_x(mfn)) & (n - 1), 0);
    assert_true(flags);
    if (!all_ready(dfn_x(dfn), n) && iommu_fails())
        return -ENOMEM;
    for (i = 0; i < n; i++) {
        unsigned long g = dfn_x(dfn) - W_BASE + i;

        if (g >= W_SIZE)
            continue;
        unmark(g, BY_IOMMU, 0);
        mark(g, mfn_x(mfn) + i, BY_IOMMU | BY_IOTLB);
        iotable[g].mfn = mfn_x(mfn) + i;
        iotable[g].flags = flags;
        iotable[g].ready = false;
    }
    return 0;
}

int iommu_unmap(struct domain *d, dfn_t dfn, unsigned int order)
{
    unsigned long n = 1ul << order, i;

    assert_ptr_equal(d, wd);
    if (!all_ready(dfn_x(dfn), n) && iommu_fails())
        return -ENOMEM;
    for (i = 0; i < n; i++) {
        unsigned long g = dfn_x(dfn) - W_BASE + i;

        if (g >= W_SIZE)
            continue;
        unmark(g, BY_IOMMU, 0);
        iotable[g].flags = 0;
        iotable[g].ready = false;
    }
    return 0;
}

int iommu_flush(struct domain *d, const struct iommu_range *r, unsigned int n)
{
    void (*racer)(void) = w_racer;
    unsigned long g;

    assert_ptr_equal(d, wd);
    wc.iommu_flushes++;
    world_look();
    if (racer && !d->arch.p2m->lock.state) {
        w_racer = NULL;
        racer();
    }
    if (w_flush_timeouts) {
        w_flush_timeouts--;
        return -ETIMEDOUT;
    }
    for (; n; n--, r++)
        for (g = 0; g < W_SIZE; g++)
            if (W_BASE + g >= dfn_x(r->start) && W_BASE + g - dfn_x(r->start) < r->count)
                unmark(g, BY_IOTLB, BY_IOMMU);
    return 0;
}

mfn_t world_iommu(unsigned long gfn, unsigned int *flags)
{
    *flags = iotable[gfn - W_BASE].flags;
    return _mfn(iotable[gfn - W_BASE].mfn);
}

void read_lock(rwlock_t *l)
{
    assert_int_equal(l->state, 0);
    l->state = 1;
}

void read_unlock(rwlock_t *l)
{
    l->state = 0;
}

void write_lock(rwlock_t *l)
{
    assert_int_equal(l->state, 0);
    l->state = 2;
}

void write_unlock(rwlock_t *l)
{
    l->state = 0;
}

bool hypercall_preempt_check(void)
{
    return w_preempt;
}

void domain_get(struct domain *d)
{
    d->refcount++;
}

void domain_put(struct domain *d)
{
    assert_true(d->refcount > 0);
    d->refcount--;
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    d->crashed = true;
    wc.crashes++;
}

void tasklet_init(struct tasklet *t, void (*fn)(void *), void *data)
{
    t->fn = fn;
    t->data = data;
}

/* At once, but with the p2m lock held: so it must not need that. */
void tasklet_schedule(struct tasklet *t)
{
    t->fn(t->data);
}

void tasklet_kill(struct tasklet *t)
{
    (void)t;
}

/* --- beginning and end ----------------------------------------------------------- */

static struct domain *make_domain(domid_t id)
{
    struct domain *d = calloc(1, sizeof(*d));

    assert_non_null(d);
    d->domain_id = id;
    d->refcount = 1;
    d->max_pages = FRAMES;
    d->is_privileged = true;
    page_list_init(&d->page_list);
    assert_int_equal(p2m_init(d), 0);
    return d;
}

void world_start(void)
{
    static bool have_ram;
    unsigned int i;

    /* One heap for all tests: what a test loses, the next one misses. */
    if (!have_ram)
        fake_ram_init();
    have_ram = true;
    alloc_fail_arm(0);
    free_at_start = heap_free_pages();
    quarantined_pages = 0;
    memset(trace, 0, sizeof(trace));
    memset(reach, 0, sizeof(reach));
    memset(iotable, 0, sizeof(iotable));
    memset(w_own_refs, 0, sizeof(w_own_refs));
    memset(&wc, 0, sizeof(wc));
    w_iommu_fail_at = w_flush_timeouts = 0;
    w_preempt = w_iommu_lasting = false;
    w_racer = NULL;

    wd = make_domain(1);
    wother = make_domain(2);
    wd->iommu.need_sync = true;
    wd->vcpu = vcpu_array;
    wd->max_vcpus = 3;
    for (i = 0; i < 3; i++) {
        vcpus[i] = (struct vcpu){ .vcpu_id = i, .processor = i, .domain = wd };
        vcpus[i].sched.running = i < 2;
        seen_gen[i] = p2m_tlb_generation(wd);
    }
    fake_cpu_info.current = &vcpus[0];
}

void world_empty(struct domain *d)
{
    int rc;

    d->dying = DOMDYING_DYING;
    w_preempt = true;
    do {
        rc = p2m_relinquish(d);
    } while (rc == -ERESTART);
    assert_int_equal(rc, 0);
    do {
        rc = domain_free_all_pages(d);
    } while (rc == -ERESTART);
    w_preempt = false;
    assert_int_equal(rc, 0);
}

static void kill_domain(struct domain *d)
{
    world_empty(d);
    assert_true(page_list_empty(&d->page_list));
    assert_int_equal(d->tot_pages, 0);
    assert_int_equal(d->shared_pages, 0);
    p2m_destroy(d);
    p2m_destroy(d);
    if (charge_total(&d->charge))
        charge_dump(&d->charge);
    assert_int_equal(charge_total(&d->charge), 0);
    assert_int_equal(d->refcount, 1);
    free(d);
}

void world_stop(bool quarantined)
{
    kill_domain(wd);
    kill_domain(wother);
    if (!quarantined)
        assert_int_equal(heap_free_pages(), free_at_start);
    else
        assert_int_equal(heap_free_pages() + quarantined_pages, free_at_start);
}
