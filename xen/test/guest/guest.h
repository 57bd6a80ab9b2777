/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tiny kernel for tests, booted by PVH in dom0's place.  A test file holds TEST()
 * functions; each prints one line "TEST name PASS" or "TEST name FAIL reason".
 * The last line is "DONE passed failed", then the machine is powered off.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <public/xen.h>
#include <public/arch-x86/hvm/start_info.h>

/* ---- tests ---- */
struct test {
    const char *name;
    void (*run)(void);
};

#define TEST(id)                                                                \
    static void test_##id(void);                                                \
    static const struct test entry_##id                                         \
        __attribute__((section("tests"), used)) = { #id, test_##id };           \
    static void test_##id(void)

/* Note a failure; the first one of a test is reported. */
void fail_at(const char *file, int line, const char *fmt, ...);
/*
 * A file of tests may have one: it runs after each test that failed and undoes what that
 * test had no time to undo, so that the next ones fail for reasons of their own only.
 */
void after_failure(void) __attribute__((weak));
/* And one that runs before all else, when all variables are as they were linked. */
void before_tests(void) __attribute__((weak));

/*
 * What follows works by the test hypercall of debug builds (xen/test_op.h). On another
 * hypervisor the test fails: nothing was tried.
 */
bool can_inject(void);
#define NEEDS_INJECTION()                                                       \
    do {                                                                        \
        if (!can_inject()) {                                                    \
            fail_at(__FILE__, __LINE__,                                         \
                    "this hypervisor was built without fault injection");       \
            return;                                                             \
        }                                                                       \
    } while (0)

/*
 * The test that runs cannot do this part of it here (any vCPU may say so; a string that
 * stays). The rest still counts, but its PASS says what it is without.
 */
void left_out(const char *what);

#define CHECK(cond)                                                             \
    do {                                                                        \
        if (!(cond)) {                                                          \
            fail_at(__FILE__, __LINE__, "%s", #cond);                           \
            return;                                                             \
        }                                                                       \
    } while (0)

#define CHECK_EQ(got, want)                                                     \
    do {                                                                        \
        long got_ = (long)(got), want_ = (long)(want);                          \
        if (got_ != want_) {                                                    \
            fail_at(__FILE__, __LINE__, "%s is %ld (%lx), not %ld (%lx)", #got, \
                    got_, got_, want_, want_);                                  \
            return;                                                             \
        }                                                                       \
    } while (0)

/* ---- output: %s %c %d %u %x %p with l, width and 0 ---- */
void print(const char *fmt, ...);
/* Is there a toolstack's console? Then print() uses it, else the hypervisor's. */
bool console_ring(void);
/* Returns when the other side has taken the text, or is taken for gone. */
void console_put(const char *text);

/* ---- environment ---- */
extern struct hvm_start_info *start_info;
struct memory_range {
    uint64_t start, size;
    uint32_t type;          /* 1: RAM */
};
/* The n-th entry of the memory map given at boot; false: no more. */
bool memory_range(unsigned int n, struct memory_range *out);
const char *command_line(void);
void *page_alloc(void);                 /* zeroed; never freed; stops when out */
void power_off(void) __attribute__((noreturn));
void *memset(void *, int, size_t);
void *memcpy(void *, const void *, size_t);
int memcmp(const void *, const void *, size_t);
size_t strlen(const char *);

/* ---- CPU ---- */
struct frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};
typedef void handler(struct frame *f);
/* Handle a vector (any CPU); NULL: report and stop. */
void set_handler(unsigned int vector, handler *fn);
/* Run fn(arg); returns -1, or the vector of the exception that ended it. */
int catch_exception(void (*fn)(void *arg), void *arg, uint64_t *error);

static inline uint64_t rdmsr(uint32_t index)
{
    uint32_t lo, hi;

    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(index) : "memory");
    return lo | (uint64_t)hi << 32;
}
static inline void wrmsr(uint32_t index, uint64_t v)
{
    __asm__ volatile("wrmsr" ::"c"(index), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
                     : "memory");
}
/* -1: no exception, else its vector. */
int rdmsr_safe(uint32_t index, uint64_t *v);
int wrmsr_safe(uint32_t index, uint64_t v);
static inline void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    __asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "0"(leaf), "2"(sub));
}
static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    __asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi));
    return lo | (uint64_t)hi << 32;
}
static inline void irq_on(void)
{
    __asm__ volatile("sti" ::: "memory");
}
static inline void irq_off(void)
{
    __asm__ volatile("cli" ::: "memory");
}
static inline uint8_t inb(uint16_t port)
{
    uint8_t v;

    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}
