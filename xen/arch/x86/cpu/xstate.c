/* SPDX-License-Identifier: GPL-2.0-only */
/* FPU and extended state of vCPUs. */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/percpu.h>
#include <asm/cpu.h>
#include <asm/cpu_policy.h>
#include <asm/cr.h>
#include <asm/msr.h>
#include <asm/xstate.h>

#define XSTATE_SSE 2

/*
 * The x87 pointers are two selectors and two offsets of 32 bits, or two offsets of 64
 * bits (APM vol. 2, 11.4.4): no form has both. An image says in its last byte, which no
 * instruction touches, which it has; Xen's saved images do so, with these numbers.
 */
#define FORM_AT 511
#define FORM_16 2
#define FORM_32 4
#define FORM_64 8

uint64_t xstate_mask;
uint32_t xstate_size = 512;

/*
 * A load leaves the x87 pointers (last instruction, its data, its opcode) as they are
 * unless the image has an unmasked exception pending: AMD before family 17h (APM vol. 2,
 * 11.4.4.3, and CPUID 8000_0008 EBX RstrFpErrPtrs).
 */
static bool pointers_stay;

/* Whose image this CPU loaded last. Compared, never followed: it may be gone. */
static DEFINE_PER_CPU(const struct vcpu *, xstate_of);

int xstate_init(void)
{
    enum cpu_vendor vendor;

    if (!cpu_has(X86_FEATURE_FXSR)) {
        printk(XENLOG_ERR "HVM: the CPU has no FXSAVE\n");
        return -ENODEV;
    }
    xstate_mask = cpu_policy_xcr0(&cpu_policy_host);
    if (xstate_mask)
        xstate_size = cpu_policy_xsave_size(&cpu_policy_host, xstate_mask, false);
    vendor = cpu_policy_vendor(&cpu_policy_host);
    pointers_stay = (vendor == VENDOR_AMD || vendor == VENDOR_HYGON) &&
                    !cpu_has(X86_FEATURE_RSTR_FP_ERR_PTRS);
    printk(XENLOG_INFO "xstate: components %#lx, %u bytes\n", xstate_mask, xstate_size);
    return 0;
}

