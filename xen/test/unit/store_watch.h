/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device may see that reads a table while the driver changes it: the test is
 * called after each instruction that writes there. One range at a time, of whole pages.
 */
#ifndef STORE_WATCH_H
#define STORE_WATCH_H

#include <stddef.h>

/*
 * `seen` is called in a signal handler, with an address that was just written: it notes
 * what is wrong and leaves the verdict to the test.
 */
void store_watch_start(void *range, size_t len, void (*seen)(const void *at));
/* Writes go unseen again. Harmless if nothing is watched. */
void store_watch_stop(void);

#endif