static inline void outb(uint8_t v, uint16_t port)
{
    __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

/* ---- x87 ---- */
struct x87_env {
    uint16_t control, pad0, status, pad1, tag, pad2;
    uint32_t ip;
    uint16_t cs, opcode;
    uint32_t data;
    uint16_t data_seg, pad3;
};
/* What the processor remembers of the last x87 instruction among it. */
static inline struct x87_env x87_env(void)
{
    struct x87_env env;

    __asm__ volatile("fnstenv %0" : "=m"(env));
    return env;
}

/* ---- local APIC (x2APIC) ---- */
#define X2APIC_ID   0x802
#define X2APIC_EOI  0x80b
#define X2APIC_SVR  0x80f
#define X2APIC_ICR  0x830
#define X2APIC_TIMER_LVT   0x832
#define X2APIC_TIMER_COUNT 0x838
#define X2APIC_TIMER_NOW   0x839
#define X2APIC_TIMER_DIV   0x83e
void apic_enable(void);
static inline void apic_eoi(void)
{
    wrmsr(X2APIC_EOI, 0);
}
void apic_send(uint32_t apic_id, uint32_t command);

/* ---- SMP ---- */
#define MAX_CPUS 8
/* CPUs that the firmware tables (or start_vcpu trials) know of, the first included. */
unsigned int cpu_count(void);
/* Start CPU n (APIC id 2n), run fn(n) on it; false: it did not answer with PATIENCE. */
bool cpu_start(unsigned int n, void (*fn)(unsigned int n));
/* True once the function given to cpu_start(n) returned. */
bool cpu_finished(unsigned int n);
/* Waits for that, with PATIENCE; false, with a line on the console: it never did. */
bool cpu_ends(unsigned int n);

/* ---- hypercalls ---- */
long hypercall(unsigned int number, unsigned long a, unsigned long b, unsigned long c,
               unsigned long d, unsigned long e);
#define HC(nr, a, b, c, d, e)                                                  \
    hypercall((nr), (unsigned long)(a), (unsigned long)(b), (unsigned long)(c), \
              (unsigned long)(d), (unsigned long)(e))
/* HC2(__HYPERVISOR_sched_op, op, arg): the common form. */
#define HC2(nr, a, b) HC(nr, a, b, 0, 0, 0)

/* The shared info page, mapped on first use. */
struct shared_info *shared_info(void);
/* System time in nanoseconds by a vCPU's time record; by vCPU 0's. */
uint64_t vcpu_time(unsigned int n);
uint64_t system_time(void);
/* Busy wait; as long as that at least, for a busy host may make it much longer. */
void delay_ns(uint64_t ns);

/* ---- waiting ---- */
/*
 * The host takes a processor away for tenths of a second between any two instructions,
 * and system time goes on. So what has to come is waited for, long enough to be sure, and
 * not looked for after some time; and what is compared with time is compared with the
 * span that encloses it, or with the one it encloses.
 */
#define PATIENCE 30000000000ul /* ns */
/* Did the condition, an expression without side effects, come true with PATIENCE? */
#define SOON(cond)                                                              \
    ({                                                                          \
        uint64_t start_ = system_time();                                        \
        bool last_, there_;                                                     \
                                                                                \
        do {                                                                    \
            last_ = system_time() - start_ >= PATIENCE;                         \
            there_ = (cond);                                                    \
        } while (!there_ && !last_ && wait_more(start_));                       \
        there_;                                                                 \
    })
/*
 * For those who wait since then: an instant, and once that was some time ago, half a
 * millisecond in which the CPU is somebody else's, and the host's as well. True.
 */
bool wait_more(uint64_t since);

/* ---- measuring ---- */
/* When something was read: between these two, however long the host took over it. */
struct moment {
    uint64_t before, after;
};

#define CLOCK_SKEW 1000000ul /* ns by which vCPUs and the hypervisor may disagree */

/* Any time from a moment to a later one is no longer ... */
static inline uint64_t span_most(struct moment from, struct moment to)
{
    return to.after - from.before + CLOCK_SKEW;
}

/* ... and no shorter. */
static inline uint64_t span_least(struct moment from, struct moment to)
{
    return to.before > from.after + CLOCK_SKEW ? to.before - from.after - CLOCK_SKEW : 0;
}

#endif
