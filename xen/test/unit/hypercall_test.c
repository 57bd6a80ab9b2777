/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dispatch, multicall and continuations, and the neutral calls that wait or loop. A lost
 * continuation shows as work done twice or not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <xen/console.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <asm/current.h>
#include <public/sched.h>

#include "../../common/hypercall/private.h"
#include "guest_fake.h"

struct cpu_info fake_cpu_info;
struct domain *dom0;

static struct domain d;
static struct vcpu v;
static unsigned long poll_mask[2];
static bool softirqs, events;
static unsigned int raised, polled, shut_down;
static int port_answer;
static s_time_t poll_deadline;
static char console[4000];
static size_t console_len;

/* --- fakes ------------------------------------------------------------------------- */

bool softirq_pending(void)
{
    return softirqs;
}

void softirq_raise(enum softirq nr)
{
    assert_int_equal(nr, SOFTIRQ_SCHEDULE);
    raised++;
}

bool vcpu_event_deliverable(struct vcpu *vcpu)
{
    return events;
}

int evtchn_port_poll(struct domain *dom, evtchn_port_t port)
{
    polled++;
    /* Whoever sends from here on must find us waiting. */
    assert_true(v.sched.pause_flags & VPF_POLLING);
    assert_true(test_bit(v.vcpu_id, d.evtchn.poll_mask));
    return port_answer;
}

void timer_set(struct timer *t, s_time_t expires)
{
    assert_ptr_equal(t, &v.poll_timer);
    poll_deadline = expires;
}

void timer_stop(struct timer *t)
{
}

void spin_lock(spinlock_t *l)
{
}

void spin_unlock(spinlock_t *l)
{
}

void vcpu_yield(void)
{
}

void vcpu_block(void)
{
}

int domain_shutdown(struct domain *dom, uint32_t reason)
{
    shut_down = 100 + reason;
    return 0;
}

struct domain *domain_get_by_id(domid_t id)
{
    return id == 0 || id == DOMID_SELF ? &d : NULL;
}

void domain_put(struct domain *dom)
{
}

void console_write_dom0(const char *buf, size_t len)
{
    memcpy(console + console_len, buf, len);
    console_len += len;
}

void console_write_guest(struct domain *dom, const char *buf, size_t len)
{
}

size_t console_read_input(char *buf, size_t len)
{
    len = MIN(len, console_len);
    memcpy(buf, console, len);
    console_len -= len;
    memmove(console, console + len, console_len);
    return len;
}

void vcpu_runstate_get(struct vcpu *vcpu, struct vcpu_runstate_info *out)
{
    *out = (struct vcpu_runstate_info){.state = 1, .state_entry_time = 77};
}

void update_vcpu_time(struct vcpu *vcpu)
{
}

void bug_fail(const char *file, int line, const char *what)
{
    fail_msg("%s:%d: %s", file, line, what);
    abort();
}

/* Calls 1 to 3: one that answers, one that does args[0] steps of work, a multicall. */
static unsigned int work_done;

long hypercall_call(unsigned int nr, const unsigned long *a)
{
    unsigned long again[6] = {0};

    switch (nr) {
    case 1:
        return (long)a[0] * 2;
    case 2:
        work_done++;
        if (a[0] <= 1)
            return 42;
        again[0] = a[0] - 1;
        again[5] = a[5];
        return hypercall_continue(again);
    case 3:
        return hypercall_multicall(a);
    default:
        return -ENOSYS;
    }
}

static int setup(void **state)
{
    memset(&d, 0, sizeof(d));
    memset(&v, 0, sizeof(v));
    d.is_privileged = true;
    d.evtchn.poll_mask = poll_mask;
    d.shutdown_code = ~0U;
    v.domain = &d;
    v.vcpu_id = 1;
    current = &v;
    memset(poll_mask, 0, sizeof(poll_mask));
    softirqs = events = false;
    raised = polled = shut_down = work_done = 0;
    poll_deadline = 0;
    console_len = 0;
    bad_start = bad_end = 0;
    return 0;
}

