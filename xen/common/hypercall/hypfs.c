/* SPDX-License-Identifier: GPL-2.0-only */
/* hypfs_op: a small read-only tree of facts about the hypervisor. */
#include <xen/config.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <generated/version.h>
#include <public/hypfs.h>

struct node {
    const char *path;
    uint8_t type;         /* XEN_HYPFS_TYPE_* */
    uint32_t len;         /* bytes of content; directories: counted when asked for */
    const void *content;
};

static const uint32_t major = XEN_MAJOR, minor = XEN_MINOR;

#define DIR(p)          {p, XEN_HYPFS_TYPE_DIR, 0, NULL}
#define STR(p, text)    {p, XEN_HYPFS_TYPE_STRING, sizeof(text), text}
#define NUM(p, var)     {p, XEN_HYPFS_TYPE_UINT, sizeof(var), &(var)}

/* Parents before children; siblings by name. The root is the empty path. */
static const struct node tree[] = {
    DIR(""),
    DIR("/buildinfo"),
    STR("/buildinfo/changeset", XEN_CHANGESET),
    DIR("/buildinfo/compileinfo"),
    STR("/buildinfo/compileinfo/compile_by", XEN_COMPILE_BY),
    STR("/buildinfo/compileinfo/compile_date", XEN_COMPILE_DATE),
    STR("/buildinfo/compileinfo/compile_domain", XEN_COMPILE_DOMAIN),
    STR("/buildinfo/compileinfo/compiler", XEN_COMPILER),
    DIR("/buildinfo/version"),
    STR("/buildinfo/version/extra", XEN_EXTRAVERSION),
    NUM("/buildinfo/version/major", major),
    NUM("/buildinfo/version/minor", minor),
    DIR("/params"),
};

static const struct node *find(const char *path)
{
    if (!strcmp(path, "/"))
        path = "";
    for (size_t i = 0; i < ARRAY_SIZE(tree); i++)
        if (!strcmp(tree[i].path, path))
            return &tree[i];
    return NULL;
}

/* The name of n below dir, NULL when it is not its child. */
static const char *child_name(const struct node *dir, const struct node *n)
{
    size_t len = strlen(dir->path);

    if (n == dir || strncmp(n->path, dir->path, len) || n->path[len] != '/')
        return NULL;
    return strchr(n->path + len + 1, '/') ? NULL : n->path + len + 1;
}

static uint32_t entry_size(const char *name)
{
    uint32_t raw =
        offsetof(struct xen_hypfs_dirlistentry, name) + (uint32_t)strlen(name) + 1;

    return ROUND_UP(raw, (uint32_t)__alignof__(struct xen_hypfs_dirlistentry));
}

static uint32_t content_len(const struct node *n)
{
    const char *name;
    uint32_t sum = 0;

    if (n->type != XEN_HYPFS_TYPE_DIR)
        return n->len;
    for (size_t i = 0; i < ARRAY_SIZE(tree); i++)
        if ((name = child_name(n, &tree[i])) != NULL)
            sum += entry_size(name);
    return sum;
}

static struct xen_hypfs_direntry describe(const struct node *n)
{
    return (struct xen_hypfs_direntry){
        .type = n->type, .encoding = XEN_HYPFS_ENC_PLAIN, .content_len = content_len(n),
    };
}

static long list(const struct node *dir, uint64_t to)
{
    uint32_t left = content_len(dir);
    const char *name;

    for (size_t i = 0; i < ARRAY_SIZE(tree); i++) {
        struct xen_hypfs_dirlistentry e = {.e = describe(&tree[i])};
        uint32_t size;

        name = child_name(dir, &tree[i]);
        if (!name)
            continue;
        size = entry_size(name);
        left -= size;
        e.off_next = (uint16_t)(left ? size : 0);
        if (copy_to_guest_va(to, &e, offsetof(struct xen_hypfs_dirlistentry, name)) ||
            copy_to_guest_va(to + offsetof(struct xen_hypfs_dirlistentry, name), name,
                             strlen(name) + 1))
            return -EFAULT;
        to += size;
    }
    return 0;
}

static long read_node(const struct node *n, uint64_t to, unsigned long room)
{
    struct xen_hypfs_direntry e = describe(n);

    if (room < sizeof(e))
        return -ENOBUFS;
    if (arg_write(to, &e))
        return -EFAULT;
    if (room - sizeof(e) < e.content_len)
        return -ENOBUFS;
    if (n->type == XEN_HYPFS_TYPE_DIR)
        return list(n, to + sizeof(e));
    return copy_to_guest_va(to + sizeof(e), n->content, n->len);
}

/* 0 and the node of the path at from, len bytes with the NUL. */
static long read_path(uint64_t from, unsigned long len, const struct node **n)
{
    char path[128];

    if (!len || len > XEN_HYPFS_MAX_PATHLEN)
        return -EINVAL;
    /* Nothing here has so long a name. */
    if (len > sizeof(path))
        return -ENOENT;
    if (copy_from_guest_va(path, from, len))
        return -EFAULT;
    if (path[len - 1] || strlen(path) != len - 1 || path[0] != '/')
        return -EINVAL;
    *n = find(path);
    return *n ? 0 : -ENOENT;
}

long hypercall_hypfs_op(const unsigned long *a)
{
    const struct node *n;
    long rc;

    switch ((unsigned int)a[0]) {
    case XEN_HYPFS_OP_get_version:
        return a[1] || a[2] || a[3] || a[4] ? -EINVAL : XEN_HYPFS_VERSION;
    case XEN_HYPFS_OP_read:
        rc = read_path(a[1], a[2], &n);
        return rc ? rc : read_node(n, a[3], a[4]);
    case XEN_HYPFS_OP_write_contents:
        rc = read_path(a[1], a[2], &n);
        return rc ? rc : n->type == XEN_HYPFS_TYPE_DIR ? -EISDIR : -EACCES;
    default:
        return -ENOSYS;
    }
}
