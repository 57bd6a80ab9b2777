/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD-Vi registers, commands, table entries (AMD I/O Virtualization specification
 * 48882; section numbers below are its), and the driver's own structures.
 */
#ifndef AMD_IOMMU_HW_H
#define AMD_IOMMU_HW_H

#include <xen/acpi.h>
#include <xen/bitops.h>
#include <xen/irq.h>
#include <xen/pci.h>
#include <xen/softirq.h>

#include "../private.h"

/* Capability block in the unit's config space (3.2). */
#define CAP_HEADER              0x00
#define  CAP_HEADER_IOTLB       (1U << 24)
#define  CAP_HEADER_NPCACHE     (1U << 26)
#define  CAP_HEADER_EFR         (1U << 27)
#define CAP_BASE_LOW            0x04
#define  CAP_BASE_ENABLE        1U

/* Registers (3.4). */
#define REG_DEVICE_TABLE        0x0000
#define REG_COMMAND_BASE        0x0008
#define REG_EVENT_BASE          0x0010
#define REG_CONTROL             0x0018
#define  CTL_ENABLE             (1ULL << 0)
#define  CTL_HT_TUNNEL          (1ULL << 1)
#define  CTL_EVENT_LOG          (1ULL << 2)
#define  CTL_EVENT_INT          (1ULL << 3)
#define  CTL_PASS_PW            (1ULL << 8)
#define  CTL_RES_PASS_PW        (1ULL << 9)
#define  CTL_COHERENT           (1ULL << 10)
#define  CTL_ISOC               (1ULL << 11)
#define  CTL_COMMANDS           (1ULL << 12)
#define REG_EXCLUSION_BASE      0x0020
#define REG_EXCLUSION_LIMIT     0x0028
#define REG_FEATURES            0x0030
#define  FEAT_INVALIDATE_ALL    (1ULL << 6)
#define  FEAT_HATS_SHIFT        10
#define  FEAT_HATS_MASK         3ULL
#define REG_COMMAND_HEAD        0x2000
#define REG_COMMAND_TAIL        0x2008
#define REG_EVENT_HEAD          0x2010
#define REG_EVENT_TAIL          0x2018
#define REG_STATUS              0x2020
#define  STATUS_EVENT_OVERFLOW  (1ULL << 0)
#define  STATUS_EVENT_INT       (1ULL << 1)
#define  STATUS_COMPLETION_INT  (1ULL << 2)
#define  STATUS_EVENT_RUN       (1ULL << 3)
#define  STATUS_COMMAND_RUN     (1ULL << 4)
#define REG_SPACE               0x4000

/* Device table entry, four 64-bit words (2.2.2.1). */
#define DTE_V                   (1ULL << 0)
#define DTE_TV                  (1ULL << 1)
#define DTE_MODE_SHIFT          9
#define DTE_ROOT_MASK           0x000ffffffffff000ULL
#define DTE_IR                  (1ULL << 61)
#define DTE_IW                  (1ULL << 62)
#define DTE1_DOMAIN_MASK        0xffffULL
#define DTE1_SUPPRESS_ALL       (1ULL << 34)
#define DTE2_IV                 (1ULL << 0)
#define DTE2_LEN_SHIFT          1
#define DTE2_TABLE_MASK         0x000fffffffffffc0ULL
#define DTE2_INIT_PASS          (1ULL << 56)
#define DTE2_EXTINT_PASS        (1ULL << 57)
#define DTE2_NMI_PASS           (1ULL << 58)
#define DTE2_REMAP              (2ULL << 60)    /* 0: abort fixed interrupts */
#define DTE2_LINT0_PASS         (1ULL << 62)
#define DTE2_LINT1_PASS         (1ULL << 63)

/* The same bits in an IVHD entry's settings byte (5.2.2.1). */
#define IVHD_SET_INIT           0x01
#define IVHD_SET_EXTINT         0x02
#define IVHD_SET_NMI            0x04
#define IVHD_SET_SYSMGT         0x30
#define IVHD_SET_LINT0          0x40
#define IVHD_SET_LINT1          0x80

/* Interrupt remapping entry, 32-bit form (2.2.5.2). */
#define IRTE_ENABLE             (1U << 0)
#define IRTE_TYPE_SHIFT         2
#define IRTE_LOGICAL            (1U << 6)
#define IRTE_DEST_SHIFT         8
#define IRTE_VECTOR_SHIFT       16
#define IRT_ENTRIES             512U    /* message types 0 and 1 reach no further */
#define IRT_LEN_CODE            9ULL

/* Commands (2.4): opcode in bits 60-63 of the first word. */
#define COMMAND(op)             ((uint64_t)(op) << 60)
#define CMD_WAIT                COMMAND(1)
#define  CMD_WAIT_STORE         1ULL
#define CMD_INV_DEVICE          COMMAND(2)
#define CMD_INV_PAGES           COMMAND(3)
#define  CMD_INV_SIZE           1ULL    /* the address encodes a size */
#define  CMD_INV_TABLES         2ULL    /* cached directory entries too */
#define CMD_INV_INTERRUPTS      COMMAND(5)
#define CMD_INV_ALL             COMMAND(8)

/* Rings: 256 entries of 16 bytes, one page; the length code is a power of two. */
#define RING_ENTRIES            256U
#define RING_BYTES              4096U
#define RING_ENTRY              16U
#define RING_LEN_CODE           (8ULL << 56)

