/* SPDX-License-Identifier: GPL-2.0-only */
/* A domain that runs this same kernel, built as a toolstack builds one. */
#include "child.h"
#include "../guest/tests/flat_cpu.h"

#define IMAGE      0x100ul /* frame of our first page */
#define START_INFO 0x9ul
#define HEAP       0x1000ul /* what page_alloc() hands out */
#define HEAP_PAGES 64u
#define KEPT       0x2000ul  /* where we keep the copy of ourselves */
#define VIEW       0x6e000ul /* where we see the other's pages */
#define LOW_MEMORY 0xa0000ull

extern char __image_end[];
void start32(void);

static unsigned int image_pages(void)
{
    return (unsigned int)(((uintptr_t)__image_end + 4095) >> 12) - (unsigned int)IMAGE;
}

/* What the second domain finds behind its start_info. */
struct first_page {
    struct hvm_start_info info;
    struct hvm_memmap_table_entry map[2];
    char command_line[64];
    struct together together;
};

/* What the hypervisor has taken of the machine's memory, all told. */
static void resident(void)
{
    struct xen_sysctl_physinfo host;
    struct xen_domctl op = {0};
    uint64_t kib;

    if (!wanted("resident_kib"))
        return;
    if (physinfo(&host) || domctl(&op, XEN_DOMCTL_getdomaininfo, 0)) {
        skip("resident_kib", -XEN_EPERM);
        return;
    }
    kib = (host.total_pages - host.free_pages - op.u.getdomaininfo.tot_pages) * 4;
    print("BENCH resident_kib 1 %lu %lu %lu\n", kib, kib, kib);
}

/* Later our variables are no longer as a fresh kernel wants them. */
void before_tests(void)
{
    if (in_control() && KEPT + image_pages() < 0x4000)
        memcpy((void *)(KEPT << 12), (void *)(IMAGE << 12), (size_t)image_pages() << 12);
}

TEST(begin)
{
    if (in_control()) {
        CHECK(KEPT + image_pages() < 0x4000);
        resident();
    }
    if (argument("answer")) {
        struct first_page *p = (void *)(START_INFO << 12);

        answer(&p->together, (evtchn_port_t)number("answer", 0));
    }
}

static long pages_of(domid_t id)
{
    long rc = give(id, START_INFO, 1);

    if (!rc)
        rc = give(id, IMAGE, image_pages());
    return rc ? rc : give(id, HEAP, HEAP_PAGES);
}

static long fill(domid_t id, evtchn_port_t port, struct together **together)
{
    static const char head[] = "answer=";
    struct first_page *p = (void *)(VIEW << 12);
    char *line = p->command_line + sizeof(head) - 1;
    long rc = see(id, IMAGE, VIEW + 1, image_pages());

    if (!rc)
        rc = see(id, START_INFO, VIEW, 1);
    if (rc)
        return rc;
    memcpy((void *)((VIEW + 1) << 12), (void *)(KEPT << 12), (size_t)image_pages() << 12);
    memset(p, 0, 4096);
    p->map[0] = (struct hvm_memmap_table_entry){0, LOW_MEMORY, 1, 0};
    p->map[1] = (struct hvm_memmap_table_entry){IMAGE << 12,
                                                (HEAP + HEAP_PAGES - IMAGE) << 12, 1, 0};
    p->info = (struct hvm_start_info){
        .magic = XEN_HVM_START_MAGIC_VALUE,
        .version = 1,
        .cmdline_paddr = (START_INFO << 12) + offsetof(struct first_page, command_line),
        .memmap_paddr = (START_INFO << 12) + offsetof(struct first_page, map),
        .memmap_entries = 2};
    memcpy(p->command_line, head, sizeof(head) - 1);
    for (unsigned int unit = 10000; unit; unit /= 10)
        *line++ = (char)('0' + port / unit % 10);
    *together = &p->together;
    return 0;
}

long pin(domid_t id, unsigned int cpu)
{
    uint8_t bit = (uint8_t)(1u << cpu);
    struct xen_domctl op = {0};

    op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    op.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, &bit);
    return domctl(&op, XEN_DOMCTL_setvcpuaffinity, id);
}

long runs_on(domid_t id)
{
    struct xen_domctl op = {0};
    long rc = domctl(&op, XEN_DOMCTL_getvcpuinfo, id);

    return rc ? rc : (long)op.u.getvcpuinfo.cpu;
}

/* A channel of which they have the first end, we the second. */
static long connect(domid_t id, evtchn_port_t *theirs, evtchn_port_t *ours)
{
    struct evtchn_alloc_unbound half = {.dom = id, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain whole = {.remote_dom = id};
    long rc = event(EVTCHNOP_alloc_unbound, &half);

    if (rc)
        return rc;
    *theirs = whole.remote_port = half.port;
    rc = event(EVTCHNOP_bind_interdomain, &whole);
    *ours = whole.local_port;
    return rc;
}

long second_self(unsigned int cpu, domid_t *made, evtchn_port_t *port,
                 struct together **together)
{
    evtchn_port_t theirs;
    domid_t id;
    long rc = create(1, &id);

    if (!rc)
        rc = max_vcpus(id, 1);
    if (!rc)
        rc = pages_of(id);
    if (!rc)
        rc = connect(id, &theirs, port);
    if (!rc)
        rc = fill(id, theirs, together);
    if (!rc)
        rc = set_flat_cpu(id, 0, (uintptr_t)start32, START_INFO << 12);
    if (!rc)
        rc = pin(id, cpu);
    if (!rc)
        rc = simple(XEN_DOMCTL_unpausedomain, id);
    *made = id;
    return rc;
}
