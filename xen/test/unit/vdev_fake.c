/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>

#include <xen/acpi.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/softirq.h>
#include <asm/cpu_policy.h>
#include <asm/msr.h>
#include "vdev_fake.h"

struct cpu_info fake_cpu_info;
struct acpi_host acpi_host;
unsigned int nr_gsis = FAKE_GSIS;
struct domain *dom;
struct vcpu *vcpu[FAKE_VCPUS];
bool fake_x2apic, fake_deadline;
unsigned int kicks[FAKE_VCPUS], ups[FAKE_VCPUS], resets[FAKE_VCPUS], wakes[FAKE_VCPUS];
unsigned int shutdowns, shutdown_reason;
void (*fake_on_sleep)(struct vcpu *v);
uint16_t reset_cs[FAKE_VCPUS];
struct fake_gsi host[FAKE_GSIS];
s_time_t fake_now;
const struct hvm_save_handler *save_handler[32];

/* --- the rest of the hypervisor --- */

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    abort();
}

void bug_fail(const char *file, int line, const char *what)
{
    panic("%s:%d %s\n", file, line, what);
}

void printk(const char *fmt, ...)
{
    (void)fmt;
}

void warn_report(const char *file, int line, const char *what)
{
    panic("%s:%d %s\n", file, line, what);
}

static int64_t charged;

struct header {
    size_t size, pad;
};

void *charge_alloc(struct charge *c, enum charge_tag tag, size_t size)
{
    struct header *h = calloc(1, sizeof(*h) + size);

    (void)c;
    (void)tag;
    if (!h)
        return NULL;
    h->size = size;
    charged += (int64_t)size;
    return h + 1;
}

void charge_free(void *p)
{
    struct header *h = (struct header *)p - 1;

    if (!p)
        return;
    charged -= (int64_t)h->size;
    free(h);
}

bool cpu_policy_has(const struct cpu_policy *p, unsigned int feature)
{
    (void)p;
    if (feature == X86_FEATURE_X2APIC)
        return fake_x2apic;
    return feature == X86_FEATURE_TSC_DEADLINE && fake_deadline;
}

unsigned int cpu_policy_maxphysaddr(const struct cpu_policy *p)
{
    (void)p;
    return 40;
}

void vcpu_kick(struct vcpu *v)
{
    kicks[v->vcpu_id]++;
}

int vcpu_up(struct vcpu *v)
{
    ups[v->vcpu_id]++;
    v->sched.pause_flags &= ~VPF_OFF;
    return 0;
}

void vcpu_wake(struct vcpu *v)
{
    wakes[v->vcpu_id]++;
}

void vcpu_block(void)
{
    current->sched.pause_flags |= VPF_BLOCKED;
}

void vcpu_sleep_nosync(struct vcpu *v)
{
    if (fake_on_sleep)
        fake_on_sleep(v);
}

int domain_shutdown(struct domain *d, unsigned int reason)
{
    assert_ptr_equal(d, dom);
    shutdowns++;
    shutdown_reason = reason;
    return 0;
}

void softirq_raise(enum softirq nr)
{
    (void)nr;
}

/* Whoever sleeps here is woken by the SIPI that the test scheduled beforehand. */
bool do_softirq(void)
{
    struct vlapic *vl = current->arch.hvm.vlapic;

    vl->start = VL_SIPI_PENDING;
    vl->sipi_vector = 0x77;
    current->sched.pause_flags &= ~VPF_DOWN;
    return true;
}

void hvm_vcpu_reset(struct vcpu *v, uint16_t cs, uint16_t ip)
{
    (void)ip;
    resets[v->vcpu_id]++;
    reset_cs[v->vcpu_id] = cs;
}

bool evtchn_upcall_wanted(const struct vcpu *v)
{
    return v->vcpu_info && v->vcpu_info->evtchn_upcall_pending;
}

void hvm_register_save(const struct hvm_save_handler *h)
{
    save_handler[h->type] = h;
}

/* --- host interrupts --- */

bool irq_gsi_is_level(unsigned int gsi)
{
    return host[gsi].level;
}

