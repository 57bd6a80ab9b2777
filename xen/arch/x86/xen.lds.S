/* SPDX-License-Identifier: GPL-2.0-only */
#include "boot/layout.h"

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(start_phys)

#define TABLE(name) \
    . = ALIGN(8); __##name##_start = .; KEEP(*(.name)) __##name##_end = .;

PHDRS
{
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
}

SECTIONS
{
    . = XEN_VIRT_START;
    _start = .;
    start_phys = start32 - XEN_VIRT_START + XEN_PHYS_START;

    .text : AT(XEN_PHYS_START) {
        _stext = .;
        KEEP(*(.text.header))
        *(.text.entry)
        /* All but the decompression libraries, which go with boot. */
        *(EXCLUDE_FILE(*.a:*) .text EXCLUDE_FILE(*.a:*) .text.*)
        _etext = .;
        . = ALIGN(4096);
    } :text = 0x90909090

    .init.text : {
        _sinittext = .;
        *(.init.text .init.text.*)
        *.a:*(.text .text.*)
        _einittext = .;
        . = ALIGN(4096);
    } :text = 0x90909090
    _einit_text_page = .;

    .rodata : {
        _srodata = .;
        *(.rodata .rodata.[!s]* .rodata.s[!y]*)
        *(.data.rel.ro .data.rel.ro.*)
        TABLE(ex_table)
        TABLE(keyhandlers)
        /* Last, so that its size moves no other table. */
        *(.rodata.symbols)
        . = ALIGN(4096);
        _erodata = .;
    } :rodata

    .data : {
        _sdata = .;
        /* Read-only once boot is over: whole pages. */
        _sro_after_init = .;
        *(.data.ro_after_init)
        . = ALIGN(4096);
        _ero_after_init = .;
        *(.data.page_aligned .data.page_aligned.*)
        *(.data .data.[!p]*)
        *(.got .got.* .got.plt .igot .igot.*)
        /* The per-CPU template; each CPU has its own copy. cpu_info comes first. */
        . = ALIGN(64);
        __per_cpu_start = .;
        KEEP(*(.data.percpu.first))
        *(.data.percpu .data.percpu.*)
        . = ALIGN(64);
        __per_cpu_end = .;
        . = ALIGN(4096);
        _edata_rw = .;
    } :data

    .init.data : ALIGN(4096) {
        _sinitdata = .;
        /* Constructors of the decompression libraries; whoever uses those runs them. */
        . = ALIGN(8);
        __init_array_start = .;
        KEEP(*(SORT(.init_array.*))) KEEP(*(.init_array))
        __init_array_end = .;
        *(.init.data .init.data.* .init.rodata .init.rodata.*)
        . = ALIGN(8);
        __params_start = .;
        KEEP(*(.init.params))
        __params_end = .;
        . = ALIGN(4096);
        _einitdata = .;
    } :data
    _edata = .;

    .bss (NOLOAD) : {
        __bss_start = .;
        *(.bss.page_aligned .bss.page_aligned.*)
        *(.bss .bss.*)
        *(COMMON)
        . = ALIGN(64);
        boot_percpu_area = .;
        . += __per_cpu_end - __per_cpu_start;
        . = ALIGN(4096);
        __bss_end = .;
    } :data
    _end = .;

    .debug_abbrev 0 : { *(.debug_abbrev) }
    .debug_info 0 : { *(.debug_info) }
    .debug_line 0 : { *(.debug_line) }
    .debug_line_str 0 : { *(.debug_line_str) }
    .debug_str 0 : { *(.debug_str) }
    .debug_str_offsets 0 : { *(.debug_str_offsets) }
    .debug_addr 0 : { *(.debug_addr) }
    .debug_aranges 0 : { *(.debug_aranges) }
    .debug_ranges 0 : { *(.debug_ranges) }
    .debug_rnglists 0 : { *(.debug_rnglists) }
    .debug_loc 0 : { *(.debug_loc) }
    .debug_loclists 0 : { *(.debug_loclists) }
    .debug_frame 0 : { *(.debug_frame) }
    .symtab 0 : { *(.symtab) }
    .strtab 0 : { *(.strtab) }
    .shstrtab 0 : { *(.shstrtab) }

    .rela.dyn 0 : { *(.rela .rela.*) }

    /DISCARD/ : {
        *(.comment) *(.note .note.*) *(.discard .discard.*) *(.eh_frame .eh_frame_hdr)
        *(.rela.iplt .rela.plt) *(.iplt) *(.plt .plt.*)
    }
}

ASSERT(_end - _start <= IMAGE_MAX_2M * 0x200000, "image too big for the boot page tables")
ASSERT(SIZEOF(.rela.dyn) == 0, "relocations are left that nobody would apply")
