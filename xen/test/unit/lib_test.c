/* SPDX-License-Identifier: GPL-2.0-only */
/* Formatting, number parsing, sorting, bounded string copies. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <xen/format.h>
#include <xen/lib.h>
#include <asm/nospec.h>

void format_symbol(char *buf, size_t size, unsigned long addr)
{
    snprintf(buf, size, "sym+%#lx", addr);
}

void format_domain(char *buf, size_t size, const void *d)
{
    snprintf(buf, size, "d%d", d ? 1 : 0);
}

void format_vcpu(char *buf, size_t size, const void *v)
{
    snprintf(buf, size, "d%dv7", v ? 1 : 0);
}

#define EXPECT(text, ...)                                             \
    do {                                                              \
        char buf_[160];                                               \
        int len_ = snprintf(buf_, sizeof(buf_), __VA_ARGS__);         \
        assert_string_equal(buf_, text);                              \
        assert_int_equal(len_, (int)strlen(text));                    \
    } while (0)

static void test_numbers(void **state)
{
    EXPECT("0", "%d", 0);
    EXPECT("-2147483648", "%d", INT_MIN);
    EXPECT("  -42|", "%5d|", -42);
    EXPECT("-42  |", "%-5d|", -42);
    EXPECT("-0042", "%05d", -42);
    EXPECT("+7 7", "%+d% d", 7, 7);
    EXPECT("18446744073709551615", "%llu", ~0ULL);
    EXPECT("0x1f 0X1F 0", "%#x %#X %#x", 31, 31, 0);
    EXPECT("0x00001f", "%#08x", 31);
    EXPECT("017", "%#o", 15);
    EXPECT("00ff", "%.4x", 255);
    EXPECT("  00ff", "%*.*x", 6, 4, 255);
    EXPECT("-1 255", "%hhd %hhu", (signed char)-1, (unsigned char)255);
    EXPECT("65535", "%hu", (unsigned short)65535);
    EXPECT("-9223372036854775808", "%ld", LONG_MIN);
}

static void test_text(void **state)
{
    char cut[5];
    const char *volatile none = NULL;
    uint32_t sbdf = 0x00011234;

    EXPECT("abc", "%.3s", "abcdef");
    EXPECT("[   ab][ab   ]", "[%5s][%-5s]", "ab", "ab");
    EXPECT("x%", "%c%%", 'x');
    EXPECT("(null)", "%s", none);
    EXPECT("00000000deadbeef", "%p", (void *)0xdeadbeef);
    EXPECT("sym+0x10 d1 d0v7", "%pS %pd %pv", (void *)0x10, (void *)1, NULL);
    EXPECT("0001:12:06.4", "%pp", (void *)&sbdf);
    assert_int_equal(snprintf(cut, sizeof(cut), "%s", "123456"), 6);
    assert_string_equal(cut, "1234");
    assert_int_equal(snprintf(NULL, 0, "%d", 1234), 4);
}

static void test_parse(void **state)
{
    const char *end, *s = "0x1Fz";

    assert_int_equal(simple_strtoull(s, &end, 0), 31);
    assert_ptr_equal(end, s + 4);
    assert_int_equal(simple_strtoull("010", NULL, 0), 8);
    assert_int_equal(simple_strtoull("0xg", &end, 0), 0);
    s = "zz";
    assert_int_equal(simple_strtoull(s, &end, 10), 0);
    assert_ptr_equal(end, s);

    assert_int_equal(parse_size("4", NULL), 4096);
    assert_int_equal(parse_size("4B", NULL), 4);
    assert_int_equal(parse_size("3M,x", &end), 3 << 20);
    assert_string_equal(end, ",x");
    assert_int_equal(parse_size("2g", NULL), 2ULL << 30);

    assert_int_equal(parse_bool("yes", NULL), 1);
    assert_int_equal(parse_bool("0", NULL), 0);
    assert_int_equal(parse_bool("", NULL), -1);
    assert_int_equal(parse_bool("onwards", NULL), -1);
    s = "on,more";
    assert_int_equal(parse_bool(s, s + 2), 1);
}

static char words_seen[64];

/* Refuses what is no boolean; notes name and value of all others. */
static int note_word(const char *s, const char *end)
{
    const char *name;
    size_t len;
    int value = parse_named_bool(s, end, &name, &len);

    if (value < 0) {
        assert_int_equal(value, -EINVAL);
        return value;
    }
    snprintf(words_seen + strlen(words_seen), sizeof(words_seen) - strlen(words_seen),
             "%.*s:%d ", (int)len, name, value);
    return 0;
}