int irq_set_gsi_trigger(unsigned int gsi, bool level, bool active_low)
{
    host[gsi].level = level;
    host[gsi].low = active_low;
    return 0;
}

int irq_bind_guest(unsigned int irq, struct domain *d, irq_handler_t fn, void *data)
{
    assert_ptr_equal(d, dom);
    if (host[irq].error)
        return host[irq].error;
    if (host[irq].fn)
        return -EBUSY;
    host[irq].fn = fn;
    host[irq].data = data;
    host[irq].binds++;
    return 0;
}

void irq_unbind_guest(unsigned int irq, struct domain *d)
{
    assert_ptr_equal(d, dom);
    assert_non_null(host[irq].fn);
    host[irq].fn = NULL;
}

void irq_eoi_guest(unsigned int irq, const struct domain *d)
{
    assert_ptr_equal(d, dom);
    host[irq].eois++;
    host[irq].in_service = false;
}

/* --- time --- */

static struct timer *timers[16];

s_time_t get_s_time(void)
{
    return fake_now;
}

uint64_t tsc_to_ns(uint64_t ticks)
{
    return ticks;
}

void timer_init(struct timer *t, void (*fn)(void *), void *data, unsigned int cpu)
{
    unsigned int i = 0;

    *t = (struct timer){ .fn = fn, .data = data, .cpu = cpu };
    while (timers[i])
        i++;
    timers[i] = t;
}

void timer_set(struct timer *t, s_time_t expires)
{
    t->expires = expires;
    t->status = 1;
}

void timer_stop(struct timer *t)
{
    t->status = 0;
}

void timer_kill(struct timer *t)
{
    unsigned int i;

    for (i = 0; i < 16; i++)
        if (timers[i] == t)
            timers[i] = NULL;
}

static struct timer *next_timer(s_time_t until)
{
    struct timer *best = NULL;
    unsigned int i;

    for (i = 0; i < 16; i++)
        if (timers[i] && timers[i]->status && timers[i]->expires <= until &&
            (!best || timers[i]->expires < best->expires))
            best = timers[i];
    return best;
}

void fake_advance(s_time_t ns)
{
    s_time_t until = fake_now + ns;
    struct timer *t;

    while ((t = next_timer(until)) != NULL) {
        fake_now = MAX(fake_now, t->expires);
        t->status = 0;
        t->fn(t->data);
    }
    fake_now = until;
}

/* --- ports and MMIO --- */

static struct hvm_io_handler handler[16];
static unsigned int handlers;

int hvm_register_io(struct domain *d, bool mmio, uint64_t start, uint64_t end,
                    int (*read)(struct vcpu *, uint64_t, unsigned int, uint64_t *,
                                void *),
                    int (*write)(struct vcpu *, uint64_t, unsigned int, uint64_t, void *),
                    void *data)
{
    assert_ptr_equal(d, dom);
    handler[handlers++] = (struct hvm_io_handler){
        .mmio = mmio, .start = start, .end = end, .read = read, .write = write,
        .data = data,
    };
    return 0;
}

static struct hvm_io_handler *handler_of(bool mmio, uint64_t addr)
{
    unsigned int i;

    for (i = 0; i < handlers; i++)
        if (handler[i].mmio == mmio && handler[i].start <= addr && addr <= handler[i].end)
            return &handler[i];
    return NULL;
}

uint32_t mmio_read(unsigned int id, paddr_t gpa)
{
    struct hvm_io_handler *h = handler_of(true, gpa);
    uint64_t val = ~0ull;

    if (vlapic_mmio_claims(vcpu[id], gpa))
        assert_int_equal(vlapic_mmio_read(vcpu[id], gpa, 4, &val), IO_OK);
    else if (h)
        assert_int_equal(h->read(vcpu[id], gpa, 4, &val, h->data), IO_OK);
    return (uint32_t)val;
}

