/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions that C cannot say. AMD APM vol. 3, Intel SDM vol. 2. */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#include <xen/compiler.h>
#include <xen/types.h>

#ifndef XEN_HOST_TEST

static inline void cpu_relax(void)
{
    __asm__ volatile("pause" ::: "memory");
}

static inline uint64_t read_flags(void)
{
    uint64_t f;

    __asm__ volatile("pushfq; popq %0" : "=r"(f)::"memory");
    return f;
}

static inline bool irqs_enabled(void)
{
    return read_flags() & 0x200;
}

static inline void irq_disable(void)
{
    __asm__ volatile("cli" ::: "memory");
}

static inline void irq_enable(void)
{
    __asm__ volatile("sti" ::: "memory");
}

static inline uint64_t irq_save(void)
{
    uint64_t f = read_flags();

    irq_disable();
    return f;
}

static inline void irq_restore(uint64_t flags)
{
    if (flags & 0x200)
        irq_enable();
    else
        irq_disable();
}

/* Enable interrupts and halt with nothing in between: no wake-up is lost. */
static inline void irq_enable_halt(void)
{
    __asm__ volatile("sti; hlt" ::: "memory");
}

static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

/* RDTSC that earlier loads cannot pass. */
static inline uint64_t rdtsc_ordered(void)
{
    __asm__ volatile("lfence" ::: "memory");
    return rdtsc();
}

static inline void cpuid_count(uint32_t leaf, uint32_t sub, uint32_t *a,
                               uint32_t *b, uint32_t *c, uint32_t *d)
{
    __asm__ volatile("cpuid"
                     : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d)
                     : "0"(leaf), "2"(sub));
}

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;

    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t val)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)val),
                     "d"((uint32_t)(val >> 32))
                     : "memory");
}

#define CR_ACCESS_(n)                                                          \
    static inline uint64_t read_cr##n(void)                                    \
    {                                                                          \
        uint64_t v;                                                            \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(v)::"memory");            \
        return v;                                                              \
    }                                                                          \
    static inline void write_cr##n(uint64_t v)                                 \
    {                                                                          \
        __asm__ volatile("mov %0, %%cr" #n ::"r"(v) : "memory");               \
    }
CR_ACCESS_(0)
CR_ACCESS_(2)
CR_ACCESS_(3)
CR_ACCESS_(4)
#undef CR_ACCESS_

#define PORT_ACCESS_(sfx, type)                                                \
    static inline type in##sfx(uint16_t port)                                  \
    {                                                                          \
        type v;                                                                \
        __asm__ volatile("in" #sfx " %w1, %0" : "=a"(v) : "Nd"(port));         \
        return v;                                                              \
    }                                                                          \
    static inline void out##sfx(type v, uint16_t port)                         \
    {                                                                          \
        __asm__ volatile("out" #sfx " %0, %w1" ::"a"(v), "Nd"(port));          \
    }
PORT_ACCESS_(b, uint8_t)
PORT_ACCESS_(w, uint16_t)
PORT_ACCESS_(l, uint32_t)
#undef PORT_ACCESS_

static inline void wbinvd(void)
{
    __asm__ volatile("wbinvd" ::: "memory");
}

static inline void clflush(const volatile void *p)
{
    __asm__ volatile("clflush %0" ::"m"(*(const volatile char *)p));
}

static inline uint8_t mmio_read8(const volatile void *p)
{
    return *(const volatile uint8_t *)p;
}

static inline uint32_t mmio_read32(const volatile void *p)
{
    return *(const volatile uint32_t *)p;
}

static inline uint64_t mmio_read64(const volatile void *p)
{
    return *(const volatile uint64_t *)p;
}

static inline void mmio_write8(volatile void *p, uint8_t v)
{
    *(volatile uint8_t *)p = v;
}

static inline void mmio_write32(volatile void *p, uint32_t v)
{
    *(volatile uint32_t *)p = v;
}

static inline void mmio_write64(volatile void *p, uint64_t v)
{
    *(volatile uint64_t *)p = v;
}

/*
 * MSR access that survives #GP (fixup table, asm/extable.h): 0 or -EFAULT.
 */
int rdmsr_safe(uint32_t msr, uint64_t *val);
int wrmsr_safe(uint32_t msr, uint64_t val);

#else /* XEN_HOST_TEST: the parts that neutral code uses */

static inline void cpu_relax(void)
{
}
static inline bool irqs_enabled(void)
{
    return true;
}
static inline void irq_disable(void)
{
}
static inline void irq_enable(void)
{
}
static inline uint64_t irq_save(void)
{
    return 0x200;
}
static inline void irq_restore(uint64_t flags)
{
    (void)flags;
}
static inline uint64_t rdtsc(void)
{
    return __builtin_ia32_rdtsc();
}
#endif

#endif
