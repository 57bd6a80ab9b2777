/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tick NUMBER: does nothing, by an instruction that the counting plugin (../count.c)
 * recognises, so that the count is taken at this very instruction, however busy the
 * machine outside is. No library: it runs in dom0 and in guests, and its start is short.
 */
#define TAG 0x6c616200 /* TICK_TAG of count.c */
#define TICK(n)                                                                     \
    case n:                                                                         \
        __asm__ volatile(".byte 0x0f, 0x1f, 0x80; .long %c0" ::"i"(TAG + (n)));     \
        break;

static void tick(unsigned int n)
{
    switch (n) {
        TICK(0) TICK(1) TICK(2) TICK(3) TICK(4) TICK(5) TICK(6)
    }
}

__attribute__((noreturn, used)) static void run(const long *stack)
{
    const char *text = stack[0] > 1 ? (const char *)stack[2] : "";
    unsigned int n = 0;

    for (; *text >= '0' && *text <= '9'; text++)
        n = n * 10 + (unsigned int)(*text - '0');
    tick(n);
    for (;;)
        __asm__ volatile("syscall" ::"a"(60), "D"(0) : "rcx", "r11", "memory");
}

__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call run\n");
