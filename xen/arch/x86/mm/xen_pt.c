/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own page tables: the direct map, the image with W^X, and what
 * map_pages_to_xen() adds. All CPUs use the one tree.
 */
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/page_list.h>
#include <xen/spinlock.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/cr.h>
#include <asm/mmu.h>
#include <asm/msr.h>
#include <asm/pt.h>
#include <asm/stack.h>
#include <asm/tlb.h>

#include "../boot/setup.h"

/* UC at indexes 3, WC at 4, WP at 5 (APM vol. 2 7.8): what asm/pt.h's formats assume. */
#define PAT_LAYOUT 0x0000050100070406ULL

extern const char _start[], _end[], _stext[], _einit_text_page[], _sinittext[],
    _srodata[], _erodata[], _sdata[], _sro_after_init[], _ero_after_init[], _sinitdata[],
    _einitdata[];

uint64_t xen_cr3;
static struct pt xen_pt; /* [pt_lock] */
static DEFINE_SPINLOCK(pt_lock, LOCK_VMAP);
static bool tables_from_heap;
/* [pt_lock] tables to free after a flush */
static struct page_list retired;

static int alloc_table(void *ctx, unsigned long *mfn)
{
    if (tables_from_heap) {
        struct page_info *pg = heap_alloc_for(NULL, 0, MEMF_ZERO);

        if (!pg)
            return -ENOMEM;
        *mfn = mfn_x(page_to_mfn(pg));
    } else {
        paddr_t pa = boot_memory_alloc(PAGE_SIZE, PAGE_SIZE, GB(4));

        if (!pa)
            return -ENOMEM;
        memset(paddr_to_virt(pa), 0, PAGE_SIZE);
        *mfn = pa >> PAGE_SHIFT;
    }
    return 0;
}

/* Tables from before the heap are not its pages; they stay what they are. */
static bool from_heap(unsigned long mfn)
{
    return tables_from_heap && !(mfn_to_page(_mfn(mfn))->count & PGC_RESERVED);
}

static void free_table(void *ctx, unsigned long mfn)
{
    if (from_heap(mfn))
        heap_free(mfn_to_page(_mfn(mfn)), 0);
}

static void retire_table(void *ctx, unsigned long mfn)
{
    if (from_heap(mfn))
        page_list_add_tail(&retired, mfn_to_page(_mfn(mfn)));
}

static pt_entry_t *map_table(void *ctx, unsigned long mfn)
{
    return mfn_to_virt(_mfn(mfn));
}

static const struct pt_ops xen_pt_ops = {
    .alloc_table = alloc_table,
    .free_table = free_table,
    .retire_table = retire_table,
    .map_table = map_table,
};

static pt_attr_t attr_of_flags(uint64_t flags)
{
    pt_attr_t attr = PT_R | PT_GLOBAL;

    if (flags & PTE_W)
        attr |= PT_W;
    if (!(flags & PTE_NX))
        attr |= PT_X;
    if (flags & PTE_PCD)
        attr |= flags & PTE_PWT ? PT_UC : PT_UC_MINUS;
    else if (flags & PTE_PWT)
        attr |= PT_WT;
    return attr;
}

/* The engine counts page frames of a 48-bit address space from 0. */
static unsigned long va_pfn(unsigned long va)
{
    return (va & ((1UL << 48) - 1)) >> PAGE_SHIFT;
}

static int map_range(unsigned long va, paddr_t pa, size_t len, pt_attr_t attr)
{
    struct pt_cursor cur = {0, 0};

    return pt_map(&xen_pt, va_pfn(va), pa >> PAGE_SHIFT, len >> PAGE_SHIFT, attr, &cur);
}

static bool range_is_empty(unsigned long va, size_t len)
{
    unsigned long pfn = va_pfn(va), end = pfn + (len >> PAGE_SHIFT);

    while (pfn < end) {
        struct pt_leaf leaf = pt_lookup(&xen_pt, pfn);

        if (leaf.attr)
            return false;
        pfn = ((pfn >> (9 * leaf.level)) + 1) << (9 * leaf.level);
    }
    return true;
}

int map_pages_to_xen(unsigned long va, paddr_t pa, size_t len, uint64_t flags)
{
    struct pt_cursor undo = {0, 0};
    int rc;

    ASSERT(!((va | pa | len) & ~PAGE_MASK));
    spin_lock(&pt_lock);
    rc = range_is_empty(va, len) ? map_range(va, pa, len, attr_of_flags(flags)) : -EEXIST;
    if (rc && rc != -EEXIST)
        (void)!pt_unmap(&xen_pt, va_pfn(va), len >> PAGE_SHIFT, &undo);
    spin_unlock(&pt_lock);
    return rc;
}

paddr_t unmap_pages_lazily(unsigned long va, size_t len, struct page_list *tables)
{
    struct pt_cursor cur = {0, 0};
    struct pt_leaf first;
    int rc;

    ASSERT(!((va | len) & ~PAGE_MASK));
    spin_lock(&pt_lock);
    first = pt_lookup(&xen_pt, va_pfn(va));
    rc = pt_unmap(&xen_pt, va_pfn(va), len >> PAGE_SHIFT, &cur);
    page_list_splice_tail(tables, &retired);
    spin_unlock(&pt_lock);
    /* Callers unmap what they mapped, whole: no superpage reaches over an end. */
    BUG_ON(rc);
    return (paddr_t)first.mfn << PAGE_SHIFT;
}

