/* SPDX-License-Identifier: GPL-2.0-only */
/* Boot-time constants shared by assembly, the linker script and C. */
#ifndef BOOT_LAYOUT_H
#define BOOT_LAYOUT_H

#include <asm/layout.h>

/* 2 MiB pages that the boot page tables give the image, .bss included. */
#define IMAGE_MAX_2M 16

#define BOOT_STACK_SIZE 0x8000
#define IST_COUNT       3
#define IST_STACK_SIZE  0x2000

#define BOOT_CS32 0x08
#define BOOT_DS32 0x10
#define BOOT_CS64 0x18

#endif
