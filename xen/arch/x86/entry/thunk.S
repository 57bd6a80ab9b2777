/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way of all indirect calls and jumps of the hypervisor, C's (the compiler uses these
 * names, see xen/Makefile) and assembly's: a RET, because the CPU guesses where a RET
 * goes from the CALLs before it, not from what a guest has taught it about indirect
 * branches. Until the true target is known the guess is the loop behind the CALL, which
 * does nothing (AMD, "Software techniques for managing speculation", V2-1).
 *
 * Not LFENCE and JMP: that leaves a few cycles in which the guess is followed
 * (AMD-SB-1026).
 */
        .macro  thunk reg
        .section .text.__x86_indirect_thunk_\reg, "ax", @progbits
        .balign 16
        .globl  __x86_indirect_thunk_\reg
        .hidden __x86_indirect_thunk_\reg
        .type   __x86_indirect_thunk_\reg, @function
__x86_indirect_thunk_\reg:
        call    2f
1:      pause
        lfence
        jmp     1b
2:      mov     %\reg, (%rsp)
        ret
        .size   __x86_indirect_thunk_\reg, . - __x86_indirect_thunk_\reg
        .endm

        .irp    reg, rax, rbx, rcx, rdx, rsi, rdi, rbp
        thunk   \reg
        .endr
        .irp    reg, r8, r9, r10, r11, r12, r13, r14, r15
        thunk   \reg
        .endr

        .section .note.GNU-stack, "", @progbits
