/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ticket locks, reader-writer locks, and in debug builds the check of I5: each CPU keeps
 * the list of locks it holds, and every blocking acquire is compared with that list.
 */
#include <xen/lib.h>
#include <xen/spinlock.h>

#include "lock_check.h"

typedef uint16_t __attribute__((may_alias)) ticket_t;

#define TICKET_NEXT 0x10000U

static inline uint16_t serving(uint32_t tickets)
{
    return (uint16_t)tickets;
}

static inline uint16_t next_ticket(uint32_t tickets)
{
    return (uint16_t)(tickets >> 16);
}

/* Draws a ticket and waits until it is served. owner: of a spin lock, else NULL. */
static void wait_turn(uint32_t *tickets, const char *name, const uint16_t *owner)
{
    uint32_t seen = __atomic_fetch_add(tickets, TICKET_NEXT, __ATOMIC_ACQUIRE);
    uint16_t mine = next_ticket(seen);
    struct lock_wait wait = LOCK_WAIT_INIT;

    while (serving(seen) != mine) {
        lock_wait_step(&wait, name, owner ? *owner : 0);
        seen = __atomic_load_n(tickets, __ATOMIC_ACQUIRE);
    }
}

static void serve_next(uint32_t *tickets)
{
    ticket_t *head = (ticket_t *)tickets;

    /* Only who is served writes the low half, so a plain increment of it is enough. */
    __atomic_store_n(head, (uint16_t)(*head + 1), __ATOMIC_RELEASE);
}

static void spin_acquire(spinlock_t *l)
{
    wait_turn(&l->tickets, l->name, &l->owner);
}

void spin_lock(spinlock_t *l)
{
    lock_check_order(l, l->level, l->name, false);
    spin_acquire(l);
    lock_check_got_spin(l);
}

void spin_lock_second(spinlock_t *l)
{
    lock_check_order(l, l->level, l->name, true);
    spin_acquire(l);
    lock_check_got_spin(l);
}

bool spin_trylock(spinlock_t *l)
{
    uint32_t seen = __atomic_load_n(&l->tickets, __ATOMIC_RELAXED);

    if (serving(seen) != next_ticket(seen))
        return false;
    if (!__atomic_compare_exchange_n(&l->tickets, &seen, seen + TICKET_NEXT, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    lock_check_got_spin(l);
    return true;
}

void spin_unlock(spinlock_t *l)
{
    lock_check_drop_spin(l);
    serve_next(&l->tickets);
}

bool spin_is_locked(const spinlock_t *l)
{
    uint32_t seen = __atomic_load_n(&l->tickets, __ATOMIC_RELAXED);

    return serving(seen) != next_ticket(seen);
}

void read_lock(rwlock_t *l)
{
    lock_check_order(l, l->level, l->name, false);
    wait_turn(&l->state, l->name, NULL);
    __atomic_fetch_add(&l->readers, 1, __ATOMIC_RELAXED);
    serve_next(&l->state);
    lock_check_got(l, l->level, l->name);
}

void read_unlock(rwlock_t *l)
{
    lock_check_drop(l, l->name);
    __atomic_fetch_sub(&l->readers, 1, __ATOMIC_RELEASE);
}

void write_lock(rwlock_t *l)
{
    struct lock_wait wait = LOCK_WAIT_INIT;

    lock_check_order(l, l->level, l->name, false);
    wait_turn(&l->state, l->name, NULL);
    /* No new ones while it is our turn. */
    while (__atomic_load_n(&l->readers, __ATOMIC_ACQUIRE))
        lock_wait_step(&wait, l->name, 0);
    lock_check_got(l, l->level, l->name);
}

void write_unlock(rwlock_t *l)
{
    lock_check_drop(l, l->name);
    serve_next(&l->state);
}
