/* SPDX-License-Identifier: GPL-2.0-only */
/* Heap sort: no recursion, no memory, n log n in the worst case. */
#include <xen/lib.h>

struct sort_ctx {
    char *base;
    size_t size;
    int (*cmp)(const void *, const void *);
};

static void swap_bytes(char *a, char *b, size_t size)
{
    while (size--) {
        char t = *a;

        *a++ = *b;
        *b++ = t;
    }
}

/* Let element i sink until no child among the first n is larger. */
static void sink(const struct sort_ctx *c, size_t i, size_t n)
{
    for (size_t kid; (kid = 2 * i + 1) < n; i = kid) {
        char *self = c->base + i * c->size, *big = c->base + kid * c->size;

        if (kid + 1 < n && c->cmp(big, big + c->size) < 0) {
            kid++;
            big += c->size;
        }
        if (c->cmp(self, big) >= 0)
            return;
        swap_bytes(self, big, c->size);
    }
}

void sort(void *base, size_t n, size_t size, int (*cmp)(const void *, const void *))
{
    const struct sort_ctx c = {base, size, cmp};

    for (size_t i = n / 2; i--;)
        sink(&c, i, n);
    for (size_t last = n; last > 1;) {
        last--;
        swap_bytes(c.base, c.base + last * size, size);
        sink(&c, 0, last);
    }
}
