/* SPDX-License-Identifier: GPL-2.0-only */
/* Config space registers (PCI Local Bus 3.0 chapter 6, PCI Express Base chapter 7). */
#ifndef XEN_PCI_REGS_H
#define XEN_PCI_REGS_H

#define PCI_VENDOR_ID           0x00
#define PCI_COMMAND             0x04
#define  PCI_COMMAND_IO         0x0001
#define  PCI_COMMAND_MEMORY     0x0002
#define  PCI_COMMAND_MASTER     0x0004
#define  PCI_COMMAND_INTX_OFF   0x0400
#define PCI_STATUS              0x06
#define  PCI_STATUS_CAP_LIST    0x0010
#define PCI_CLASS_REVISION      0x08
#define PCI_CACHE_LINE_SIZE     0x0c
#define PCI_LATENCY_TIMER       0x0d
#define PCI_HEADER_TYPE         0x0e
#define  PCI_HEADER_MULTI       0x80
#define  PCI_HEADER_KIND        0x7f
#define PCI_BAR0                0x10
#define  PCI_BAR_IO             0x1
#define  PCI_BAR_TYPE_MASK      0x6
#define  PCI_BAR_TYPE_64        0x4
#define  PCI_BAR_PREFETCH       0x8
#define  PCI_BAR_MEM_FLAGS      0xfU
#define  PCI_BAR_IO_FLAGS       0x3U
#define PCI_SECONDARY_BUS       0x19
#define PCI_SUBORDINATE_BUS     0x1a
#define PCI_ROM_NORMAL          0x30
#define PCI_ROM_BRIDGE          0x38
#define  PCI_ROM_ENABLE         0x1
#define  PCI_ROM_FLAGS          0x7ffU
#define PCI_CAP_POINTER         0x34
#define PCI_CAP_POINTER_CARDBUS 0x14
#define PCI_INTERRUPT_LINE      0x3c
#define PCI_INTERRUPT_PIN       0x3d    /* 1: INTA, 0: none */

enum pci_header_kind { PCI_KIND_NORMAL = 0, PCI_KIND_BRIDGE = 1, PCI_KIND_CARDBUS = 2 };

#define PCI_CAP_PM              0x01
#define  PCI_PM_CONTROL         4
#define  PCI_PM_STATE_MASK      0x3
#define PCI_CAP_MSI             0x05
#define  PCI_MSI_CONTROL        2
#define  PCI_MSI_ENABLE         0x0001
#define  PCI_MSI_COUNT_CAPABLE  0x000e /* powers of two */
#define  PCI_MSI_CAPABLE_SHIFT  1
#define  PCI_MSI_COUNT_ENABLED  0x0070
#define  PCI_MSI_ENABLED_SHIFT  4
#define  PCI_MSI_MAX_ORDER      5
#define  PCI_MSI_64BIT          0x0080
#define  PCI_MSI_MASKABLE       0x0100
#define  PCI_MSI_ADDRESS        4
#define PCI_CAP_EXPRESS         0x10
#define  PCI_EXP_FLAGS          2
#define  PCI_EXP_VERSION_MASK   0x000f
#define  PCI_EXP_TYPE_SHIFT     4
#define  PCI_EXP_DEVCAP         4
#define  PCI_EXP_DEVCAP_FLR     (1U << 28)
#define  PCI_EXP_DEVCTL         8
#define  PCI_EXP_DEVCTL_FLR_SHIFT 15
#define  PCI_EXP_DEVCTL_FLR     (1U << PCI_EXP_DEVCTL_FLR_SHIFT)
#define  PCI_EXP_DEVSTA         10
#define  PCI_EXP_DEVSTA_PENDING (1U << 5)
#define  PCI_EXP_DEVCTL2        0x28
#define PCI_CAP_MSIX            0x11
#define  PCI_MSIX_CONTROL       2
#define  PCI_MSIX_ENABLE        0x8000
#define  PCI_MSIX_MASK_ALL      0x4000
#define  PCI_MSIX_SIZE_MASK     0x07ff
#define  PCI_MSIX_TABLE         4
#define  PCI_MSIX_PBA           8
#define  PCI_MSIX_BIR_MASK      0x7U
#define  PCI_MSIX_ENTRY_LEN     16U
#define  PCI_MSIX_VECTOR_MASKED 0x1
#define PCI_CAP_AF              0x13    /* Advanced Features ECN */
#define  PCI_AF_CAP             3
#define  PCI_AF_CAP_PENDING     0x01
#define  PCI_AF_CAP_FLR         0x02
#define  PCI_AF_CONTROL         4
#define  PCI_AF_CONTROL_FLR_SHIFT 0
#define  PCI_AF_CONTROL_FLR     (1U << PCI_AF_CONTROL_FLR_SHIFT)
#define  PCI_AF_STATUS          5
#define  PCI_AF_STATUS_PENDING  0x01

#define PCI_EXT_CAP_FIRST       0x100
#define PCI_EXT_CAP_ATS         0x000f
#define PCI_EXT_CAP_SRIOV       0x0010
#define PCI_EXT_CAP_REBAR       0x0015
#define  PCI_REBAR_CONTROL      8       /* of the first; one every PCI_REBAR_STEP */
#define  PCI_REBAR_COUNT        0x00e0
#define  PCI_REBAR_COUNT_SHIFT  5
#define  PCI_REBAR_STEP         8
#define  PCI_REBAR_MAX          6U

#endif
