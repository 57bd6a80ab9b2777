/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I5: the one lock order. A lock may be taken only while every lock already held on
 * this CPU has a smaller level; debug builds check each acquire. Two locks of one level
 * nest only through spin_lock_second(), whose caller orders them by address.
 */
#ifndef XEN_LOCK_LEVELS_H
#define XEN_LOCK_LEVELS_H

enum lock_level {
    LOCK_NONE = 0,      /* unchecked: boot code and tests only */
    LOCK_HOTPLUG = 5,   /* CPU bring-up */
    LOCK_DOMCTL = 10,   /* one domctl / sysctl at a time */
    LOCK_CPUPOOL = 12,
    LOCK_PCIDEVS = 15,  /* PCI device list and assignment */
    LOCK_DOMAIN = 20,   /* d->lock: life cycle, vcpu creation */
    LOCK_DOMLIST = 22,  /* table of all domains */
    LOCK_VPCI = 25,     /* d->arch.vpci_lock */
    LOCK_HVM = 28,      /* HVM parameters, save/restore */
    LOCK_EVENT = 30,    /* d->event_lock: bind, unbind, resize */
    LOCK_GRANT = 34,    /* grant table (rw) */
    LOCK_GRANT_ACTIVE = 36,
    LOCK_MAPTRACK = 38,
    LOCK_P2M = 40,      /* the p2m transaction */
    LOCK_IOMMU_MAP = 44, /* per-domain IOMMU page tables */
    LOCK_IRQ_SETUP = 45, /* routing of interrupts; may need the IOMMU's next */
    LOCK_IOMMU_HW = 46,  /* one IOMMU's tables and registers */
    LOCK_IOMMU_QUEUE = 47, /* one IOMMU's command queue */
    LOCK_PAGE = 50,     /* d->page_lock: page lists and counts */
    LOCK_VIRQ = 56,     /* who handles the host's virtual interrupts */
    LOCK_EVTCHN = 58,   /* one channel */
    LOCK_VDEV = 59,     /* emulated devices: vioapic (event upcalls by GSI), vpit, ... */
    LOCK_IRQ_GUEST = 60,
    LOCK_IRQ = 62,      /* irq_desc */
    LOCK_MSI = 63,      /* the mask bits of a device's messages */
    LOCK_IOAPIC = 64,
    LOCK_VECTOR = 66,
    LOCK_FIFO = 68,     /* FIFO event queue */
    LOCK_VLAPIC = 69,
    LOCK_SCHED = 70,    /* run queue, vCPU state */
    LOCK_SCHED_GLOBAL = 71,
    LOCK_TIMER = 74,
    LOCK_TASKLET = 76,
    LOCK_VMAP_AREA = 77, /* addresses of ioremap */
    LOCK_VMAP = 78,      /* the hypervisor's own page tables */
    LOCK_RANGESET = 79,
    LOCK_ALLOC = 80,    /* small-object allocator */
    LOCK_HEAP = 82,     /* page heap */
    LOCK_PLATFORM = 86, /* PCI config ports, CMOS, PIT */
    LOCK_CONSOLE = 95,
    LOCK_SERIAL = 97,
};

#endif
