/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Firmware tables: where they are and what they say.
 *
 * Everything up to "The running host" is pure: bytes in, our structures out, no
 * allocation, no logging, no global state.  Firmware is not trusted to be correct:
 * every length, count and checksum is verified before it is used, and a parser
 * either fills its output completely or returns a negative errno:
 *   -EBADMSG  checksum wrong            -EINVAL  length or field out of range
 *   -E2BIG    more entries than we keep  -ENOENT  not there, or another signature
 */
#ifndef XEN_ACPI_H
#define XEN_ACPI_H

#include <xen/types.h>

#define ACPI_HEADER_LEN      36U
#define ACPI_TABLE_MAX_LEN   (4U << 20)
#define ACPI_MAX_TABLES      64U
#define ACPI_MAX_CPUS        512U
#define ACPI_MAX_IOAPICS     64U
#define ACPI_MAX_OVERRIDES   64U
#define ACPI_MAX_NMIS        64U
#define ACPI_MAX_MCFG        16U
#define ACPI_MAX_IOMMUS      32U
#define ACPI_MAX_RANGES      1024U
#define ACPI_MAX_SPECIAL     128U
#define ACPI_MAX_UNITY       128U
#define ACPI_MAX_SCOPES      512U
#define ACPI_MAX_PATH        6U

/* A run of bytes; data stays owned by whoever mapped it. */
struct acpi_bytes {
    const uint8_t *data;
    uint32_t len;
};

/* How the finder reads physical memory. A map may fail (NULL). */
struct acpi_phys {
    const void *(*map)(uint64_t pa, uint32_t len);
    void (*unmap)(const void *va, uint32_t len);
};

struct acpi_table {
    char sig[5];                /* NUL terminated, unprintables shown as '?' */
    int status;                 /* 0, or why the table may not be used */
    uint64_t pa;
    struct acpi_bytes bytes;    /* mapped for good when status is 0 */
};

/* What the root table lists. Corrupt tables stay listed, so they can be named. */
struct acpi_tables {
    uint64_t rsdp;
    uint64_t root;
    bool root_is_xsdt;
    int xsdt_status;            /* 0, -ENOENT without one, else why RSDT was used */
    uint32_t count;
    uint32_t dropped;           /* entries beyond ACPI_MAX_TABLES */
    struct acpi_table table[ACPI_MAX_TABLES];
};

/*
 * Find RSDP (at hint if not 0, which may be a copy that the loader made; else in the
 * EBDA and the BIOS area) and read the root table.  XSDT is preferred, RSDT serves
 * if there is none or if it is corrupt.  0, or -ENOENT / the root table's fault.
 */
int acpi_find_tables(const struct acpi_phys *phys, uint64_t hint,
                     struct acpi_tables *out);

/* The nth intact table with that signature, or NULL. */
const struct acpi_table *acpi_table_nth(const struct acpi_tables *tables,
                                        const char *sig, uint32_t nth);

/* Whether t is a complete table with this signature and a right checksum. */
int acpi_check_table(struct acpi_bytes t, const char *sig);

/* A short phrase for an errno of this interface, for the log. */
const char *acpi_reason(int err);

/* ---- MADT ---- */

struct acpi_cpu {
    uint32_t apic_id;
    uint32_t uid;
    bool enabled;               /* usable now */
    bool online_capable;        /* may come later */
    bool x2apic;                /* listed as an x2APIC entry */
};

struct acpi_ioapic {
    uint8_t id;
    uint32_t gsi_base;
    uint32_t addr;
};

/* Polarity and trigger as MPS INTI flags: bits 1:0 and 3:2; 0 = as the bus does. */
struct acpi_override {
    uint8_t irq;                /* ISA source */
    uint16_t flags;
    uint32_t gsi;
};

#define ACPI_NMI_ALL_CPUS    0xffffffffU
struct acpi_lapic_nmi {
    uint32_t uid;               /* of the processor, or ACPI_NMI_ALL_CPUS */
    uint16_t flags;
    uint8_t lint;
};

