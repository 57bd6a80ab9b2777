/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PVH entry (public docs: 32-bit flat protected mode, paging off, EBX: start_info), the
 * way to 64-bit mode, exception stubs, and the trampoline for further processors.
 */
#define NOTE_PHYS32_ENTRY 18
#define CR0_PE_PG_WP_NE   0x80010021
#define CR4_PAE_OSFXSR    0x620
#define EFER_LME_NXE      0x900

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 4, NOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long start32

    .section .text.start, "ax"
    .code32
    .globl start32
start32:
    cld
    mov $stack_top, %esp
    mov %ebx, start_info_addr

    /* Identity map of 4 GiB in 2 MiB pages. */
    mov $pd_tables, %edi
    mov $0xe3, %eax             /* present, rw, accessed, dirty, large */
    mov $2048, %ecx
1:  mov %eax, (%edi)
    movl $0, 4(%edi)
    add $0x200000, %eax
    add $8, %edi
    dec %ecx
    jnz 1b

    mov $pdpt_table, %edi
    mov $pd_tables + 7, %eax
    mov $4, %ecx
1:  mov %eax, (%edi)
    add $4096, %eax
    add $8, %edi
    dec %ecx
    jnz 1b
    movl $pdpt_table + 7, pml4_table

    lgdt gdt_pointer
    call enable_long_mode
    ljmp $0x08, $start64

/* Leaves with paging on and LMA set; the caller does the far jump. */
enable_long_mode:
    mov $CR4_PAE_OSFXSR, %eax
    mov %eax, %cr4
    mov $pml4_table, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx
    rdmsr
    or $EFER_LME_NXE, %eax
    wrmsr
    mov $CR0_PE_PG_WP_NE, %eax
    mov %eax, %cr0
    ret

    .code64
start64:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    lea stack_top(%rip), %rsp
    xor %ebp, %ebp
    mov start_info_addr(%rip), %edi
    call guest_main
1:  cli
    hlt
    jmp 1b

/*
 * An AP starts here in real mode, copied to a page below 1 MiB.  Its addresses are
 * relative to CS until it reaches the flat code segment.
 */
    .section .rodata.trampoline, "a"
    .globl trampoline_start, trampoline_end
    .code16
trampoline_start:
    cli
    mov %cs, %ax
    mov %ax, %ds
    lgdtl trampoline_gdt - trampoline_start
    mov $0x11, %eax
    mov %eax, %cr0
    ljmpl $0x18, $ap_start32
    .balign 8
trampoline_gdt:
    .word gdt_end - gdt - 1
    .long gdt
trampoline_end:

    .text
    .code32
ap_start32:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %ss
    mov ap_stack, %esp
    call enable_long_mode
    ljmp $0x08, $ap_start64
    .code64
ap_start64:
    mov $0x10, %eax
    mov %eax, %es
    mov ap_stack(%rip), %rsp
    xor %ebp, %ebp
    call ap_main
1:  cli
    hlt
    jmp 1b

/* Exception and interrupt stubs: push a missing error code, then the vector. */
    .balign 16
    .globl vector_stubs
vector_stubs:
    .set v, 0
    .rept 256
    .balign 16
    .if (v == 8) || (v >= 10 && v <= 14) || (v == 17)
    .else
    push $0
    .endif
    push $v
    jmp common_stub
    .set v, v + 1
    .endr

common_stub:
    .irp reg, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
    push %\reg
    .endr
    mov %rsp, %rdi
    cld
    call interrupt
    .irp reg, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax
    pop %\reg
    .endr
    add $16, %rsp               /* vector and error code */
    iretq

/*
 * long call_catching(fn, arg): -1 when fn returned; interrupt() comes to catch_landing
 * with the vector in RAX and the stack pointer from catch_rsp when it did not.
 */
    .globl call_catching, catch_landing
call_catching:
    .irp reg, rbx, rbp, r12, r13, r14, r15
    push %\reg
    .endr
    mov %rsp, catch_rsp(%rip)
    mov %rdi, %rax
    mov %rsi, %rdi
    call *%rax
    mov $-1, %rax
catch_landing:
    movq $0, catch_rsp(%rip)
    .irp reg, r15, r14, r13, r12, rbp, rbx
    pop %\reg
    .endr
    ret

    .data
    .globl catch_rsp
catch_rsp:
    .quad 0
    .balign 16
gdt:
    .quad 0
    .quad 0x00af9b000000ffff    /* 0x08: 64-bit code */
    .quad 0x00cf93000000ffff    /* 0x10: data */
    .quad 0x00cf9b000000ffff    /* 0x18: 32-bit code */
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .quad gdt
    .globl start_info_addr
start_info_addr:
    .long 0
    .globl ap_stack
ap_stack:
    .quad 0

    .bss
    .balign 4096
    .globl pml4_table
pml4_table:
    .skip 4096
pdpt_table:
    .skip 4096
pd_tables:
    .skip 4 * 4096
    .skip 16384
stack_top:
    .section .note.GNU-stack, "", @progbits
