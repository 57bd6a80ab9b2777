/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercalls through the hypercall page, shared info and system time. */
#include <public/memory.h>
#include <public/sched.h>
#include "guest.h"

void hypercalls_init(void);

static char hypercall_page[4096] __attribute__((aligned(4096)));
static struct shared_info *shared;

void hypercalls_init(void)
{
    uint32_t r[4];

    cpuid(0x40000002, 0, r);
    wrmsr(r[1], (uint64_t)hypercall_page);
}

long hypercall(unsigned int number, unsigned long a, unsigned long b, unsigned long c,
               unsigned long d, unsigned long e)
{
    register unsigned long r10 __asm__("r10") = d;
    register unsigned long r8 __asm__("r8") = e;
    const char *entry = hypercall_page + 32 * (number & 63);
    long rc;

    /* Numbers the page has no slot for (tests of refusals) go by a foreign slot. */
    if (number > 63) {
        rc = number;
        __asm__ volatile("vmmcall"
                         : "+a"(rc), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                         :
                         : "memory", "rcx", "r11");
        return rc;
    }
    __asm__ volatile("call *%[entry]"
                     : "=a"(rc), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                     : [entry] "r"(entry)
                     : "memory", "rcx", "r11");
    return rc;
}

struct shared_info *shared_info(void)
{
    struct xen_add_to_physmap add = { .domid = DOMID_SELF, .space = 0 };
    void *page;

    if (shared)
        return shared;
    page = page_alloc();
    add.gpfn = (uintptr_t)page >> 12;
    if (HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add)) {
        print("no shared info page\n");
        power_off();
    }
    shared = page;
    return shared;
}

/* The protocol of struct vcpu_time_info: an odd or changed version means again. */
uint64_t vcpu_time(unsigned int n)
{
    const volatile struct vcpu_time_info *t = &shared_info()->vcpu_info[n].time;
    uint32_t version;
    uint64_t ns;

    do {
        version = t->version;
        __asm__ volatile("" ::: "memory");
        ns = rdtsc() - t->tsc_timestamp;
        ns = t->tsc_shift >= 0 ? ns << t->tsc_shift : ns >> -t->tsc_shift;
        ns = (uint64_t)((unsigned __int128)ns * t->tsc_to_system_mul >> 32);
        ns += t->system_time;
        __asm__ volatile("" ::: "memory");
    } while ((version & 1) || version != t->version);
    return ns;
}

uint64_t system_time(void)
{
    return vcpu_time(0);
}

void delay_ns(uint64_t ns)
{
    uint64_t until = system_time() + ns;

    while (system_time() < until)
        __asm__ volatile("pause");
}

bool wait_more(uint64_t since)
{
    struct sched_poll poll = { .timeout = system_time() + 500000 };

    __asm__ volatile("pause" ::: "memory");
    if (poll.timeout - since > 700000)
        HC2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    return true;
}
