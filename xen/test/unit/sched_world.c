/* SPDX-License-Identifier: GPL-2.0-only */
/* What is beneath the scheduler in its tests, and the simulation (sched_world.h). */
#include <sanitizer/asan_interface.h>

#include "sched_world.h"

struct cpu_info fake_cpu_info;
cpumask_t cpu_online_map;

s_time_t clock_now;
struct vcpu *on_cpu[CPUS];
struct domain *domains[8];
unsigned int nr_domains;
bool event_pending;
unsigned int world_preempt, world_freed;
bool world_no_memory;
cpumask_t world_bitmap;

/* All of a test's objects; the next test starts over. */
void *object(size_t size)
{
    static void *all[256];
    static unsigned int n;

    if (size == 0) {
        while (n)
            free(all[--n]);
        return NULL;
    }
    assert_true(n < ARRAY_SIZE(all));
    all[n] = calloc(1, size);
    return all[n++];
}

int forget(void **state)
{
    object(0);
    return 0;
}

/* --- what the scheduler stands on -------------------------------------------------- */

void bug_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d %s\n", file, line, what);
    abort();
}

void panic(const char *fmt, ...)
{
    fprintf(stderr, "%s\n", fmt);
    abort();
}

void printk(const char *fmt, ...)
{
}

s_time_t get_s_time(void)
{
    return clock_now;
}

bool arch_timer_program(s_time_t when)
{
    return when > clock_now;
}

void smp_kick(unsigned int cpu)
{
}

void stack_ctx_init(struct stack_ctx *ctx, void *base, void (*fn)(void *), void *arg)
{
}

void stack_switch(struct stack_ctx *from, struct stack_ctx *to)
{
}

void arch_vcpu_switch_in(struct vcpu *v)
{
}

void arch_vcpu_switch_out(struct vcpu *v)
{
}

void arch_vcpu_main(void *v)
{
    abort();
}

bool vcpu_event_pending(struct vcpu *v)
{
    return event_pending;
}

void sched_keys_init(void)
{
}

void *charge_alloc(struct charge *c, enum charge_tag tag, size_t size)
{
    return world_no_memory ? NULL : object(size);
}

void charge_free(void *p)
{
    world_freed++;
}

/* Its memory is the test's until forget(), but whoever touches it now is caught. */
static void gone(struct domain *d)
{
    for (unsigned int i = 0; i < d->max_vcpus; i++)
        ASAN_POISON_MEMORY_REGION(d->vcpu[i], sizeof(*d->vcpu[i]));
    ASAN_POISON_MEMORY_REGION(d, sizeof(*d));
}

void domain_get(struct domain *d)
{
    assert_true(d->refcount > 0);
    d->refcount++;
}

void domain_put(struct domain *d)
{
    assert_true(d->refcount > 0);
    if (--d->refcount == 0)
        gone(d);
}

struct domain *domain_get_by_id(domid_t id)
{
    for (unsigned int i = 0; i < nr_domains; i++) {
        if (domains[i]->domain_id == id) {
            domain_get(domains[i]);
            return domains[i];
        }
    }
    return NULL;
}

bool hypercall_preempt_check(void)
{
    return world_preempt && --world_preempt == 0;
}

int bitmap_to_guest(const struct xenctl_bitmap *to, const void *map, unsigned int nbits)
{
    memcpy(&world_bitmap, map, sizeof(world_bitmap));
    return 0;
}

struct domain *domain_next(struct domain *prev, domid_t from)
{
    unsigned int i = 0;

    while (prev && domains[i] != prev)
        i++;
    if (prev)
        i++;
    while (!prev && i < nr_domains && domains[i]->domain_id < from)
        i++;
    if (prev)
        domain_put(prev);
    if (i == nr_domains)
        return NULL;
    domain_get(domains[i]);
    return domains[i];
}

/* --- simulation -------------------------------------------------------------------- */

void enter(unsigned int cpu)
{
    fake_cpu_info.cpu = cpu;
    current = on_cpu[cpu];
}

void leave(unsigned int cpu)
{
    on_cpu[cpu] = current;
}