/* As the exit handler does: again with the same registers until it is not -ERESTART. */
static long issue(unsigned int nr, unsigned long a0, unsigned long a1,
                  unsigned int *times)
{
    unsigned long a[6] = {a0, a1, 3, 4, 5, 6};
    long rc;

    *times = 0;
    do {
        rc = hypercall_dispatch(nr, a);
        assert_true(++*times < 1000);
    } while (rc == -ERESTART);
    return rc;
}

/* --- tests ------------------------------------------------------------------------- */

static void test_plain(void **state)
{
    unsigned int times;

    assert_int_equal(issue(1, 21, 0, &times), 42);
    assert_int_equal(times, 1);
    assert_int_equal(issue(99, 0, 0, &times), -ENOSYS);
    assert_int_equal(issue(2, 10, 0, &times), 42);
    assert_int_equal(times, 10);
    assert_int_equal(work_done, 10);
}

static void test_multicall(void **state)
{
    struct multicall_entry list[] = {
        {.op = 1, .args = {5}}, {.op = 2, .args = {4}}, {.op = 77}, {.op = 3},
        {.op = 1UL << 32 | 1, .args = {5}}, {.op = 2, .args = {1}},
    };
    unsigned int times;

    assert_int_equal(issue(3, (uintptr_t)list, ARRAY_SIZE(list), &times), 0);
    assert_int_equal(times, 4); /* as often as the second entry stopped, and once more */
    assert_int_equal(work_done, 5);
    assert_int_equal(list[0].result, 10);
    assert_int_equal(list[1].result, 42);
    assert_int_equal(list[2].result, -ENOSYS);
    assert_int_equal(list[3].result, -EINVAL); /* no multicall inside one */
    assert_int_equal(list[4].result, -ENOSYS);
    assert_int_equal(list[5].result, 42);
    assert_false(v.hcall.in_multicall);

    /* Work waits for the CPU: one entry at a time. */
    softirqs = true;
    list[1].args[0] = 1;
    assert_int_equal(issue(3, (uintptr_t)list, ARRAY_SIZE(list), &times), 0);
    assert_int_equal(times, ARRAY_SIZE(list));
}

static void test_multicall_faults(void **state)
{
    struct multicall_entry list[3] = {
        {.op = 1, .args = {1}}, {.op = 1, .args = {2}}, {.op = 1, .args = {3}},
    };
    unsigned int times;

    bad_start = (uintptr_t)&list[1];
    bad_end = (uintptr_t)&list[2];
    assert_int_equal(issue(3, (uintptr_t)list, 3, &times), -EFAULT);
    assert_int_equal(list[0].result, 2);
    assert_int_equal(list[2].result, 0);
    assert_int_equal(issue(3, 1UL << 47, 1, &times), -EFAULT);
    assert_int_equal(issue(3, 0, 0, &times), 0);
    assert_false(v.hcall.in_multicall);
}

static long poll(unsigned int n, uint64_t timeout)
{
    static evtchn_port_t ports[200];
    struct sched_poll p = {.nr_ports = n, .timeout = timeout};
    unsigned long a[6] = {SCHEDOP_poll, (uintptr_t)&p};

    p.ports.p = ports;
    ports[0] = 17;
    return hypercall_sched_op(a);
}

