/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * printk, assertions and small helpers that everything uses.
 *
 * Log lines carry a level prefix (XENLOG_*). Messages that a guest's behaviour
 * causes use gprintk/gdprintk: they are rate limited and obey guest_loglvl.
 */
#ifndef XEN_LIB_H
#define XEN_LIB_H

#include <xen/compiler.h>
#include <xen/errno.h>
#include <xen/string.h>
#include <xen/types.h>

#define XENLOG_ERR     "<0>"
#define XENLOG_WARNING "<1>"
#define XENLOG_INFO    "<2>"
#define XENLOG_DEBUG   "<3>"
#define XENLOG_GUEST   "<G>"  /* put before the level: rate limited, guest_loglvl */

/* Print to every console and the console ring. Any context, NMI excepted. */
void printk(const char *fmt, ...) __printf(1, 2);
void vprintk(const char *fmt, va_list args) __printf(1, 0);

/* Like printk for causes a guest controls; prefixed with the current vCPU (dXvY). */
void gprintk(const char *level, const char *fmt, ...) __printf(2, 3);

/* Stop the machine with a message, registers and a back trace. Never returns. */
noreturn void panic(const char *fmt, ...) __printf(1, 2);

/* ASSERT failures and BUG_ON end here. */
noreturn void bug_fail(const char *file, int line, const char *what);

#define BUG() bug_fail(__FILE__, __LINE__, "BUG")
#define BUG_ON(cond)                                                           \
    do {                                                                       \
        if (unlikely(cond))                                                    \
            bug_fail(__FILE__, __LINE__, #cond);                               \
    } while (0)

/* Say something odd once per place, with a back trace, and go on. */
void warn_report(const char *file, int line, const char *what);
#define WARN_ON(cond)                                                          \
    ({                                                                         \
        bool warn_ = (cond);                                                   \
        static bool warned_;                                                   \
        if (unlikely(warn_) && !warned_) {                                     \
            warned_ = true;                                                    \
            warn_report(__FILE__, __LINE__, #cond);                            \
        }                                                                      \
        warn_;                                                                 \
    })

#ifdef CONFIG_DEBUG
#define ASSERT(cond)                                                           \
    do {                                                                       \
        if (unlikely(!(cond)))                                                 \
            bug_fail(__FILE__, __LINE__, "ASSERT " #cond);                     \
    } while (0)
#else
#define ASSERT(cond)                                                           \
    do {                                                                       \
        if (0 && (cond)) {                                                     \
        }                                                                      \
    } while (0)
#endif
#define ASSERT_UNREACHABLE() ASSERT(!"unreachable")

/*
 * Formatted output into buf of size bytes, always terminated when size > 0.
 * Return the length the whole text would have had (C11 7.21.6.12). Beyond C's
 * conversions (d i u x X o c s p, flags, width, precision, hh h l ll z):
 *   %pS symbol+offset of a code address;  %pd "dN" of a struct domain *;
 *   %pv "dNvM" of a struct vcpu *;        %pp "ssss:bb:dd.f" of a uint32_t * SBDF.
 */
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
    __printf(3, 0);

/*
 * Parse an unsigned number in base 0 (0x.., 0.., decimal), 8, 10 or 16. *end is
 * set behind the last digit used (== s when there was none). end may be NULL.
 */
unsigned long long simple_strtoull(const char *s, const char **end, int base);

/* As above with an optional B, K, M, G, T suffix; no suffix means KiB. */
uint64_t parse_size(const char *s, const char **end);

/* 1 for yes/on/true/enable/1, 0 for no/off/false/disable/0, -1 for anything else. */
int parse_bool(const char *s, const char *end);

/*
 * The word [s, end) as "name", "no-name" or "name=<boolean>": 1, 0, or -EINVAL where the
 * value is no boolean. *name (not terminated) and *len are set in any case.
 */
int parse_named_bool(const char *s, const char *end, const char **name, size_t *len);

/*
 * Call fn(s, end) for each word of a list with commas, all of them. -EINVAL when a word
 * is empty or fn() refused one; 0 for the empty list.
 */
int parse_words(const char *list, int (*fn)(const char *s, const char *end));

/* Heap sort of n elements of size bytes; no allocation. */
void sort(void *base, size_t n, size_t size,
          int (*cmp)(const void *, const void *));

/* (a * mul) >> shift without losing the upper half of the product. */
static inline uint64_t mul_shift(uint64_t a, uint64_t mul, unsigned int shift)
{
    return (uint64_t)(((unsigned __int128)a * mul) >> shift);
}

#endif