void mmio_write(unsigned int id, paddr_t gpa, uint32_t val)
{
    struct hvm_io_handler *h = handler_of(true, gpa);

    if (vlapic_mmio_claims(vcpu[id], gpa))
        assert_int_equal(vlapic_mmio_write(vcpu[id], gpa, 4, val), IO_OK);
    else if (h)
        assert_int_equal(h->write(vcpu[id], gpa, 4, val, h->data), IO_OK);
}

uint8_t port_read(uint16_t port)
{
    struct hvm_io_handler *h = handler_of(false, port);
    uint64_t val = 0xff;

    assert_non_null(h);
    if (h->read(vcpu[0], port, 1, &val, h->data) != IO_OK)
        return 0xff;
    return (uint8_t)val;
}

void port_write(uint16_t port, uint8_t val)
{
    struct hvm_io_handler *h = handler_of(false, port);

    assert_non_null(h);
    h->write(vcpu[0], port, 1, val, h->data);
}

uint64_t msr_read(unsigned int id, uint32_t msr)
{
    uint64_t val = 0;

    assert_int_equal(vlapic_msr_read(vcpu[id], msr, &val), 0);
    return val;
}

void msr_write(unsigned int id, uint32_t msr, uint64_t val)
{
    assert_int_equal(vlapic_msr_write(vcpu[id], msr, val), 0);
}

int take_interrupt(unsigned int id)
{
    struct hvm_intr intr = hvm_intr_pending(vcpu[id]);

    if (intr.kind == HVM_INTR_NONE)
        return -1;
    hvm_intr_hand_over(vcpu[id], intr);
    hvm_intr_delivered(vcpu[id], intr);
    return intr.vector;
}

uint8_t machine_port[0x100];
unsigned int machine_writes;

uint32_t fake_port_in(uint16_t port, unsigned int size)
{
    assert_int_equal(size, 1);
    return machine_port[port & 0xff];
}

void fake_port_out(uint32_t val, uint16_t port, unsigned int size)
{
    assert_int_equal(size, 1);
    machine_port[port & 0xff] = (uint8_t)val;
    machine_writes++;
}

/* --- the domain --- */

void fake_domain(bool privileged, uint32_t emulation_flags)
{
    unsigned int i;

    fake_x2apic = true;
    fake_deadline = false;
    fake_now = 1000000;
    handlers = machine_writes = shutdowns = 0;
    fake_on_sleep = NULL;
    memset(wakes, 0, sizeof(wakes));
    memset(kicks, 0, sizeof(kicks));
    memset(ups, 0, sizeof(ups));
    memset(resets, 0, sizeof(resets));
    memset(host, 0, sizeof(host));
    dom = calloc(1, sizeof(*dom));
    dom->is_privileged = privileged;
    dom->arch.emulation_flags = emulation_flags;
    dom->max_vcpus = FAKE_VCPUS;
    dom->vcpu = vcpu;
    acpi_host.madt.ioapics = 2;
    acpi_host.madt.ioapic[0] = (struct acpi_ioapic){ 0, 0, 0xfec00000 };
    acpi_host.madt.ioapic[1] = (struct acpi_ioapic){ 1, 24, 0xfec01000 };
    assert_int_equal(vioapic_init(dom), 0);
    assert_int_equal(vpit_init(dom), 0);
    for (i = 0; i < FAKE_VCPUS; i++) {
        vcpu[i] = calloc(1, sizeof(*vcpu[i]));
        vcpu[i]->vcpu_id = i;
        vcpu[i]->domain = dom;
        assert_int_equal(vlapic_init(vcpu[i]), 0);
        vlapic_set_reg(vcpu[i]->arch.hvm.vlapic, VL_SVR, 0x1ff);
    }
    vcpu[0]->arch.hvm.vlapic->start = VL_RUNNING;
    current = vcpu[0];
}

void fake_domain_free(void)
{
    unsigned int i;

    for (i = 0; i < FAKE_VCPUS; i++) {
        vlapic_destroy(vcpu[i]);
        free(vcpu[i]);
    }
    vioapic_destroy(dom);
    vpit_destroy(dom);
    free(dom);
    for (i = 0; i < FAKE_GSIS; i++)
        assert_null(host[i].fn);
    assert_int_equal(charged, 0);
}