static void test_poll(void **state)
{
    assert_int_equal(poll(129, 0), -EINVAL);
    assert_int_equal(raised, 0);

    assert_int_equal(poll(1, 5000), 0);
    assert_int_equal(polled, 1);
    assert_int_equal(raised, 1);
    assert_int_equal(v.poll_evtchn, 17);
    assert_int_equal(poll_deadline, 5000);
    assert_true(v.sched.pause_flags & VPF_POLLING);
    assert_true(test_bit(1, poll_mask));

    v.sched.pause_flags = 0;
    assert_int_equal(poll(3, 0), 0);
    assert_int_equal(v.poll_evtchn, 0); /* many: woken by any */
    assert_int_equal(polled, 4);

    /* Pending already, an upcall to deliver, a bad port: it does not wait. */
    for (unsigned int i = 0; i < 3; i++) {
        v.sched.pause_flags = 0;
        raised = 0;
        port_answer = i == 0 ? 1 : i == 1 ? 0 : -EINVAL;
        events = i == 1;
        assert_int_equal(poll(1, 0), i == 2 ? -EINVAL : 0);
        assert_int_equal(raised, 0);
        assert_int_equal(v.sched.pause_flags, 0);
        assert_false(test_bit(1, poll_mask));
    }
    port_answer = 0;
}

static void test_shutdown(void **state)
{
    struct sched_shutdown how = {.reason = SHUTDOWN_MAX + 1};
    unsigned long a[6] = {SCHEDOP_shutdown, (uintptr_t)&how};

    assert_int_equal(hypercall_sched_op(a), -EINVAL);
    how.reason = SHUTDOWN_reboot;
    a[0] = SCHEDOP_shutdown_code;
    assert_int_equal(hypercall_sched_op(a), 0);
    assert_int_equal(shut_down, 0);
    assert_int_equal(d.shutdown_code, SHUTDOWN_reboot);
    how.reason = SHUTDOWN_crash;
    assert_int_equal(hypercall_sched_op(a), 0);
    assert_int_equal(d.shutdown_code, SHUTDOWN_reboot); /* the first one counts */
    a[0] = SCHEDOP_shutdown;
    assert_int_equal(hypercall_sched_op(a), 0);
    assert_int_equal(shut_down, 100 + SHUTDOWN_crash);
}

static void test_console(void **state)
{
    static char text[2000], back[2000];
    unsigned long a[6] = {CONSOLEIO_write, sizeof(text), (uintptr_t)text};
    unsigned int times = 0;

    for (unsigned int i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    softirqs = true;
    while (hypercall_console_io(a) == -ERESTART) {
        memcpy(a, v.hcall.args, sizeof(a));
        times++;
    }
    assert_int_equal(times, 7);
    assert_int_equal(console_len, sizeof(text));
    assert_memory_equal(console, text, sizeof(text));
    a[0] = CONSOLEIO_read;
    a[1] = sizeof(back);
    a[2] = (uintptr_t)back;
    assert_int_equal(hypercall_console_io(a), sizeof(text));
    assert_memory_equal(back, text, sizeof(text));
    assert_int_equal(hypercall_console_io(a), 0);
    a[0] = 9;
    assert_int_equal(hypercall_console_io(a), -ENOSYS);
    a[1] = 1UL << 31;
    assert_int_equal(hypercall_console_io(a), -EINVAL);
    d.is_privileged = false;
    a[0] = CONSOLEIO_read;
    assert_int_equal(hypercall_console_io(a), -EPERM);
}

/* With the update flag the area is never seen half-written without it. */
static void test_runstate(void **state)
{
    struct vcpu_runstate_info area = {0};

    v.runstate_gva = (uintptr_t)&area;
    vcpu_runstate_publish(&v);
    assert_int_equal(area.state, 1);
    assert_int_equal(area.state_entry_time, 77);

    memset(&area, 0, sizeof(area));
    d.vm_assist = 1UL << VMASST_TYPE_runstate_update_flag;
    bad_start = (uintptr_t)&area.time;
    bad_end = bad_start + 1;
    vcpu_runstate_publish(&v);
    assert_true(area.state_entry_time & XEN_RUNSTATE_UPDATE);
    bad_start = bad_end = 0;
    vcpu_runstate_publish(&v);
    assert_int_equal(area.state_entry_time, 77);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup(fn, setup)
    const struct CMUnitTest tests[] = {
        T(test_plain), T(test_multicall), T(test_multicall_faults), T(test_poll),
        T(test_shutdown), T(test_console), T(test_runstate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