void unmap_pages_finish(struct page_list *tables)
{
    struct page_info *pg;

    if (cpumask_empty(&cpu_online_map))
        flush_local(FLUSH_TLB | FLUSH_TLB_GLOBAL); /* early boot */
    else
        flush_all(FLUSH_TLB | FLUSH_TLB_GLOBAL);
    while ((pg = page_list_pop(tables)) != NULL)
        heap_free(pg, 0);
}

void unmap_pages_from_xen(unsigned long va, size_t len)
{
    struct page_list tables = {0};

    (void)unmap_pages_lazily(va, len, &tables);
    unmap_pages_finish(&tables);
}

/* --- boot -------------------------------------------------------------------------- */

static void __init must_map(unsigned long va, paddr_t pa, size_t len, pt_attr_t attr)
{
    int rc = map_range(va, pa, len, attr | PT_GLOBAL);

    if (rc)
        panic("Cannot map %#lx at %#lx: error %d", pa, va, rc);
}

static void __init map_section(const char *from, const char *to, pt_attr_t attr)
{
    must_map((unsigned long)from, virt_to_paddr(from), (size_t)(to - from), attr);
}

/* All but the guard pages of the boot CPU's stacks. */
static void __init map_data(void)
{
    const char *from = _sdata, *guard;

    for (unsigned int i = 0; (guard = boot_guard(i)); i++) {
        map_section(from, guard, PT_RW);
        from = guard + PAGE_SIZE;
    }
    map_section(from, _end, PT_RW);
}

/*
 * RAM is mapped cached; so are the firmware's tables among it, and the low 1 MiB, whose
 * holes the MTRRs keep uncached. Other device memory is mapped by ioremap() alone.
 */
static void __init map_directmap(void)
{
    must_map(DIRECTMAP_START, 0, MB(1), PT_RW);
    for (unsigned int i = 0; i < boot_info.nr_e820; i++) {
        const struct e820_entry *e = &boot_info.e820[i];
        paddr_t start = MAX(e->start, MB(1)), end = e->start + e->size;

        if (e->type != E820_RAM && e->type != E820_ACPI && e->type != E820_NVS)
            continue;
        end = MIN(end, DIRECTMAP_END - DIRECTMAP_START);
        if (start < end)
            must_map(DIRECTMAP_START + start, start, end - start, PT_RW);
    }
    /* Code and constants cannot be changed through this alias either. */
    must_map(DIRECTMAP_START + XEN_PHYS_START, XEN_PHYS_START, (size_t)(_sdata - _start),
             PT_R);
}

void mmu_init_cpu(void)
{
    uint32_t a, b, c, d;
    uint64_t cr4 = read_cr4() | CR4_PGE;

    cpuid_count(0x80000001, 0, &a, &b, &c, &d);
    if (!(d & (1U << 20)))
        panic("This processor has no NX (or the firmware hides it)");
    wrmsr(MSR_PAT, PAT_LAYOUT);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    write_cr0(read_cr0() | CR0_WP);
    cpuid_count(0, 0, &a, &b, &c, &d);
    if (a >= 7) {
        cpuid_count(7, 0, &a, &b, &c, &d);
        cr4 |= b & (1U << 7) ? CR4_SMEP : 0;
        cr4 |= b & (1U << 20) ? CR4_SMAP : 0;
    }
    write_cr3(xen_cr3);
    write_cr4(cr4);
}

static bool __init has_1g_pages(void)
{
    uint32_t a, b, c, d;

    cpuid_count(0x80000001, 0, &a, &b, &c, &d);
    return d & (1U << 26);
}

void __init xen_pagetables_init(void)
{
    if (pt_init(&xen_pt, &pt_x86, &xen_pt_ops, NULL, 4, has_1g_pages() ? 2 : 1))
        panic("No memory for page tables");
    map_directmap();
    map_section(_stext, _srodata, PT_R | PT_X);
    map_section(_srodata, _erodata, PT_R);
    map_data();
    xen_cr3 = (uint64_t)xen_pt.root << PAGE_SHIFT;
    mmu_init_cpu();
}

void __init xen_pagetables_from_heap(void)
{
    tables_from_heap = true;
}

void __init xen_pagetables_check(void)
{
    unsigned long end = 1UL << (48 - PAGE_SHIFT);

    for (unsigned long pfn = 0; pfn < end;) {
        struct pt_leaf leaf = pt_lookup(&xen_pt, pfn);

        if ((leaf.attr & (PT_W | PT_X)) == (PT_W | PT_X))
            panic("Mapped writable and executable: page %#lx", pfn);
        pfn = ((pfn >> (9 * leaf.level)) + 1) << (9 * leaf.level);
    }
}

void xen_pagetables_seal(void)
{
    size_t text = (size_t)(_einit_text_page - _sinittext);
    size_t data = (size_t)(_einitdata - _sinitdata);
    paddr_t text_pa = virt_to_paddr(_sinittext), data_pa = virt_to_paddr(_sinitdata);

    spin_lock(&pt_lock);
    if (map_range((unsigned long)_sro_after_init, virt_to_paddr(_sro_after_init),
                  (size_t)(_ero_after_init - _sro_after_init), PT_R | PT_GLOBAL) ||
        map_range(DIRECTMAP_START + text_pa, text_pa, text, PT_RW | PT_GLOBAL))
        panic("No memory for page tables");
    spin_unlock(&pt_lock);
    unmap_pages_from_xen((unsigned long)_sinittext, text);
    unmap_pages_from_xen((unsigned long)_sinitdata, data);
    heap_add_range(text_pa, text_pa + text);
    heap_add_range(data_pa, data_pa + data);
    printk(XENLOG_INFO "Freed %zu KiB of boot code and data\n", (text + data) >> 10);
}
