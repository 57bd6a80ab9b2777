/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers and back traces of hypervisor code. */
#include <xen/console.h>
#include <xen/lib.h>
#include <xen/symbols.h>
#include <asm/cpu.h>
#include <asm/current.h>
#include <asm/regs.h>
#include <asm/stack.h>

#define MAX_FRAMES 40

void show_registers(const struct cpu_user_regs *regs)
{
    printk(XENLOG_ERR "CPU %u, RIP %04x:[<%016lx>] %pS\n", smp_processor_id(), regs->cs,
           regs->rip, (void *)regs->rip);
    printk(XENLOG_ERR "RFLAGS %016lx  vector %u  error %04x\n", regs->rflags,
           regs->entry_vector, regs->error_code);
    printk(XENLOG_ERR "rax %016lx  rbx %016lx  rcx %016lx\n", regs->rax, regs->rbx,
           regs->rcx);
    printk(XENLOG_ERR "rdx %016lx  rsi %016lx  rdi %016lx\n", regs->rdx, regs->rsi,
           regs->rdi);
    printk(XENLOG_ERR "rbp %016lx  rsp %016lx  r8  %016lx\n", regs->rbp, regs->rsp,
           regs->r8);
    printk(XENLOG_ERR "r9  %016lx  r10 %016lx  r11 %016lx\n", regs->r9, regs->r10,
           regs->r11);
    printk(XENLOG_ERR "r12 %016lx  r13 %016lx  r14 %016lx\n", regs->r12, regs->r13,
           regs->r14);
    printk(XENLOG_ERR "r15 %016lx  cr0 %016lx  cr2 %016lx\n", regs->r15, read_cr0(),
           read_cr2());
    printk(XENLOG_ERR "cr3 %016lx  cr4 %016lx\n", read_cr3(), read_cr4());
}

static void show_frame(unsigned long addr, bool is_return)
{
    /* A call may be the last instruction of its function: look up the byte before. */
    unsigned long start, size, at = is_return ? addr - 1 : addr;
    const char *name = symbol_lookup(at, &start, &size);

    if (name)
        printk(XENLOG_ERR "   [<%016lx>] %s+%#lx/%#lx\n", addr, name, addr - start, size);
    else
        printk(XENLOG_ERR "   [<%016lx>] ?\n", addr);
}

/* Both words of a frame may be read: above sp, and not on the guard page. */
static bool is_frame(unsigned long p, unsigned long sp, const struct stack_span *s)
{
    return !(p & 7) && p >= sp && p >= s->low && p + 16 <= s->high;
}

static void walk(unsigned long rip, unsigned long rbp, unsigned long rsp)
{
    struct stack_span stack;

    printk(XENLOG_ERR "Call trace:\n");
    show_frame(rip, false);
    if (!stack_find(rsp, &stack))
        return;
    for (unsigned int i = 0; i < MAX_FRAMES && is_frame(rbp, rsp, &stack); i++) {
        const unsigned long *frame = (const unsigned long *)rbp;

        if (!is_hypervisor_text(frame[1]))
            break;
        show_frame(frame[1], true);
        if (frame[0] <= rbp)
            break;
        rsp = rbp;
        rbp = frame[0];
    }
}

void show_backtrace(const struct cpu_user_regs *regs)
{
    walk(regs->rip, regs->rbp, regs->rsp);
}

void noinline dump_stack(void)
{
    struct cpu_user_regs regs;

    regs_capture(&regs);
    show_backtrace(&regs);
}
