/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Debug keys: one letter, from the serial line or from domain 0 (XEN_SYSCTL_debug_keys),
 * prints something or does something drastic. 'h' lists them.
 */
#ifndef XEN_KEYHANDLER_H
#define XEN_KEYHANDLER_H

/*
 * fn(key) runs in softirq or hypercall context, interrupts on, no lock held; long ones
 * call process_pending_softirqs(). A second registration of a key wins and is reported.
 * description is a few words for the help, kept by reference.
 */
void keyhandler_register(unsigned char key, void (*fn)(unsigned char key),
                         const char *description);

/* Run what key stands for; an unknown key says so. */
void keyhandler_run(unsigned char key);

/* Boot: the keys of this file and of parts that have none of their own. */
void keyhandler_init(void);

#endif