void softirqs(unsigned int cpu)
{
    enter(cpu);
    softirq_raise(SOFTIRQ_TIMER);
    do_softirq();
    leave(cpu);
}

void run_in_steps(s_time_t ns, s_time_t step)
{
    s_time_t end = clock_now + ns;

    while (clock_now < end) {
        for (unsigned int cpu = 0; cpu < CPUS; cpu++)
            if (cpu_online(cpu))
                softirqs(cpu);
        clock_now += step;
    }
}

void run_for(s_time_t ns)
{
    run_in_steps(ns, MICROSECS(50));
}

void boot(unsigned int cpus)
{
    cpumask_zero(&cpu_online_map);
    clock_now = MILLISECS(1);
    nr_domains = 0;
    event_pending = false;
    world_preempt = world_freed = 0;
    for (unsigned int cpu = 0; cpu < cpus; cpu++) {
        fake_cpu_info.cpu = cpu;
        cpumask_set(cpu, &cpu_online_map);
        memset(rq_of(cpu), 0, sizeof(struct run_queue)); /* the last test's */
        softirq_cpu_init(cpu);
        tasklet_cpu_init(cpu);
        timer_cpu_init(cpu);
    }
    fake_cpu_info.cpu = 0;
    timer_subsys_init();
    tasklet_subsys_init();
    for (unsigned int cpu = 0; cpu < cpus; cpu++) {
        fake_cpu_info.cpu = cpu;
        if (cpu == 0)
            sched_init();
        else
            sched_init_cpu(cpu);
        on_cpu[cpu] = idle_vcpu[cpu];
    }
    enter(0);
}

struct domain *domain_in(unsigned int pool, unsigned int vcpus)
{
    struct domain *d = object(sizeof(*d));

    assert_int_equal(sched_domain_init(d, pool), 0);
    d->refcount = 1;
    d->domain_id = (domid_t)nr_domains;
    domains[nr_domains++] = d;
    d->vcpu = object(vcpus * sizeof(*d->vcpu));
    d->max_vcpus = vcpus;
    d->evtchn.poll_mask = object(sizeof(unsigned long));
    for (unsigned int i = 0; i < vcpus; i++) {
        d->vcpu[i] = object(sizeof(struct vcpu));
        d->vcpu[i]->vcpu_id = i;
        d->vcpu[i]->domain = d;
        assert_int_equal(sched_vcpu_init(d->vcpu[i]), 0);
    }
    return d;
}

struct domain *domain(unsigned int vcpus, unsigned int weight, unsigned int cap)
{
    struct domain *d = domain_in(0, vcpus);

    d->sched.weight = (uint16_t)weight;
    set_cap(d, cap);
    return d;
}

void set_cap(struct domain *d, unsigned int cap)
{
    d->sched.cap = (uint16_t)cap;
    spin_lock(&cpupool_lock);
    d->sched.policy->adjusted(d);
    spin_unlock(&cpupool_lock);
}

void start(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v) {
        v->sched.pause_flags = 0;
        vcpu_wake(v);
    }
}

s_time_t used(struct domain *d)
{
    struct vcpu *v;
    s_time_t sum = 0;

    for_each_vcpu(d, v)
        sum += vcpu_cpu_time(v);
    return sum;
}

s_time_t used_in(struct domain *d, s_time_t ns)
{
    s_time_t before = used(d);

    run_for(ns);
    return used(d) - before;
}

struct vcpu *one_among(unsigned int cpus, unsigned int hogs)
{
    struct domain *one;

    boot(cpus);
    start(domain(hogs, 256, 0));
    one = domain(1, 256, 0);
    start(one);
    return one->vcpu[0];
}

s_time_t until_runs(const struct vcpu *v)
{
    s_time_t from = clock_now;

    while (!v->sched.running)
        run_for(MICROSECS(50));
    return clock_now - from;
}

bool block(struct vcpu *v)
{
    bool runs;

    enter(v->processor);
    runs = current == v;
    if (runs)
        vcpu_block();
    leave(v->processor);
    return runs;
}

void wake(struct vcpu *v)
{
    enter(0);
    vcpu_unblock(v);
    leave(0);
}
