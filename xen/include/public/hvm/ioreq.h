/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_HVM_IOREQ_H
#define XEN_PUBLIC_HVM_IOREQ_H

#include "../xen.h"

#define IOREQ_WRITE 0
#define IOREQ_READ  1

/* The hypervisor moves NONE to READY, the server READY to INPROCESS to DONE. */
#define STATE_IOREQ_NONE      0
#define STATE_IOREQ_READY     1
#define STATE_IOREQ_INPROCESS 2
#define STATE_IORESP_READY    3

#define IOREQ_TYPE_PIO        0
#define IOREQ_TYPE_COPY       1 /* MMIO */
#define IOREQ_TYPE_PCI_CONFIG 2
#define IOREQ_TYPE_TIMEOFFSET 7
#define IOREQ_TYPE_INVALIDATE 8

#define IOREQ_BUFFER_SLOT_NUM 511

#ifndef __ASSEMBLY__

struct ioreq {
    uint64_t addr;
    uint64_t data; /* a guest physical address if data_is_ptr */
    uint32_t count;
    uint32_t size; /* bytes */
    uint32_t vp_eport;
    uint16_t _pad0;
    uint8_t  state : 4; /* STATE_IO* */
    uint8_t  data_is_ptr : 1;
    uint8_t  dir : 1; /* IOREQ_READ or IOREQ_WRITE */
    uint8_t  df : 1;
    uint8_t  _pad1 : 1;
    uint8_t  type; /* IOREQ_TYPE_* */
};
typedef struct ioreq ioreq_t;

/* As many as the page holds; indexed by vCPU. */
struct shared_iopage {
    struct ioreq vcpu_ioreq[1];
};
typedef struct shared_iopage shared_iopage_t;

/* size: log2 of bytes; 8-byte accesses take two slots. */
struct buf_ioreq {
    uint8_t  type;
    uint8_t  pad : 1;
    uint8_t  dir : 1;
    uint8_t  size : 2;
    uint32_t addr : 20;
    uint32_t data;
};
typedef struct buf_ioreq buf_ioreq_t;

struct buffered_iopage {
    uint32_t    read_pointer;
    uint32_t    write_pointer;
    buf_ioreq_t buf_ioreq[IOREQ_BUFFER_SLOT_NUM];
};
typedef struct buffered_iopage buffered_iopage_t;

#endif

/* ACPI fixed ports: HVM_PARAM_ACPI_IOPORTS_LOCATION picks the version. */
#define ACPI_PM1A_EVT_BLK_ADDRESS_V0 0x1f40
#define ACPI_PM1A_CNT_BLK_ADDRESS_V0 0x1f44
#define ACPI_PM_TMR_BLK_ADDRESS_V0   0x1f48
#define ACPI_GPE0_BLK_ADDRESS_V0     0x1f68
#define ACPI_GPE0_BLK_LEN_V0         0x08
#define ACPI_PM1A_EVT_BLK_ADDRESS_V1 0xb000
#define ACPI_PM1A_CNT_BLK_ADDRESS_V1 0xb004
#define ACPI_PM_TMR_BLK_ADDRESS_V1   0xb008
#define ACPI_GPE0_BLK_ADDRESS_V1     0xafe0
#define ACPI_GPE0_BLK_LEN_V1         0x04

#endif
