/* SPDX-License-Identifier: GPL-2.0-only */
/* Event channels: binding, sending, closing, polling, refusals, by the two-level ABI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <xen/shared_info.h>

#include "evtchn_world.h"
#include "guest_fake.h"

static void test_interdomain(void **state)
{
    struct evtchn_status s;
    evtchn_port_t p0, p1;

    p0 = alloc_unbound(DOMID_SELF, 1);
    assert_int_equal(p0, 1);
    s = status_of(DOMID_SELF, p0);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(s.u.unbound.dom, 1);
    assert_int_equal(op(EVTCHNOP_send, &p0), 0); /* dropped */

    as(1, 0);
    p1 = connect_to(0, p0);
    assert_true(pending(1, p1)); /* looks once */
    assert_int_equal(injected[1][0], 1);
    s = status_of(DOMID_SELF, p1);
    assert_int_equal(s.status, EVTCHNSTAT_interdomain);
    assert_int_equal(s.u.interdomain.dom, 0);
    assert_int_equal(s.u.interdomain.port, p0);

    assert_false(pending(0, p0));
    assert_int_equal(op(EVTCHNOP_send, &p1), 0);
    assert_true(pending(0, p0));
    assert_int_equal(w->shared[0].vcpu_info[0].evtchn_upcall_pending, 1);
    assert_int_equal(w->shared[0].vcpu_info[0].evtchn_pending_sel, 1);
    assert_int_equal(injected[0][0], 1);
    assert_int_equal(op(EVTCHNOP_send, &p1), 0);
    assert_int_equal(injected[0][0], 1); /* still pending */

    /* Closing one end lets the other wait for a new partner. */
    assert_int_equal(op(EVTCHNOP_close, &p1), 0);
    assert_false(pending(1, p1));
    as(0, 0);
    s = status_of(DOMID_SELF, p0);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(s.u.unbound.dom, 1);
    assert_int_equal(op(EVTCHNOP_close, &p0), 0);
    assert_int_equal(op(EVTCHNOP_close, &p0), -EINVAL);
    assert_int_equal(op(EVTCHNOP_send, &p0), -EINVAL);
}

/* Both address orders of the two ends, and both directions. */
static void test_send_orders(void **state)
{
    evtchn_port_t a = alloc_unbound(DOMID_SELF, 0), b = connect_to(0, a);
    evtchn_port_t c = alloc_unbound(DOMID_SELF, 0), d;

    assert_int_equal(op(EVTCHNOP_close, &(evtchn_port_t){b}), 0);
    d = connect_to(0, c); /* in b's place: below c */
    assert_true(d < c);
    clear_bit(c, w->shared[0].evtchn_pending);
    clear_bit(d, w->shared[0].evtchn_pending);
    assert_int_equal(op(EVTCHNOP_send, &c), 0);
    assert_true(pending(0, d));
    assert_int_equal(op(EVTCHNOP_send, &d), 0);
    assert_true(pending(0, c));
}

