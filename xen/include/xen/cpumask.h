/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of physical CPUs, fixed at NR_CPUS bits. */
#ifndef XEN_CPUMASK_H
#define XEN_CPUMASK_H

#include <xen/bitops.h>
#include <xen/config.h>
#include <xen/string.h>

typedef struct cpumask {
    DECLARE_BITMAP(bits, NR_CPUS);
} cpumask_t;

/* present: in the MADT and brought up once; online: running and taking interrupts. */
extern cpumask_t cpu_present_map, cpu_online_map;

static inline void cpumask_set(unsigned int cpu, cpumask_t *m)
{
    set_bit(cpu, m->bits);
}

static inline void cpumask_clear(unsigned int cpu, cpumask_t *m)
{
    clear_bit(cpu, m->bits);
}

static inline bool cpumask_test(unsigned int cpu, const cpumask_t *m)
{
    return test_bit(cpu, m->bits);
}

static inline bool cpumask_test_and_clear(unsigned int cpu, cpumask_t *m)
{
    return test_and_clear_bit(cpu, m->bits);
}

static inline bool cpumask_test_and_set(unsigned int cpu, cpumask_t *m)
{
    return test_and_set_bit(cpu, m->bits);
}

static inline void cpumask_zero(cpumask_t *m)
{
    memset(m, 0, sizeof(*m));
}

static inline void cpumask_setall(cpumask_t *m)
{
    unsigned int i;

    cpumask_zero(m);
    for (i = 0; i < NR_CPUS; i++)
        __set_bit(i, m->bits);
}

static inline bool cpumask_empty(const cpumask_t *m)
{
    return find_first_bit(m->bits, NR_CPUS) >= NR_CPUS;
}

/* First CPU of the set, NR_CPUS when empty; next behind cpu. */
static inline unsigned int cpumask_first(const cpumask_t *m)
{
    return find_first_bit(m->bits, NR_CPUS);
}

static inline unsigned int cpumask_next(unsigned int cpu, const cpumask_t *m)
{
    return find_next_bit(m->bits, NR_CPUS, cpu + 1);
}

/* As cpumask_next, wrapping round to the first. */
static inline unsigned int cpumask_cycle(unsigned int cpu, const cpumask_t *m)
{
    unsigned int n = cpumask_next(cpu, m);

    return n < NR_CPUS ? n : cpumask_first(m);
}

static inline unsigned int cpumask_weight(const cpumask_t *m)
{
    unsigned int i, n = 0;

    for (i = 0; i < BITS_TO_LONGS(NR_CPUS); i++)
        n += hweight_long(m->bits[i]);
    return n;
}

#define CPUMASK_OP_(name, expr)                                                \
    static inline void cpumask_##name(cpumask_t *d, const cpumask_t *a,        \
                                      const cpumask_t *b)                      \
    {                                                                          \
        unsigned int i;                                                        \
        for (i = 0; i < BITS_TO_LONGS(NR_CPUS); i++)                           \
            d->bits[i] = (expr);                                               \
    }
CPUMASK_OP_(and, a->bits[i] & b->bits[i])
CPUMASK_OP_(or, a->bits[i] | b->bits[i])
CPUMASK_OP_(andnot, a->bits[i] & ~b->bits[i])
#undef CPUMASK_OP_

static inline bool cpumask_intersects(const cpumask_t *a, const cpumask_t *b)
{
    unsigned int i;

    for (i = 0; i < BITS_TO_LONGS(NR_CPUS); i++)
        if (a->bits[i] & b->bits[i])
            return true;
    return false;
}

static inline bool cpumask_equal(const cpumask_t *a, const cpumask_t *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

#define for_each_cpu(cpu, mask)                                                \
    for ((cpu) = cpumask_first(mask); (cpu) < NR_CPUS;                         \
         (cpu) = cpumask_next(cpu, mask))
#define for_each_online_cpu(cpu) for_each_cpu(cpu, &cpu_online_map)
#define num_online_cpus() cpumask_weight(&cpu_online_map)
#define cpu_online(cpu) cpumask_test(cpu, &cpu_online_map)

#endif
