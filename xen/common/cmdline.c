/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line: words separated by blanks, matched against the table of options. */
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/param.h>

#ifdef XEN_HOST_TEST
extern const struct param test_params[];
extern const unsigned int test_params_count;
#define PARAMS       test_params
#define PARAMS_COUNT test_params_count
#else
extern const struct param __params_start[], __params_end[];
#define PARAMS       __params_start
#define PARAMS_COUNT ((unsigned int)(__params_end - __params_start))
#endif

char saved_cmdline[1024];

/*
 * What cmdline_report() has to say: "unknown" or "bad value" and the words, one a line.
 */
static char complaints[512] __initdata;

static void __init complain(const char *what, const char *word)
{
    str_append(complaints, what, sizeof(complaints));
    str_append(complaints, word, sizeof(complaints));
    str_append(complaints, "\n", sizeof(complaints));
}

static int __init store_number(const struct param *p, const char *value)
{
    const char *end = value;
    uint64_t v;

    v = p->type == PARAM_SIZE ? parse_size(value, &end) : simple_strtoull(value, &end, 0);
    if (end == value || *end)
        return -EINVAL;
    if (p->type == PARAM_SIZE) {
        *(uint64_t *)p->var = v;
        return 0;
    }
    if (v > UINT_MAX)
        return -EINVAL;
    *(unsigned int *)p->var = (unsigned int)v;
    return 0;
}

/* value is NULL when the name stood alone; negated for no-name. */
static int __init apply(const struct param *p, const char *value, bool negated)
{
    int b;

    switch (p->type) {
    case PARAM_CUSTOM:
        if (negated)
            return value ? -EINVAL : p->fn("no");
        return p->fn(value ? value : "");
    case PARAM_BOOL:
        b = value ? parse_bool(value, NULL) : 1;
        if (b < 0)
            return -EINVAL;
        *(bool *)p->var = b != negated;
        return 0;
    case PARAM_UINT:
    case PARAM_SIZE:
        return value && !negated ? store_number(p, value) : -EINVAL;
    case PARAM_STRING:
        if (!value || negated || strlen(value) >= p->len)
            return -EINVAL;
        str_copy(p->var, value, p->len);
        return 0;
    }
    return -EINVAL;
}

/* Every option of that name: one name may have several listeners. */
static bool __init apply_all(const char *name, const char *value, bool negated, int *rc)
{
    bool found = false;

    for (unsigned int i = 0; i < PARAMS_COUNT; i++) {
        if (strcmp(PARAMS[i].name, name))
            continue;
        found = true;
        if (apply(&PARAMS[i], value, negated))
            *rc = -EINVAL;
    }
    return found;
}

static void __init parse_word(char *word)
{
    char *value = strchr(word, '=');
    int rc = 0;
    bool found;

    if (value)
        *value = '\0';
    found = apply_all(word, value ? value + 1 : NULL, false, &rc);
    if (!found && !strncmp(word, "no-", 3))
        found = apply_all(word + 3, value ? value + 1 : NULL, true, &rc);
    if (value)
        *value = '=';
    if (!found)
        complain("unknown option: ", word);
    else if (rc)
        complain("bad value in option: ", word);
}

void __init cmdline_parse(const char *line)
{
    static char words[sizeof(saved_cmdline)] __initdata;
    char *p = words;

    if (str_copy(saved_cmdline, line, sizeof(saved_cmdline)) >= sizeof(saved_cmdline))
        complain("command line too long, cut behind: ", saved_cmdline + 1000);
    str_copy(words, saved_cmdline, sizeof(words));

    while (*p) {
        char *end;

        if (*p == ' ' || *p == '\t' || *p == '\n') {
            p++;
            continue;
        }
        for (end = p; *end && *end != ' ' && *end != '\t' && *end != '\n'; end++)
            ;
        if (*end)
            *end++ = '\0';
        /*
         * GRUB scripts start with "placeholder" and may put "--" behind their own words.
         */
        if (strcmp(p, "--") && strcmp(p, "placeholder"))
            parse_word(p);
        p = end;
    }
}

void __init cmdline_report(void)
{
    const char *line = complaints;

    printk(XENLOG_INFO "Command line: %s\n", saved_cmdline);
    while (*line) {
        const char *end = strchr(line, '\n');
        int len = end ? (int)(end - line) : (int)strlen(line);

        printk(XENLOG_WARNING "Command line: %.*s\n", len, line);
        line += len + (end ? 1 : 0);
    }
}