static void test_refusals(void **state)
{
    struct evtchn_bind_interdomain bi = {.remote_dom = 1, .remote_port = 5};
    struct evtchn_alloc_unbound au = {.dom = 0, .remote_dom = 1};
    struct evtchn_status st = {.dom = 0, .port = 1};
    struct evtchn_bind_virq bv = {.virq = NR_VIRQS};
    struct evtchn_bind_ipi ipi = {.vcpu = VCPUS};
    struct evtchn_bind_vcpu mv = {.port = 1, .vcpu = 1};
    struct evtchn_set_priority pr = {.port = 1};
    evtchn_port_t port = 4000;

    assert_int_equal(op(EVTCHNOP_bind_interdomain, &bi), -EINVAL);
    bi.remote_dom = 7;
    assert_int_equal(op(EVTCHNOP_bind_interdomain, &bi), -ESRCH);
    assert_int_equal(op(EVTCHNOP_bind_virq, &bv), -EINVAL);
    bv = (struct evtchn_bind_virq){.virq = VIRQ_DOM_EXC, .vcpu = 1};
    assert_int_equal(op(EVTCHNOP_bind_virq, &bv), -EINVAL);
    bv = (struct evtchn_bind_virq){.virq = VIRQ_TIMER, .vcpu = 99};
    assert_int_equal(op(EVTCHNOP_bind_virq, &bv), -ENOENT);
    assert_int_equal(op(EVTCHNOP_bind_ipi, &ipi), -ENOENT);
    assert_int_equal(op(EVTCHNOP_send, &port), -EINVAL);
    assert_int_equal(op(EVTCHNOP_unmask, &port), -EINVAL);
    port = 0;
    assert_int_equal(op(EVTCHNOP_close, &port), -EINVAL);
    assert_int_equal(op(EVTCHNOP_set_priority, &pr), -ENOSYS);
    assert_int_equal(op(99, &port), -ENOSYS);
    assert_int_equal(op(EVTCHNOP_reset_cont, &(struct evtchn_reset){DOMID_SELF}),
                     -EINVAL);

    /* Only domain 0 acts for others. */
    as(1, 0);
    assert_int_equal(op(EVTCHNOP_alloc_unbound, &au), -EPERM);
    assert_int_equal(op(EVTCHNOP_status, &st), -EPERM);

    /* A port meant for somebody else. */
    as(0, 0);
    bi.remote_dom = 0;
    bi.remote_port = alloc_unbound(DOMID_SELF, 0);
    as(1, 0);
    assert_int_equal(op(EVTCHNOP_bind_interdomain, &bi), -EINVAL);

    /* What cannot be told is undone. */
    as(0, 0);
    au.dom = 7;
    assert_int_equal(op(EVTCHNOP_alloc_unbound, &au), -ESRCH);
    au.dom = 0;
    ipi.vcpu = 0;
    bad_start = (uintptr_t)&au.port;
    bad_end = bad_start + sizeof(au.port);
    assert_int_equal(op(EVTCHNOP_alloc_unbound, &au), -EFAULT);
    bad_start = bad_end = 0;
    assert_int_equal(w->d[0].evtchn.active, 1);
    mv.port = bi.remote_port;
    assert_int_equal(op(EVTCHNOP_bind_vcpu, &mv), 0);
    mv.vcpu = 9;
    assert_int_equal(op(EVTCHNOP_bind_vcpu, &mv), -ENOENT);
}

static void test_virqs(void **state)
{
    struct evtchn_bind_virq again = {.virq = VIRQ_TIMER, .vcpu = 2};
    struct evtchn_bind_vcpu mv;
    evtchn_port_t timer, exc;

    timer = bind_virq(VIRQ_TIMER, 2);
    assert_int_equal(op(EVTCHNOP_bind_virq, &again), -EEXIST);
    send_vcpu_virq(w->vp[0][1], VIRQ_TIMER); /* not bound there */
    assert_false(pending(0, timer));
    send_vcpu_virq(w->vp[0][2], VIRQ_TIMER);
    assert_true(pending(0, timer));
    assert_int_equal(injected[0][2], 1);
    mv = (struct evtchn_bind_vcpu){timer, 0};
    assert_int_equal(op(EVTCHNOP_bind_vcpu, &mv), -EINVAL);

    exc = bind_virq(VIRQ_DOM_EXC, 0);
    mv = (struct evtchn_bind_vcpu){exc, 1};
    assert_int_equal(op(EVTCHNOP_bind_vcpu, &mv), 0);
    send_global_virq(VIRQ_DOM_EXC);
    assert_true(pending(0, exc));
    assert_int_equal(injected[0][1], 1);

    /* Another domain takes the host's events over. */
    as(1, 0);
    exc = bind_virq(VIRQ_DOM_EXC, 0);
    assert_int_equal(set_global_virq_handler(&w->d[1], VIRQ_TIMER), -EINVAL);
    assert_int_equal(set_global_virq_handler(&w->d[1], VIRQ_DOM_EXC), 0);
    send_global_virq(VIRQ_DOM_EXC);
    assert_true(pending(1, exc));

    assert_int_equal(op(EVTCHNOP_close, &exc), 0);
    assert_int_equal(w->v[1][0].virq_to_evtchn[VIRQ_DOM_EXC], 0);
}

