/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples and what is printed of them. */
#include "bench.h"

#define SAMPLES 9u

int vformat(char *buf, size_t size, const char *fmt, va_list args);

bool in_control(void)
{
    struct xen_sysctl_physinfo host;

    return !physinfo(&host);
}

const char *argument(const char *word)
{
    size_t n = strlen(word);

    for (const char *at = command_line(); *at; at++) {
        if (!memcmp(at, word, n) && at[n] == '=')
            return at + n + 1;
    }
    return NULL;
}

unsigned long number(const char *word, unsigned long absent)
{
    const char *at = argument(word);
    unsigned long v = 0;

    if (!at)
        return absent;
    for (; *at >= '0' && *at <= '9'; at++)
        v = v * 10 + (unsigned long)(*at - '0');
    return v;
}

bool wanted(const char *name)
{
    const char *at = argument("only");

    if (!at)
        return true;
    while (*at && *at != ' ') {
        const char *n = name;

        while (*at && *at != ' ' && *at != ',' && *at == *n) {
            at++;
            n++;
        }
        if (!*at || *at == ' ' || *at == ',')
            return true;
        while (*at && *at != ' ' && *at != ',')
            at++;
        at += *at == ',';
    }
    return false;
}

/* Rows of a guest that xl started have names of their own. */
static const char *prefix(void)
{
    return in_control() ? "" : "guest_";
}

static void sort(uint64_t *v, unsigned int n)
{
    for (unsigned int i = 1; i < n; i++) {
        for (unsigned int k = i; k && v[k] < v[k - 1]; k--) {
            uint64_t t = v[k];

            v[k] = v[k - 1];
            v[k - 1] = t;
        }
    }
}

/* What two readings cost that have nothing between them; each may be an exit. */
static uint64_t reading(void)
{
    static uint64_t least;

    if (least)
        return least;
    least = ~0ull;
    for (unsigned int i = 0; i < SAMPLES; i++) {
        uint64_t start = rdtsc(), took = rdtsc() - start;

        least = took < least ? took : least;
    }
    return least;
}

static long sample(const struct row *row, uint64_t *ticks)
{
    long rc = row->prepare ? row->prepare(row->arg) : 0, after;
    uint64_t start, took, empty = reading();

    if (rc)
        return rc;
    start = rdtsc();
    for (unsigned int i = 0; i < row->repeat && !rc; i++)
        rc = row->run(row->arg);
    took = rdtsc() - start;
    took -= took > empty ? empty : took;
    *ticks = took / (row->repeat * (row->ops ? row->ops : 1));
    after = row->finish ? row->finish(row->arg) : 0;
    return rc ? rc : after;
}

void measure(const struct row *row)
{
    unsigned int n = row->samples ? row->samples : SAMPLES;
    uint64_t v[SAMPLES];
    long rc;

    if (!wanted(row->name))
        return;
    rc = sample(row, &v[0]); /* warms up what can be warmed */
    for (unsigned int i = 0; i < n && !rc; i++)
        rc = sample(row, &v[i]);
    if (rc) {
        skip(row->name, rc);
        return;
    }
    sort(v, n);
    print("BENCH %s%s %u %lu %lu %lu\n", prefix(), row->name, n, v[0], v[n / 2],
          v[n - 1]);
}

void skip(const char *name, long rc)
{
    if (wanted(name))
        print("BENCH %s%s SKIP %ld\n", prefix(), name, rc);
}

static void format(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vformat(buf, size, fmt, args);
    va_end(args);
}

const char *named(const char *what, unsigned int n)
{
    static char names[4][48];
    static unsigned int next;
    char *name = names[next++ % 4];

    format(name, sizeof(names[0]), "%s_%u", what, n);
    return name;
}

long give(domid_t id, unsigned long gfn, unsigned int n)
{
    long rc = 0;

    for (unsigned int i = 0; i < n && !rc; i += 512) {
        unsigned int part = n - i < 512 ? n - i : 512;

        rc = populate(id, gfn + i, part);
        rc = rc == (long)part ? 0 : rc < 0 ? rc : -XEN_ENOMEM;
    }
    return rc;
}

long other_domain(domid_t *id)
{
    static domid_t made;
    static long rc;

    if (!made && !rc) {
        rc = create(1, &made);
        if (!rc)
            rc = give(made, THEIRS, MOST);
    }
    *id = made;
    return rc;
}
