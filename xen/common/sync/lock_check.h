/* SPDX-License-Identifier: GPL-2.0-only */
/* Between spinlock.c and lock_check.c; release builds compile all of it away. */
#ifndef SYNC_LOCK_CHECK_H
#define SYNC_LOCK_CHECK_H

#include <xen/lib.h>
#include <xen/spinlock.h>

#ifdef CONFIG_DEBUG

/* When a spin began, in TSC ticks; 0: it has not waited yet. */
struct lock_wait {
    uint64_t since;
    unsigned int steps;
};
#define LOCK_WAIT_INIT {0, 0}

/* One pause of a waiting CPU; stops the machine when it has waited absurdly long. */
void lock_wait_step(struct lock_wait *w, const char *name, unsigned int owner);

/* May this CPU block on the lock? same_level: one of equal level may be held. */
void lock_check_order(const void *lock, unsigned int level, const char *name,
                      bool same_level);
void lock_check_got(const void *lock, unsigned int level, const char *name);
void lock_check_drop(const void *lock, const char *name);

/* The same for spin locks, which know their owner and where they were taken from. */
void lock_check_got_spin(spinlock_t *l);
void lock_check_drop_spin(spinlock_t *l);

#else

struct lock_wait {
};
#define LOCK_WAIT_INIT {}

static inline void lock_wait_step(struct lock_wait *w, const char *name,
                                  unsigned int owner)
{
    cpu_relax();
}
static inline void lock_check_order(const void *lock, unsigned int level,
                                    const char *name, bool same_level)
{
}
static inline void lock_check_got(const void *lock, unsigned int level, const char *name)
{
}
static inline void lock_check_drop(const void *lock, const char *name)
{
}
static inline void lock_check_got_spin(spinlock_t *l)
{
}
static inline void lock_check_drop_spin(spinlock_t *l)
{
}

#endif
#endif
