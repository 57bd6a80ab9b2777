/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions that exit, in code that changes behind the hypervisor's back. It has to
 * look at their bytes on processors that do not tell it where the next one starts; what
 * would be wrong: bytes of a page that is gone, a length that was true before.
 */
#include <public/memory.h>
#include "../guest.h"

extern uint64_t pml4_table[];

#define AT       0x8000000000ul         /* slot 1 of the top level */
#define FREE_GFN 0x50000ul              /* no RAM, but identity mapped */
#define LEAF     0x40000000u
#define XENV     0x566e6558u            /* EBX of LEAF */

/* CPUID and RET. Whoever takes one for the other clears EBX or leaves the page. */
#define CODE_BYTES 6
static const uint8_t prefixed[CODE_BYTES] = { 0x66, 0x0f, 0xa2, 0xc3 };
static const uint8_t plain[CODE_BYTES] = { 0x0f, 0xa2, 0xc3, 0x31, 0xdb, 0xc3 };

static uint32_t run(uint64_t where)
{
    uint32_t a = LEAF, b = 0, c = 0, d;

    __asm__ volatile("call *%4" : "+a"(a), "+b"(b), "+c"(c), "=d"(d) : "r"(where)
                     : "memory");
    return b;
}

static void put(void *page, const uint8_t *code, size_t n)
{
    memcpy(page, code, n);
}

static void invlpg(uint64_t where)
{
    __asm__ volatile("invlpg (%0)" ::"r"(where) : "memory");
}

static void flush(void)
{
    uint64_t cr3;

    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3)::"memory");
}

/* Tables that lead to pages of 4 KiB from AT on; the lowest one. */
static uint64_t *make_tables(uint64_t **top)
{
    uint64_t *pdpt = page_alloc(), *pd = page_alloc(), *pt = page_alloc();

    pdpt[0] = (uint64_t)pd | 7;
    pd[0] = (uint64_t)pt | 7;
    *top = pdpt;
    return pt;
}

static uint64_t *use_tables(void)
{
    uint64_t *top, *pt = make_tables(&top);

    pml4_table[1] = (uint64_t)top | 7;
    flush();
    return pt;
}

TEST(bytes_change)
{
    uint8_t *page = page_alloc();
    uint64_t *pt = use_tables();

    pt[0] = (uint64_t)page | 3;
    for (unsigned int i = 0; i < 10; i++) {
        put(page, prefixed, CODE_BYTES);
        CHECK_EQ(run(AT), XENV);
        CHECK_EQ(run(AT), XENV);
        put(page, plain, CODE_BYTES);
        CHECK_EQ(run(AT), XENV);
        CHECK_EQ(run(AT), XENV);
    }
}

TEST(page_changes)
{
    uint8_t *one = page_alloc(), *two = page_alloc();
    uint64_t *pt = use_tables();

    put(one, prefixed, CODE_BYTES);
    put(two, plain, CODE_BYTES);
    for (unsigned int i = 0; i < 10; i++) {
        pt[0] = (uint64_t)one | 3;
        invlpg(AT);
        CHECK_EQ(run(AT), XENV);
        CHECK_EQ(run(AT), XENV);
        pt[0] = (uint64_t)two | 3;
        invlpg(AT);
        CHECK_EQ(run(AT), XENV);
        CHECK_EQ(run(AT), XENV);
    }
}

TEST(tables_change)
{
    uint8_t *one = page_alloc(), *two = page_alloc();
    uint64_t *top[2], *pt[2];

    put(one, prefixed, CODE_BYTES);
    put(two, plain, CODE_BYTES);
    pt[0] = make_tables(&top[0]);
    pt[1] = make_tables(&top[1]);
    pt[0][0] = (uint64_t)one | 3;
    pt[1][0] = (uint64_t)two | 3;
    for (unsigned int i = 0; i < 20; i++) {
        pml4_table[1] = (uint64_t)top[i & 1] | 7;
        flush();
        CHECK_EQ(run(AT), XENV);
        CHECK_EQ(run(AT), XENV);
    }
}

static long reserve(unsigned int cmd, xen_pfn_t gfn)
{
    struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };

    set_xen_guest_handle(r.extent_start, &gfn);
    return HC2(__HYPERVISOR_memory_op, cmd, &r);
}

/* A spare page takes the freed frame, or the next one would be the same again. */
TEST(frame_changes)
{
    char *page = (char *)(FREE_GFN << 12), *spare;

    for (unsigned int i = 0; i < 10; i++) {
        const uint8_t *code = i & 1 ? plain : prefixed;

        CHECK_EQ(reserve(XENMEM_populate_physmap, FREE_GFN), 1);
        put(page, code, CODE_BYTES);
        CHECK_EQ(run((uint64_t)page), XENV);
        CHECK_EQ(run((uint64_t)page), XENV);
        CHECK_EQ(reserve(XENMEM_decrease_reservation, FREE_GFN), 1);
        CHECK_EQ(reserve(XENMEM_populate_physmap, FREE_GFN + 1 + i), 1);
        spare = page + ((i + 1ul) << 12);
        put(spare, code, CODE_BYTES);
    }
    for (unsigned int i = 0; i < 10; i++)
        CHECK_EQ(reserve(XENMEM_decrease_reservation, FREE_GFN + 1 + i), 1);
}

