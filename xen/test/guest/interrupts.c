/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupt descriptor table, exceptions that tests expect, and all others. */
#include "guest.h"

struct gate {
    uint16_t low, selector, flags, mid;
    uint32_t high, zero;
};

extern const char vector_stubs[], catch_landing[];
extern uint64_t catch_rsp;
int64_t call_catching(void (*fn)(void *), void *arg);
void interrupts_init(void);
void interrupts_load(void);
void interrupt(struct frame *f);

#define STUB_SIZE 16

static struct gate idt[256] __attribute__((aligned(16)));
static handler *handlers[256];
static uint64_t caught_error;

void interrupts_load(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = { sizeof(idt) - 1, (uint64_t)idt };

    __asm__ volatile("lidt %0" ::"m"(pointer));
}

void interrupts_init(void)
{
    for (unsigned int i = 0; i < 256; i++) {
        uint64_t at = (uint64_t)vector_stubs + i * STUB_SIZE;

        idt[i] = (struct gate){ (uint16_t)at, 8, 0x8e00, (uint16_t)(at >> 16),
                                (uint32_t)(at >> 32), 0 };
    }
    interrupts_load();
}

void set_handler(unsigned int vector, handler *fn)
{
    handlers[vector] = fn;
}

int catch_exception(void (*fn)(void *arg), void *arg, uint64_t *error)
{
    int vector = (int)call_catching(fn, arg);

    if (error)
        *error = caught_error;
    return vector;
}

void interrupt(struct frame *f)
{
    uint64_t cr2;

    if (handlers[f->vector]) {
        handlers[f->vector](f);
        return;
    }
    if (f->vector < 32 && catch_rsp) {
        caught_error = f->error;
        f->rax = f->vector;
        f->rsp = catch_rsp;
        f->rip = (uint64_t)catch_landing;
        return;
    }
    __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    print("UNEXPECTED vector %lu error %lx rip %lx rsp %lx cr2 %lx\n", f->vector,
          f->error, f->rip, f->rsp, cr2);
    power_off();
}

struct msr_access {
    uint32_t index;
    uint64_t value;
};

static void do_rdmsr(void *arg)
{
    struct msr_access *a = arg;

    a->value = rdmsr(a->index);
}

static void do_wrmsr(void *arg)
{
    struct msr_access *a = arg;

    wrmsr(a->index, a->value);
}

int rdmsr_safe(uint32_t index, uint64_t *v)
{
    struct msr_access a = { index, 0 };
    int vector = catch_exception(do_rdmsr, &a, NULL);

    *v = a.value;
    return vector;
}

int wrmsr_safe(uint32_t index, uint64_t v)
{
    struct msr_access a = { index, v };

    return catch_exception(do_wrmsr, &a, NULL);
}
