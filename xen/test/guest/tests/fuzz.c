/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls with random commands and arguments, the same ones each time. The hypervisor
 * must answer every one; a broken check shows as its panic. Left out is only what does as
 * it is told to: shutting down, crashing, stopping this CPU, flooding the console.
 */
#include <public/domctl.h>
#include <public/memory.h>
#include <public/platform.h>
#include <public/sched.h>
#include <public/sysctl.h>
#include <public/vcpu.h>
#include "../guest.h"

#define BUFFERS 8
#define ROUNDS  20000

static uint64_t *buffer[BUFFERS];
static uint64_t state = 0x123456789abcdefull;

static uint32_t rnd(uint32_t n)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(((state >> 32) * n) >> 32);
}

/*
 * Numbers with a meaning somewhere; guest frames that hold this kernel are not among
 * them.
 */
static uint64_t interesting(void)
{
    static const uint64_t fixed[] = {
        0, 1, 2, 3, 0x7ff0, 0x7ff1, 0x7ff2, 0x7ff4, 0x7fff, 0xffff, 0x7fffffff,
        0x80000000, 0xffffffff, 1ull << 32, 1ull << 40, 1ull << 47, 1ull << 52,
        1ull << 63, ~0ull, 0xffff800000000000, 0xffff80ffc0000000, 0x8000000000001000,
    };

    switch (rnd(6)) {
    case 0:
        return rnd(64);
    case 1:
        return 0x200000 + rnd(0x1000);
    case 2:
        return (uintptr_t)buffer[rnd(BUFFERS)] + (rnd(2) ? 0 : rnd(4096));
    case 3:
        return rnd(64) | (uint64_t)rnd(64) << 32;
    default:
        return fixed[rnd(sizeof(fixed) / sizeof(fixed[0]))];
    }
}

static void fill(unsigned int b)
{
    for (unsigned int i = 0; i < 32; i++)
        buffer[b][i] = interesting();
}

static void domctl(void)
{
    static const unsigned char cmds[] = {1, 2, 3, 4, 5, 9, 10, 11, 13, 14, 15, 16, 17, 18,
                                         24, 25, 27, 28, 33, 34, 36, 55, 60, 61, 66, 82,
                                         83, 85, 86, 200};
    struct xen_domctl *op = (void *)buffer[0];

    fill(0);
    op->cmd = cmds[rnd(sizeof(cmds))];
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    /* This domain's own limits and state are not to be played with. */
    op->domain = (domid_t)(op->cmd == XEN_DOMCTL_getdomaininfo ? rnd(10) : 1 + rnd(20));
    HC2(__HYPERVISOR_domctl, op, 0);
}

static void sysctl(void)
{
    struct xen_sysctl *op = (void *)buffer[0];

    fill(0);
    op->cmd = rnd(32);
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    if (op->cmd != XEN_SYSCTL_debug_keys && op->cmd != XEN_SYSCTL_cpu_hotplug)
        HC2(__HYPERVISOR_sysctl, op, 0);
}

static void platform(void)
{
    struct xen_platform_op *op = (void *)buffer[0];

    fill(0);
    op->cmd = 16 + rnd(50);
    op->interface_version = XENPF_INTERFACE_VERSION;
    if (op->cmd != XENPF_enter_acpi_sleep && op->cmd != XENPF_cpu_offline)
        HC2(__HYPERVISOR_platform_op, op, 0);
}

static bool harmless(unsigned int nr, uint32_t op)
{
    switch (nr) {
    case __HYPERVISOR_sched_op:
        return op == SCHEDOP_yield || op > SCHEDOP_shutdown_code;
    case __HYPERVISOR_vcpu_op:
        return op > VCPUOP_down;
    default:
        return true;
    }
}

static void any(void)
{
    static const unsigned char calls[] = {
        __HYPERVISOR_memory_op, __HYPERVISOR_memory_op, __HYPERVISOR_grant_table_op,
        __HYPERVISOR_grant_table_op, __HYPERVISOR_event_channel_op, __HYPERVISOR_vcpu_op,
        __HYPERVISOR_event_channel_op, __HYPERVISOR_hvm_op, __HYPERVISOR_physdev_op,
        __HYPERVISOR_xen_version, __HYPERVISOR_sched_op, __HYPERVISOR_vm_assist,
        __HYPERVISOR_hypfs_op, __HYPERVISOR_dm_op, __HYPERVISOR_set_timer_op,
        __HYPERVISOR_xsm_op, __HYPERVISOR_callback_op,
    };
    unsigned int nr = calls[rnd(sizeof(calls))], b = rnd(BUFFERS);
    uint64_t op = rnd(8) ? rnd(34) : interesting(), third;

    fill(b);
    if (!harmless(nr, (uint32_t)op))
        return;
    /* Long arrays are only long: 2 thousand million elements are 2 thousand million. */
    third = rnd(2) ? rnd(4) : interesting();
    if (nr == __HYPERVISOR_grant_table_op && third < 1ull << 31)
        third %= 32;
    HC(nr, op, rnd(4) ? (uint64_t)(uintptr_t)buffer[b] : interesting(), third,
       interesting(), interesting());
}

static void multicall(void)
{
    struct multicall_entry *list = (void *)buffer[1];

    fill(1);
    for (unsigned int i = 0; i < 4; i++) {
        list[i].op = rnd(2) ? __HYPERVISOR_xen_version : __HYPERVISOR_multicall;
        list[i].args[0] = rnd(12);
    }
    HC2(__HYPERVISOR_multicall, list, rnd(5));
}

/* Other calls with the words "seed NUMBER" on the command line. */
static void choose_seed(void)
{
    const char *s = command_line();
    uint64_t n = 0;

    while (*s && (s[0] != 's' || s[1] != 'e' || s[2] != 'e' || s[3] != 'd'))
        s++;
    for (; *s; s++)
        if (*s >= '0' && *s <= '9')
            n = n * 10 + (uint64_t)(*s - '0');
    if (n)
        state = n;
}

static void ignore(struct frame *f)
{
    (void)f;
}

TEST(random_calls)
{
    choose_seed();
    set_handler(2, ignore); /* VCPUOP_send_nmi */
    for (unsigned int i = 0; i < BUFFERS; i++)
        buffer[i] = page_alloc();
    for (unsigned int i = 0; i < ROUNDS; i++) {
        switch (rnd(12)) {
        case 0:
            domctl();
            break;
        case 1:
            sysctl();
            break;
        case 2:
            platform();
            break;
        case 3:
            multicall();
            break;
        default:
            any();
        }
    }
}

/* It still works for those who ask properly. */
TEST(alive)
{
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, 0, 0), 4 << 16 | 17);
}
