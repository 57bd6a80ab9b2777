/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks: exclusion between threads, and each thing the order checker must object to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/spinlock.h>

struct cpu_info fake_cpu_info;

static jmp_buf panic_jmp;
static bool panic_expected;
static char panic_text[200];

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(panic_text, sizeof(panic_text), fmt, ap);
    va_end(ap);
    if (!panic_expected) {
        fputs(panic_text, stderr);
        abort();
    }
    lock_check_set(true);
    longjmp(panic_jmp, 1);
}

#define expect_panic(text, stmt)                                               \
    do {                                                                       \
        panic_text[0] = 0;                                                     \
        panic_expected = true;                                                 \
        if (!setjmp(panic_jmp)) {                                              \
            stmt;                                                              \
        }                                                                      \
        panic_expected = false;                                                \
        assert_non_null(strstr(panic_text, text));                             \
    } while (0)

static int fresh(void **state)
{
    (void)state;
    lock_check_forget(0);
    fake_cpu_info.cpu = 0;
    return 0;
}

static void test_order(void **state)
{
    DEFINE_SPINLOCK(low, LOCK_DOMAIN);
    DEFINE_SPINLOCK(high, LOCK_HEAP);
    DEFINE_RWLOCK(grant, LOCK_GRANT);

    (void)state;
    spin_lock(&low);
    read_lock(&grant);
    spin_lock(&high);
    assert_true(spin_held(&high));
    spin_unlock(&low); /* any order of release */
    read_unlock(&grant);
    expect_panic("lock order", spin_lock(&low));
    expect_panic("lock order", write_lock(&grant));
    assert_true(spin_trylock(&low));
    spin_unlock(&low);
    spin_unlock(&high);
    assert_false(spin_is_locked(&high));
    assert_no_locks();
}

static void test_twice(void **state)
{
    DEFINE_SPINLOCK(l, LOCK_DOMAIN);
    DEFINE_RWLOCK(rw, LOCK_GRANT);

    (void)state;
    spin_lock(&l);
    expect_panic("taken twice", spin_lock(&l));
    assert_false(spin_trylock(&l));
    read_lock(&rw);
    expect_panic("taken twice", read_lock(&rw));
    expect_panic("would be rescheduled", assert_no_locks());
    read_unlock(&rw);
    spin_unlock(&l);
    expect_panic("does not hold", spin_unlock(&l));
}

static void test_same_level(void **state)
{
    spinlock_t pair[2];

    (void)state;
    spin_lock_init(&pair[0], LOCK_SCHED, "first");
    spin_lock_init(&pair[1], LOCK_SCHED, "second");
    spin_lock(&pair[0]);
    expect_panic("lock order", spin_lock(&pair[1]));
    spin_lock_second(&pair[1]);
    spin_unlock(&pair[0]);
    expect_panic("lock order", spin_lock_second(&pair[0]));
    spin_unlock(&pair[1]);
}

static void test_interrupt(void **state)
{
    DEFINE_SPINLOCK(heap, LOCK_HEAP);
    DEFINE_SPINLOCK(irq, LOCK_IRQ);
    unsigned int outer;

    (void)state;
    spin_lock(&heap);
    outer = lock_check_irq_enter();
    spin_lock(&irq); /* lower than the interrupted code's: fine */
    expect_panic("end of an interrupt", lock_check_irq_exit(outer));
    spin_unlock(&irq);
    lock_check_irq_exit(outer);
    spin_unlock(&heap);
    /* The host's irqs_enabled() says yes: an interrupt's lock must not be taken so. */
    expect_panic("with interrupts on", spin_lock(&irq));
}

static void test_unchecked_level(void **state)
{
    DEFINE_SPINLOCK(heap, LOCK_HEAP);
    DEFINE_SPINLOCK(none, LOCK_NONE);

    (void)state;
    spin_lock(&none);
    spin_lock(&heap);
    spin_unlock(&none);
    spin_lock(&none);
    spin_unlock(&none);
    spin_unlock(&heap);
}

#define ROUNDS 20000

static spinlock_t shared_lock;
static rwlock_t shared_rw;
static unsigned long counter, pair_a, pair_b;
static unsigned int torn;

static void *spinner(void *unused)
{
    unsigned int i;

    (void)unused;
    for (i = 0; i < ROUNDS; i++) {
        spin_lock(&shared_lock);
        counter++;
        spin_unlock(&shared_lock);
        if (i % 64 == 0)
            sched_yield();
    }
    return NULL;
}

