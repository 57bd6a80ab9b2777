/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-d registers, descriptors, table entries (Intel VT-d specification rev. 3; section
 * numbers below are its), and the driver's own structures.
 */
#ifndef VTD_HW_H
#define VTD_HW_H

#include <xen/acpi.h>
#include <xen/bitops.h>
#include <xen/irq.h>
#include <xen/pci.h>
#include <xen/softirq.h>

#include "../private.h"

/* Registers (10.4). */
#define REG_CAP                 0x08
#define  CAP_DOMAINS(c)         (1U << (4 + 2 * ((c) & 7)))
#define  CAP_WRITE_BUFFER       (1ULL << 4)
#define  CAP_CACHING_MODE       (1ULL << 7)
#define  CAP_SAGAW(c)           (((c) >> 8) & 0x1f)
#define  CAP_FAULT_OFFSET(c)    ((((c) >> 24) & 0x3ff) * 16)
#define  CAP_SUPERPAGES(c)      (((c) >> 34) & 0xf)
#define  CAP_PAGE_SELECTIVE     (1ULL << 39)
#define  CAP_FAULTS(c)          ((((c) >> 40) & 0xff) + 1)
#define  CAP_MASK_MAX(c)        (((c) >> 48) & 0x3f)
#define REG_ECAP                0x10
#define  ECAP_COHERENT          (1ULL << 0)
#define  ECAP_QUEUE             (1ULL << 1)
#define  ECAP_INTREMAP          (1ULL << 3)
#define  ECAP_X2APIC            (1ULL << 4)
#define  ECAP_SNOOP             (1ULL << 7)
#define  ECAP_IOTLB_OFFSET(e)   ((((e) >> 8) & 0x3ff) * 16)
#define REG_GCMD                0x18
#define REG_GSTS                0x1c
#define  G_TRANSLATION          (1U << 31)
#define  G_ROOT_POINTER         (1U << 30)
#define  G_WRITE_BUFFER         (1U << 27)
#define  G_QUEUE                (1U << 26)
#define  G_INTREMAP             (1U << 25)
#define  G_IRT_POINTER          (1U << 24)
#define  G_COMPATIBILITY        (1U << 23)
/* Status bits that a command write must repeat, the rest being one-shot (10.4.4). */
#define  G_LASTING              (G_TRANSLATION | G_QUEUE | G_INTREMAP | G_COMPATIBILITY)
#define REG_ROOT                0x20
#define REG_CCMD                0x28
#define  CCMD_GO                (1ULL << 63)
#define  CCMD_SCOPE_SHIFT       61
#define REG_FSTS                0x34
#define  FSTS_OVERFLOW          (1U << 0)
#define  FSTS_PENDING           (1U << 1)
#define  FSTS_QUEUE_ERROR       (1U << 4)
#define  FSTS_QUEUE_FAULTS      (7U << 4)
#define  FSTS_INDEX(s)          (((s) >> 8) & 0xff)
#define REG_FECTL               0x38
#define  FECTL_MASK             (1U << 31)
#define REG_FEDATA              0x3c
#define REG_FEADDR              0x40
#define REG_FEUADDR             0x44
#define REG_PMEN                0x64
#define REG_IQH                 0x80
#define REG_IQT                 0x88
#define REG_IQA                 0x90
#define REG_IRTA                0xb8
#define  IRTA_X2APIC            (1ULL << 11)
/* Relative to ECAP_IOTLB_OFFSET (10.4.8). */
#define REG_IVA                 0x00
#define REG_IOTLB               0x08
#define  IOTLB_GO               (1ULL << 63)
#define  IOTLB_SCOPE_SHIFT      60
#define  IOTLB_DRAIN            (3ULL << 48)
#define REG_SPACE               0x1000  /* at least */

/* Root and context entries, two words (9.1, 9.3). */
#define ENTRY_PRESENT           1ULL
#define ENTRY_ADDR              0x000ffffffffff000ULL
#define CONTEXT_DOMAIN_SHIFT    8

/* Queue: 256 descriptors of 16 bytes, one page (6.5.2). */
#define RING_ENTRIES            256U
#define RING_ENTRY              16U

/* Descriptors: type in bits 0-3, granularity in bits 4-5 of the first word. */
#define CMD_TYPE(c)             ((c).word[0] & 0xf)
enum { INV_CONTEXT = 1, INV_IOTLB = 2, INV_INTERRUPTS = 4, INV_WAIT = 5 };
enum { SCOPE_GLOBAL = 1, SCOPE_DOMAIN = 2, SCOPE_SELECTIVE = 3 };
#define INV_SCOPE_SHIFT         4
#define INV_DRAIN               (3ULL << 6)
#define INV_DOMAIN_SHIFT        16
#define INV_SOURCE_SHIFT        32
#define INV_WAIT_STORE          (1ULL << 5)
#define INV_WAIT_FENCE          (1ULL << 6)

/* Fault record, upper word (10.4.14). */
#define FAULT_VALID             (1ULL << 63)
#define FAULT_READ              (1ULL << 62)
#define FAULT_REASON(w)         (((w) >> 32) & 0xff)
#define FAULT_INTREMAP_FIRST    0x20    /* reasons from here on are of interrupts */

