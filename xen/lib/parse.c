/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers, sizes and booleans out of text. */
#include <xen/lib.h>

static unsigned int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned int)(c - '0');
    c |= 0x20;
    if (c >= 'a' && c <= 'f')
        return (unsigned int)(c - 'a') + 10;
    return UINT_MAX;
}

unsigned long long simple_strtoull(const char *s, const char **end, int base)
{
    unsigned long long value = 0;
    bool hex_prefix = s[0] == '0' && (s[1] | 0x20) == 'x' && digit_value(s[2]) < 16;

    if (base == 0)
        base = hex_prefix ? 16 : s[0] == '0' ? 8 : 10;
    if (base == 16 && hex_prefix)
        s += 2;
    for (; digit_value(*s) < (unsigned int)base; s++)
        value = value * (unsigned int)base + digit_value(*s);
    if (end)
        *end = s;
    return value;
}

uint64_t parse_size(const char *s, const char **end)
{
    static const char units[] = "bkmgt";
    const char *stop;
    uint64_t value = simple_strtoull(s, &stop, 0);
    unsigned int shift = 10;

    if (stop != s && *stop) {
        const char *unit = strchr(units, *stop | 0x20);

        if (unit && *unit) {
            shift = 10 * (unsigned int)(unit - units);
            stop++;
        }
    }
    if (end)
        *end = stop;
    return value << shift;
}

int parse_bool(const char *s, const char *end)
{
    static const char *const words[2][5] = {
        {"no", "off", "false", "disable", "0"},
        {"yes", "on", "true", "enable", "1"},
    };
    size_t len = end ? (size_t)(end - s) : strlen(s);

    for (int value = 0; value < 2; value++)
        for (unsigned int i = 0; i < ARRAY_SIZE(words[0]); i++)
            if (strlen(words[value][i]) == len && !strncmp(s, words[value][i], len))
                return value;
    return -1;
}

int parse_named_bool(const char *s, const char *end, const char **name, size_t *len)
{
    const char *eq = memchr(s, '=', (size_t)(end - s));
    bool negated = !eq && end - s > 3 && !strncmp(s, "no-", 3);
    int value = eq ? parse_bool(eq + 1, end) : !negated;

    *name = negated ? s + 3 : s;
    *len = (size_t)((eq ? eq : end) - *name);
    return value < 0 ? -EINVAL : value;
}

int parse_words(const char *list, int (*fn)(const char *s, const char *end))
{
    int rc = 0;

    while (*list) {
        const char *end = strchr(list, ',');

        if (!end)
            end = list + strlen(list);
        if (end == list || fn(list, end))
            rc = -EINVAL;
        list = *end ? end + 1 : end;
    }
    return rc;
}
