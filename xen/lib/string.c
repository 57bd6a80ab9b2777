/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory and string primitives; the compiler also emits calls to the mem* four. */
#include <xen/string.h>
#include <xen/types.h>

#ifndef XEN_HOST_TEST

void *memcpy(void *dst, const void *src, size_t n)
{
    void *d = dst;
    size_t words = n / 8, rest = n % 8;

    /* Words: CPUs without ERMS, and emulated ones, go by element. */
    __asm__ volatile("rep movsq" : "+D"(d), "+S"(src), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(rest) : : "memory");
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    char *d = dst;
    const char *s = src;

    if ((uintptr_t)d - (uintptr_t)s >= n)
        return memcpy(dst, src, n);
    while (n--)
        d[n] = s[n];
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    uint64_t pattern = (unsigned char)c * 0x0101010101010101ULL;
    void *d = fill_words(dst, pattern, n / 8);
    size_t rest = n % 8;

    __asm__ volatile("rep stosb" : "+D"(d), "+c"(rest) : "a"(pattern) : "memory");
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x < *y ? -1 : 1;
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    const unsigned char *p = s;

    for (; n; n--, p++)
        if (*p == (unsigned char)c)
            return (void *)p;
    return NULL;
}

size_t strnlen(const char *s, size_t max)
{
    const char *nul = memchr(s, 0, max);

    return nul ? (size_t)(nul - s) : max;
}

size_t strlen(const char *s)
{
    return strnlen(s, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char x = (unsigned char)a[i], y = (unsigned char)b[i];

        if (x != y || !x)
            return (int)x - (int)y;
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : (unsigned char)c;
}

int strcasecmp(const char *a, const char *b)
{
    int diff;

    do {
        diff = lower(*a) - lower(*b++);
    } while (!diff && *a++);
    return diff;
}

char *strchr(const char *s, int c)
{
    return memchr(s, c, strlen(s) + 1);
}

char *strrchr(const char *s, int c)
{
    size_t i = strlen(s) + 1;

    while (i--)
        if (s[i] == (char)c)
            return (char *)s + i;
    return NULL;
}

char *strstr(const char *hay, const char *needle)
{
    size_t len = strlen(needle);

    for (; strnlen(hay, len) == len; hay++)
        if (!memcmp(hay, needle, len))
            return (char *)hay;
    return NULL;
}

#endif

size_t str_copy(char *dst, const char *src, size_t size)
{
    size_t len = strlen(src);

    if (size) {
        size_t take = len < size ? len : size - 1;

        memcpy(dst, src, take);
        dst[take] = '\0';
    }
    return len;
}

size_t str_append(char *dst, const char *src, size_t size)
{
    size_t have = strnlen(dst, size);

    return have + str_copy(dst + have, src, size - have);
}
