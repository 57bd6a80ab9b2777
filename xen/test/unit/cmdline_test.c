/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line: every kind of option, and what is said about bad ones. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/param.h>

static bool flag, other_flag;
static unsigned int number;
static uint64_t bytes;
static char text[8], seen[32];

static int take(const char *value)
{
    if (!strcmp(value, "wrong"))
        return -EINVAL;
    str_copy(seen, value, sizeof(seen));
    return 0;
}

extern const struct param test_params[];
extern const unsigned int test_params_count;
const struct param test_params[] = {
    {.name = "flag", .type = PARAM_BOOL, .len = 1, .var = &flag},
    {.name = "flag", .type = PARAM_BOOL, .len = 1, .var = &other_flag},
    {.name = "number", .type = PARAM_UINT, .len = 4, .var = &number},
    {.name = "bytes", .type = PARAM_SIZE, .len = 8, .var = &bytes},
    {.name = "text", .type = PARAM_STRING, .len = sizeof(text), .var = text},
    {.name = "custom", .type = PARAM_CUSTOM, .fn = take},
    {.name = "no-way", .type = PARAM_BOOL, .len = 1, .var = &flag},
};
const unsigned int test_params_count = ARRAY_SIZE(test_params);

static char log_text[4096];

void printk(const char *fmt, ...)
{
    size_t have = strlen(log_text);
    va_list args;

    va_start(args, fmt);
    vsnprintf(log_text + have, sizeof(log_text) - have, fmt, args);
    va_end(args);
}

/* The words are complained about, in that order, and nothing else is. */
static void check_complaints(const char *const *words, unsigned int n)
{
    const char *at = log_text;
    unsigned int lines = 0;

    log_text[0] = '\0';
    cmdline_report();
    for (const char *p = log_text; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    assert_int_equal(lines, n + 1);
    for (unsigned int i = 0; i < n; i++) {
        at = strstr(at + 1, words[i]);
        assert_non_null(at);
    }
}

static void test_good(void **state)
{
    cmdline_parse("  placeholder flag number=0x10 -- bytes=2M\ttext=abcdefg custom=a=b ");
    assert_true(flag && other_flag);
    assert_int_equal(number, 16);
    assert_int_equal(bytes, 2 << 20);
    assert_string_equal(text, "abcdefg");
    assert_string_equal(seen, "a=b");
    check_complaints(NULL, 0);

    cmdline_parse("no-flag number=1 number=2 no-custom");
    assert_false(flag || other_flag);
    assert_int_equal(number, 2);
    assert_string_equal(seen, "no");
    cmdline_parse("no-way custom");
    assert_true(flag);
    assert_string_equal(seen, "");
    check_complaints(NULL, 0);
}

static void test_bad(void **state)
{
    static const char *const words[] = {
        "unknown option: nonsense", "unknown option: x=1",  "option: flag=maybe",
        "option: number=",          "option: number=12x",   "option: number=0x100000000",
        "option: bytes=many",       "option: text=abcdefgh", "option: custom=wrong",
        "option: no-number",        "unknown option: no-",
    };

    number = 7;
    str_copy(text, "keep", sizeof(text));
    cmdline_parse(
        "nonsense x=1 flag=maybe number= number=12x number=0x100000000 bytes=many "
        "text=abcdefgh custom=wrong no-number no-");
    assert_int_equal(number, 7);
    assert_string_equal(text, "keep");
    check_complaints(words, ARRAY_SIZE(words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