struct acpi_madt {
    uint64_t lapic_addr;
    bool pic_present;           /* PCAT_COMPAT: mask the 8259s */
    uint32_t cpus, ioapics, overrides, nmis;
    struct acpi_cpu cpu[ACPI_MAX_CPUS];
    struct acpi_ioapic ioapic[ACPI_MAX_IOAPICS];
    struct acpi_override override[ACPI_MAX_OVERRIDES];
    struct acpi_lapic_nmi nmi[ACPI_MAX_NMIS];
};

int acpi_parse_madt(struct acpi_bytes t, struct acpi_madt *out);

/* ---- FADT and the S5 package ---- */

enum acpi_space { ACPI_SPACE_MEM = 0, ACPI_SPACE_IO = 1, ACPI_SPACE_PCI = 2 };

/* A register block; bits 0 means absent. */
struct acpi_reg {
    uint8_t space;              /* enum acpi_space or another GAS number */
    uint8_t bits;
    uint64_t addr;
};

struct acpi_fadt {
    uint64_t dsdt;
    uint64_t facs;
    uint16_t sci;               /* ISA irq, subject to MADT overrides */
    uint16_t smi_cmd;
    uint8_t acpi_enable;
    uint8_t reset_value;
    bool pm_timer_32bit;
    bool hw_reduced;
    bool no_legacy_devices;     /* IA-PC boot flag 0 clear */
    bool no_cmos;
    uint32_t flags;
    struct acpi_reg pm1a_event, pm1b_event, pm1a_control, pm1b_control;
    struct acpi_reg pm_timer, reset;    /* reset.bits 0: not supported */
};

int acpi_parse_fadt(struct acpi_bytes t, struct acpi_fadt *out);

/* SLP_TYP values for soft off. */
struct acpi_s5 {
    uint8_t type_a, type_b;
};

/* Look for \_S5 in a DSDT or SSDT without running AML. -ENOENT if it has none. */
int acpi_parse_s5(struct acpi_bytes t, struct acpi_s5 *out);

/* ---- MCFG and HPET ---- */

struct acpi_mcfg_entry {
    uint64_t base;              /* of bus 0, even if first_bus is not 0 */
    uint16_t segment;
    uint8_t first_bus, last_bus;
};

struct acpi_mcfg {
    uint32_t count;
    struct acpi_mcfg_entry entry[ACPI_MAX_MCFG];
};

int acpi_parse_mcfg(struct acpi_bytes t, struct acpi_mcfg *out);

struct acpi_hpet {
    uint64_t base;
    uint32_t block_id;
    uint16_t min_tick;
    uint8_t number;
};

int acpi_parse_hpet(struct acpi_bytes t, struct acpi_hpet *out);

/* ---- IVRS (AMD IOMMU specification, section 5.2) ---- */

#define ACPI_IVHD_HT_TUNNEL  0x01
#define ACPI_IVHD_PASS_PW    0x02
#define ACPI_IVHD_RES_PASS_PW 0x04
#define ACPI_IVHD_ISOC       0x08
#define ACPI_IVHD_IOTLB      0x10
#define ACPI_IVHD_COHERENT   0x20

struct acpi_ivhd {
    uint8_t type;               /* 0x10, 0x11 or 0x40: the best one listed */
    uint8_t flags;
    uint16_t segment;
    uint16_t devid;             /* the IOMMU's own bus/device/function */
    uint16_t cap_offset;
    uint64_t base;
    uint32_t attributes;        /* feature (10h) or attribute (11h, 40h) word */
    uint64_t efr;               /* extended features; 0 for type 10h */
};

/* Requester ids first..last belong to ivhd[unit]; they may share one alias. */
struct acpi_ivrs_range {
    uint8_t unit;
    uint8_t settings;           /* DTE bits: INIT, EINT, NMI pass, LINT0/1 */
    bool has_alias;
    uint16_t first, last, alias;
};

/* Is it for all requester ids of the segment that no other unit names? */
static inline bool acpi_range_is_rest(const struct acpi_ivrs_range *r)
{
    return r->first == 0 && r->last == 0xffff;
}

