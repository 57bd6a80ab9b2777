/* SPDX-License-Identifier: GPL-2.0-only */
/* Attributes and barriers of the compiler, named once. */
#ifndef XEN_COMPILER_H
#define XEN_COMPILER_H

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define __packed      __attribute__((packed))
#define __aligned(n)  __attribute__((aligned(n)))
#define __section(s)  __attribute__((section(s)))
#define __used        __attribute__((used))
#define __must_check  __attribute__((warn_unused_result))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#ifndef noinline
#define noinline      __attribute__((noinline))
#endif
#ifndef __maybe_unused
#define __maybe_unused __attribute__((unused))
#endif
#ifndef noreturn
#define noreturn      __attribute__((noreturn))
#endif
#define fallthrough   __attribute__((fallthrough))

#define barrier() __asm__ volatile("" ::: "memory")

/* One access, of the object's own size, that the compiler may not repeat or tear. */
#define read_once(x)     (*(const volatile __typeof__(x) *)&(x))
#define write_once(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/*
 * x86 orders loads with loads and stores with stores: only the compiler has to be told.
 */
#define smp_rmb() barrier()
#define smp_wmb() barrier()
#define smp_mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)

#define container_of(p, type, member) \
    ((type *)((char *)(p) - offsetof(type, member)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MIN(a, b)                                                              \
    ({                                                                         \
        __typeof__(a) min_a_ = (a);                                            \
        __typeof__(b) min_b_ = (b);                                            \
        min_a_ < min_b_ ? min_a_ : min_b_;                                     \
    })
#define MAX(a, b)                                                              \
    ({                                                                         \
        __typeof__(a) max_a_ = (a);                                            \
        __typeof__(b) max_b_ = (b);                                            \
        max_a_ > max_b_ ? max_a_ : max_b_;                                     \
    })

#define ROUND_UP(x, a)   (((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define ROUND_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define KB(n) ((uint64_t)(n) << 10)
#define MB(n) ((uint64_t)(n) << 20)
#define GB(n) ((uint64_t)(n) << 30)

#define BUILD_BUG_ON(cond) _Static_assert(!(cond), "!(" #cond ")")

#endif
