/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The FIFO ABI. A lost event shows as a port that is pending, not masked, and in no
 * queue.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "evtchn_world.h"

#define CONTROL_GFN(v) (1 + (v))
#define ARRAY_GFN      10

static struct evtchn_fifo_control_block *control(unsigned int v)
{
    return (void *)(ram[CONTROL_GFN(v)] + 64);
}

static event_word_t *word(evtchn_port_t port)
{
    return (event_word_t *)ram[ARRAY_GFN + port / 1024] + port % 1024;
}

static long init_control(unsigned int v)
{
    struct evtchn_init_control c = {CONTROL_GFN(v), 64, v, 0, {0}};
    long rc = op(EVTCHNOP_init_control, &c);

    if (!rc)
        assert_int_equal(c.link_bits, EVTCHN_FIFO_LINK_BITS);
    return rc;
}

static long expand(unsigned int nth)
{
    struct evtchn_expand_array e = {ARRAY_GFN + nth};

    return op(EVTCHNOP_expand_array, &e);
}

/* What a guest does: take the first port of a queue; 0: the queue is empty. */
static evtchn_port_t take(unsigned int v, unsigned int prio)
{
    struct evtchn_fifo_control_block *c = control(v);
    static evtchn_port_t head[VCPUS][EVTCHN_FIFO_MAX_QUEUES];
    evtchn_port_t port = head[v][prio] ? head[v][prio] : c->head[prio];
    event_word_t old;

    if (!(c->ready & (1u << prio)))
        return 0;
    old = *word(port);
    if (!(old & (1u << EVTCHN_FIFO_LINKED))) {
        c->ready &= ~(1u << prio);
        head[v][prio] = 0;
        return 0;
    }
    *word(port) = old & ~(1u << EVTCHN_FIFO_LINKED) & ~EVTCHN_FIFO_LINK_MASK &
                  ~(1u << EVTCHN_FIFO_PENDING);
    head[v][prio] = old & EVTCHN_FIFO_LINK_MASK;
    if (!head[v][prio])
        c->ready &= ~(1u << prio);
    w->v[0][v].vcpu_info->evtchn_upcall_pending = 0;
    return port;
}

static void test_fifo_setup(void **state)
{
    struct evtchn_init_control c = {CONTROL_GFN(0), 60, 0, 0, {0}};
    evtchn_port_t early = alloc_unbound(DOMID_SELF, 0), late;

    assert_int_equal(expand(0), -EOPNOTSUPP);
    assert_int_equal(op(EVTCHNOP_init_control, &c), -EINVAL); /* not aligned */
    c.offset = 4096 - 8;
    assert_int_equal(op(EVTCHNOP_init_control, &c), -EINVAL); /* crosses the page */
    c = (struct evtchn_init_control){CONTROL_GFN(0), 0, 9, 0, {0}};
    assert_int_equal(op(EVTCHNOP_init_control, &c), -ENOENT);
    c = (struct evtchn_init_control){9999, 0, 0, 0, {0}};
    assert_int_equal(op(EVTCHNOP_init_control, &c), -EINVAL); /* no such page */

    /* Each allocation in turn fails: nothing is left, and then it works. */
    for (int n = 1; n <= VCPUS + 1; n++) {
        int before = allocations;

        alloc_fail_in = n;
        assert_int_equal(init_control(0), -ENOMEM);
        assert_int_equal(allocations, before);
        assert_ptr_equal(w->d[0].evtchn.ops, &evtchn_2l_ops);
    }
    alloc_fail_in = 0;
    late = connect_to(0, early);
    assert_true(pending(0, late));
    assert_int_equal(init_control(0), 0);
    assert_int_equal(init_control(0), -EINVAL);
    assert_int_equal(init_control(1), 0);

    /* What was pending before comes up with the page. */
    assert_int_equal(expand(0), 0);
    assert_true(*word(late) & (1u << EVTCHN_FIFO_PENDING));
    assert_int_equal(take(0, EVTCHN_FIFO_PRIORITY_DEFAULT), late);
    for (unsigned int i = 1; i < 128; i++)
        assert_int_equal(expand(i), 0);
    assert_int_equal(expand(0), -ENOSPC);
}

/* The port has no word yet: whoever polls for it is woken all the same. */
static void test_fifo_poll_without_word(void **state)
{
    evtchn_port_t port = alloc_unbound(DOMID_SELF, 0), near = connect_to(0, port);

    assert_int_equal(init_control(0), 0);
    set_bit(2, w->d[0].evtchn.poll_mask);
    w->v[0][2].poll_evtchn = port;
    assert_int_equal(op(EVTCHNOP_send, &near), 0);
    assert_int_equal(unblocked[0][2], 1);
    assert_int_equal(evtchn_port_poll(&w->d[0], port), 1);
    assert_int_equal(op(EVTCHNOP_send, &near), 0);
    assert_int_equal(unblocked[0][2], 1);
}

