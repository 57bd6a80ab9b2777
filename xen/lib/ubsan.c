/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What code compiled with -fsanitize=undefined calls (CONFIG_UBSAN): one line and a back
 * trace for each place, then it goes on. The data layouts are the compilers' (LLVM's
 * ubsan_handlers.h documents them); all that are used start with a source location.
 */
#include <xen/lib.h>

struct source_location {
    const char *file;
    uint32_t line, column;
};

struct ubsan_data {
    struct source_location where;
};

static void report(const char *what, struct ubsan_data *d)
{
    /* The compiler's record is writable for this: each place speaks once. */
    uint32_t column = __atomic_exchange_n(&d->where.column, ~0U, __ATOMIC_RELAXED);

    if (column == ~0U)
        return;
    printk(XENLOG_ERR "UBSAN: %s at %s:%u:%u\n", what, d->where.file, d->where.line,
           column);
    warn_report(d->where.file, (int)d->where.line, what);
}

#define HANDLER_1(name, what)                                        \
    void __ubsan_handle_##name(struct ubsan_data *d, unsigned long v); \
    void __ubsan_handle_##name(struct ubsan_data *d, unsigned long v)  \
    {                                                                \
        report(what, d);                                             \
    }
#define HANDLER_2(name, what)                                                         \
    void __ubsan_handle_##name(struct ubsan_data *d, unsigned long a, unsigned long b); \
    void __ubsan_handle_##name(struct ubsan_data *d, unsigned long a, unsigned long b)  \
    {                                                                                 \
        report(what, d);                                                              \
    }

HANDLER_2(add_overflow, "addition overflow")
HANDLER_2(sub_overflow, "subtraction overflow")
HANDLER_2(mul_overflow, "multiplication overflow")
HANDLER_2(divrem_overflow, "division overflow")
HANDLER_1(negate_overflow, "negation overflow")
HANDLER_2(shift_out_of_bounds, "shift out of bounds")
HANDLER_1(out_of_bounds, "index out of bounds")
HANDLER_1(type_mismatch_v1, "null, misaligned or too small object")
HANDLER_1(load_invalid_value, "invalid bool or enum value")
HANDLER_1(vla_bound_not_positive, "array length not positive")
HANDLER_2(pointer_overflow, "pointer overflow")
HANDLER_1(nonnull_arg, "null argument")
HANDLER_2(alignment_assumption, "alignment assumption")
HANDLER_1(invalid_builtin, "builtin called with zero")

void __ubsan_handle_builtin_unreachable(struct ubsan_data *d);
void __ubsan_handle_builtin_unreachable(struct ubsan_data *d)
{
    panic("UBSAN: unreachable code at %s:%u", d->where.file, d->where.line);
}
