/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NMIs through a task gate, as 32-bit kernels have them so that the handler finds a good
 * stack: its IRET switches tasks. A second NMI comes after that. Broken, it comes when
 * the task is still busy, which is a fault, and the guest dies of it.
 */
#include "flat_guest.h"

#define TSS_MAIN    0x4000u
#define TSS_NMI     0x4100u
#define SEL_MAIN    24u
#define SEL_NMI     32u
#define TSS_LIMIT   0x67u
#define AVAILABLE   0x89ull
#define BUSY        0x8bull
#define NMI_STACK   0x9000u
#define FLAGS       2u
#define IF          0x200u
#define ROUNDS      5u

/* vCPU 0, its NMI task, what it does with a fault; vCPU 1, which sends when told. */
extern const char task_code[], task_nmi[], task_fault[], task_sender[], task_end[];
__asm__(".pushsection .rodata\n"
        ".code32\n"
        "task_code: incl 0x3000; pause; jmp task_code\n"
        "task_nmi: incl 0x3004\n"
        "1: pause; cmpl $0, 0x3008; jne 1b\n"
        "iret\n"
        "jmp task_nmi\n"
        "task_fault: incl 0x300c\n"
        "2: pause; jmp 2b\n"
        "task_sender: pause; mov 0x3010, %eax; cmp 0x3014, %eax; je task_sender\n"
        "movl $0, 0xfee00310; movl $0x4400, 0xfee00300; incl 0x3014\n"
        "jmp task_sender\n"
        "task_end: .code64; .popsection");

static volatile struct task_words {
    uint32_t turns, nmis, stay, faults, send, sent;
} *const words = (void *)((REMOTE_VIEW << 12) + FLAT_WORDS);

struct tss32 {
    uint32_t link, stacks[6], cr3, eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt, io;
};

static domid_t guest;

static uint64_t in_code(const char *label)
{
    return FLAT_CODE + (uint64_t)(label - task_code);
}

static uint64_t tss_descriptor(uint64_t base, uint64_t type)
{
    return TSS_LIMIT | base << 16 | type << 40;
}

static void make_tasks(void)
{
    uint64_t *gdt = remote_memory(FLAT_GDT), *idt = remote_memory(FLAT_IDT);

    gdt[SEL_MAIN / 8] = tss_descriptor(TSS_MAIN, BUSY);
    gdt[SEL_NMI / 8] = tss_descriptor(TSS_NMI, AVAILABLE);
    *(struct tss32 *)remote_memory(TSS_NMI) = (struct tss32){
        .eip = (uint32_t)in_code(task_nmi), .eflags = FLAGS, .esp = NMI_STACK,
        .es = FLAT_DS, .cs = FLAT_CS, .ss = FLAT_DS, .ds = FLAT_DS,
    };
    for (unsigned int i = 0; i < FLAT_GATES; i++)
        flat_gate(i, in_code(task_fault));
    idt[2] = SEL_NMI << 16 | 0x8500ull << 32;
}

static long begin(uint32_t flags)
{
    struct hvm_hw_cpu r = flat_state(in_code(task_code));
    long rc = flat_guest(&guest, task_code, task_end);

    if (rc)
        return rc;
    make_tasks();
    r.rflags |= flags;
    r.tr_sel = SEL_MAIN;
    r.tr_base = TSS_MAIN;
    rc = set_cpu(guest, 0, &r);
    r = flat_state(in_code(task_sender));
    if (!rc)
        rc = set_cpu(guest, 1, &r);
    return rc ? rc : simple(XEN_DOMCTL_unpausedomain, guest);
}

static bool goes_on(void)
{
    uint32_t before = words->turns;

    return SOON(words->turns != before);
}

static void one_behind_the_other(uint32_t flags)
{
    CHECK_EQ(begin(flags), 0);
    for (uint32_t n = 0; n < ROUNDS; n++) {
        words->stay = 1;
        words->send++;
        CHECK(flat_soon(&words->nmis, 2 * n + 1));
        words->send++;
        CHECK(flat_soon(&words->sent, 2 * n + 2));
        delay_ns(5000000);
        CHECK_EQ(words->nmis, 2 * n + 1);
        words->stay = 0;
        CHECK(flat_soon(&words->nmis, 2 * n + 2));
        CHECK(goes_on());
        CHECK_EQ(words->faults, 0);
    }
    remote_unsee();
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, guest), 0);
}

TEST(interrupts_off)
{
    one_behind_the_other(0);
}

TEST(interrupts_on)
{
    one_behind_the_other(IF);
}
