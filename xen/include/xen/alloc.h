/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I2: the one interface through which the hypervisor allocates. Everything allocated for
 * a domain names the domain's charge and a tag; freeing takes it off again. When the
 * domain goes, the charge must be zero.
 */
#ifndef XEN_ALLOC_H
#define XEN_ALLOC_H

#include <xen/types.h>

enum charge_tag {
    CHARGE_DOMAIN,       /* parts of struct domain allocated separately */
    CHARGE_VCPU_ARRAY,   /* XSA-149: the vcpu pointer array */
    CHARGE_VCPU,
    CHARGE_STACK,
    CHARGE_VMCB,
    CHARGE_FPU,
    CHARGE_VLAPIC,
    CHARGE_VDEV,
    CHARGE_VPCI,
    CHARGE_POLICY,
    CHARGE_SHARED_INFO,
    CHARGE_EVTCHN,
    CHARGE_EVTCHN_FIFO,
    CHARGE_GRANT_TABLE,
    CHARGE_GRANT_STATUS,
    CHARGE_GRANT_ACTIVE,
    CHARGE_MAPTRACK,
    CHARGE_P2M,
    CHARGE_P2M_TABLE,
    CHARGE_IOMMU,
    CHARGE_IOMMU_TABLE,
    CHARGE_SCHED,
    CHARGE_RANGESET,
    CHARGE_IRQ,
    CHARGE_MISC,
    CHARGE_TAGS
};

/* Embedded in struct domain. Counters are atomic. */
struct charge {
    uint64_t bytes[CHARGE_TAGS];
    uint64_t objects[CHARGE_TAGS];
};

const char *charge_tag_name(enum charge_tag tag);
uint64_t charge_total(const struct charge *c);
/* Print the non-zero owners. */
void charge_dump(const struct charge *c);

/*
 * size bytes, zeroed, 16-byte aligned (page aligned from PAGE_SIZE on); NULL when there
 * is no memory. c NULL: the hypervisor's own. Any context with LOCK_ALLOC free, not from
 * interrupts.
 */
void *charge_alloc(struct charge *c, enum charge_tag tag, size_t size);
/* n * size with the overflow checked. */
void *charge_alloc_array(struct charge *c, enum charge_tag tag, size_t n, size_t size);
/* NULL is allowed. Finds size, charge and tag by itself. */
void charge_free(void *p);

/*
 * What charge_alloc() gave is the hypervisor's own from now on: for memory that hardware
 * which does not answer may still use, and that so outlives its domain. Nobody else may
 * use or free p meanwhile.
 */
void charge_disown(void *p);

/* 1 << order zeroed pages as a direct-map address; charge_free_pages takes it back. */
void *charge_alloc_pages(struct charge *c, enum charge_tag tag, unsigned int order);
void charge_free_pages(void *p, unsigned int order);

/* The hypervisor's own objects (never a domain's). */
#define xalloc(type)          ((type *)charge_alloc(NULL, CHARGE_MISC, sizeof(type)))
#define xalloc_array(type, n) \
    ((type *)charge_alloc_array(NULL, CHARGE_MISC, n, sizeof(type)))
#define xfree(p) charge_free(p)

#ifdef CONFIG_FAULT_INJECTION
/*
 * Test builds: the nth allocation from now (1 = the next) fails, once; 0 disarms. Counts
 * charge_alloc*, heap_alloc and domain_alloc_*. Returns how many were counted since
 * armed.
 */
uint64_t alloc_fail_arm(uint64_t nth);
/* The same, but all from the nth on fail, until armed anew: as if memory had run out. */
uint64_t alloc_fail_from(uint64_t nth);
bool alloc_should_fail(void);
/* Bytes in use that came through this interface, whoever is charged. Any context. */
uint64_t alloc_bytes_in_use(void);
void alloc_count_bytes(int64_t more);
#else
static inline void alloc_count_bytes(int64_t more)
{
    (void)more;
}
static inline bool alloc_should_fail(void)
{
    return false;
}
#endif

#endif
