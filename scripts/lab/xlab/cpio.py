# SPDX-License-Identifier: GPL-2.0-only
"""Writes initramfs archives ("newc" cpio). Linux accepts several, one after
another, so a job is added to a cached initramfs by appending a small archive.

Nothing in an archive depends on the clock or the user: same input, same bytes.
"""

import stat


class Archive:
    def __init__(self):
        self._parts = []
        self._known = set()
        self._inode = 1

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        encoded = name.encode() + b"\0"
        fields = [self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device,
                  len(encoded), 0]
        self._inode += 1
        header = b"070701" + b"".join(b"%08x" % f for f in fields) + encoded
        header += b"\0" * (-len(header) % 4)
        self._parts.append(header + data + b"\0" * (-len(data) % 4))

    def directory(self, name, mode=0o755):
        name = name.strip("/")
        if not name or name in self._known:
            return
        if "/" in name:
            self.directory(name.rsplit("/", 1)[0])
        self._known.add(name)
        self._entry(name, stat.S_IFDIR | mode)

    def _parent(self, name):
        name = name.strip("/")
        if "/" in name:
            self.directory(name.rsplit("/", 1)[0])
        return name

    def file(self, name, data, mode=0o644):
        if isinstance(data, str):
            data = data.encode()
        self._entry(self._parent(name), stat.S_IFREG | mode, data)

    def symlink(self, name, target):
        self._entry(self._parent(name), stat.S_IFLNK | 0o777, target.encode())

    def char_device(self, name, major, minor, mode=0o600):
        self._entry(self._parent(name), stat.S_IFCHR | mode, b"", (major, minor))

    def to_bytes(self):
        inode, self._inode = self._inode, 0
        mark = len(self._parts)
        self._entry("TRAILER!!!", 0)
        data = b"".join(self._parts)
        del self._parts[mark:]
        self._inode = inode
        return data + b"\0" * (-len(data) % 512)
