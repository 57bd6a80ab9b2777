/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples and what is printed of them. */
#include "bench.h"

#define SAMPLES 9u

int vformat(char *buf, size_t size, const char *fmt, va_list args);

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
    uint64_t v[SAMPLES];
    long rc = sample(row, &v[0]);   /* warms up what can be warmed */

    for (unsigned int i = 0; i < SAMPLES && !rc; i++)
        rc = sample(row, &v[i]);
    if (rc) {
        skip(row->name, rc);
        return;
    }
    sort(v, SAMPLES);
    print("BENCH %s %u %lu %lu %lu\n", row->name, SAMPLES, v[0], v[SAMPLES / 2],
          v[SAMPLES - 1]);
}

void skip(const char *name, long rc)
{
    print("BENCH %s SKIP %ld\n", name, rc);
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

long other_domain(domid_t *id)
{
    static domid_t made;
    long rc = 0;

    if (!made) {
        rc = create(1, &made);
        for (unsigned int i = 0; i < MOST && !rc; i += 512) {
            rc = populate(made, THEIRS + i, 512);
            rc = rc == 512 ? 0 : rc < 0 ? rc : -XEN_ENOMEM;
        }
    }
    *id = made;
    return rc;
}
