/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <asm/p2m.h>

#include "evtchn_world.h"
#include "guest_fake.h"

struct cpu_info fake_cpu_info;
struct domain *dom0;

struct world *w;
char ram[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
struct page_info frames[PAGES];
unsigned int injected[2][VCPUS], unblocked[2][VCPUS];
int allocations, alloc_fail_in, preempt_after;

/* --- the world around event channels ----------------------------------------------- */

void printk(const char *fmt, ...)
{
}

void gprintk(const char *level, const char *fmt, ...)
{
}

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    abort();
}

void bug_fail(const char *file, int line, const char *what)
{
    panic("%s:%d: %s\n", file, line, what);
}

void *charge_alloc(struct charge *c, enum charge_tag tag, size_t size)
{
    if (alloc_fail_in && --alloc_fail_in == 0)
        return NULL;
    allocations++;
    return calloc(1, size);
}

void *charge_alloc_array(struct charge *c, enum charge_tag tag, size_t n, size_t size)
{
    return charge_alloc(c, tag, n * size);
}

void charge_free(void *p)
{
    if (p)
        allocations--;
    free(p);
}

struct domain *domain_get_by_id(domid_t id)
{
    struct domain *d = id == DOMID_SELF ? current->domain : id < 2 ? &w->d[id] : NULL;

    if (d)
        d->refcount++;
    return d;
}

void domain_get(struct domain *d)
{
    d->refcount++;
}

void domain_put(struct domain *d)
{
    assert_true(d->refcount-- > 1);
}

bool hypercall_preempt_check(void)
{
    return preempt_after && --preempt_after == 0;
}

void arch_evtchn_inject(struct vcpu *v)
{
    injected[v->domain->domain_id][v->vcpu_id]++;
}

void vcpu_unblock(struct vcpu *v)
{
    unblocked[v->domain->domain_id][v->vcpu_id]++;
}

void update_vcpu_time(struct vcpu *v)
{
}

void update_domain_wallclock(struct domain *d)
{
}

/* gfn n is page n; references are counted so that a page left pinned is seen. */
struct page_info *p2m_get_page(struct domain *d, gfn_t gfn, enum p2m_type *t,
                               unsigned int flags)
{
    assert_int_equal(flags, P2M_GET_WRITE | P2M_GET_OWN);
    if (gfn_x(gfn) >= PAGES)
        return NULL;
    frames[gfn_x(gfn)].count++;
    return &frames[gfn_x(gfn)];
}

void page_put(struct page_info *pg)
{
    assert_true(pg->count-- > 0);
}

bool page_get_type(struct page_info *pg, const struct domain *d, uint64_t type)
{
    pg->count++;
    pg->type++;
    return true;
}

void page_put_type(struct page_info *pg)
{
    assert_true(pg->count-- > 0);
    assert_true(pg->type-- > 0);
}

void *mfn_to_virt(mfn_t mfn)
{
    return ram[mfn_x(mfn)];
}

mfn_t page_to_mfn(const struct page_info *pg)
{
    return _mfn((unsigned long)(pg - frames));
}

struct page_info *virt_to_page(const void *va)
{
    return &frames[((const char *)va - ram[0]) / PAGE_SIZE];
}

/* --- bench ------------------------------------------------------------------------- */

int evtchn_world_start(void **state)
{
    lock_check_forget(0);
    w = aligned_alloc(4096, ROUND_UP(sizeof(*w), 4096));
    memset(w, 0, sizeof(*w));
    memset(ram, 0, sizeof(ram));
    memset(frames, 0, sizeof(frames));
    memset(injected, 0, sizeof(injected));
    memset(unblocked, 0, sizeof(unblocked));
    allocations = alloc_fail_in = preempt_after = 0;
    bad_start = bad_end = 0;
    for (unsigned int i = 0; i < 2; i++) {
        struct domain *d = &w->d[i];

        d->domain_id = (domid_t)i;
        d->refcount = 1;
        d->is_privileged = i == 0;
        d->vcpu = w->vp[i];
        d->max_vcpus = VCPUS;
        d->shared_info = &w->shared[i];
        d->dummy_vcpu_info = &w->dummy[i];
        spin_lock_init(&d->lock, LOCK_DOMAIN, "domain");
        assert_int_equal(evtchn_domain_init(d, ~0U), 0);
        for (unsigned int n = 0; n < VCPUS; n++) {
            struct vcpu *v = &w->v[i][n];

            v->vcpu_id = n;
            v->domain = d;
            v->vcpu_info = &w->shared[i].vcpu_info[n];
            w->vp[i][n] = v;
            assert_int_equal(evtchn_vcpu_init(v), 0);
        }
    }
    dom0 = &w->d[0];
    current = w->vp[0][0];
    return 0;
}

int evtchn_world_stop(void **state)
{
    for (unsigned int i = 0; i < 2; i++) {
        w->d[i].dying = DOMDYING_DYING;
        preempt_after = 2;
        while (evtchn_domain_close_all(&w->d[i]) == -ERESTART)
            preempt_after = 2;
        preempt_after = 0;
        assert_int_equal(w->d[i].evtchn.active, 0);
        for (unsigned int n = 0; n < VCPUS; n++) {
            vcpu_unregister_info(w->vp[i][n]);
            /* What a guest had, shared_info among it, is about to be freed. */
            assert_ptr_equal(w->vp[i][n]->vcpu_info, w->d[i].dummy_vcpu_info);
        }
    }
    for (unsigned int i = 0; i < 2; i++) {
        for (unsigned int n = 0; n < VCPUS; n++)
            evtchn_vcpu_destroy(w->vp[i][n]);
        evtchn_domain_destroy(&w->d[i]);
        assert_int_equal(w->d[i].refcount, 1);
    }
    for (unsigned int i = 0; i < PAGES; i++)
        assert_int_equal(frames[i].count | frames[i].type, 0);
    assert_int_equal(allocations, 0);
    free(w);
    return 0;
}

void as(unsigned int dom, unsigned int vcpu)
{
    current = w->vp[dom][vcpu];
}

long op(unsigned int cmd, void *arg)
{
    return call_to_end(hypercall_event_channel_op, cmd, arg, 0);
}

evtchn_port_t alloc_unbound(domid_t dom, domid_t remote)
{
    struct evtchn_alloc_unbound a = {.dom = dom, .remote_dom = remote};

    assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), 0);
    return a.port;
}

evtchn_port_t connect_to(domid_t remote, evtchn_port_t port)
{
    struct evtchn_bind_interdomain b = {.remote_dom = remote, .remote_port = port};

    assert_int_equal(op(EVTCHNOP_bind_interdomain, &b), 0);
    return b.local_port;
}

evtchn_port_t bind_virq(uint32_t virq, uint32_t vcpu)
{
    struct evtchn_bind_virq b = {.virq = virq, .vcpu = vcpu};

    assert_int_equal(op(EVTCHNOP_bind_virq, &b), 0);
    return b.port;
}

struct evtchn_status status_of(domid_t dom, evtchn_port_t port)
{
    struct evtchn_status s = {.dom = dom, .port = port};

    assert_int_equal(op(EVTCHNOP_status, &s), 0);
    return s;
}

bool pending(unsigned int dom, evtchn_port_t port)
{
    return test_bit(port, w->shared[dom].evtchn_pending);
}
