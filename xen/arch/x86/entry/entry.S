/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One stub for each vector, 16 bytes apart. A stub completes the hardware frame to
 * struct cpu_user_regs (public/arch-x86/xen-x86_64.h) and calls C on the interrupted
 * stack (or an IST stack). Everything here interrupts hypervisor code, so %gs is in
 * place.
 */
#define REGS_ERROR 120
/* Vectors 8, 10-14, 17, 21, 29, 30 push an error code (APM vol. 2, 8.2). */
#define HAS_ERROR_CODE 0x60227d00

        .section .text.entry, "ax", @progbits

        .balign 16
        .globl  vector_stubs
        .hidden vector_stubs
vector_stubs:
        .set    vec, 0
        .rept   256
        .balign 16
        .set    has_error, 0
        .if     vec < 32
        .set    has_error, (HAS_ERROR_CODE >> vec) & 1
        .endif
        .if     has_error == 0
        push    $0
        .endif
        movl    $vec, 4(%rsp)
        .if     vec < 32
        jmp     exception_common
        .else
        jmp     interrupt_common
        .endif
        .set    vec, vec + 1
        .endr

        .macro  push_all regs:vararg
        .irp    r, \regs
        push    %\r
        .endr
        .endm

        .macro  pop_all regs:vararg
        .irp    r, \regs
        pop     %\r
        .endr
        .endm

        .macro  save_regs
        cld
        push_all rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
        mov     %rsp, %rdi
        /* A frame whose return address is the interrupted one, for back traces. */
        push    128(%rdi)
        push    %rbp
        mov     %rsp, %rbp
        mov     %rdi, %rbx
        and     $-16, %rsp
        .endm

exception_common:
        save_regs
        call    do_exception
        jmp     restore_and_return

interrupt_common:
        save_regs
        call    do_irq

restore_and_return:
        mov     %rbx, %rsp
        pop_all r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
        add     $8, %rsp
        iretq

/* void stack_switch(struct stack_ctx *from, struct stack_ctx *to) */
        .globl  stack_switch
        .hidden stack_switch
        .type   stack_switch, @function
stack_switch:
        push_all rbp, rbx, r12, r13, r14, r15
        mov     %rsp, (%rdi)
        mov     (%rsi), %rsp
        pop_all r15, r14, r13, r12, rbx, rbp
        ret

/* First return address of a fresh stack: fn is in %rbx, its argument in %r12. */
        .globl  stack_first
        .hidden stack_first
        .type   stack_first, @function
stack_first:
        mov     %r12, %rdi
        xor     %ebp, %ebp
        call    __x86_indirect_thunk_rbx
        ud2

/* void load_tables(const void *gdt, const void *idt, tss, cs, ds) */
        .globl  load_tables
        .hidden load_tables
        .type   load_tables, @function
load_tables:
        lgdt    (%rdi)
        lidt    (%rsi)
        mov     %r8d, %ds
        mov     %r8d, %es
        mov     %r8d, %ss
        ltr     %dx
        pop     %rax
        push    %rcx
        push    %rax
        lretq

        .section .note.GNU-stack, "", @progbits