static void test_words(void **state)
{
    static const struct {
        const char *list, *seen;
        int rc;
    } cases[] = {
        {"", "", 0},
        {"one", "one:1 ", 0},
        {"one,no-two,three=off,four=yes", "one:1 two:0 three:0 four:1 ", 0},
        {"one=perhaps,two", "two:1 ", -EINVAL},
        {"one,,two", "one:1 two:1 ", -EINVAL},
        {"no-", "no-:1 ", 0},
        {"no-one=no", "no-one:0 ", 0},
        {"one,", "one:1 ", 0},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        words_seen[0] = '\0';
        assert_int_equal(parse_words(cases[i].list, note_word), cases[i].rc);
        assert_string_equal(words_seen, cases[i].seen);
    }
}

/* The mask would let an index through, or cut one that is in the table. */
static void test_index(void **state)
{
    static const unsigned long sizes[] = {
        1, 2, 63, 64, 0x80000000, 1UL << 63, ULONG_MAX,
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
        unsigned long n = sizes[i];

        assert_int_equal(array_index_nospec(0, n), 0);
        assert_int_equal(array_index_nospec(n / 2, n), n / 2);
        assert_int_equal(array_index_nospec(n - 1, n), n - 1);
        assert_int_equal(array_index_nospec(n, n), 0);
        assert_int_equal(array_index_nospec(n | 1UL << 63, n), 0);
        assert_int_equal(array_index_nospec(ULONG_MAX, n), 0);
    }
    assert_int_equal(array_index_nospec(0, 0), 0);
    assert_int_equal(array_index_nospec(5, 0), 0);
}

struct rec {
    char tag;
    int key;
};

static int by_key(const void *a, const void *b)
{
    const struct rec *x = a, *y = b;

    return x->key < y->key ? -1 : x->key > y->key;
}

static void test_sort(void **state)
{
    struct rec r[200];

    for (int n = 0; n <= 200; n += 7) {
        unsigned int seed = (unsigned int)n, sum = 0, sum2 = 0;

        for (int i = 0; i < n; i++) {
            seed = seed * 1103515245 + 12345;
            r[i] = (struct rec){(char)i, (int)(seed >> 16) % 50};
            sum += (unsigned int)r[i].key * 31 + (unsigned char)r[i].tag;
        }
        sort(r, (size_t)n, sizeof(r[0]), by_key);
        for (int i = 0; i < n; i++) {
            assert_true(!i || r[i - 1].key <= r[i].key);
            sum2 += (unsigned int)r[i].key * 31 + (unsigned char)r[i].tag;
        }
        assert_int_equal(sum, sum2);
    }
}

static void test_copy(void **state)
{
    char b[6] = "xxxxx";

    assert_int_equal(str_copy(b, "abcdefgh", sizeof(b)), 8);
    assert_string_equal(b, "abcde");
    assert_int_equal(str_copy(b, "ab", sizeof(b)), 2);
    assert_int_equal(str_append(b, "cdefg", sizeof(b)), 7);
    assert_string_equal(b, "abcde");
    assert_int_equal(str_copy(b, "zz", 0), 2);
    assert_string_equal(b, "abcde");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_text),
        cmocka_unit_test(test_parse),   cmocka_unit_test(test_words),
        cmocka_unit_test(test_index),   cmocka_unit_test(test_sort),
        cmocka_unit_test(test_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
