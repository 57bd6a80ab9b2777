/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_HVM_SAVE_H
#define XEN_PUBLIC_HVM_SAVE_H

#ifndef __ASSEMBLY__

/*
 * A saved guest is a row of records, each a descriptor and length bytes of data:
 * HEADER first, END (type 0, no data) last. instance is a vCPU number.
 */
struct hvm_save_descriptor {
    uint16_t typecode;
    uint16_t instance;
    uint32_t length;
};

/* Ties a record's name to its code and type: HVM_SAVE_CODE(CPU) and so on. */
#define DECLARE_HVM_SAVE_TYPE(name, code, type) \
    struct __HVM_SAVE_TYPE_##name { type t; char c[code]; }
#define HVM_SAVE_TYPE(name) \
    __typeof__(((struct __HVM_SAVE_TYPE_##name *)0)->t)
#define HVM_SAVE_LENGTH(name) sizeof(HVM_SAVE_TYPE(name))
#define HVM_SAVE_CODE(name)   sizeof(((struct __HVM_SAVE_TYPE_##name *)0)->c)

struct hvm_save_end {};
DECLARE_HVM_SAVE_TYPE(END, 0, struct hvm_save_end);

#include "../arch-x86/hvm/save.h"

#endif

#endif
