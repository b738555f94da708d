#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""emulated.py QEMU ROOT COMMAND [ARGUMENT...]: runs a command for which programs of
another processor are programs like any other: the kernel starts them in QEMU, which
looks for their libraries and files in ROOT first.

The kernel's table of such formats (binfmt_misc) is that of a user namespace of the
command's own, so that the machine's is neither needed nor changed.  Users are the same
in it as outside; somebody who is not root has only himself.  Linux has had such tables
since 6.7; status 69 says that this one has none, or allows none."""

import ctypes
import os
import sys

UNAVAILABLE = 69
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
ALL = 4294967295  # users
MS_REC, MS_PRIVATE = 0x4000, 0x40000
TABLE = "/proc/sys/fs/binfmt_misc"
# the end of QEMU's name: class, byte order and machine in the head of an ELF file
MACHINES = {
    "aarch64": (2, 1, 183),
    "arm": (1, 1, 40),
    "s390x": (2, 2, 22),
}


def call(function, *args):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*args) < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{function}(): {os.strerror(error)}")


def escape(data):
    return "".join(f"\\x{byte:02x}" for byte in data)


def get_format(qemu, interpreter):
    """A line for the table: what a program's first 20 bytes must be."""
    bits, order, machine = MACHINES[os.path.basename(qemu).split("-")[1]]
    endian = "little" if order == 1 else "big"
    head = b"\x7fELF" + bytes([bits, order, 1]) + bytes(9)
    head += (2).to_bytes(2, endian) + machine.to_bytes(2, endian)
    # whatever the ABI; the kind is "executable" (2) or "shared" (3)
    mask = b"\xff" * 7 + b"\x00" + b"\xff" * 8
    mask += 0xfffe.to_bytes(2, endian) + b"\xff\xff"
    # P: with its argv[0]; F: also where the interpreter cannot be seen
    return f":emulated:M::{escape(head)}:{escape(mask)}:{interpreter}:PF"


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def map_users(pid, inside, outside, count):
    """What users of process @pid's namespace are outside of it; the same for groups."""
    if count == 1:
        write(f"/proc/{pid}/setgroups", "deny")
    for name, n, first in zip(("uid", "gid"), inside, outside):
        write(f"/proc/{pid}/{name}_map", f"{n} {first} {count}")


def enter(flags, inside, outside, count):
    """Makes new namespaces; a child, which stays outside, says who is who in them."""
    pid = os.getpid()
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(ready, 1)
        try:
            map_users(pid, inside, outside, count)
        except OSError as error:
            print(f"emulated.py: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    os.close(ready)
    try:
        call("unshare", flags)
    finally:
        os.close(go)
        _, status = os.waitpid(child, 0)
    if status:
        raise OSError("the users cannot be mapped")


def main():
    qemu, root, *command = sys.argv[1:]
    # by the end of this name QEMU, as Debian builds it, knows of the P above
    interpreter = os.path.abspath(root) + "/emulator-binfmt-P"
    if not os.path.lexists(interpreter):
        os.symlink(qemu, interpreter)
    try:
        # the table belongs to root
        root_user, user = (0, 0), (os.geteuid(), os.getegid())
        enter(CLONE_NEWUSER | CLONE_NEWNS, root_user, user,
              ALL if user[0] == 0 else 1)
        call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        call("mount", b"none", TABLE.encode(), b"binfmt_misc", 0, None)
        write(TABLE + "/register", get_format(qemu, interpreter))
        if user[0] != 0:
            enter(CLONE_NEWUSER, user, root_user, 1)
    except OSError as error:
        print(f"emulated.py: {error}", file=sys.stderr)
        sys.exit(UNAVAILABLE)
    os.environ["QEMU_LD_PREFIX"] = root
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