void xstate_init_cpu(void)
{
    uint64_t cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT;

    write_cr0((read_cr0() & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
    write_cr4(xstate_mask ? cr4 | CR4_OSXSAVE : cr4);
    if (xstate_mask)
        xcr0_write(xstate_mask);
}

uint64_t xcr0_read(void)
{
    uint32_t lo, hi;

    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return lo | (uint64_t)hi << 32;
}

void xcr0_write(uint64_t val)
{
    __asm__ volatile("xsetbv" ::"a"((uint32_t)val), "d"((uint32_t)(val >> 32)), "c"(0)
                     : "memory");
}

bool xcr0_valid(uint64_t val, uint64_t mask)
{
    const uint64_t sse = 2, avx = 4, avx512 = 0xe0;

    if (!(val & 1) || (val & ~mask))
        return false;
    if ((val & avx) && !(val & sse))
        return false;
    /* The three parts of AVX-512 go together, on top of AVX. */
    return !(val & avx512) || ((val & avx512) == avx512 && (val & avx));
}

static void reset_image(struct xsave_area *area)
{
    memset(area, 0, xstate_size);
    *(uint16_t *)&area->legacy[0] = FCW_RESET;
    *(uint32_t *)&area->legacy[24] = MXCSR_RESET;
    if (xstate_mask)
        area->xstate_bv = 3;
}

void xstate_reset(struct vcpu *v)
{
    reset_image(v->arch.xsave);
    v->arch.xstate_cpu = 0;
}

static unsigned int area_order(void)
{
    unsigned int order = 0;

    /* XSAVE wants 64-byte alignment, which whole pages have. */
    while (PAGE_SIZE << order < xstate_size)
        order++;
    return order;
}

struct xsave_area *xstate_alloc(struct charge *c)
{
    struct xsave_area *area = charge_alloc_pages(c, CHARGE_FPU, area_order());

    if (area)
        reset_image(area);
    return area;
}

void xstate_free(struct xsave_area *area)
{
    if (area)
        charge_free_pages(area, area_order());
}

/* The instruction for images of v's form, with the 64-bit form's name. */
#define IN_FORM(narrow, insn, ...)                              \
    do {                                                        \
        if (narrow)                                             \
            __asm__ volatile(insn " %0" __VA_ARGS__);           \
        else                                                    \
            __asm__ volatile(insn "64 %0" __VA_ARGS__);         \
    } while (0)
#define COMPONENTS "a"((uint32_t)xstate_mask), "d"((uint32_t)(xstate_mask >> 32))

/*
 * The domain's parameter says it, or what v does: outside of long mode no offset needs
 * more, and selectors can be looked at.
 */
static bool wants_selectors(const struct vcpu *v)
{
    uint64_t width = read_once(v->domain->arch.hvm.params[HVM_PARAM_X87_FIP_WIDTH]);

    return width ? width == FORM_32 : !(v->arch.hvm.efer & EFER_LMA);
}

void xstate_save(struct vcpu *v)
{
    struct xsave_area *area = v->arch.xsave;
    bool narrow = wants_selectors(v);

    area->legacy[FORM_AT] = narrow ? FORM_32 : FORM_64;
    if (!xstate_mask) {
        IN_FORM(narrow, "fxsave", : "=m"(*(char (*)[FORM_AT])area));
        return;
    }
    /*
     * The guest may have changed XCR0 without an exit (LAB.md: TCG does not intercept).
     */
    v->arch.xcr0 = xcr0_read();
    if (v->arch.xcr0 != xstate_mask)
        xcr0_write(xstate_mask);
    IN_FORM(narrow, "xsave", : "+m"(*area) : COMPONENTS : "memory");
}

/* Nothing of whoever's registers these were is left when this returns. */
static void load_image(const struct xsave_area *area)
{
    uint8_t form = area->legacy[FORM_AT];
    bool narrow = form == FORM_16 || form == FORM_32;

    /* Clears the pointers, whatever exception is pending (APM vol. 5, FNINIT). */
    if (pointers_stay)
        __asm__ volatile("fninit" ::: "memory");
    if (!xstate_mask)
        IN_FORM(narrow, "fxrstor", :: "m"(*(const char (*)[512])area));
    else
        IN_FORM(narrow, "xrstor", :: "m"(*area), COMPONENTS : "memory");
}

void xstate_restore(struct vcpu *v)
{
    unsigned int here = smp_processor_id() + 1;

    /* Neither half is enough: v may have run elsewhere since, and someone else here. */
    if (v->arch.xstate_cpu != here || this_cpu(xstate_of) != v) {
        /* Whoever ran before left XCR0 at xstate_mask (xstate_save). */
        load_image(v->arch.xsave);
        v->arch.xstate_cpu = here;
        this_cpu(xstate_of) = v;
    }
    if (xstate_mask && v->arch.xcr0 != xstate_mask)
        xcr0_write(v->arch.xcr0);
}

/* Where the image holds an XMM register (APM vol. 2, 11.4.4). */
static uint8_t *xmm_of(struct xsave_area *area, unsigned int reg)
{
    return area->legacy + 160 + 16 * reg;
}

/* An image without the SSE component means: all registers are zero. */
static void fill_in_xmm(struct xsave_area *area)
{
    if (!xstate_mask || (area->xstate_bv & XSTATE_SSE))
        return;
    memset(xmm_of(area, 0), 0, 16 * 16);
    area->xstate_bv |= XSTATE_SSE;
}

void xstate_get_xmm(struct vcpu *v, unsigned int reg, void *val)
{
    uint64_t flags = irq_save();

    xstate_save(v);
    fill_in_xmm(v->arch.xsave);
    memcpy(val, xmm_of(v->arch.xsave, reg), 16);
    xstate_restore(v);
    irq_restore(flags);
}

void xstate_set_xmm(struct vcpu *v, unsigned int reg, const void *val)
{
    uint64_t flags = irq_save();

    xstate_save(v);
    fill_in_xmm(v->arch.xsave);
    memcpy(xmm_of(v->arch.xsave, reg), val, 16);
    v->arch.xstate_cpu = 0; /* what the CPU holds is not the image any more */
    xstate_restore(v);
    irq_restore(flags);
}
