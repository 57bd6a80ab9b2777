/* SPDX-License-Identifier: GPL-2.0-only */
/* Domain 0: from boot modules to a vCPU that is about to run. */
#include <xen/dom0.h>
#include <xen/guest_access.h>
#include <xen/irq.h>
#include <xen/param.h>
#include <xen/vpci.h>
#include <asm/hvm.h>
#include <asm/p2m.h>
#include <public/arch-x86/hvm/start_info.h>

#include "private.h"

#define MODULE_KERNEL 0U
#define MODULE_INITRD 1U

static uint64_t dom0_mem_bytes __initdata, dom0_mem_max __initdata;
static unsigned int opt_max_vcpus __initdata;

/* dom0_mem=SIZE[,max:SIZE]; min:SIZE is taken as a size that there must be anyway. */
static int __init parse_dom0_mem(const char *s)
{
    while (*s) {
        bool max = strncmp(s, "max:", 4) == 0, min = strncmp(s, "min:", 4) == 0;
        const char *end;
        uint64_t bytes;

        if (max || min)
            s += 4;
        bytes = parse_size(s, &end);
        if (end == s || (*end && *end != ','))
            return -EINVAL;
        if (max)
            dom0_mem_max = bytes;
        else
            dom0_mem_bytes = MAX(dom0_mem_bytes, bytes);
        s = *end ? end + 1 : end;
    }
    return dom0_mem_bytes | dom0_mem_max ? 0 : -EINVAL;
}
custom_param("dom0_mem", dom0_mem, parse_dom0_mem);

/* dom0_max_vcpus=N or MIN-MAX. */
static int __init parse_max_vcpus(const char *s)
{
    const char *end;
    unsigned long long n = simple_strtoull(s, &end, 10);

    if (end == s)
        return -EINVAL;
    if (*end == '-') {
        s = end + 1;
        if (*s) {
            n = simple_strtoull(s, &end, 10);
            if (end == s)
                return -EINVAL;
        } else {
            end = s;
        }
    }
    if (*end || n < 1 || n > MAX_VIRT_CPUS)
        return -EINVAL;
    opt_max_vcpus = (unsigned int)n;
    return 0;
}
custom_param("dom0_max_vcpus", dom0_max_vcpus, parse_max_vcpus);

static bool want_pv __initdata;

/* dom0=pvh[,...]: the other words of Xen's list are booleans that we have no use for. */
static int __init parse_dom0(const char *s)
{
    while (*s) {
        size_t len = strchr(s, ',') ? (size_t)(strchr(s, ',') - s) : strlen(s);

        if (len == 3 && strncmp(s, "pvh", 3) == 0)
            want_pv = false;
        else if (len == 2 && strncmp(s, "pv", 2) == 0)
            want_pv = true;
        else
            return -EINVAL;
        s += len;
        if (*s)
            s++;
    }
    return 0;
}
custom_param("dom0", dom0_option, parse_dom0);

/* --- steps ------------------------------------------------------------------------- */

static unsigned long __init memory_to_give(void)
{
    unsigned long free = heap_free_pages(), want = dom0_mem_bytes >> PAGE_SHIFT;
    /* For page tables, the IOMMU's as well, and the hypervisor's own needs. */
    unsigned long keep = MIN(free / 16, MB(128) >> PAGE_SHIFT);

    if (!want)
        want = free - keep;
    if (want > free - keep)
        panic("dom0_mem=%luM: only %luM of memory are free",
              (unsigned long)(dom0_mem_bytes >> 20), (free - keep) >> (20 - PAGE_SHIFT));
    if (dom0_mem_max)
        want = MIN(want, (unsigned long)(dom0_mem_max >> PAGE_SHIFT));
    return want;
}

