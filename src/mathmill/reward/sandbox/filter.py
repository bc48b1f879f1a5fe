"""The system-call filter (seccomp) of a program: what is not on the list fails with "operation not permitted".

The list holds what a computing Python needs. Not on it: sockets, new processes and threads, signals, other processes'
memory, identity, limits, mounts, clocks that wait. Executable memory cannot be made, so no code but the interpreter's
and its libraries' runs. File calls are on the list only where the process sees nothing but its scratch folder.
"""

import ctypes
import errno
import platform
import struct

# Name -> (x86-64, aarch64); None where an architecture has no such call.
_CALLS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "fstat": (5, 80), "lseek": (8, 62), "munmap": (11, 215),
    "brk": (12, 214), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "pread64": (17, 67), "pwrite64": (18, 68), "readv": (19, 65), "writev": (20, 66), "sched_yield": (24, 124),
    "mremap": (25, 216), "madvise": (28, 233), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24),
    "getpid": (39, 172), "exit": (60, 93), "uname": (63, 160), "fsync": (74, 82), "ftruncate": (77, 46),
    "getrusage": (98, 165), "times": (100, 153), "getuid": (102, 174), "getgid": (104, 176), "geteuid": (107, 175),
    "getegid": (108, 177), "getppid": (110, 173), "getpgrp": (111, None), "sigaltstack": (131, 132),
    "gettid": (186, 178), "futex": (202, 98), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "exit_group": (231, 94), "gettimeofday": (96, 169), "time": (201, None), "getrandom": (318, 278),
    "rseq": (334, 293), "restart_syscall": (219, 128), "membarrier": (324, 283),
}  # fmt: skip
_FILES: dict[str, tuple[int | None, int | None]] = {
    "open": (2, None), "stat": (4, None), "lstat": (6, None), "access": (21, None), "getdents": (78, None),
    "getcwd": (79, 17), "chdir": (80, 49), "rename": (82, None), "mkdir": (83, None), "rmdir": (84, None),
    "creat": (85, None), "link": (86, None), "unlink": (87, None), "symlink": (88, None), "readlink": (89, None),
    "getdents64": (217, 61), "openat": (257, 56), "mkdirat": (258, 34), "newfstatat": (262, 79),
    "unlinkat": (263, 35), "renameat": (264, 38), "symlinkat": (266, 36), "readlinkat": (267, 78),
    "faccessat": (269, 48), "renameat2": (316, 276), "statx": (332, 291), "faccessat2": (439, 439),
}  # fmt: skip
# Calls that are answered by their own error, because Python or the C library asks and goes on.
_ERRORS: dict[str, tuple[int | None, int | None, int]] = {
    "ioctl": (16, 29, errno.ENOTTY),
    "clone3": (435, 435, errno.ENOSYS),
}
_MAPPINGS = {"mmap": (9, 222), "mprotect": (10, 226)}  # never executable
_FCNTL = (72, 25)
_FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030)  # duplicate, flags; not owner and signal, which could reach other processes
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _EQUAL, _ABOVE, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _SECOND, _THIRD = 0, 4, 24, 32  # offsets of seccomp_data; the low half of an argument
_X32 = 0x40000000
_EXECUTABLE = 4

Instruction = tuple[int, int, int, int]


def supported() -> bool:
    """Whether there is a list for this machine's architecture."""
    return platform.machine() in _ARCHITECTURES


def instructions(machine: str, files: bool) -> list[Instruction]:
    """The filter as BPF instructions (code, jump if true, jump if false, constant). files: allow calls on files."""
    column, architecture = _ARCHITECTURES[machine]
    deny = (_RETURN, 0, 0, _ERROR | errno.EPERM)
    allow = (_RETURN, 0, 0, _ALLOW)
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        # The second numbering of x86-64 would walk around the list.
        (_ABOVE, 0, 1, _X32),
        deny,
    ]
    names = {**_CALLS, **(_FILES if files else {})}
    for numbers in names.values():
        if (number := numbers[column]) is not None:
            program += [(_EQUAL, 0, 1, number), allow]
    for x86, arm, error in _ERRORS.values():
        program += [(_EQUAL, 0, 1, (x86, arm)[column] or 0), (_RETURN, 0, 0, _ERROR | error)]
    for pair in _MAPPINGS.values():
        program += [(_EQUAL, 0, 4, pair[column]), (_LOAD, 0, 0, _THIRD), (_BITS, 0, 1, _EXECUTABLE), deny, allow]
    program += [(_EQUAL, 0, 2 * len(_FCNTL_COMMANDS) + 1, _FCNTL[column]), (_LOAD, 0, 0, _SECOND)]
    for command in _FCNTL_COMMANDS:
        program += [(_EQUAL, 0, 1, command), allow]
    return [*program, deny]


def assemble(program: list[Instruction]) -> bytes:
    """The bytes of an array of struct sock_filter."""
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def install(code: bytes) -> None:
    """Put the calling process under the filter for good. OSError where the kernel refuses."""

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(code) // 8, code)
    set_filter, mode_filter, no_new_privileges = 22, 2, 38
    zero = ctypes.c_ulong(0)
    for arguments in (
        (no_new_privileges, ctypes.c_ulong(1), zero, zero, zero),
        (set_filter, ctypes.c_ulong(mode_filter), ctypes.byref(program), zero, zero),
    ):
        if libc.prctl(*arguments) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"seccomp: {errno.errorcode.get(number, number)}")
