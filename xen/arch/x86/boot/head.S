/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a multiboot 1 or 2 loader (32-bit, paging off) to 64-bit C in start_xen().
 * The headers use the address fields: the boot image is a flat binary, so the loader
 * needs no ELF knowledge.
 */
#include "layout.h"

#define PHYS(sym) ((sym) - XEN_VIRT_START + XEN_PHYS_START)

#define MB1_MAGIC 0x1badb002
/* Modules page aligned, memory map wanted, address fields valid. */
#define MB1_FLAGS 0x00010003
#define MB2_MAGIC 0xe85250d6

#define PTE_TABLE 0x003          /* present, writable */
#define PTE_2M    0x083          /* present, writable, large */

        .section .text.header, "ax", @progbits
        .globl start32
        .hidden start32

        .balign 8
mb1_header:
        .long   MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
        .long   PHYS(mb1_header)
        .long   PHYS(_start)
        .long   PHYS(_edata)
        .long   PHYS(__bss_end)
        .long   PHYS(start32)

        .balign 8
mb2_header:
        .long   MB2_MAGIC, 0, mb2_end - mb2_header
        .long   -(MB2_MAGIC + (mb2_end - mb2_header))
        /* Information request: command line, modules, memory map, ACPI root pointers. */
        .short  1, 0
        .long   mb2_req_end - . + 4
        .long   1, 3, 6, 14, 15
mb2_req_end:
        .balign 8
        .short  2, 0
        .long   24
        .long   PHYS(mb2_header), PHYS(_start), PHYS(_edata), PHYS(__bss_end)
        .balign 8
        .short  3, 0
        .long   12
        .long   PHYS(start32)
        .balign 8
        /* Modules page aligned. */
        .short  6, 0
        .long   8
        .balign 8
        .short  0, 0
        .long   8
mb2_end:

        .code32
        .balign 16
start32:
        cli
        cld
        mov     %eax, %ebp               /* loader magic */
        mov     %ebx, %esi               /* loader information */

        xor     %eax, %eax
        mov     $PHYS(__bss_start), %edi
        mov     $PHYS(__bss_end), %ecx
        sub     %edi, %ecx
        shr     $2, %ecx
        rep stosl

        lgdtl   PHYS(boot_gdt_desc)
        mov     $BOOT_DS32, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     %eax, %fs
        mov     %eax, %gs
        mov     $PHYS(boot_stack) + BOOT_STACK_SIZE, %esp

        mov     $0x80000000, %eax
        cpuid
        mov     $PHYS(msg_no_lm), %edi
        cmp     $0x80000001, %eax
        jb      refuse32
        mov     $0x80000001, %eax
        cpuid
        bt      $29, %edx
        jnc     refuse32
        mov     %edx, PHYS(boot_ext_features)

        mov     $0x20, %eax              /* CR4.PAE */
        mov     %eax, %cr4
        mov     $PHYS(boot_l4), %eax
        mov     %eax, %cr3

        mov     $0xc0000080, %ecx        /* EFER: LME, and NXE where there is NX */
        rdmsr
        or      $0x100, %eax
        btl     $20, PHYS(boot_ext_features)
        jnc     1f
        or      $0x800, %eax
1:      wrmsr

        mov     $0x80010033, %eax        /* CR0: PG, WP, NE, ET, MP, PE */
        mov     %eax, %cr0
        ljmpl   $BOOT_CS64, $PHYS(enter64)

/* A line on COM1 as the firmware left it, for processors that cannot run us. */
refuse32:
        mov     $0x3fd, %edx
1:      in      %dx, %al
        test    $0x20, %al
        jz      1b
        mov     (%edi), %al
        inc     %edi
        test    %al, %al
        jz      2f
        mov     $0x3f8, %edx
        out     %al, %dx
        jmp     refuse32
2:      hlt
        jmp     2b

        .code64
enter64:
        movabs  $1f, %rax
        jmp     *%rax
1:      lea     boot_stack + BOOT_STACK_SIZE(%rip), %rsp
        xor     %eax, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     %eax, %fs
        mov     %eax, %gs
        mov     %ebp, %edi
        /* %esi still holds the loader's information; writing it clears the upper half. */
        mov     %esi, %esi
        xor     %ebp, %ebp
        push    %rbp
        push    %rbp                     /* ends the back trace */
        call    start_xen
        ud2

        .section .rodata, "a", @progbits
msg_no_lm:
        .asciz  "(XEN) This processor has no 64-bit mode; stopping.\r\n"
        .balign 8
boot_gdt:
        .quad   0
        .quad   0x00cf9b000000ffff       /* code, 32-bit */
        .quad   0x00cf93000000ffff       /* data */
        .quad   0x00af9b000000ffff       /* code, 64-bit */
boot_gdt_end:
boot_gdt_desc:
        .short  boot_gdt_end - boot_gdt - 1
        .long   PHYS(boot_gdt)

        .section .data, "aw", @progbits
        .globl  boot_ext_features
        .hidden boot_ext_features
boot_ext_features:
        .long   0

/* Low 4 GiB at its own addresses and in the direct map; the image at its link address. */
        .section .data.page_aligned, "aw", @progbits
        .balign 4096
        .globl  boot_l4
        .hidden boot_l4
boot_l4:
        .quad   PHYS(boot_l3_low) + PTE_TABLE
        .fill   256, 8, 0
        .quad   PHYS(boot_l3_image) + PTE_TABLE
        .fill   6, 8, 0
        .quad   PHYS(boot_l3_low) + PTE_TABLE     /* the direct map's first 4 GiB */
        .fill   247, 8, 0
boot_l3_low:
        .quad   PHYS(boot_l2_low) + PTE_TABLE
        .quad   PHYS(boot_l2_low) + 0x1000 + PTE_TABLE
        .quad   PHYS(boot_l2_low) + 0x2000 + PTE_TABLE
        .quad   PHYS(boot_l2_low) + 0x3000 + PTE_TABLE
        .fill   508, 8, 0
boot_l3_image:
        .fill   511, 8, 0
        .quad   PHYS(boot_l2_image) + PTE_TABLE
boot_l2_image:
        .set    page, 0
        .rept   IMAGE_MAX_2M
        .quad   XEN_PHYS_START + page * 0x200000 + PTE_2M
        .set    page, page + 1
        .endr
        .fill   512 - IMAGE_MAX_2M, 8, 0
boot_l2_low:
        .set    page, 0
        .rept   2048
        .quad   page * 0x200000 + PTE_2M
        .set    page, page + 1
        .endr

        .section .bss.page_aligned, "aw", @nobits
        .balign 4096
        .globl  boot_stacks, boot_stack, boot_ist_stacks
        .hidden boot_stacks, boot_stack, boot_ist_stacks
/* Below each a page that stays unmapped: boot_guard(). */
boot_stacks:
        .skip   4096
boot_stack:
        .skip   BOOT_STACK_SIZE
boot_ist_stacks:
        .skip   IST_COUNT * (4096 + IST_STACK_SIZE)

        .section .note.GNU-stack, "", @progbits
