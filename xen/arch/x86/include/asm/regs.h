/* SPDX-License-Identifier: GPL-2.0-only */
/* The running function's own registers, for dumps. */
#ifndef ASM_REGS_H
#define ASM_REGS_H

#include <xen/string.h>
#include <public/xen.h>

/*
 * Caller-saved registers hold nothing of interest to a caller; they are given as they
 * are.
 */
static inline __attribute__((always_inline)) void regs_capture(struct cpu_user_regs *r)
{
    memset(r, 0, sizeof(*r));
    __asm__ volatile("lea 0(%%rip), %%rax; mov %%rax, %0" : "=m"(r->rip) : : "rax");
    __asm__ volatile("mov %%rsp, %0" : "=m"(r->rsp));
    __asm__ volatile("mov %%rbp, %0" : "=m"(r->rbp));
    __asm__ volatile("mov %%rbx, %0" : "=m"(r->rbx));
    __asm__ volatile("mov %%r12, %0" : "=m"(r->r12));
    __asm__ volatile("mov %%r13, %0" : "=m"(r->r13));
    __asm__ volatile("mov %%r14, %0" : "=m"(r->r14));
    __asm__ volatile("mov %%r15, %0" : "=m"(r->r15));
    __asm__ volatile("mov %%cs, %0" : "=m"(r->cs));
    __asm__ volatile("pushfq; pop %%rax; mov %%rax, %0" : "=m"(r->rflags) : : "rax");
}

#endif
