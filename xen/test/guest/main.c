/* SPDX-License-Identifier: GPL-2.0-only */
/* Start, memory, and running the tests of the file this kernel was linked with. */
#include <public/errno.h>
#include <public/memory.h>
#include <public/sched.h>
#include <xen/test_op.h>
#include "guest.h"

extern const struct test __tests_start[], __tests_end[];
void interrupts_init(void);
void hypercalls_init(void);
void guest_main(uint32_t info);

struct hvm_start_info *start_info;

static const char *failure_file;
static int failure_line;
static char failure_text[160];
static const char *volatile omitted;

int vformat(char *buf, size_t size, const char *fmt, va_list args);

void fail_at(const char *file, int line, const char *fmt, ...)
{
    va_list args;

    if (failure_file)
        return;
    failure_file = file;
    failure_line = line;
    va_start(args, fmt);
    vformat(failure_text, sizeof(failure_text), fmt, args);
    va_end(args);
}

void left_out(const char *what)
{
    omitted = what;
}

bool can_inject(void)
{
    return HC2(HYPERVISOR_TEST_OP, TESTOP_FAIL_ALLOC, 0) != -XEN_ENOSYS;
}

/* From the start info where it has a map, else by hypercall, as Linux does it. */
bool memory_range(unsigned int n, struct memory_range *out)
{
    static struct {
        uint64_t addr, size;
        uint32_t type;
    } __attribute__((packed)) e820[64];
    static unsigned int count;
    struct xen_memory_map ask = { .nr_entries = 64 };

    if (start_info->version >= 1 && start_info->memmap_entries) {
        const struct hvm_memmap_table_entry *map = (void *)start_info->memmap_paddr;

        if (n >= start_info->memmap_entries)
            return false;
        *out = (struct memory_range){ map[n].addr, map[n].size, map[n].type };
        return true;
    }
    if (!count) {
        set_xen_guest_handle(ask.buffer, (void *)e820);
        if (HC2(__HYPERVISOR_memory_op, XENMEM_memory_map, &ask))
            return false;
        count = ask.nr_entries;
    }
    if (n >= count)
        return false;
    *out = (struct memory_range){ e820[n].addr, e820[n].size, e820[n].type };
    return true;
}

const char *command_line(void)
{
    return start_info->cmdline_paddr ? (const char *)start_info->cmdline_paddr : "";
}

/* Pages from 16 MiB up: kernels and boot data are below. */
void *page_alloc(void)
{
    static uint64_t next = 16 << 20;
    struct memory_range r;

    for (unsigned int i = 0; memory_range(i, &r); i++) {
        if (r.type == 1 && next >= r.start && next + 4096 <= r.start + r.size) {
            void *page = (void *)next;

            next += 4096;
            return memset(page, 0, 4096);
        }
    }
    print("out of memory\n");
    power_off();
}

void power_off(void)
{
    struct sched_shutdown arg = { .reason = SHUTDOWN_poweroff };

    HC2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &arg);
    for (;;)
        __asm__ volatile("cli; hlt");
}

void guest_main(uint32_t info)
{
    unsigned int passed = 0, failed = 0;

    start_info = (void *)(uintptr_t)info;
    interrupts_init();
    hypercalls_init();
    if (before_tests)
        before_tests();
    shared_info(); /* so that no test's count of pages sees the first use of the clock */

    for (const struct test *t = __tests_start; t < __tests_end; t++) {
        failure_file = NULL;
        omitted = NULL;
        t->run();
        if (failure_file) {
            failed++;
            print("TEST %s FAIL %s:%d: %s\n", t->name, failure_file, failure_line,
                  failure_text);
            if (after_failure)
                after_failure();
        } else {
            passed++;
            print("TEST %s PASS%s%s\n", t->name, omitted ? " without " : "",
                  omitted ? omitted : "");
        }
    }
    print("DONE %u passed %u failed\n", passed, failed);
    power_off();
}
