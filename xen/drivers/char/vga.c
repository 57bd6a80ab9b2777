/* SPDX-License-Identifier: GPL-2.0-only */
/* VGA text mode 3 at 0xb8000, as the BIOS leaves it; scrolls, nothing else. */
#include <xen/console_sinks.h>
#include <xen/init.h>
#include <xen/mm.h>
#include <xen/string.h>
#include <asm/cpu.h>

#define COLS 80
#define ROWS 25
#define BLANK 0x0720

/* [console lock] */
static volatile uint16_t *screen;
static unsigned int row, col;

bool __init vga_init(void)
{
    /* Miscellaneous output register, bit 0: colour addresses; all ones: no VGA. */
    if (inb(0x3cc) == 0xff)
        return false;
    screen = paddr_to_virt(0xb8000);
    for (unsigned int i = 0; i < COLS * ROWS; i++)
        screen[i] = BLANK;
    return true;
}

static void next_line(void)
{
    col = 0;
    if (++row < ROWS)
        return;
    row = ROWS - 1;
    for (unsigned int i = 0; i < COLS * (ROWS - 1); i++)
        screen[i] = screen[i + COLS];
    for (unsigned int i = COLS * (ROWS - 1); i < COLS * ROWS; i++)
        screen[i] = BLANK;
}

void vga_write(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\n') {
            next_line();
            continue;
        }
        screen[row * COLS + col] = (uint16_t)(0x0700 | (unsigned char)s[i]);
        if (++col == COLS)
            next_line();
    }
}