/* A domain that is being built has channels before it has vCPUs. */
static void test_before_vcpus(void **state)
{
    struct vcpu *made[VCPUS];
    evtchn_port_t far, near, masked, closed;

    memcpy(made, w->vp[1], sizeof(made));
    memset(w->vp[1], 0, sizeof(made));
    for (evtchn_port_t n = 1; n < 100; n++)
        assert_int_equal(alloc_unbound(1, 0), n);
    far = 99;
    near = connect_to(1, far);
    masked = connect_to(1, 98);
    closed = connect_to(1, 97);
    set_bit(98, w->shared[1].evtchn_mask);
    assert_int_equal(op(EVTCHNOP_send, &near), 0);
    assert_int_equal(op(EVTCHNOP_send, &near), 0);
    assert_int_equal(op(EVTCHNOP_send, &masked), 0);
    assert_int_equal(op(EVTCHNOP_send, &closed), 0);
    assert_int_equal(evtchn_close(&w->d[1], 97), 0);
    assert_int_equal(alloc_unbound(1, 0), 97); /* a new one has no old event */
    assert_int_equal(injected[1][0], 0);

    memcpy(w->vp[1], made, sizeof(made));
    evtchn_vcpus_made(&w->d[1]);
    assert_true(pending(1, far));
    assert_true(pending(1, 98));
    assert_false(pending(1, 97));
    assert_false(pending(1, 1));
    assert_int_equal(injected[1][0], 1);
    assert_int_equal(injected[1][1], 0);
    assert_int_equal(w->shared[1].vcpu_info[0].evtchn_pending_sel, 2);
    /* Once only. */
    memset(w->shared[1].evtchn_pending, 0, sizeof(w->shared[1].evtchn_pending));
    evtchn_vcpus_made(&w->d[1]);
    assert_false(pending(1, far));
}

static void test_mask_and_poll(void **state)
{
    evtchn_port_t p;
    struct evtchn_bind_ipi b = {.vcpu = 1};

    assert_int_equal(op(EVTCHNOP_bind_ipi, &b), 0);
    p = b.port;
    set_bit(p, w->shared[0].evtchn_mask);
    set_bit(2, w->d[0].evtchn.poll_mask);
    w->v[0][2].poll_evtchn = p;
    set_bit(1, w->d[0].evtchn.poll_mask);
    w->v[0][1].poll_evtchn = p + 1;
    assert_int_equal(evtchn_port_poll(&w->d[0], p), 0);
    assert_int_equal(op(EVTCHNOP_send, &p), 0);
    assert_int_equal(injected[0][1], 0);
    assert_int_equal(unblocked[0][2], 1);
    assert_int_equal(unblocked[0][1], 0); /* polls another port */
    assert_int_equal(evtchn_port_poll(&w->d[0], p), 1);
    assert_int_equal(evtchn_port_poll(&w->d[0], 3999), -EINVAL);
    assert_int_equal(op(EVTCHNOP_unmask, &p), 0);
    assert_int_equal(injected[0][1], 1);
}

static void test_many_ports(void **state)
{
    struct evtchn_reset r = {.dom = 1};
    struct evtchn_alloc_unbound a = {.dom = DOMID_SELF, .remote_dom = 0};
    evtchn_port_t p;

    as(1, 0);
    for (unsigned int i = 1; i < EVTCHN_2L_NR_CHANNELS; i++)
        assert_int_equal(alloc_unbound(DOMID_SELF, 0), i);
    assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), -ENOSPC);
    p = 77;
    assert_int_equal(op(EVTCHNOP_close, &p), 0);
    assert_int_equal(alloc_unbound(DOMID_SELF, 0), 77); /* the lowest free one */

    as(0, 0);
    assert_int_equal(op(EVTCHNOP_reset, &r), -EINVAL); /* it runs */
    as(1, 0);
    preempt_after = 3;
    assert_int_equal(op(EVTCHNOP_reset, &r), 0);
    assert_int_equal(restarts, 1);
    assert_int_equal(w->d[1].evtchn.active, 0);
    assert_int_equal(alloc_unbound(DOMID_SELF, 0), 1);
}

