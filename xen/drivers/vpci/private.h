/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of drivers/vpci/. Everything is under the owner's arch.vpci_lock. */
#ifndef VPCI_PRIVATE_H
#define VPCI_PRIVATE_H

#include <xen/domain.h>
#include <xen/pci.h>
#include <xen/pci_regs.h>
#include <xen/rangeset.h>
#include <xen/vpci.h>

struct vpci_field;
typedef uint32_t vpci_read_fn(struct vpci *v, const struct vpci_field *f);
typedef void vpci_write_fn(struct vpci *v, const struct vpci_field *f, uint32_t val);

/* Bytes of config space with a meaning of their own; the rest is as the domain's policy
 * says. Fields do not overlap. */
struct vpci_field {
    uint16_t reg;
    uint8_t size;               /* 1, 2 or 4 */
    uint8_t arg;
    vpci_read_fn *read;
    vpci_write_fn *write;       /* NULL: writes are dropped */
};
#define VPCI_FIELDS 32U

/* A base address register as the guest sees it. */
struct vpci_bar {
    uint64_t size;              /* 0: not there, or not memory */
    uint64_t addr;              /* what the guest wrote, cut to the size */
    uint64_t host;              /* where the device has it; domain 0's is the same */
    uint32_t flags;             /* the constant low bits */
    bool is_64, is_rom;
    bool enabled;               /* ROM: its enable bit; else true */
    bool mapped;
    bool partly;                /* being mapped or unmapped: some of it may be there */
    int err;                    /* why what was being mapped goes again */
    uint64_t mapped_at;
    unsigned long next;         /* where mapping goes on, a gfn */
    struct rangeset frames;     /* of the host, that it brought into the p2m */
};

struct vpci_msi_vector {
    struct vpci *owner;
    unsigned int n;
};

struct vpci_msi {
    bool enabled;
    uint8_t max, order;         /* log2: vectors that are offered, that are asked for */
    unsigned int bound;         /* vectors that have an interrupt: all asked for, or 0 */
    uint64_t address;
    uint16_t data;
    uint32_t mask;              /* a bit a vector */
    struct vpci_msi_vector *vector;
};

struct vpci_msix_entry {
    uint64_t address;
    uint32_t data;
    bool masked, bound;
    struct vpci *owner;
};

struct vpci_msix {
    unsigned int count;         /* 0: no MSI-X */
    bool enabled, mask_all;
    uint8_t table_bar, pba_bar;
    uint32_t table_offset, pba_offset;
    struct vpci_msix_entry *entry;
    /* Pages around table and PBA, for what in them is neither. */
    uint64_t window_pa[2];
    uint8_t *window[2];
};

/*
 * What a write to a register began and does in steps (I6). No other write to the device
 * is looked at before it is over. Then the one that began it is done once more: it finds
 * that it has nothing to wait for.
 */
enum vpci_job {
    VPCI_IDLE,
    VPCI_MAP, VPCI_UNMAP,       /* all BARs; decoding is off, or the device is leaving */
    VPCI_BIND, VPCI_UNBIND,     /* the entries of MSI-X */
};

struct vpci {
    struct list link;           /* vpci_domain.devices */
    struct pci_dev *pdev;
    struct domain *d;
    bool read_only;             /* shown, not to be changed */
    bool leaving;               /* the domain loses it and does not see it any more */
    bool memory_on;             /* memory decoding, guest's view and hardware's */
    enum vpci_job job;
    unsigned int at;            /* the BAR or the entry that the job is at */
    bool no_master;             /* not allowed to be one any more */
    uint16_t command;           /* what a guest other than domain 0 wrote there */
    struct vpci_line line;      /* that it pulls; intx is above 3 if it has none */
    bool intx;                  /* the line is the guest's... */
    uint8_t intx_pin;           /* ...and arrives in the guest here... */
    unsigned int intx_gsi;      /* ...and at the machine here */
    unsigned int fields;
    struct vpci_field field[VPCI_FIELDS];
    unsigned int bars;
    struct vpci_bar bar[PCI_ROM_BAR + 1];
    struct vpci_msi msi;
    struct vpci_msix msix;
};

struct vpci_domain {
    struct list devices;
};

/* 0 or -ENOSPC. */
int vpci_add_field(struct vpci *v, unsigned int reg, unsigned int size, uint8_t arg,
                   vpci_read_fn *read, vpci_write_fn *write);
vpci_read_fn vpci_hw_read;

/*
 * Put BAR i where the guest wants it, as far as the domain may have the host's frames;
 * all of that or nothing. -EEXIST: something is in the way; -ENOMEM. The log says so.
 */
int vpci_map_bar(struct vpci *v, unsigned int i);
/* Take away what vpci_map_bar() put there and is still there. */
void vpci_unmap_bar(struct vpci *v, unsigned int i);
/*
 * The same, a gigabyte at most in each call, while they return -ERESTART. In between
 * part of it is in the p2m; vpci_unmap_step() is right whatever came before.
 */
int vpci_map_step(struct vpci *v, unsigned int i);
int vpci_unmap_step(struct vpci *v, unsigned int i);

/* From here on what v began is done in steps. */
static inline void vpci_begin(struct vpci *v, enum vpci_job job)
{
    v->job = job;
    v->at = 0;
}
/* One step of the job, of BARs or of entries: true when it was the last. */
bool vpci_header_step(struct vpci *v);
bool vpci_msix_step(struct vpci *v);

/* The hardware's command register from the guest's and the state of the line. */
void vpci_update_command(struct vpci *v);
int vpci_intx_init(struct vpci *v);
void vpci_intx_release(struct vpci *v);

int vpci_header_init(struct vpci *v);
void vpci_header_release(struct vpci *v);
/* Decoding off; a job takes out what is mapped. */
void vpci_header_switch_off(struct vpci *v);
/* The owner loses the device; a job takes out what is mapped. */
void vpci_header_leave(struct vpci *v);
/* After or before a reset: decoding is off, domain 0's addresses are kept. */
void vpci_header_reset(struct vpci *v);
int vpci_msi_init(struct vpci *v);
/* Off, and the guest's message forgotten: for a reset, and for the end. */
void vpci_msi_reset(struct vpci *v);
void vpci_msi_release(struct vpci *v);
int vpci_msix_init(struct vpci *v);
/* Off; a job gives the vectors back. */
void vpci_msix_switch_off(struct vpci *v);
void vpci_msix_reset(struct vpci *v);
void vpci_msix_release(struct vpci *v);
/* The registers by which domain 0 resets a device. */
int vpci_reset_init(struct vpci *v);

/* Pages of BAR number bar, at byte offsets, that must stay trapped: [first, last]. */
bool vpci_msix_hole(const struct vpci *v, unsigned int bar, unsigned int which,
                    uint64_t *first, uint64_t *last);
/* Does gpa lie in a page that holds v's table or PBA now? */
bool vpci_msix_claims(const struct vpci *v, paddr_t gpa);
int vpci_msix_access(struct vpci *v, paddr_t gpa, unsigned int size, bool write,
                     uint64_t *val);

#endif
