/* SPDX-License-Identifier: GPL-2.0-only */
/* Formatting, the console, and the memory functions a compiler calls by itself. */
#include "guest.h"

void *memset(void *p, int c, size_t n)
{
    void *start = p;

    __asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(c) : "memory");
    return start;
}

void *memcpy(void *to, const void *from, size_t n)
{
    void *start = to;

    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
    return start;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (size_t i = 0; i < n; i++) {
        if (x[i] != y[i])
            return x[i] - y[i];
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

struct out {
    char *buf;
    size_t size, used;
};

static void put(struct out *o, char c)
{
    if (o->used + 1 < o->size)
        o->buf[o->used] = c;
    o->used++;
}

static void put_number(struct out *o, uint64_t v, unsigned int base, int width, char pad)
{
    char digits[24];
    int n = 0;

    do {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    for (int i = n; i < width; i++)
        put(o, pad);
    while (n)
        put(o, digits[--n]);
}

static void put_string(struct out *o, const char *s, int width)
{
    int n = (int)strlen(s);

    while (*s)
        put(o, *s++);
    while (n++ < width)
        put(o, ' ');
}

/* One conversion, its % already read; returns what follows it. */
static const char *convert(struct out *o, const char *f, va_list *args)
{
    char pad = ' ';
    int width = 0;
    bool wide = false;
    int64_t v;

    if (*f == '0')
        pad = *f++;
    while (*f >= '0' && *f <= '9')
        width = width * 10 + *f++ - '0';
    while (*f == 'l') {
        wide = true;
        f++;
    }
    switch (*f) {
    case 's':
        put_string(o, va_arg(*args, const char *), width);
        break;
    case 'c':
        put(o, (char)va_arg(*args, int));
        break;
    case 'd':
        v = wide ? va_arg(*args, long) : va_arg(*args, int);
        if (v < 0) {
            put(o, '-');
            v = -v;
        }
        put_number(o, v, 10, width, pad);
        break;
    case 'u':
    case 'x':
        v = wide ? va_arg(*args, long) : (long)va_arg(*args, unsigned int);
        put_number(o, v, *f == 'u' ? 10 : 16, width, pad);
        break;
    case 'p':
        put_number(o, (uintptr_t)va_arg(*args, void *), 16, 16, '0');
        break;
    default:
        put(o, *f);
    }
    return f + 1;
}

int vformat(char *buf, size_t size, const char *fmt, va_list args)
{
    struct out o = { buf, size, 0 };
    va_list copy;

    va_copy(copy, args);
    while (*fmt) {
        if (*fmt != '%')
            put(&o, *fmt++);
        else
            fmt = convert(&o, fmt + 1, &copy);
    }
    va_end(copy);
    if (size)
        buf[o.used < size ? o.used : size - 1] = 0;
    return (int)o.used;
}

void print(const char *fmt, ...)
{
    char line[256];
    va_list args;

    va_start(args, fmt);
    vformat(line, sizeof(line), fmt, args);
    va_end(args);
    if (console_ring())
        console_put(line);
    else
        HC(__HYPERVISOR_console_io, CONSOLEIO_write, strlen(line), line, 0, 0);
}
