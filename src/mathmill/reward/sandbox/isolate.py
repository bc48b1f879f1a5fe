"""What separates the sandbox from the machine: identity, namespaces, an empty file system, limits.

Every step names itself where the kernel does not allow it; `pool` decides whether to go on without.
"""

import ctypes
import os
import resource
import signal
import tempfile
from functools import cache

NOBODY = 65534
SCRATCH = "/scratch"
_USER, _MOUNT, _NET, _IPC, _UTS, _PID = 0x10000000, 0x00020000, 0x40000000, 0x08000000, 0x04000000, 0x20000000
_NAMESPACES = {
    "mount namespace": _MOUNT,
    "network namespace": _NET,
    "IPC namespace": _IPC,
    "host name namespace": _UTS,
    "process namespace": _PID,
}
_READ_ONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _PRIVATE, _RECURSIVE = 1, 2, 4, 8, 32, 1 << 18, 1 << 14
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_DUMPABLE, _PARENT_DEATH, _BOUNDING_DROP = 4, 1, 24
_CAPABILITY_VERSION = 0x20080522


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _prctl(option: int, value: int) -> int:
    return int(_libc().prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def _mount(kind: bytes | None, target: bytes, flags: int, data: bytes | None = None) -> None:
    _check(_libc().mount(kind, target, kind, ctypes.c_ulong(flags), data), f"mount {target.decode()}")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def give_up_root() -> None:
    """Become nobody, where this process is root and may: its files and processes are then out of reach in any case."""
    if os.geteuid() != 0:
        return
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError:
        return  # a container that maps no such id: its root is an ordinary user outside
    _prctl(_DUMPABLE, 1)  # else /proc/self would belong to root and the maps below could not be written


def enter_namespaces() -> list[str]:
    """Leave the machine's users, mounts, network, IPC, host name and processes; the names of what was not possible.

    The process namespace holds for children forked from here on.
    """
    user, group = os.geteuid(), os.getegid()
    missing = []
    if _libc().unshare(_USER) != 0:
        missing.append("user namespace")
    else:
        try:
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{NOBODY} {user} 1")
            _write("/proc/self/gid_map", f"{NOBODY} {group} 1")
        except OSError:  # a root without its capabilities may not be mapped: nothing can be mounted then
            return ["user namespace", *_NAMESPACES]
    for name, flag in _NAMESPACES.items():
        if _libc().unshare(flag) != 0:
            missing.append(name)
    if "host name namespace" not in missing:
        _libc().sethostname(b"sandbox", 7)
    return missing


def prefer_as_victim() -> None:
    """Where the machine runs out of memory, the kernel takes this process and its children first."""
    _write("/proc/self/oom_score_adj", "1000")


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    _prctl(_PARENT_DEATH, signal.SIGKILL)


def empty_root() -> None:
    """Make an empty, read-only file system the root of this mount namespace; `fresh_scratch` puts the folder in it."""
    _mount(None, b"/", _PRIVATE | _RECURSIVE)
    place = os.fsencode(tempfile.gettempdir())
    _mount(b"tmpfs", place, _NOSUID | _NODEV | _NOEXEC, b"size=64k,nr_inodes=8,mode=755")
    os.chdir(place)
    os.mkdir(SCRATCH[1:])
    _check(_libc().syscall(_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    _check(_libc().umount2(b".", _DETACH), "umount of the machine's files")
    os.chdir("/")
    _mount(None, b"/", _REMOUNT | _READ_ONLY | _NOSUID | _NODEV | _NOEXEC)


def fresh_scratch(megabytes: int, replace: bool) -> None:
    """Mount an empty scratch folder; replace: let the one of the program before go, with all that it holds."""
    if replace:
        _check(_libc().umount2(SCRATCH.encode(), _DETACH), "umount of the scratch folder")
    options = f"size={megabytes}m,nr_inodes=256,mode=700".encode()
    _mount(b"tmpfs", SCRATCH.encode(), _NOSUID | _NODEV | _NOEXEC, options)


def drop_capabilities() -> None:
    """Give up every capability, for good."""
    for number in range(64):
        if _prctl(_BOUNDING_DROP, number) != 0:
            break
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _check(_libc().capset(header, (ctypes.c_uint32 * 6)()), "capset")


def address_space() -> int:
    """Bytes of address space that this process has now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def limit(cpu_seconds: float, address_bytes: int, file_bytes: int, open_files: int) -> None:
    """Limits of the calling process that only root could lift."""
    whole = int(cpu_seconds) + 1
    limits = {
        resource.RLIMIT_CPU: (whole, whole + 1),  # the timer below is finer, but a program can stop it
        resource.RLIMIT_AS: (address_bytes, address_bytes),
        resource.RLIMIT_FSIZE: (file_bytes, file_bytes),
        resource.RLIMIT_NOFILE: (open_files, open_files),
        resource.RLIMIT_NPROC: (0, 0),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_MEMLOCK: (0, 0),
        resource.RLIMIT_MSGQUEUE: (0, 0),
        resource.RLIMIT_SIGPENDING: (16, 16),
    }
    for kind, values in limits.items():
        resource.setrlimit(kind, values)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