static void *reader_writer(void *unused)
{
    unsigned int i;

    (void)unused;
    for (i = 0; i < ROUNDS; i++) {
        if (i % 8 == 0) {
            write_lock(&shared_rw);
            pair_a++;
            barrier();
            pair_b++;
            write_unlock(&shared_rw);
        } else {
            read_lock(&shared_rw);
            if (read_once(pair_a) != read_once(pair_b))
                __atomic_fetch_add(&torn, 1, __ATOMIC_RELAXED);
            read_unlock(&shared_rw);
        }
        if (i % 64 == 0)
            sched_yield();
    }
    return NULL;
}

static void run_two(void *(*fn)(void *))
{
    pthread_t t[2];
    unsigned int i;

    /* Both threads are CPU 0 to the checker, so it has to look away. */
    lock_check_set(false);
    for (i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&t[i], NULL, fn, NULL), 0);
    for (i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    lock_check_set(true);
}

static void test_exclusion(void **state)
{
    (void)state;
    spin_lock_init(&shared_lock, LOCK_DOMAIN, "shared");
    /* Start near the wrap of the 16-bit tickets. */
    shared_lock.tickets = 0xfff0fff0;
    run_two(spinner);
    assert_int_equal(counter, 2 * ROUNDS);
    assert_false(spin_is_locked(&shared_lock));
}

static void test_rw_exclusion(void **state)
{
    (void)state;
    rwlock_init(&shared_rw, LOCK_GRANT, "shared");
    run_two(reader_writer);
    assert_int_equal(pair_a, 2 * ROUNDS / 8);
    assert_int_equal(torn, 0);
    /* Nobody is left inside. */
    write_lock(&shared_rw);
    write_unlock(&shared_rw);
}

/* --- in the order of arrival --- */

#define HANG 120 /* s, if somebody waits for ever */

static char arrived[8];
static unsigned int nr_arrived;

static void note(char who)
{
    arrived[__atomic_fetch_add(&nr_arrived, 1, __ATOMIC_SEQ_CST)] = who;
}

static void *reader(void *unused)
{
    (void)unused;
    read_lock(&shared_rw);
    note('r');
    read_unlock(&shared_rw);
    return NULL;
}

static void *writer(void *unused)
{
    (void)unused;
    write_lock(&shared_rw);
    note('w');
    write_unlock(&shared_rw);
    return NULL;
}

/* Starts a thread; it waits for the lock when it has spun for some time. */
static pthread_t comes(void *(*fn)(void *))
{
    struct timespec used = { 0 };
    clockid_t clock;
    pthread_t t;

    assert_int_equal(pthread_create(&t, NULL, fn, NULL), 0);
    assert_int_equal(pthread_getcpuclockid(t, &clock), 0);
    while (!used.tv_sec && used.tv_nsec < 10000000) {
        sched_yield();
        assert_int_equal(clock_gettime(clock, &used), 0);
    }
    return t;
}

static void test_rw_in_turn(void **state)
{
    pthread_t t[4];

    (void)state;
    alarm(HANG);
    lock_check_set(false);
    rwlock_init(&shared_rw, LOCK_GRANT, "shared");
    nr_arrived = 0;
    write_lock(&shared_rw);
    t[0] = comes(reader);
    t[1] = comes(writer);
    t[2] = comes(reader);
    t[3] = comes(writer);
    write_unlock(&shared_rw);
    for (unsigned int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    lock_check_set(true);
    alarm(0);
    assert_memory_equal(arrived, "rwrw", 4);
}

/* Readers are inside together; one that comes behind a waiting writer waits for it. */
static void test_readers_share(void **state)
{
    pthread_t t[2];

    (void)state;
    alarm(HANG);
    lock_check_set(false);
    rwlock_init(&shared_rw, LOCK_GRANT, "shared");
    nr_arrived = 0;
    read_lock(&shared_rw);
    assert_int_equal(pthread_create(&t[0], NULL, reader, NULL), 0);
    pthread_join(t[0], NULL);
    t[0] = comes(writer);
    t[1] = comes(reader);
    note('u');
    read_unlock(&shared_rw);
    for (unsigned int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    lock_check_set(true);
    alarm(0);
    assert_memory_equal(arrived, "ruwr", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_order, fresh),
        cmocka_unit_test_setup(test_twice, fresh),
        cmocka_unit_test_setup(test_same_level, fresh),
        cmocka_unit_test_setup(test_interrupt, fresh),
        cmocka_unit_test_setup(test_unchecked_level, fresh),
        cmocka_unit_test_setup(test_exclusion, fresh),
        cmocka_unit_test_setup(test_rw_exclusion, fresh),
        cmocka_unit_test_setup(test_rw_in_turn, fresh),
        cmocka_unit_test_setup(test_readers_share, fresh),
    };

    return cmocka_run_group_tests_name("spinlock", tests, NULL, NULL);
}
