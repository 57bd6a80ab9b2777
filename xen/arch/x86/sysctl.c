/* SPDX-License-Identifier: GPL-2.0-only */
/* XEN_SYSCTL: processors, their topology, features and policies. */
#include <xen/ctl.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/smp.h>
#include <asm/cpu_policy.h>
#include <public/sysctl.h>

/*
 * Where in an APIC id the core and the package start. AMD: leaf 0x80000008 ECX (APM vol.
 * 3 §E.4.7) and 0x8000001e EBX; others: leaf 0xb (SDM vol. 2, CPUID).
 */
static void id_shifts(unsigned int *core, unsigned int *package)
{
    const struct cpu_policy *p = &cpu_policy_host;

    *core = *package = 0;
    if (p->topo[0].c >> 8) {
        *core = p->topo[0].a & 31;
        *package = p->topo[1].c >> 8 ? p->topo[1].a & 31 : *core;
    } else if (cpu_policy_vendor(p) == VENDOR_AMD ||
               cpu_policy_vendor(p) == VENDOR_HYGON) {
        unsigned int threads = ((cpu_policy_raw.extd[0x1e].b >> 8) & 0xff) + 1;
        unsigned int nr = (cpu_policy_raw.extd[8].c & 0xff) + 1;

        *package = (cpu_policy_raw.extd[8].c >> 12) & 15;
        if (*package == 0 && nr > 1)
            *package = fls_long(nr - 1) + 1;
        if (threads > 1)
            *core = fls_long(threads - 1) + 1;
    }
}

static void cpu_topology(unsigned int cpu, uint32_t *core, uint32_t *socket)
{
    unsigned int core_shift, package_shift;
    uint32_t id = cpu_apic_id(cpu);

    id_shifts(&core_shift, &package_shift);
    *socket = id >> package_shift;
    *core = (id & ((1U << package_shift) - 1)) >> core_shift;
}

/* Of the boot CPU's package: how many CPUs share its core, how many cores it has. */
static void count_siblings(uint32_t *threads, uint32_t *cores)
{
    uint32_t core0, socket0, core, socket;
    unsigned int cpu;
    DECLARE_BITMAP(seen, 256) = {0};

    *threads = *cores = 0;
    cpu_topology(0, &core0, &socket0);
    for_each_online_cpu(cpu) {
        cpu_topology(cpu, &core, &socket);
        if (socket != socket0)
            continue;
        if (core == core0)
            ++*threads;
        if (core < 256 && !test_and_set_bit(core, seen))
            ++*cores;
    }
}

/*
 * On AMD leaf 0x80000001 repeats these EDX bits of leaf 1, and SYSENTER does not work in
 * long mode (APM vol. 3 E.4.2): the tools show each feature once, and SEP not at all.
 */
#define AMD_REPEATED_EDX 0x0183f3ffU
#define EDX_SEP          (1U << 11)
#define WORD_1_EDX       0 /* of a feature set (public arch-x86/cpufeatureset.h) */
#define WORD_E1_EDX      2

static void drop_repeated(uint32_t *words)
{
    enum cpu_vendor vendor = cpu_policy_vendor(&cpu_policy_host);

    if (vendor == VENDOR_AMD || vendor == VENDOR_HYGON) {
        words[WORD_1_EDX] &= ~EDX_SEP;
        words[WORD_E1_EDX] &= ~AMD_REPEATED_EDX;
    }
}

void arch_physinfo(struct xen_sysctl_physinfo *pi)
{
    uint32_t words[X86_FEATURE_WORDS];

    count_siblings(&pi->threads_per_core, &pi->cores_per_socket);
    if (hvm)
        pi->capabilities |= XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap;
    cpu_policy_get_features(&cpu_policy_host, words);
    drop_repeated(words);
    for (unsigned int i = 0; i < ARRAY_SIZE(pi->hw_cap) && i < X86_FEATURE_WORDS; i++)
        pi->hw_cap[i] = words[i];
}

static long topology(struct xen_sysctl_cputopoinfo *ti)
{
    uint32_t nr = 0, i;

    for (i = 0; i < NR_CPUS; i++)
        if (cpumask_test(i, &cpu_present_map))
            nr = i + 1;
    if (!guest_handle_is_null(ti->cputopo)) {
        nr = MIN(nr, ti->num_cpus);
        for (i = 0; i < nr; i++) {
            struct xen_sysctl_cputopo t = {
                XEN_INVALID_CORE_ID, XEN_INVALID_SOCKET_ID, XEN_INVALID_NODE_ID};

            if (cpu_online(i)) {
                cpu_topology(i, &t.core, &t.socket);
                t.node = 0;
            }
            if (guest_write_at(ti->cputopo, i, &t))
                return -EFAULT;
        }
    }
    ti->num_cpus = nr;
    return 0;
}