/* Interrupt remapping entry (9.10), remapped form. */
#define IRTE_PRESENT            (1ULL << 0)
#define IRTE_LOGICAL            (1ULL << 2)
#define IRTE_LEVEL              (1ULL << 4)
#define IRTE_MODE_SHIFT         5
#define IRTE_VECTOR_SHIFT       16
#define IRTE_DEST_SHIFT         40      /* xAPIC form; x2APIC: 32 */
#define IRTE1_VERIFY_SOURCE     (1ULL << 18)
#define IRT_ENTRIES             4096U
#define IRT_ORDER               4U
#define IRT_SIZE_CODE           11ULL

struct vtd_irte {
    uint64_t word[2];
};

struct vtd_unit {
    unsigned int index;
    uint16_t segment;
    uint8_t *regs;
    unsigned long reg_space;    /* bytes mapped there; no domain may have them */
    uint64_t cap, ecap;
    bool caches_absent;
    bool write_back;            /* does not snoop the CPU's caches */

    spinlock_t queue_lock;      /* LOCK_IOMMU_QUEUE, interrupts off */
    struct iommu_command *ring; /* NULL: registers are used instead */
    unsigned int tail;          /* next entry to fill [queue_lock] */
    uint32_t posted;            /* last wait descriptor's number [queue_lock] */
    uint32_t *done;             /* last completed one; written by the unit */
    bool dead;                  /* missed a deadline: given up for good */
    bool stalled;               /* fault injection: it is not told of commands */

    uint64_t *root;             /* 256 root entries [vtd_hw_lock] */
    struct vtd_irte *irt;       /* IRT_ENTRIES [vtd_hw_lock] */
    unsigned long *irt_used;    /* bitmap [vtd_hw_lock] */

    struct iommu_faults faults;
    struct msi_source msi;
    int irq;                    /* 0 or less: none, faults are not read */
};

/* pdev->iommu_priv: which table entries its messages use. */
struct vtd_msi {
    struct vtd_unit *unit;
    unsigned int count;
    unsigned int block;         /* these have successive entries for good; 0: none have */
    int16_t index[];            /* by vector number, -1: none [vtd_hw_lock] */
};

/* Root, context and interrupt tables: LOCK_IOMMU_HW, interrupts off. */
extern spinlock_t vtd_hw_lock;
extern struct vtd_unit *vtd_units[ACPI_MAX_IOMMUS];
extern unsigned int vtd_nr_units;
extern struct acpi_dmar vtd_dmar;

/* scope.c: who is behind which unit (8.3.1). */
struct vtd_unit *vtd_unit_of(uint16_t segment, uint16_t rid);
bool vtd_scope_has(const struct acpi_scope *s, uint16_t segment, uint16_t rid);
/* An I/O APIC's unit and requester id; NULL: it has none. */
struct vtd_unit *vtd_unit_of_ioapic(uint8_t apic_id, uint16_t *rid);

/* unit.c */
int vtd_unit_setup(struct vtd_unit *u, const struct acpi_drhd *drhd);
int vtd_unit_start(struct vtd_unit *u);
void vtd_unit_stop(struct vtd_unit *u);
/* Set or clear bits of the global command, wait for the status to follow. */
int vtd_global(struct vtd_unit *u, uint32_t bit, bool on);
void vtd_sync(const struct vtd_unit *u, const void *p, size_t len);

/* queue.c: as in the AMD twin. */
uint32_t vtd_post(struct vtd_unit *u, const struct iommu_command *cmds, unsigned int n);
int vtd_wait(struct vtd_unit *u, uint32_t number);
int vtd_run(struct vtd_unit *u, struct iommu_command cmd);
/* what missed its deadline: nobody waits for the unit again, all it is asked fails. */
void vtd_give_up(struct vtd_unit *u, const char *what);
struct iommu_command vtd_cmd_pages(uint16_t domain, uint64_t addr, unsigned int order);
struct iommu_command vtd_cmd_domain(uint16_t domain);
struct iommu_command vtd_cmd_all_pages(void);
struct iommu_command vtd_cmd_device(uint16_t domain, uint16_t rid);
struct iommu_command vtd_cmd_all_devices(void);
struct iommu_command vtd_cmd_interrupts(unsigned int index);
struct iommu_command vtd_cmd_all_interrupts(void);

/* map.c */
extern struct iommu_model vtd_model;

/* device.c */
int vtd_attach(struct domain *d, struct pci_dev *pdev);
int vtd_detach(struct domain *d, struct pci_dev *pdev);
bool vtd_owns(const struct pci_dev *pdev);
int vtd_reserved(const struct pci_dev *pdev,
                 int (*fn)(paddr_t start, paddr_t end, unsigned int flags, void *arg),
                 void *arg);
void vtd_suppress_faults(struct vtd_unit *u, uint16_t rid);

/* fault.c */
int vtd_fault_init(struct vtd_unit *u);

/* intremap.c */
int vtd_intremap_init(void);
int vtd_intremap_start(struct vtd_unit *u);
/* What the device needs is charged to d, its next owner. */
int vtd_intremap_attach(struct domain *d, struct pci_dev *pdev);
void vtd_intremap_detach(struct pci_dev *pdev);
int vtd_remap_msi(struct pci_dev *pdev, unsigned int entry, struct msi_msg *msg);
void vtd_unmap_msi(struct pci_dev *pdev, unsigned int entry);
int vtd_remap_ioapic(unsigned int apic_id, unsigned int pin, uint64_t *rte);
bool vtd_is_ioapic(uint16_t segment, uint16_t rid);

/* dump.c */
void vtd_dump(void);

#endif
