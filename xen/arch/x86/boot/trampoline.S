/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * First code of an application processor. smpboot.c copies it to a page below 1 MiB and
 * fills in the words at its end. The start-up interrupt leaves %cs at the page, %ip at 0,
 * in real mode; long mode is entered from there in one step (APM vol. 2, 14.6: PE and PG
 * may be set together). The boot page tables map the low 4 GiB at their own addresses.
 */
#include <asm/cr.h>

#define CR0_BITS (CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE)
#define MSR_EFER 0xc0000080
#define AP_CS64  0x08

        .section .rodata, "a", @progbits
        .balign 16
        .globl  trampoline_start, trampoline_end
        .globl  trampoline_gdt_base, trampoline_far, trampoline_cr3, trampoline_efer
        .globl  trampoline_entry, trampoline_code64, trampoline_gdt
        .hidden trampoline_start, trampoline_end
        .hidden trampoline_gdt_base, trampoline_far, trampoline_cr3, trampoline_efer
        .hidden trampoline_entry, trampoline_code64, trampoline_gdt

        .code16
trampoline_start:
        cli
        cld
        mov     %cs, %ax
        mov     %ax, %ds
        lgdtl   (gdt_reg - trampoline_start)
        mov     $CR4_PAE, %eax
        mov     %eax, %cr4
        mov     (trampoline_cr3 - trampoline_start), %eax
        mov     %eax, %cr3
        mov     $MSR_EFER, %ecx
        rdmsr
        or      (trampoline_efer - trampoline_start), %eax
        wrmsr
        mov     $CR0_BITS, %eax
        mov     %eax, %cr0
        ljmpl   *(trampoline_far - trampoline_start)

        .code64
trampoline_code64:
        xor     %eax, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     %eax, %fs
        mov     %eax, %gs
        mov     trampoline_entry(%rip), %rax
        jmp     *%rax

        .balign 8
trampoline_gdt:
        .quad   0
        .quad   0x00af9b000000ffff      /* code, 64-bit */
gdt_reg:
        .short  . - trampoline_gdt - 1
trampoline_gdt_base:
        .long   0
        .balign 4
trampoline_far:
        .long   0
        .short  AP_CS64
        .balign 4
trampoline_cr3:
        .long   0
trampoline_efer:
        .long   0
        .balign 8
trampoline_entry:
        .quad   0
trampoline_end:

/* In the image, still on the boot page tables and without a stack. */
        .section .text.entry, "ax", @progbits
        .globl  ap_entry
        .hidden ap_entry
        .type   ap_entry, @function
ap_entry:
        mov     ap_boot_cr3(%rip), %rax
        mov     %rax, %cr3
        mov     ap_boot_stack(%rip), %rsp
        xor     %ebp, %ebp
        push    %rbp
        push    %rbp
        call    ap_main
        ud2

        .section .note.GNU-stack, "", @progbits