static void test_fifo_queues(void **state)
{
    evtchn_port_t p[8];
    struct evtchn_set_priority sp;
    unsigned int count;

    assert_int_equal(init_control(0), 0);
    assert_int_equal(init_control(1), 0);
    assert_int_equal(expand(0), 0);
    for (unsigned int i = 0; i < 8; i++) {
        struct evtchn_bind_ipi b = {.vcpu = 0};

        assert_int_equal(op(EVTCHNOP_bind_ipi, &b), 0);
        p[i] = b.port;
    }
    for (unsigned int i = 0; i < 8; i++)
        assert_int_equal(op(EVTCHNOP_send, &p[i]), 0);
    count = injected[0][0];
    for (unsigned int i = 0; i < 8; i++)
        assert_int_equal(take(0, EVTCHN_FIFO_PRIORITY_DEFAULT), p[i]);
    assert_int_equal(take(0, EVTCHN_FIFO_PRIORITY_DEFAULT), 0);
    assert_int_equal(count, 1); /* one upcall for all */

    /* A masked port stays out until it is unmasked. */
    *word(p[0]) |= 1u << EVTCHN_FIFO_MASKED;
    assert_int_equal(op(EVTCHNOP_send, &p[0]), 0);
    assert_int_equal(take(0, EVTCHN_FIFO_PRIORITY_DEFAULT), 0);
    assert_int_equal(op(EVTCHNOP_unmask, &p[0]), 0);
    assert_int_equal(take(0, EVTCHN_FIFO_PRIORITY_DEFAULT), p[0]);

    /*
     * Another priority, then another vCPU: the port moves, and both queues go on working.
     */
    sp = (struct evtchn_set_priority){p[0], 16};
    assert_int_equal(op(EVTCHNOP_set_priority, &sp), -EINVAL);
    sp.priority = 2;
    assert_int_equal(op(EVTCHNOP_set_priority, &sp), 0);
    assert_int_equal(op(EVTCHNOP_send, &p[1]), 0);
    assert_int_equal(op(EVTCHNOP_send, &p[0]), 0);
    assert_int_equal(op(EVTCHNOP_send, &p[2]), 0);
    assert_int_equal(take(0, 2), p[0]);
    assert_int_equal(take(0, EVTCHN_FIFO_PRIORITY_DEFAULT), p[1]);
    assert_int_equal(take(0, EVTCHN_FIFO_PRIORITY_DEFAULT), p[2]);
    assert_int_equal(op(EVTCHNOP_send, &p[0]), 0);
    assert_int_equal(take(0, 2), p[0]);
}

/* A port that is still in the guest's queue is not handed out again. */
static void test_fifo_busy_port(void **state)
{
    struct evtchn_bind_ipi b = {.vcpu = 0};
    evtchn_port_t p, q;

    assert_int_equal(init_control(0), 0);
    assert_int_equal(expand(0), 0);
    assert_int_equal(op(EVTCHNOP_bind_ipi, &b), 0);
    p = b.port;
    assert_int_equal(op(EVTCHNOP_send, &p), 0);
    assert_int_equal(op(EVTCHNOP_close, &p), 0);
    q = alloc_unbound(DOMID_SELF, 0);
    assert_int_not_equal(q, p);
    assert_int_equal(take(0, EVTCHN_FIFO_PRIORITY_DEFAULT), p);
    assert_int_equal(alloc_unbound(DOMID_SELF, 0), p);
}

/* Random traffic: an event is lost when a port is pending, unmasked and in no queue. */
static void test_fifo_random(void **state)
{
    evtchn_port_t p[40];
    unsigned int seed = 7, sent[40] = {0};

    assert_int_equal(init_control(0), 0);
    assert_int_equal(init_control(1), 0);
    assert_int_equal(expand(0), 0);
    for (unsigned int i = 0; i < 40; i++) {
        struct evtchn_bind_interdomain b = {.remote_dom = 0};

        b.remote_port = alloc_unbound(DOMID_SELF, 0);
        p[i] = connect_to(0, b.remote_port);
        assert_int_equal(p[i], b.remote_port + 1);
        sent[i] = 1; /* binding raises it */
    }
    for (unsigned int n = 0; n < 20000; n++) {
        unsigned int i = rand_r(&seed) % 40, what = rand_r(&seed) % 8;
        evtchn_port_t from = p[i] - 1, t;

        if (what < 4) {
            assert_int_equal(op(EVTCHNOP_send, &from), 0);
            sent[i] = 1;
        } else if (what == 4) {
            struct evtchn_bind_vcpu mv = {p[i], rand_r(&seed) % 2};

            assert_int_equal(op(EVTCHNOP_bind_vcpu, &mv), 0);
        } else if (what == 5) {
            struct evtchn_set_priority sp = {p[i], rand_r(&seed) % 16};

            assert_int_equal(op(EVTCHNOP_set_priority, &sp), 0);
        } else {
            unsigned int v = rand_r(&seed) % 2;

            t = take(v, rand_r(&seed) % 16);
            for (unsigned int k = 0; t && k < 40; k++)
                if (p[k] == t)
                    sent[k] = 0;
        }
    }
    for (unsigned int v = 0; v < 2; v++)
        for (unsigned int prio = 0; prio < 16; prio++)
            for (evtchn_port_t t; (t = take(v, prio)) != 0;)
                for (unsigned int k = 0; k < 40; k++)
                    if (p[k] == t)
                        sent[k] = 0;
    for (unsigned int i = 0; i < 40; i++)
        if (sent[i])
            fail_msg("port %u: sent and never seen, word %#x", p[i], *word(p[i]));
}

static void test_fifo_reset(void **state)
{
    struct evtchn_reset r = {.dom = DOMID_SELF};

    assert_int_equal(init_control(0), 0);
    assert_int_equal(expand(0), 0);
    alloc_unbound(DOMID_SELF, 1);
    assert_int_equal(op(EVTCHNOP_reset, &r), 0);
    assert_ptr_equal(w->d[0].evtchn.ops, &evtchn_2l_ops);
    assert_int_equal(frames[ARRAY_GFN].count, 0);
    assert_int_equal(init_control(0), 0);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, evtchn_world_start, evtchn_world_stop)
    const struct CMUnitTest tests[] = {
        T(test_fifo_setup),
        T(test_fifo_poll_without_word),
        T(test_fifo_queues),
        T(test_fifo_busy_port),
        T(test_fifo_random),
        T(test_fifo_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