enum acpi_special { ACPI_SPECIAL_IOAPIC = 1, ACPI_SPECIAL_HPET = 2 };
struct acpi_ivrs_special {
    uint8_t unit;
    uint8_t variety;            /* enum acpi_special */
    uint8_t handle;             /* I/O APIC id or HPET number */
    uint8_t settings;
    uint16_t devid;             /* what its interrupts are tagged with */
};

struct acpi_unity {
    uint16_t segment;
    uint16_t first, last;       /* requester ids */
    bool read, write;
    bool exclusion;             /* asks for no translation at all */
    uint64_t base, len;         /* both page aligned, len > 0 */
};

struct acpi_ivrs {
    uint32_t info;
    uint32_t units, ranges, specials, unities;
    struct acpi_ivhd ivhd[ACPI_MAX_IOMMUS];
    struct acpi_ivrs_range range[ACPI_MAX_RANGES];
    struct acpi_ivrs_special special[ACPI_MAX_SPECIAL];
    struct acpi_unity unity[ACPI_MAX_UNITY];
};

int acpi_parse_ivrs(struct acpi_bytes t, struct acpi_ivrs *out);

/* ---- DMAR (VT-d specification, chapter 8) ---- */

#define ACPI_DMAR_INTR_REMAP   0x01
#define ACPI_DMAR_X2APIC_OPT_OUT 0x02

enum acpi_scope_type {
    ACPI_SCOPE_ENDPOINT = 1, ACPI_SCOPE_BRIDGE = 2, ACPI_SCOPE_IOAPIC = 3,
    ACPI_SCOPE_HPET = 4, ACPI_SCOPE_ACPI = 5,
};

struct acpi_scope {
    uint8_t type;
    uint8_t id;                 /* I/O APIC id, HPET number, ACPI device number */
    uint8_t bus;
    uint8_t hops;               /* 1..ACPI_MAX_PATH */
    uint8_t path[ACPI_MAX_PATH];    /* device << 3 | function */
};

/* A remapping unit, a reserved region or an ATS root list, by kind of array. */
struct acpi_drhd {
    uint16_t segment;
    bool include_all;
    uint64_t base;
    uint32_t first_scope, scopes;
};

struct acpi_rmrr {
    uint16_t segment;
    uint64_t base, last;        /* last byte */
    uint32_t first_scope, scopes;
};

struct acpi_atsr {
    uint16_t segment;
    bool all_ports;
    uint32_t first_scope, scopes;
};

struct acpi_dmar {
    uint8_t width;              /* host address width in bits */
    uint8_t flags;
    uint32_t drhds, rmrrs, atsrs, scopes;
    struct acpi_drhd drhd[ACPI_MAX_IOMMUS];
    struct acpi_rmrr rmrr[ACPI_MAX_UNITY];
    struct acpi_atsr atsr[ACPI_MAX_IOMMUS];
    struct acpi_scope scope[ACPI_MAX_SCOPES];
};

int acpi_parse_dmar(struct acpi_bytes t, struct acpi_dmar *out);

/* ---- The running host ---- */

/*
 * Before anything is read from or written to registers that a table names, base and len
 * in bytes: -EINVAL, and a message, if some of them are RAM. whose: for the message. At
 * boot, after memory_map_init().
 */
int acpi_check_registers(const char *whose, uint64_t base, uint64_t len);

/* Filled once by acpi_init() on the boot CPU, read-only afterwards. */
struct acpi_host {
    struct acpi_tables tables;
    bool have_fadt, have_s5, have_mcfg, have_hpet;
    struct acpi_madt madt;
    struct acpi_fadt fadt;
    struct acpi_s5 s5;
    struct acpi_mcfg mcfg;
    struct acpi_hpet hpet;
    struct acpi_bytes dsdt;
};

extern struct acpi_host acpi_host;

/*
 * Read the host's tables and log what was found and what was ignored.  The MADT is
 * vital: without a usable one the result is negative.  Everything else may be
 * missing, see the have_ fields.  A table that has registers in RAM counts as unusable.
 * IVRS and DMAR are parsed by their drivers.
 */
int acpi_init(const struct acpi_phys *phys, uint64_t rsdp_hint);

#endif
