/* SPDX-License-Identifier: GPL-2.0-only */
/* The string functions the hypervisor has (xen/lib/string.c): C11 7.24 semantics. */
#ifndef XEN_STRING_H
#define XEN_STRING_H

#ifdef XEN_HOST_TEST
#include <stdint.h>
#include <string.h>
#include <strings.h>
#else
#include <xen/types.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strcasecmp(const char *a, const char *b);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *hay, const char *needle);
#endif

/* Store word n times from dst on. Returns the address behind the last. */
static inline void *fill_words(void *dst, uint64_t word, size_t n)
{
    __asm__ volatile("rep stosq" : "+D"(dst), "+c"(n) : "a"(word) : "memory");
    return dst;
}

/*
 * Copy src to dst of size bytes, cutting and always terminating. Returns
 * strlen(src); a result >= size means it was cut.
 */
size_t str_copy(char *dst, const char *src, size_t size);

/* As str_copy, appending behind what dst already holds. */
size_t str_append(char *dst, const char *src, size_t size);

#endif