static int __init create(struct dom0_build *b)
{
    struct xen_domctl_createdomain cfg = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap | XEN_DOMCTL_CDF_iommu,
        .max_vcpus = opt_max_vcpus ? opt_max_vcpus
                                   : MIN(num_online_cpus(), (unsigned int)MAX_VIRT_CPUS),
        .max_evtchn_port = ~0U,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
        .grant_opts = XEN_DOMCTL_GRANT_version(2),
        .arch.emulation_flags =
            XEN_X86_EMU_LAPIC | XEN_X86_EMU_IOAPIC | XEN_X86_EMU_VPCI,
    };
    struct domain *d = domain_create(0, &cfg, true);
    int rc;

    if (IS_ERR(d))
        return (int)PTR_ERR(d);
    b->d = dom0 = d;
    d->max_pages = dom0_mem_max ? dom0_mem_max >> PAGE_SHIFT : ~0UL >> PAGE_SHIFT;
    rc = domain_set_max_vcpus(d, cfg.max_vcpus);
    return rc ? rc : arch_set_dom0_pool(d, b->nr_pages);
}

/*
 * Everything, but for what the hypervisor works with; drivers take their own out later.
 */
static int __init permissions(struct dom0_build *b)
{
    struct domain *d = b->d;
    int rc = rangeset_add(&d->iomem_caps, 0, (1UL << (52 - PAGE_SHIFT)) - 1);

    for (unsigned int i = 0; i < boot_info.nr_e820 && !rc; i++) {
        const struct e820_entry *e = &boot_info.e820[i];
        paddr_t start = ROUND_UP(e->start, PAGE_SIZE);
        paddr_t end = ROUND_DOWN(e->start + e->size, PAGE_SIZE);

        if (e->type == E820_RAM && start < end)
            rc = rangeset_remove(&d->iomem_caps, start >> PAGE_SHIFT,
                                 (end >> PAGE_SHIFT) - 1);
    }
    if (!rc)
        rc = rangeset_add(&d->irq_caps, 0, nr_irqs - 1);
    if (!rc)
        rc = rangeset_add(&d->arch.ioport_caps, 0, 0xffff);
    return rc ? rc : arch_dom0_deny(d);
}

static int __init devices(struct dom0_build *b)
{
    int rc = vpci_setup_dom0(b->d);

    return rc ? rc : iommu_setup_dom0(b->d);
}

static int __init memory(struct dom0_build *b)
{
    b->acpi_size = dom0_acpi_size(b->d);
    dom0_plan_memory(b);
    return dom0_populate(b);
}

static int __init load_kernel(struct dom0_build *b)
{
    const char *why;

    dom0_open_kernel(MODULE_KERNEL, &b->kernel);
    why = elf_check_pvh(&b->kernel, &b->entry, &b->kernel_start, &b->kernel_end);
    if (why)
        panic("Module %u is not a usable domain 0 kernel: %s", MODULE_KERNEL, why);
    if (!dom0_is_ram(b, b->kernel_start, b->kernel_end - b->kernel_start))
        panic(
            "Domain 0's kernel wants to be at %#lx-%#lx, where it has no RAM (dom0_mem?)",
            (unsigned long)b->kernel_start, (unsigned long)b->kernel_end);
    return elf_load(b->d, &b->kernel);
}

static int __init put(struct dom0_build *b, paddr_t *at, const void *src, size_t size)
{
    paddr_t here = *at;

    *at = ROUND_UP(here + size, 8UL);
    return copy_to_guest_phys(b->d, here, src, size);
}

