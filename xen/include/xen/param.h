/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command-line options. Each is declared in the file that uses it; the table of all
 * is a linker section. Syntax: name, name=value, no-name (booleans).
 * A later occurrence overrides an earlier one. An unknown name, or a value that its
 * parser refuses, is reported by name once the console is up.
 */
#ifndef XEN_PARAM_H
#define XEN_PARAM_H

#include <xen/init.h>
#include <xen/types.h>

enum param_type {
    PARAM_CUSTOM, /* fn(value): 0 or -EINVAL; "" when the name stands alone */
    PARAM_BOOL,   /* bool */
    PARAM_UINT,   /* unsigned int */
    PARAM_SIZE,   /* uint64_t bytes, K/M/G/T suffixes, KiB without */
    PARAM_STRING, /* char[len], cut is an error */
};

struct param {
    const char *name;
    enum param_type type;
    unsigned int len;
    union {
        void *var;
        int (*fn)(const char *value);
    };
};

#ifdef XEN_HOST_TEST
/* The linker brackets it for tests: __start_host_params, __stop_host_params. */
#define PARAM_SECTION __used __section("host_params")
#else
#define PARAM_SECTION __used __section(".init.params")
#endif

#define PARAM_DEFINE_(pname, sym, ptype, plen, ...)                            \
    static const struct param param_##sym PARAM_SECTION __aligned(8) = {       \
        .name = pname, .type = ptype, .len = plen, __VA_ARGS__}

#define custom_param(pname, sym, func) \
    PARAM_DEFINE_(pname, sym, PARAM_CUSTOM, 0, .fn = func)
#define bool_param(pname, variable) \
    PARAM_DEFINE_(pname, variable, PARAM_BOOL, sizeof(bool), .var = &(variable))
#define uint_param(pname, variable) \
    PARAM_DEFINE_(pname, variable, PARAM_UINT, sizeof(unsigned int), .var = &(variable))
#define size_param(pname, variable) \
    PARAM_DEFINE_(pname, variable, PARAM_SIZE, sizeof(uint64_t), .var = &(variable))
#define string_param(pname, variable) \
    PARAM_DEFINE_(pname, variable, PARAM_STRING, sizeof(variable), .var = variable)

/*
 * Parse the whole line once (early, before the heap). Complaints are kept and
 * printed by cmdline_report() when a console exists.
 */
void cmdline_parse(const char *line);
void cmdline_report(void);

/* The line as the loader gave it, for XENVER_commandline. */
extern char saved_cmdline[1024];

#endif