/* Event codes, bits 60-63 of an entry's first word (2.5). */
enum {
    EVENT_ILLEGAL_DTE = 1, EVENT_PAGE_FAULT = 2, EVENT_DTE_HW = 3, EVENT_PT_HW = 4,
    EVENT_ILLEGAL_COMMAND = 5, EVENT_COMMAND_HW = 6, EVENT_IOTLB_TIMEOUT = 7,
    EVENT_BAD_DEVICE_REQUEST = 8, EVENT_PPR = 9,
};

/* Levels of every domain's tree: 48 bits of device address. */
#define AMD_LEVELS              4U
/*
 * An entry that is not present may hold anything (2.2.3). With a next level in it, units
 * that only walk on where that field says so (QEMU's) report the access instead of
 * refusing it without a word.
 */
#define AMD_ABSENT              (1ULL << 9)

struct amd_unit {
    unsigned int index;
    sbdf_t sbdf;
    uint16_t cap;               /* config offset of its capability */
    uint8_t ivhd_flags;
    uint8_t *regs;
    uint64_t features;
    uint64_t control;           /* REG_CONTROL as it runs */
    bool caches_absent;

    spinlock_t queue_lock;      /* LOCK_IOMMU_QUEUE, interrupts off */
    struct iommu_command *ring;
    unsigned int tail;          /* next entry to fill [queue_lock] */
    uint64_t posted;            /* last wait command's number [queue_lock] */
    uint64_t *done;             /* last completed one; written by the unit */
    bool dead;                  /* missed a deadline: given up for good */
    bool stalled;               /* fault injection: it is not told of commands */

    uint64_t *events;
    unsigned int event_head;    /* [faults.work] */
    bool log_lost;              /* nobody reads it any more [faults.work] */
    struct iommu_faults faults;
    struct msi_source msi;
    int irq;                    /* 0 or less: none, the log is not read */
};

struct amd_segment {
    uint16_t segment;
    uint64_t *table;            /* 65536 entries of 4 words [hw_lock to write] */
};
#define AMD_DEVICES 65536U

/* Interrupt table of one requester id; pdev->iommu_priv or ioapic. */
struct amd_irt {
    uint32_t *entry;            /* IRT_ENTRIES [hw_lock] */
    uint16_t segment, rid;
    struct amd_unit *unit;
};

/* Device tables and interrupt tables: LOCK_IOMMU_HW, interrupts off. */
extern spinlock_t amd_hw_lock;
extern struct amd_unit *amd_units[ACPI_MAX_IOMMUS];
extern unsigned int amd_nr_units;
extern struct acpi_ivrs amd_ivrs;

/* init.c: what the IVRS says of a requester id; false: no unit has it. */
struct amd_device_info {
    struct amd_unit *unit;
    uint8_t settings;
    uint16_t alias;             /* rid itself if it has none */
};
bool amd_device_info(uint16_t segment, uint16_t rid, struct amd_device_info *info);
uint64_t *amd_dte(uint16_t segment, uint16_t rid);

/* unit.c */
int amd_unit_setup(struct amd_unit *u, const struct acpi_ivhd *ivhd);
int amd_unit_start(struct amd_unit *u, uint64_t *device_table);
void amd_unit_stop(struct amd_unit *u);

/*
 * queue.c. A post returns a number that stands for everything posted so far; wait until
 * the unit has done it: 0 or -ETIMEDOUT, after which the unit is dead. Any context.
 */
uint64_t amd_post(struct amd_unit *u, const struct iommu_command *cmds, unsigned int n);
int amd_wait(struct amd_unit *u, uint64_t number);
int amd_run(struct amd_unit *u, struct iommu_command cmd);
struct iommu_command amd_cmd_pages(uint16_t domain, uint64_t addr, unsigned int order);
struct iommu_command amd_cmd_domain(uint16_t domain);
struct iommu_command amd_cmd_device(uint16_t rid);
struct iommu_command amd_cmd_interrupts(uint16_t rid);

/* map.c */
extern const struct iommu_model amd_model;

/* device.c */
void amd_block_all(uint64_t *table);
int amd_device_init(void);
void amd_device_fini(void);
uint16_t amd_alias(uint16_t segment, uint16_t rid);
int amd_attach(struct domain *d, struct pci_dev *pdev);
int amd_detach(struct domain *d, struct pci_dev *pdev);
bool amd_owns(const struct pci_dev *pdev);
int amd_reserved(const struct pci_dev *pdev,
                 int (*fn)(paddr_t start, paddr_t end, unsigned int flags, void *arg),
                 void *arg);
void amd_suppress_faults(uint16_t segment, uint16_t rid);

/* fault.c */
int amd_fault_init(struct amd_unit *u);

/* intremap.c */
int amd_intremap_init(void);
int amd_intremap_start(void);
/* Start-up failed, no unit runs: free the tables of I/O APICs. */
void amd_intremap_stop(void);
/* What the device needs is charged to d, its next owner. */
int amd_intremap_attach(struct domain *d, struct pci_dev *pdev);
void amd_intremap_detach(struct pci_dev *pdev);
/* Instead of detach, of a unit that is lost: it may use the tables for ever. */
void amd_intremap_lost(struct pci_dev *pdev);
int amd_remap_msi(struct pci_dev *pdev, unsigned int entry, struct msi_msg *msg);
void amd_unmap_msi(struct pci_dev *pdev, unsigned int entry);
int amd_remap_ioapic(unsigned int apic_id, unsigned int pin, uint64_t *rte);
bool amd_is_ioapic(uint16_t segment, uint16_t rid);
/* The interrupt half of a device entry. */
uint64_t amd_dte_interrupts(const struct amd_irt *irt, uint8_t settings);

/* dump.c */
void amd_dump(void);

#endif