/* Start info, module list, memory map and command line in one run of pages. */
static int __init write_start_info(struct dom0_build *b, paddr_t initrd,
                                   size_t initrd_size)
{
    const char *cmdline = boot_info.modules[MODULE_KERNEL].cmdline;
    struct hvm_modlist_entry mod = {.paddr = initrd, .size = initrd_size};
    struct hvm_start_info si = {
        .magic = XEN_HVM_START_MAGIC_VALUE,
        .version = 1,
        .flags = SIF_PRIVILEGED | SIF_INITDOMAIN,
        .nr_modules = initrd_size ? 1 : 0,
        .rsdp_paddr = b->rsdp,
        .memmap_entries = b->nr_map,
    };
    size_t size = sizeof(si) + sizeof(mod) + strlen(cmdline) + 64 +
                  b->nr_map * sizeof(struct hvm_memmap_table_entry);
    /* Linux reads it through the mapping of the first gigabyte that it starts with. */
    paddr_t limit = initrd_size ? MIN(initrd, GB(1)) : GB(1);
    paddr_t at = b->start_info = dom0_find_room(b, size, limit);
    int rc;

    if (!at)
        return -ENOSPC;
    at += ROUND_UP(sizeof(si), 8UL);
    si.cmdline_paddr = at;
    rc = put(b, &at, cmdline, strlen(cmdline) + 1);
    if (initrd_size)
        si.modlist_paddr = at;
    if (!rc)
        rc = put(b, &at, &mod, sizeof(mod));
    si.memmap_paddr = at;
    for (unsigned int i = 0; i < b->nr_map && !rc; i++) {
        struct hvm_memmap_table_entry e = {b->map[i].start, b->map[i].size,
                                           b->map[i].type, 0};

        rc = put(b, &at, &e, sizeof(e));
    }
    return rc ? rc : copy_to_guest_phys(b->d, b->start_info, &si, sizeof(si));
}

static int __init load_rest(struct dom0_build *b)
{
    size_t size = 0;
    const void *initrd = boot_module_data(MODULE_INITRD, &size);
    paddr_t at = 0;
    int rc = 0;

    if (initrd && size) {
        at = dom0_find_room(b, size, GB(4));
        if (!at)
            panic(
                "Module %u, an initrd of %luM, does not fit in domain 0's memory (%luM)",
                MODULE_INITRD, size >> 20, b->nr_pages >> (20 - PAGE_SHIFT));
        rc = copy_to_guest_phys(b->d, at, initrd, size);
    }
    return rc ? rc : write_start_info(b, at, initrd ? size : 0);
}

static int __init memory_map(struct dom0_build *b)
{
    struct e820entry {
        uint64_t addr, size;
        uint32_t type;
    } __packed *e = charge_alloc_array(&b->d->charge, CHARGE_MISC, b->nr_map, sizeof(*e));

    if (!e)
        return -ENOMEM;
    for (unsigned int i = 0; i < b->nr_map; i++)
        e[i] = (struct e820entry){b->map[i].start, b->map[i].size, b->map[i].type};
    b->d->arch.e820.entries = e;
    b->d->arch.e820.nr = b->nr_map;
    return 0;
}

static int __init start(struct dom0_build *b)
{
    struct vcpu *v = b->d->vcpu[0];

    hvm_vcpu_pvh_start(v, b->entry, (uint32_t)b->start_info);
    v->is_initialised = true;
    update_domain_wallclock(b->d);
    return vcpu_up(v);
}

int __init dom0_build(void)
{
    static const struct {
        const char *name;
        int (*fn)(struct dom0_build *b);
    } steps[] __initconst = {
        {"create the domain", create}, {"grant permissions", permissions},
        {"set up devices", devices},   {"give memory", memory},
        {"build ACPI tables", dom0_build_acpi}, {"load the kernel", load_kernel},
        {"load the initrd and start info", load_rest}, {"set the memory map", memory_map},
        {"prepare the first vCPU", start},
    };
    static struct dom0_build b __initdata;

    if (want_pv)
        panic("dom0=pv: PV domains are not supported; use dom0=pvh");
    if (!hvm)
        panic("dom0=pvh needs hardware virtualization with nested paging (SVM and NPT)");
    if (!iommu_enabled)
        panic("dom0=pvh needs an IOMMU (AMD-Vi or VT-d), and none is in use");
    b.nr_pages = memory_to_give();
    for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
        int rc = steps[i].fn(&b);

        if (rc)
            panic("Domain 0: could not %s: error %d", steps[i].name, rc);
        process_pending_softirqs();
    }
    printk(XENLOG_INFO "Domain 0: kernel %#lx-%#lx, entry %#x, %lu MiB, %u vCPUs\n",
           (unsigned long)b.kernel_start, (unsigned long)b.kernel_end, b.entry,
           b.d->tot_pages >> (20 - PAGE_SHIFT), b.d->max_vcpus);
    dom0_close_kernel(&b.kernel);
    b.d->creation_finished = true;
    b.d->controller_pause_count = 0;
    return 0;
}