static void test_vcpu_info(void **state)
{
    struct vcpu *v = w->vp[0][0], *other = w->vp[0][1];
    struct vcpu_info *vi = (void *)(ram[5] + 128);
    evtchn_port_t p = bind_virq(VIRQ_TIMER, 0);

    assert_int_equal(vcpu_register_info(v, _gfn(5), 4096 - 8), -ENXIO);
    assert_int_equal(vcpu_register_info(v, _gfn(5), 4), -EINVAL);
    assert_int_equal(vcpu_register_info(v, _gfn(5000), 0), -EINVAL);
    assert_int_equal(vcpu_register_info(other, _gfn(5), 0), -EINVAL); /* it runs */
    send_vcpu_virq(v, VIRQ_TIMER);
    assert_int_equal(vcpu_register_info(v, _gfn(5), 128), 0);
    assert_int_equal(vcpu_register_info(v, _gfn(6), 0), -EINVAL); /* once */
    assert_int_equal(frames[6].count, 0);
    /* Nothing is lost on the way. */
    assert_int_equal(vi->evtchn_upcall_pending, 1);
    assert_true(vi->evtchn_pending_sel & (1UL << (p / 64)));
    vi->evtchn_upcall_pending = 0;
    vi->evtchn_pending_sel = 0;
    clear_bit(p, w->shared[0].evtchn_pending);
    send_vcpu_virq(v, VIRQ_TIMER);
    assert_int_equal(vi->evtchn_upcall_pending, 1);
    other->sched.pause_flags = VPF_DOWN;
    assert_int_equal(vcpu_register_info(other, _gfn(5), 256), 0);
}

/* --- a guest with longs of 4 bytes ------------------------------------------------- */

/* Offsets as its compiler has them. */
#define MASK_32     (2048 + 128)
#define SELECTOR_32 4

static uint32_t word_at(const void *base, unsigned int offset)
{
    uint32_t w;

    memcpy(&w, (const char *)base + offset, sizeof(w));
    return w;
}

/* With 32 ports a bit of the selector, the second one stands for these. */
static void test_narrow_words(void **state)
{
    evtchn_port_t p = 0, q = 0;
    struct evtchn_bind_ipi b = {.vcpu = 0};

    as(1, 0);
    domain_set_shared_layout(&w->d[1], true);
    while (p < 40) {
        assert_int_equal(op(EVTCHNOP_bind_ipi, &b), 0);
        q = p;
        p = b.port;
    }
    assert_int_equal(op(EVTCHNOP_send, &p), 0);
    assert_int_equal(word_at(&w->shared[1], SELECTOR_32), 2);
    assert_int_equal(word_at(&w->shared[1], SELECTOR_32 + 4), 0);
    assert_int_equal(word_at(&w->shared[1], 2048 + 4), 1u << (p - 32));
    assert_int_equal(w->shared[1].vcpu_info[0].evtchn_upcall_pending, 1);
    assert_int_equal(injected[1][0], 1);
    memset(&w->shared[1].vcpu_info[0], 0, 64);
    ((uint32_t *)&w->shared[1])[MASK_32 / 4 + 1] = 1u << (q - 32);
    assert_int_equal(op(EVTCHNOP_send, &q), 0);
    assert_int_equal(injected[1][0], 1);
    assert_int_equal(op(EVTCHNOP_unmask, &q), 0);
    assert_int_equal(injected[1][0], 2);
    assert_int_equal(word_at(&w->shared[1], MASK_32 + 4), 0);
    assert_int_equal(word_at(&w->shared[1], SELECTOR_32), 2);
}

static void test_narrow_limit(void **state)
{
    struct evtchn_alloc_unbound a = {.dom = DOMID_SELF, .remote_dom = 0};

    as(1, 0);
    domain_set_shared_layout(&w->d[1], true);
    for (unsigned int i = 1; i < 1024; i++)
        assert_int_equal(alloc_unbound(DOMID_SELF, 0), i);
    assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), -ENOSPC);
    domain_set_shared_layout(&w->d[1], false);
    assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), 0);
}

static void test_narrow_vcpu_info(void **state)
{
    struct vcpu *v = w->vp[0][0];
    const char *vi = ram[5] + 64;

    domain_set_shared_layout(&w->d[0], true);
    assert_int_equal(vcpu_register_info(v, _gfn(5), 2), -EINVAL);
    assert_int_equal(vcpu_register_info(v, _gfn(5), 64), 0);
    assert_int_equal(word_at(vi, SELECTOR_32), ~0u);
    assert_int_equal(word_at(vi, SELECTOR_32 + 4), 0);
    assert_int_equal(vi[0], 1);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, evtchn_world_start, evtchn_world_stop)
    const struct CMUnitTest tests[] = {
        T(test_interdomain),
        T(test_send_orders),
        T(test_refusals),
        T(test_virqs),
        T(test_before_vcpus),
        T(test_mask_and_poll),
        T(test_many_ports),
        T(test_vcpu_info),
        T(test_narrow_words),
        T(test_narrow_limit),
        T(test_narrow_vcpu_info),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
