/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Into a guest and back (APM vol. 2 15.5, 15.17). VMRUN saves and restores only part of
 * the state; VMLOAD and VMSAVE move FS, GS, TR, LDTR and the system call MSRs. Between
 * the two VMLOADs %gs is the guest's, so nothing here may use per-CPU data.
 */

#include <asm/msr.h>

/* Where struct cpu_user_regs has them (checked in run.c); RAX and RSP are in the VMCB. */
        .set    at_r15, 0
        .set    at_r14, 8
        .set    at_r13, 16
        .set    at_r12, 24
        .set    at_rbp, 32
        .set    at_rbx, 40
        .set    at_r11, 48
        .set    at_r10, 56
        .set    at_r9, 64
        .set    at_r8, 72
        .set    at_rcx, 88
        .set    at_rdx, 96
        .set    at_rsi, 104
        .set    at_rdi, 112

/*
 * Each call leaves an address in the CPU's return stack, which has 32 entries at most
 * (AMD's optimization guides for families 17h and 19h). INT3 is where a RET that finds no
 * CALL of ours would go on.
 */
        .macro  fill_return_stack
        .rept   32
        call    1f
        int3
1:
        .endr
        add     $32 * 8, %rsp
        .endm

/*
 * NAME(regs, physical address of the guest's VMCB, of this CPU's own), one for each
 * value of spec_exit: behind VMRUN there is no branch until all is done that keeps
 * branches from being guessed as the guest likes, not even one that asks what is to be
 * done.
 */
        .macro  vmrun_function name:req, ibpb=0, rsb=0
        .section .text.\name, "ax", @progbits
        .balign 16
        .globl \name
        .type \name, @function
\name:
        .irp    reg, rbp, rbx, r12, r13, r14, r15
        push    %\reg
        .endr
        push    %rdx
        push    %rdi

        /*
         * With interrupts masked virtually, the guest is left for an interrupt only if IF
         * is set here. GIF holds them (and NMIs) back until VMRUN.
         */
        clgi
        sti
        mov     %rsi, %rax
        vmload  %rax

        .irp    reg, r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rcx, rdx, rsi, rdi
        mov     at_\reg(%rdi), %\reg
        .endr

        vmrun   %rax
        /* RAX and RSP are ours again, the rest is the guest's. */
        vmsave  %rax

        push    %rdi
        mov     8(%rsp), %rdi
        .irp    reg, r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rcx, rdx, rsi
        mov     %\reg, at_\reg(%rdi)
        .endr
        pop     %rax
        mov     %rax, at_rdi(%rdi)

        /* Nothing of the guest's stays in a register that C code might speculate with. */
        .irp    reg, ecx, edx, esi, r8d, r9d, r10d, r11d, ebx, ebp, r12d, r13d, r14d, r15d
        xor     %\reg, %\reg
        .endr

        /*
         * Before the first RET: where it may go is not for the guest to have said. IBPB
         * may leave the return stack alone, so it comes first. LFENCE holds the CPU until
         * both are done.
         */
        .if     \ibpb
        mov     $MSR_PRED_CMD, %ecx
        mov     $1, %eax                /* PRED_CMD_IBPB; %edx is 0 */
        wrmsr
        .endif
        .if     \rsb
        fill_return_stack
        .endif
        lfence

        pop     %rdi
        pop     %rax
        vmload  %rax
        cli
        stgi

        .irp    reg, r15, r14, r13, r12, rbx, rbp
        pop     %\reg
        .endr
        ret
        .size \name, . - \name
        .endm

        vmrun_function svm_vmrun
        vmrun_function svm_vmrun_rsb, rsb=1
        vmrun_function svm_vmrun_ibpb, ibpb=1
        vmrun_function svm_vmrun_ibpb_rsb, ibpb=1, rsb=1

        .section .note.GNU-stack, "", @progbits