static long featureset(struct xen_sysctl_cpu_featureset *f)
{
    static const uint8_t policy_of[] = {
        [XEN_SYSCTL_cpu_featureset_raw] = XEN_SYSCTL_cpu_policy_raw,
        [XEN_SYSCTL_cpu_featureset_host] = XEN_SYSCTL_cpu_policy_host,
        [XEN_SYSCTL_cpu_featureset_pv] = XEN_SYSCTL_cpu_policy_pv_default,
        [XEN_SYSCTL_cpu_featureset_hvm] = XEN_SYSCTL_cpu_policy_hvm_default,
        [XEN_SYSCTL_cpu_featureset_pv_max] = XEN_SYSCTL_cpu_policy_pv_max,
        [XEN_SYSCTL_cpu_featureset_hvm_max] = XEN_SYSCTL_cpu_policy_hvm_max,
    };
    uint32_t words[X86_FEATURE_WORDS], n;
    const struct cpu_policy *p;
    long rc = 0;

    if (f->index >= ARRAY_SIZE(policy_of))
        return -EINVAL;
    p = cpu_policy_by_index(policy_of[f->index]);
    if (guest_handle_is_null(f->features)) {
        f->nr_features = X86_FEATURE_WORDS;
        return 0;
    }
    if (!p)
        return -EOPNOTSUPP;
    cpu_policy_get_features(p, words);
    n = MIN(f->nr_features, (uint32_t)X86_FEATURE_WORDS);
    if (copy_to_guest_va(guest_handle_addr(f->features), words, n * sizeof(*words)))
        return -EFAULT;
    if (f->nr_features < X86_FEATURE_WORDS)
        rc = -ENOBUFS;
    f->nr_features = n;
    return rc;
}

long policy_to_guest(const struct cpu_policy *p, uint32_t *nr_leaves, uint64_t leaves_at,
                     uint32_t *nr_msrs, uint64_t msrs_at)
{
    xen_cpuid_leaf_t *leaves = xalloc_array(xen_cpuid_leaf_t, CPU_POLICY_MAX_LEAVES);
    xen_msr_entry_t msrs[CPU_POLICY_MAX_MSRS];
    uint32_t have_leaves = CPU_POLICY_MAX_LEAVES, have_msrs = CPU_POLICY_MAX_MSRS;
    long rc = leaves ? 0 : -ENOMEM;

    if (!rc)
        rc = cpu_policy_to_leaves(p, leaves, &have_leaves);
    if (!rc)
        rc = cpu_policy_to_msrs(p, msrs, &have_msrs);
    if (!rc && leaves_at) {
        if (*nr_leaves < have_leaves)
            rc = -ENOBUFS;
        else if (copy_to_guest_va(leaves_at, leaves, have_leaves * sizeof(*leaves)))
            rc = -EFAULT;
    }
    if (!rc && msrs_at) {
        if (*nr_msrs < have_msrs)
            rc = -ENOBUFS;
        else if (copy_to_guest_va(msrs_at, msrs, have_msrs * sizeof(*msrs)))
            rc = -EFAULT;
    }
    if (!rc) {
        *nr_leaves = leaves_at ? have_leaves : CPU_POLICY_MAX_LEAVES;
        *nr_msrs = msrs_at ? have_msrs : CPU_POLICY_MAX_MSRS;
    }
    xfree(leaves);
    return rc;
}

static long sysctl_policy(struct xen_sysctl_cpu_policy *c)
{
    const struct cpu_policy *p;

    if (c->_rsvd || c->index > XEN_SYSCTL_cpu_policy_hvm_default)
        return -EINVAL;
    p = cpu_policy_by_index(c->index);
    if (!p)
        return -EOPNOTSUPP;
    return policy_to_guest(p, &c->nr_leaves, guest_handle_addr(c->leaves), &c->nr_msrs,
                           guest_handle_addr(c->msrs));
}

long arch_sysctl(struct xen_sysctl *op, bool *copyback)
{
    *copyback = true;
    switch (op->cmd) {
    case XEN_SYSCTL_cputopoinfo:
        return topology(&op->u.cputopoinfo);
    case XEN_SYSCTL_get_cpu_featureset:
        return featureset(&op->u.cpu_featureset);
    case XEN_SYSCTL_get_cpu_policy:
        return sysctl_policy(&op->u.cpu_policy);
    case XEN_SYSCTL_get_cpu_levelling_caps:
        /* No feature is masked for PV guests, for there are none. */
        op->u.cpu_levelling_caps.caps = 0;
        return 0;
    default:
        *copyback = false;
        return -ENOSYS;
    }
}
