/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_HYPFS_H
#define XEN_PUBLIC_HYPFS_H

#include "xen.h"

/* hypfs_op(cmd, path, path_len, buffer, buffer_len); lengths in bytes. */
#define XEN_HYPFS_OP_get_version    0
#define XEN_HYPFS_OP_read           1 /* -ENOBUFS: too small, but the entry is filled */
#define XEN_HYPFS_OP_write_contents 2

#define XEN_HYPFS_VERSION     1
#define XEN_HYPFS_MAX_PATHLEN 1024 /* with the NUL */

#define XEN_HYPFS_TYPE_DIR    0
#define XEN_HYPFS_TYPE_BLOB   1
#define XEN_HYPFS_TYPE_STRING 2
#define XEN_HYPFS_TYPE_UINT   3
#define XEN_HYPFS_TYPE_INT    4
#define XEN_HYPFS_TYPE_BOOL   5

#define XEN_HYPFS_ENC_PLAIN 0
#define XEN_HYPFS_ENC_GZIP  1

#ifndef __ASSEMBLY__

struct xen_hypfs_direntry {
    uint8_t  type;
    uint8_t  encoding;
    uint16_t pad;
    uint32_t content_len;
    uint32_t max_write_len; /* 0: read only */
};
typedef struct xen_hypfs_direntry xen_hypfs_direntry_t;

struct xen_hypfs_dirlistentry {
    xen_hypfs_direntry_t e;
    uint16_t             off_next; /* bytes from this entry, 0 at the last */
    char                 name[XEN_FLEX_ARRAY_DIM];
};

#endif

#endif
