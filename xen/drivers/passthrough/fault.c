/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a unit saw refused: counted for the device and its owner, and logged. And when a
 * unit is asked for such reports, so that a wild device does not keep a CPU busy.
 */
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/pci.h>
#include <xen/time.h>
#include <xen/vpci.h>
#include <asm/current.h>

#include "private.h"

#define FAULT_WINDOW    SECONDS(1)
#define FAULT_LIMIT     500U

/* A round goes on until it found nothing, or this many reports. */
#define ROUND_REPORTS   64U
#define ROUND_PAUSE     MILLISECS(10)

static struct ratelimit fault_lines = RATELIMIT(20, SECONDS(1)); /* [pcidevs_lock] */
static struct ratelimit storm_lines = RATELIMIT(10, SECONDS(10)); /* [pcidevs_lock] */

/* Did this one make too many of them in a short time? [pcidevs_lock] */
static bool count(struct pci_dev *pdev)
{
    s_time_t now = NOW();

    if (now - pdev->fault_since > FAULT_WINDOW) {
        pdev->fault_since = now;
        pdev->fault_burst = 0;
    }
    pdev->fault_count++;
    if (pdev->domain)
        __atomic_fetch_add(&pdev->domain->iommu.stats.faults, 1, __ATOMIC_RELAXED);
    return ++pdev->fault_burst == FAULT_LIMIT;
}

/*
 * A guest's device is kept off the bus: its driver has lost it anyway. Domain 0 would
 * lose its disks, and its drivers set the bit again; one in quarantine may be in a reset.
 */
static bool stop(struct pci_dev *pdev)
{
    return !pdev->domain->is_privileged && vpci_stop_dma(pdev);
}

/*
 * Behind a bridge that puts its own name on what they send, devices cannot be told from
 * each other: all go. They are one guest's, which can do as one what any of them can.
 * True: one of them has this name itself.
 */
static bool silence(sbdf_t s)
{
    struct pci_dev *pdev = NULL;
    bool itself = false;

    while ((pdev = iommu_next_owned(PCI_SEG(s), PCI_RID(s), pdev)) != NULL) {
        if (!stop(pdev))
            continue;
        if (pdev->sbdf.v == s.v)
            itself = true;
        else
            /* No more often than it is assigned. */
            printk(XENLOG_WARNING "%s: %pp of %pd sends as %pp: it is off the bus until "
                                  "it is assigned anew\n",
                   iommu->name, &pdev->sbdf.v, pdev->domain, &s.v);
    }
    return itself;
}

/* Whose doing it is, as far as that can be told; NULL: no device that is known. */
static struct pci_dev *suspect(sbdf_t s)
{
    struct pci_dev *pdev = pci_find(s), *owned;

    if (pdev && pdev->domain && !pdev->is_bridge)
        return pdev;
    owned = iommu_next_owned(PCI_SEG(s), PCI_RID(s), NULL);
    return owned ? owned : pdev;
}

bool iommu_report_fault(uint16_t segment, uint16_t rid, uint64_t addr, const char *what,
                        uint64_t detail)
{
    sbdf_t s = { (uint32_t)segment << 16 | rid };
    unsigned int lost = 0;
    struct pci_dev *pdev;
    bool too_many, show, stopped;

    spin_lock(&pcidevs_lock);
    pdev = suspect(s);
    too_many = pdev && count(pdev);
    stopped = too_many && silence(s);
    /* Not all reports can be switched off: one that goes on comes here every second. */
    show = too_many && ratelimit_pass(&storm_lines, &lost);
    if (show)
        printk(XENLOG_WARNING
               "%s: %pp: %u refused accesses in a second: reports of it are off, "
               "where they can be, %suntil it is assigned anew\n",
               iommu->name, &s.v, FAULT_LIMIT, stopped ? "and it is off the bus, " : "");
    lost = 0;
    if (show || ratelimit_pass(&fault_lines, &lost)) {
        if (lost)
            printk(XENLOG_WARNING "%s: %u refused accesses were not shown\n", iommu->name,
                   lost);
        if (pdev && pdev->domain)
            printk(XENLOG_WARNING "%s: %s: device %pp of %pd, address %#lx, flags %#lx\n",
                   iommu->name, what, &s.v, pdev->domain, (unsigned long)addr,
                   (unsigned long)detail);
        else
            printk(XENLOG_WARNING "%s: %s: device %pp, address %#lx, flags %#lx\n",
                   iommu->name, what, &s.v, (unsigned long)addr, (unsigned long)detail);
    }
    spin_unlock(&pcidevs_lock);
    return too_many;
}

/* ---- when they are read ---- */

/*
 * A unit that has reports nobody read sends no further interrupt: there is nothing to
 * switch off in the pause. What comes after the last look interrupts, or the timer sees
 * it.
 */
static void round_of_reads(void *data)
{
    struct iommu_faults *f = data;
    unsigned int seen = 0, n;

    if (NOW() < f->next) {
        timer_set(&f->timer, f->next);
        return;
    }
    do {
        n = f->read(f->unit);
        seen += n;
    } while (n && seen < ROUND_REPORTS);
    if (!seen)
        return;
    f->next = NOW() + ROUND_PAUSE;
    timer_set(&f->timer, f->next);
}

void iommu_faults_pending(struct iommu_faults *f)
{
    tasklet_schedule(&f->work);
}

static void pause_over(void *data)
{
    iommu_faults_pending(data);
}

void iommu_faults_init(struct iommu_faults *f, unsigned int (*read)(void *), void *unit)
{
    f->read = read;
    f->unit = unit;
    f->lines = (struct ratelimit)RATELIMIT(5, SECONDS(1));
    tasklet_init(&f->work, round_of_reads, f);
    timer_init(&f->timer, pause_over, f, smp_processor_id());
}

bool iommu_faults_line(struct iommu_faults *f)
{
    unsigned int lost = 0;

    if (!ratelimit_pass(&f->lines, &lost))
        return false;
    if (lost)
        printk(XENLOG_WARNING "%s: %u lines about a unit were not shown\n", iommu->name,
               lost);
    return true;
}
