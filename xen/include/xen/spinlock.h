/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ticket spin locks and reader-writer locks with declared levels (lock_levels.h).
 * A lock that an interrupt handler takes must always be taken with interrupts off.
 * Implementation: xen/common/sync/spinlock.c (builds on the host too).
 */
#ifndef XEN_SPINLOCK_H
#define XEN_SPINLOCK_H

#include <xen/compiler.h>
#include <xen/lock_levels.h>
#include <xen/types.h>
#include <asm/cpu.h>

typedef struct spinlock {
    uint32_t tickets;   /* low half: now serving; high half: next to hand out */
    uint16_t level;     /* enum lock_level */
    uint16_t owner;     /* CPU + 1 while held, 0 when free (debug) */
    const char *name;
} spinlock_t;

#define SPINLOCK_INIT(lvl, nm) {.level = (lvl), .name = (nm)}
#define DEFINE_SPINLOCK(sym, lvl) spinlock_t sym = SPINLOCK_INIT(lvl, #sym)

static inline void spin_lock_init(spinlock_t *l, enum lock_level level,
                                  const char *name)
{
    *l = (spinlock_t){.level = (uint16_t)level, .name = name};
}

void spin_lock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
bool spin_trylock(spinlock_t *l); /* no order check: it cannot wait */
bool spin_is_locked(const spinlock_t *l);
/* Lock of the level that is already held; callers take the lower address first. */
void spin_lock_second(spinlock_t *l);

static inline void spin_lock_irq(spinlock_t *l)
{
    irq_disable();
    spin_lock(l);
}

static inline void spin_unlock_irq(spinlock_t *l)
{
    spin_unlock(l);
    irq_enable();
}

static inline uint64_t spin_lock_irqsave(spinlock_t *l)
{
    uint64_t flags = irq_save();

    spin_lock(l);
    return flags;
}

static inline void spin_unlock_irqrestore(spinlock_t *l, uint64_t flags)
{
    spin_unlock(l);
    irq_restore(flags);
}

/*
 * Readers and writers get in in the order they came, so that neither can keep the other
 * out: what a guest does to its physical map all the time must not stop another CPU that
 * only looks. Readers do not nest.
 */
typedef struct rwlock {
    uint32_t state;     /* tickets, as above; a writer is served until it unlocks */
    uint32_t readers;   /* inside */
    uint16_t level;
    const char *name;
} rwlock_t;

#define RWLOCK_INIT(lvl, nm) {.level = (lvl), .name = (nm)}
#define DEFINE_RWLOCK(sym, lvl) rwlock_t sym = RWLOCK_INIT(lvl, #sym)

static inline void rwlock_init(rwlock_t *l, enum lock_level level, const char *name)
{
    *l = (rwlock_t){.level = (uint16_t)level, .name = name};
}

void read_lock(rwlock_t *l);
void read_unlock(rwlock_t *l);
void write_lock(rwlock_t *l);
void write_unlock(rwlock_t *l);

#ifdef CONFIG_DEBUG
/* The calling CPU holds l. */
bool spin_held(const spinlock_t *l);
#define ASSERT_LOCKED(l) ASSERT(spin_held(l))
/* No lock at all is held on this CPU: it may be scheduled out. */
void assert_no_locks(void);
/*
 * For the interrupt entry: locks of the interrupted code do not count inside. exit takes
 * what enter returned, and checks that the handler released all of its own.
 */
unsigned int lock_check_irq_enter(void);
void lock_check_irq_exit(unsigned int outer);
/* The panic path turns checking off; tests turn it on again. */
void lock_check_set(bool on);
/* A CPU (re)starts with no lock held. */
void lock_check_forget(unsigned int cpu);
#else
#define ASSERT_LOCKED(l) ((void)(l))
static inline void assert_no_locks(void)
{
}
static inline unsigned int lock_check_irq_enter(void)
{
    return 0;
}
static inline void lock_check_irq_exit(unsigned int outer)
{
    (void)outer;
}
static inline void lock_check_set(bool on)
{
    (void)on;
}
static inline void lock_check_forget(unsigned int cpu)
{
    (void)cpu;
}
#endif

#endif
