/* SPDX-License-Identifier: GPL-2.0-only */
/* What the hypervisor says: its console's ring, and debug keys. */
#ifndef TESTS_CONSOLE_H
#define TESTS_CONSOLE_H

#include <public/sysctl.h>
#include "../guest.h"

static inline long console_sysctl(struct xen_sysctl *op, uint32_t cmd)
{
    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return HC(__HYPERVISOR_sysctl, op, 0, 0, 0, 0);
}

/* Is the text in what the ring got since *index, which moves on? 0: since power-on. */
static inline bool console_said(uint32_t *index, const char *want)
{
    static char text[8192];
    size_t len = strlen(want), kept = 0, n;
    struct xen_sysctl op = {0};
    bool found = false;

    do {
        op.u.readconsole.incremental = 1;
        op.u.readconsole.index = *index;
        op.u.readconsole.count = (uint32_t)(sizeof(text) - kept);
        set_xen_guest_handle(op.u.readconsole.buffer, text + kept);
        if (console_sysctl(&op, XEN_SYSCTL_readconsole))
            return false;
        *index = op.u.readconsole.index;
        n = kept + op.u.readconsole.count;
        for (size_t i = 0; i + len <= n; i++)
            found |= !memcmp(text + i, want, len);
        /* The end may be the beginning of it. */
        kept = n < len ? n : len - 1;
        for (size_t i = 0; i < kept; i++)
            text[i] = text[n - kept + i];
    } while (op.u.readconsole.count);
    return found;
}

static inline long console_key(char key)
{
    struct xen_sysctl op = {0};

    op.u.debug_keys.nr_keys = 1;
    set_xen_guest_handle(op.u.debug_keys.keys, &key);
    return console_sysctl(&op, XEN_SYSCTL_debug_keys);
}

#endif
