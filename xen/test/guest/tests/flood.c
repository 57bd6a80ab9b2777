/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that does one thing with all its might. By itself each flood is short and its
 * calls are counted; with the word "forever" on the command line the one named there
 * (events, exits, lines) never ends: tools/tests/test_flood.py looks at dom0 meanwhile.
 */
#include <public/errno.h>
#include <public/event_channel.h>
#include "../guest.h"

#define SHORT 2000
#define NOBODYS_PORT 0x3e9
#define NOBODYS_MSR  0x4ffff

static bool said(const char *word)
{
    const char *line = command_line();
    size_t n = strlen(word);

    for (; strlen(line) >= n; line++)
        if (!memcmp(line, word, n))
            return true;
    return false;
}

/* How often `once` succeeded of SHORT times; for ever if that is asked for. */
static unsigned int flood(const char *name, bool (*once)(void))
{
    unsigned int good = 0;

    if (said("forever") && !said(name))
        return SHORT;
    while (said("forever"))
        for (unsigned int i = 0; i < SHORT; i++)
            once();
    for (unsigned int i = 0; i < SHORT; i++)
        good += once();
    return good;
}

static evtchn_port_t port;

static bool event(void)
{
    struct evtchn_send s = { .port = port };

    return HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &s) == 0;
}

TEST(events)
{
    struct evtchn_bind_ipi b = { .vcpu = 0 };

    CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &b), 0);
    port = b.port;
    CHECK_EQ(flood("events", event), SHORT);
}

static void read_nobodys_msr(void *arg)
{
    (void)arg;
    rdmsr(NOBODYS_MSR);
}

/* Each of these has a line in the log, as far as that goes. */
static bool exits(void)
{
    uint8_t val;

    __asm__ volatile("inb %w1, %0" : "=a"(val) : "d"(NOBODYS_PORT));
    return val == 0xff && catch_exception(read_nobodys_msr, NULL, NULL) == 13;
}

TEST(exits)
{
    CHECK_EQ(flood("exits", exits), SHORT);
}

static bool line(void)
{
    static const char text[] = "the quick brown fox jumps over the lazy dog\n";
    size_t len = sizeof(text) - 1;

    return HC(__HYPERVISOR_console_io, CONSOLEIO_write, len, text, 0, 0) == 0;
}

TEST(lines)
{
    /* In dom0's place they would all be printed. */
    if (said("forever"))
        flood("lines", line);
}
