/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests with one thread. */
#include <xen/spinlock.h>

void read_lock(rwlock_t *l) { (void)l; }
void read_unlock(rwlock_t *l) { (void)l; }
void write_lock(rwlock_t *l) { (void)l; }
void write_unlock(rwlock_t *l) { (void)l; }
