/* SPDX-License-Identifier: GPL-2.0-only */
/* Start-up, the life of a domain's device mappings, and what the p2m calls. */
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/pci.h>
#include <xen/time.h>
#include <asm/cpu.h>

#include "private.h"

const struct iommu_ops *iommu __ro_after_init;

static const struct iommu_ops *const vendors[] __initconst = {
#ifdef CONFIG_AMD_IOMMU
    &amd_iommu_ops,
#endif
#ifdef CONFIG_INTEL_IOMMU
    &vtd_iommu_ops,
#endif
};

int __init iommu_init(void)
{
    int err = -ENODEV;

    iommu_keys_init();
    if (!iommu_options.enable) {
        printk(XENLOG_INFO "IOMMU: disabled on the command line\n");
        return -ENODEV;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(vendors) && err == -ENODEV; i++) {
        err = vendors[i]->init();
        if (err == 0)
            iommu = vendors[i];
        else if (err != -ENODEV)
            printk(XENLOG_ERR "%s: cannot be used: error %d\n", vendors[i]->name, err);
    }
    if (err) {
        iommu_intremap = false;
        if (iommu_options.required)
            panic("IOMMU: required on the command line, but none is usable");
        if (err == -ENODEV)
            printk(XENLOG_WARNING "IOMMU: this machine has none that is supported\n");
        return err;
    }
    iommu_enabled = true;
    printk(XENLOG_INFO "I/O virtualisation enabled: %s\n", iommu->name);
    printk(XENLOG_INFO " - Dom0 mode: Strict\n");
    printk(XENLOG_INFO "Interrupt remapping %sabled\n", iommu_intremap ? "en" : "dis");
    return 0;
}

int iommu_domain_init(struct domain *d, bool enable)
{
    struct domain_iommu *hd = &d->iommu;
    int err;

    spin_lock_init(&hd->lock, LOCK_IOMMU_MAP, "iommu");
    list_init(&hd->devices);
    if (!enable)
        return 0;
    if (!iommu)
        return -ENODEV;
    err = iommu_space_init(d, iommu->model);
    if (err)
        return err;
    hd->enabled = true;
    hd->need_sync = true;
    return 0;
}

/*
 * The devices go first, each flushed. Then nothing can walk the tables: they are freed,
 * and what the p2m takes out afterwards needs no mirror. If a unit did not answer, tables
 * and frames go into quarantine instead: the p2m still asks for flushes, which fail.
 */
int iommu_domain_relinquish(struct domain *d)
{
    struct domain_iommu *hd = &d->iommu;
    int err;

    if (!hd->enabled)
        return 0;
    spin_lock(&pcidevs_lock);
    while (!list_empty(&hd->devices)) {
        struct pci_dev *pdev = list_first(&hd->devices, struct pci_dev, domain_link);

        /* A timeout is remembered in d: its memory is not reused. */
        err = iommu_release_device(d, pdev);
        if (err != -ERESTART)
            printk(XENLOG_INFO "%pd: took back %pp\n", d, &pdev->sbdf.v);
        if (err == -ERESTART ||
            (hypercall_preempt_check() && !list_empty(&hd->devices))) {
            spin_unlock(&pcidevs_lock);
            return -ERESTART;
        }
    }
    spin_unlock(&pcidevs_lock);

    spin_lock(&hd->lock);
    hd->need_sync = hd->poisoned;
    hd->tables_gone = true;
    spin_unlock(&hd->lock);
    do {
        err = iommu_space_free_tables(d);
    } while (err == -ERESTART && !hypercall_preempt_check());
    return err;
}

void iommu_domain_destroy(struct domain *d)
{
    struct domain_iommu *hd = &d->iommu;

    if (!hd->enabled)
        return;
    ASSERT(list_empty(&hd->devices));
    hd->need_sync = false;
    while (iommu_space_free_tables(d) == -ERESTART)
        continue;
    iommu_space_destroy(d);
    hd->enabled = false;
}

int iommu_map(struct domain *d, dfn_t dfn, mfn_t mfn, unsigned int order,
              unsigned int flags)
{
    struct domain_iommu *hd = &d->iommu;
    int err = 0;

    if (!(flags & (IOMMU_READ | IOMMU_WRITE)))
        return iommu_unmap(d, dfn, order);
    spin_lock(&hd->lock);
    if (hd->need_sync && !hd->tables_gone)
        err = iommu_space_map(d, dfn, mfn, order, flags);
    spin_unlock(&hd->lock);
    return err;
}

int iommu_unmap(struct domain *d, dfn_t dfn, unsigned int order)
{
    struct domain_iommu *hd = &d->iommu;
    int err = 0;

    spin_lock(&hd->lock);
    if (hd->need_sync && !hd->tables_gone)
        err = iommu_space_unmap(d, dfn, order);
    spin_unlock(&hd->lock);
    return err;
}

int iommu_prepare_map(struct domain *d, dfn_t dfn, unsigned int order)
{
    struct domain_iommu *hd = &d->iommu;
    int err = 0;

    spin_lock(&hd->lock);
    if (hd->need_sync && !hd->tables_gone)
        err = iommu_tables_prepare_map(&hd->priv->tables, dfn, order);
    spin_unlock(&hd->lock);
    return err;
}

int iommu_prepare_unmap(struct domain *d, dfn_t dfn, unsigned int order)
{
    struct domain_iommu *hd = &d->iommu;
    int err = 0;

    spin_lock(&hd->lock);
    if (hd->need_sync && !hd->tables_gone)
        err = iommu_tables_prepare_unmap(&hd->priv->tables, dfn, order);
    spin_unlock(&hd->lock);
    return err;
}

void iommu_prune(struct domain *d, dfn_t dfn, unsigned int order)
{
    struct domain_iommu *hd = &d->iommu;

    spin_lock(&hd->lock);
    if (hd->need_sync && !hd->tables_gone)
        iommu_tables_prune(&hd->priv->tables, dfn, order);
    spin_unlock(&hd->lock);
}

void iommu_set_stalled(bool on)
{
    if (iommu)
        iommu->set_stalled(on);
}

#ifdef CONFIG_FAULT_INJECTION
#define FLUSH_LATE_MS 3000u /* at most */

static uint32_t *late_word; /* atomic; in a page with a reference, or NULL */

void iommu_delay_flush(uint32_t *late)
{
    late = __atomic_exchange_n(&late_word, late, __ATOMIC_ACQ_REL);
    if (late)
        page_put(virt_to_page(late));
}

/* Makes the time wide in which only references protect what devices still reach. */
static void injected_delay(void)
{
    uint32_t *late = __atomic_exchange_n(&late_word, NULL, __ATOMIC_ACQ_REL);
    s_time_t end;

    if (!late)
        return;
    end = NOW() + MILLISECS(FLUSH_LATE_MS);
    __atomic_store_n(late, 1, __ATOMIC_SEQ_CST);
    while (NOW() < end && __atomic_load_n(late, __ATOMIC_SEQ_CST))
        cpu_relax();
    __atomic_store_n(late, 0, __ATOMIC_SEQ_CST);
    page_put(virt_to_page(late));
}
#else
static inline void injected_delay(void)
{
}
#endif

int iommu_flush(struct domain *d, const struct iommu_range *r, unsigned int n)
{
    struct domain_iommu *hd = &d->iommu;
    int err = 0;

    if (hd->need_sync)
        injected_delay();
    spin_lock(&hd->lock);
    if (hd->need_sync)
        err = iommu_space_flush(d, r, n);
    spin_unlock(&hd->lock);
    return err;
}