/* The instruction ends at, or reaches over, the end of a page. */
TEST(ends_of_pages)
{
    uint8_t *one = page_alloc(), *two = page_alloc();
    uint64_t *pt = use_tables();

    pt[0] = (uint64_t)one | 3;
    pt[1] = (uint64_t)two | 3;
    put(one + 4094, plain, 2);
    put(two, plain + 2, 1);
    CHECK_EQ(run(AT + 4094), XENV);
    CHECK_EQ(run(AT + 4094), XENV);

    put(one + 4095, plain, 1);
    put(two, plain + 1, 5);
    CHECK_EQ(run(AT + 4095), XENV);
    CHECK_EQ(run(AT + 4095), XENV);

    put(one + 4093, prefixed, 3);
    put(two, prefixed + 3, 1);
    CHECK_EQ(run(AT + 4093), XENV);
    CHECK_EQ(run(AT + 4093), XENV);
}

/* The 32-bit code segment (start.S): addresses wrap and limits count. */
TEST(code_of_32_bits)
{
    uint32_t b[3] = { 0 }, i;

    for (i = 0; i < 3; i++) {
        uint32_t a = LEAF, c = 0, d;

        __asm__ volatile("pushq $0x18; lea 1f(%%rip), %%rdx; push %%rdx; lretq\n"
                         ".code32\n"
                         "1: cpuid; mov %%ebx, %%esi\n"
                         "mov %4, %%eax; xor %%ecx, %%ecx; .byte 0x66; cpuid\n"
                         "sub %%ebx, %%esi\n"
                         "ljmp $0x08, $2f\n"
                         ".code64\n"
                         "2: add %%esi, %%ebx\n"
                         : "+a"(a), "=b"(b[i]), "+c"(c), "=&d"(d) : "i"(LEAF)
                         : "rsi", "memory");
    }
    for (i = 0; i < 3; i++)
        CHECK_EQ(b[i], XENV);
}

/* --- other processors -------------------------------------------------------------- */

#define SECOND_ID  2u                   /* the second processor's APIC id */
#define REAL_PAGE  0x9000ul
#define REAL_ICR   0x4600u

/* Real mode: no paging, addresses of 16 bits. CPUIDs of both lengths, what they said. */
extern const char real_start[], real_end[];
__asm__(".pushsection .rodata\n"
        ".code16\n"
        "real_start:\n"
        ".irp prefix, 0x66, 0x2e\n"
        ".rept 2\n"
        "movl $0x40000000, %eax; xorl %ecx, %ecx; cpuid; addl %ebx, %cs:0x800\n"
        "movl $0x40000000, %eax; xorl %ecx, %ecx; .byte \\prefix; cpuid\n"
        "addl %ebx, %cs:0x804\n"
        ".endr\n"
        ".endr\n"
        "movl $1, %cs:0x808\n"
        "1: cli; hlt; jmp 1b\n"
        "real_end:\n"
        ".code64\n"
        ".popsection\n");

TEST(code_of_real_mode)
{
    volatile uint32_t *said = (volatile uint32_t *)(REAL_PAGE + 0x800);

    memcpy((void *)REAL_PAGE, real_start, (size_t)(real_end - real_start));
    memset((void *)said, 0, 12);
    apic_enable();
    apic_send(SECOND_ID, 0x4500);
    delay_ns(1000000);
    apic_send(SECOND_ID, REAL_ICR | REAL_PAGE >> 12);
    CHECK(SOON(said[2] == 1));
    CHECK_EQ(said[0], 4u * XENV);
    CHECK_EQ(said[1], 4u * XENV);
}

static volatile bool enough;
static volatile unsigned int wrong;

/* Changes the physical map all the time, and runs what it has put there. */
static void churn(unsigned int n)
{
    char *page = (char *)((FREE_GFN + 0x100) << 12);

    (void)n;
    while (!enough) {
        wrong += reserve(XENMEM_populate_physmap, FREE_GFN + 0x100) != 1;
        put(page, plain, CODE_BYTES);
        wrong += run((uint64_t)page) != XENV;
        wrong += run((uint64_t)page) != XENV;
        wrong += reserve(XENMEM_decrease_reservation, FREE_GFN + 0x100) != 1;
    }
}

TEST(map_changes_meanwhile)
{
    uint8_t *page = page_alloc();
    uint64_t *pt = use_tables();

    pt[0] = (uint64_t)page | 3;
    put(page, prefixed, CODE_BYTES);
    enough = false;
    CHECK(cpu_start(1, churn));
    for (unsigned int i = 0; i < 500; i++)
        wrong += run(AT) != XENV;
    enough = true;
    CHECK(cpu_ends(1));
    CHECK_EQ(wrong, 0);
}
