/* SPDX-License-Identifier: GPL-2.0-only */
/* Exceptions in hypervisor code: expected ones resume, others stop the machine. */
#include <xen/console.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <asm/cpu.h>
#include <asm/extable.h>
#include <asm/stack.h>
#include <asm/traps.h>

#define MSR_MCG_CAP    0x179
#define MSR_MCG_STATUS 0x17a
#define MSR_MC0_STATUS 0x401
#define MC_STATUS_VALID (1ULL << 63)
#define MAX_NMI_HANDLERS 4

struct ex_entry {
    unsigned long at, resume;
};
extern const struct ex_entry __ex_table_start[], __ex_table_end[];

unsigned long extable_search(unsigned long rip)
{
    for (const struct ex_entry *e = __ex_table_start; e < __ex_table_end; e++)
        if (e->at == rip)
            return e->resume;
    return 0;
}

static nmi_handler_t nmi_handlers[MAX_NMI_HANDLERS];

int nmi_register(nmi_handler_t fn)
{
    for (unsigned int i = 0; i < MAX_NMI_HANDLERS; i++) {
        if (!nmi_handlers[i]) {
            nmi_handlers[i] = fn;
            return 0;
        }
    }
    return -ENOSPC;
}

static unsigned int unknown_nmis; /* racy count, for the crash dump only */

static void do_nmi(const struct cpu_user_regs *regs)
{
    for (unsigned int i = 0; i < MAX_NMI_HANDLERS && nmi_handlers[i]; i++)
        if (nmi_handlers[i](regs))
            return;
    unknown_nmis++;
}

static noreturn void do_machine_check(const struct cpu_user_regs *regs)
{
    unsigned int banks = rdmsr(MSR_MCG_CAP) & 0xff;

    console_force_unlock();
    printk(XENLOG_ERR "Machine check, MCG_STATUS %016lx\n", rdmsr(MSR_MCG_STATUS));
    for (unsigned int i = 0; i < banks; i++) {
        uint64_t status = rdmsr(MSR_MC0_STATUS + 4 * i);

        if (status & MC_STATUS_VALID)
            printk(XENLOG_ERR "  bank %u: %016lx\n", i, status);
    }
    show_registers(regs);
    panic("Fatal machine check");
}

static const char *vector_name(unsigned int vector)
{
    static const char *const names[] = {
        "divide error",
        "debug",
        "NMI",
        "breakpoint",
        "overflow",
        "bound range",
        "invalid opcode",
        "no FPU",
        "double fault",
        "coprocessor overrun",
        "invalid TSS",
        "segment not present",
        "stack fault",
        "general protection",
        "page fault",
        "spurious interrupt",
        "FPU error",
        "alignment check",
        "machine check",
        "SIMD error",
    };

    return vector < ARRAY_SIZE(names) ? names[vector] : "reserved exception";
}

/*
 * The stack that could not take the frame of a page fault on its own guard page. CR2 is
 * the guard page's from the fault or from its failed delivery.
 */
static bool stack_overflowed(const struct cpu_user_regs *regs, struct stack_span *s)
{
    return regs->entry_vector == TRAP_DF && stack_find(read_cr2(), s) &&
           read_cr2() < s->low && regs->rsp < s->low + PAGE_SIZE;
}

void do_exception(struct cpu_user_regs *regs)
{
    unsigned int vector = regs->entry_vector;
    struct stack_span stack;
    unsigned long resume;

    if (vector == TRAP_NMI) {
        do_nmi(regs);
        return;
    }
    if (vector == TRAP_MC)
        do_machine_check(regs);
    if (vector != TRAP_DF) {
        resume = extable_search(regs->rip);
        if (resume) {
            regs->rip = resume;
            return;
        }
    }
    irq_disable();
    console_force_unlock();
    if (vector == TRAP_PF)
        printk(XENLOG_ERR "Page fault at %016lx\n", read_cr2());
    show_registers(regs);
    show_backtrace(regs);
    if (stack_overflowed(regs, &stack))
        panic("Stack overflow: %s stack %#lx-%#lx", stack.name, stack.low, stack.high);
    panic("Unexpected exception %u (%s), error code %04x", vector, vector_name(vector),
          regs->error_code);
}

int rdmsr_safe(uint32_t msr, uint64_t *val)
{
    uint32_t lo, hi;
    int rc = 0;

    __asm__ volatile("1: rdmsr\n"
                     "2:\n"
                     ".pushsection .text.entry, \"ax\"\n"
                     "3: mov %[fault], %[rc]\n"
                     "xor %%eax, %%eax\n"
                     "xor %%edx, %%edx\n"
                     "jmp 2b\n"
                     ".popsection\n" ASM_EXTABLE(1b, 3b)
                     : [rc] "+r"(rc), "=a"(lo), "=d"(hi)
                     : "c"(msr), [fault] "i"(-EFAULT));
    *val = (uint64_t)hi << 32 | lo;
    return rc;
}

int wrmsr_safe(uint32_t msr, uint64_t val)
{
    int rc = 0;

    __asm__ volatile("1: wrmsr\n"
                     "2:\n"
                     ".pushsection .text.entry, \"ax\"\n"
                     "3: mov %[fault], %[rc]\n"
                     "jmp 2b\n"
                     ".popsection\n" ASM_EXTABLE(1b, 3b)
                     : [rc] "+r"(rc)
                     : "c"(msr), "a"((uint32_t)val), "d"((uint32_t)(val >> 32)),
                       [fault] "i"(-EFAULT)
                     : "memory");
    return rc;
}
