/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formatted output. The %pd and %pv forms need the domain structures, so they go through
 * format_domain() and format_vcpu(), which common/domain provides.
 */
#include <xen/format.h>
#include <xen/lib.h>

struct sink {
    char *buf;
    size_t size;
    size_t len; /* what the whole text needs, beyond size too */
};

struct spec {
    bool left, plus, space, alt, zero, upper, is_signed;
    unsigned int base;
    int width;
    int precision; /* -1: none */
    int length;    /* bytes of the argument */
};

static void put(struct sink *o, char c)
{
    if (o->len < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void pad(struct sink *o, char c, int n)
{
    while (n-- > 0)
        put(o, c);
}

static void put_text(struct sink *o, const struct spec *s, const char *text)
{
    size_t len = s->precision < 0 ? strlen(text) : strnlen(text, (size_t)s->precision);
    int fill = s->width - (int)len;

    if (!s->left)
        pad(o, ' ', fill);
    for (size_t i = 0; i < len; i++)
        put(o, text[i]);
    if (s->left)
        pad(o, ' ', fill);
}

static void put_number(struct sink *o, const struct spec *s, uint64_t v, bool negative)
{
    char digits[24];
    int n = 0, zeros, prefix_len = 0;
    const char *prefix = "";
    uint64_t rest = v;

    for (; rest; rest /= s->base) {
        unsigned int d = (unsigned int)(rest % s->base);

        digits[n++] = (char)(d < 10 ? '0' + d : (s->upper ? 'A' : 'a') + d - 10);
    }
    if (s->is_signed && (negative || s->plus || s->space)) {
        prefix = negative ? "-" : s->plus ? "+" : " ";
        prefix_len = 1;
    } else if (s->alt && s->base == 16 && v) {
        prefix = s->upper ? "0X" : "0x";
        prefix_len = 2;
    }

    zeros = (s->precision < 0 ? 1 : s->precision) - n;
    if (s->alt && s->base == 8 && zeros <= 0)
        zeros = 1;
    if (zeros < 0)
        zeros = 0;
    if (s->zero && !s->left && s->precision < 0 && s->width > prefix_len + n + zeros)
        zeros = s->width - prefix_len - n;

    if (!s->left)
        pad(o, ' ', s->width - prefix_len - zeros - n);
    while (*prefix)
        put(o, *prefix++);
    pad(o, '0', zeros);
    for (int i = n; i--;)
        put(o, digits[i]);
    if (s->left)
        pad(o, ' ', s->width - prefix_len - zeros - n);
}

/* The letter behind %p selects a richer form; returns the characters used. */
static int put_pointer(struct sink *o, struct spec *s, char kind, const void *p)
{
    char text[80];

    switch (kind) {
    case 'S':
        format_symbol(text, sizeof(text), (unsigned long)p);
        break;
    case 'd':
        format_domain(text, sizeof(text), p);
        break;
    case 'v':
        format_vcpu(text, sizeof(text), p);
        break;
    case 'p': {
        uint32_t sbdf = p ? *(const uint32_t *)p : ~0U;

        snprintf(text, sizeof(text), "%04x:%02x:%02x.%u", sbdf >> 16,
                 (sbdf >> 8) & 0xff, (sbdf >> 3) & 0x1f, sbdf & 7);
        break;
    }
    default:
        s->base = 16;
        s->precision = 16;
        put_number(o, s, (uintptr_t)p, false);
        return 0;
    }
    put_text(o, s, text);
    return 1;
}

static int parse_int(const char **fmt)
{
    int v = 0;

    for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
        v = v * 10 + (**fmt - '0');
    return v;
}

static const char *parse_flags(struct spec *s, const char *fmt)
{
    for (;; fmt++) {
        switch (*fmt) {
        case '-': s->left = true; break;
        case '+': s->plus = true; break;
        case ' ': s->space = true; break;
        case '#': s->alt = true; break;
        case '0': s->zero = true; break;
        default: return fmt;
        }
    }
}

static const char *parse_length(struct spec *s, const char *fmt)
{
    s->length = sizeof(int);
    if (*fmt == 'h') {
        s->length = fmt[1] == 'h' ? 1 : 2;
        return fmt + (fmt[1] == 'h' ? 2 : 1);
    }
    while (*fmt == 'l' || *fmt == 'z' || *fmt == 'j' || *fmt == 't') {
        s->length = 8;
        fmt++;
    }
    return fmt;
}

static void put_integer(struct sink *o, struct spec *s, char conv, uint64_t v)
{
    unsigned int drop = 64 - 8 * (unsigned int)s->length;
    bool negative;

    s->is_signed = conv == 'd' || conv == 'i';
    s->base = conv == 'o' ? 8 : (conv | 0x20) == 'x' ? 16 : 10;
    s->upper = conv == 'X';
    /* Arguments are promoted: cut to the stated width, then widen by signedness. */
    v = s->is_signed ? (uint64_t)((int64_t)(v << drop) >> drop) : (v << drop) >> drop;
    negative = s->is_signed && (int64_t)v < 0;
    put_number(o, s, negative ? -v : v, negative);
}

/* Everything between % and the conversion letter. va_list is an array type, so the
 * caller sees which arguments a '*' has used. */
static const char *parse_spec(struct spec *s, const char *fmt, va_list args)
{
    fmt = parse_flags(s, fmt);
    if (*fmt == '*') {
        fmt++;
        s->width = va_arg(args, int);
        if (s->width < 0) {
            s->left = true;
            s->width = -s->width;
        }
    } else {
        s->width = parse_int(&fmt);
    }
    if (*fmt == '.') {
        fmt++;
        if (*fmt == '*') {
            fmt++;
            s->precision = va_arg(args, int);
        } else {
            s->precision = parse_int(&fmt);
        }
    }
    return parse_length(s, fmt);
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
    struct sink o = {buf, size, 0};
    const char *text;

    for (; *fmt; fmt++) {
        struct spec s = {.precision = -1};

        if (*fmt != '%') {
            put(&o, *fmt);
            continue;
        }
        fmt = parse_spec(&s, fmt + 1, args);
        switch (*fmt) {
        case 'd': case 'i': case 'u': case 'x': case 'X': case 'o':
            put_integer(&o, &s, *fmt,
                        s.length == 8 ? va_arg(args, uint64_t) : va_arg(args, uint32_t));
            break;
        case 'c':
            s.precision = 1;
            put_text(&o, &s, (char[2]){(char)va_arg(args, int), 0});
            break;
        case 's':
            text = va_arg(args, const char *);
            put_text(&o, &s, text ? text : "(null)");
            break;
        case 'p':
            fmt += put_pointer(&o, &s, fmt[1], va_arg(args, const void *));
            break;
        case '%':
            put(&o, '%');
            break;
        default:
            put(&o, '%');
            if (*fmt)
                put(&o, *fmt);
            else
                fmt--; /* a lone % at the end */
            break;
        }
    }
    if (size)
        buf[o.len < size ? o.len : size - 1] = '\0';
    return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(buf, size, fmt, args);
    va_end(args);
    return len;
}
