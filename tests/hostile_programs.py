"""Programs that try to do harm. Each prints ESCAPED where it gets what it wants.

`{file}` is a file of the host, `{folder}` its folder, `{port}` a port on which the host listens, `{pid}` a process of
the host's, `{secret}` a variable in the host's environment. The third part of an entry: the statuses it may end with.
"""

SYSCALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    return libc.syscall(number, *arguments)
"""
ANY_ERROR = ("error",)
TRIED = ("ok",)  # the program caught what stopped it

HOSTILE: dict[str, tuple[str, tuple[str, ...]]] = {
    # files
    "read a file": ("print('ESCAPED', open({file!r}).read())", ANY_ERROR),
    "write a file": ("open({file!r}, 'w').write('x'); print('ESCAPED')", ANY_ERROR),
    "remove everything": (
        "import os\nfor base, folders, files in os.walk('/', topdown=False):\n"
        "    for name in files:\n        os.unlink(os.path.join(base, name)); print('ESCAPED')",
        TRIED,
    ),
    "list the machine": (
        "import os\nseen = [os.path.join(b, n) for b, d, f in os.walk('/') for n in d + f]\n"
        "print('ESCAPED' if set(seen) != {{'/scratch'}} else 'empty')",
        TRIED,
    ),
    "make files outside the scratch folder": ("import os; os.mkdir('/here'); print('ESCAPED')", ANY_ERROR),
    "climb out by ..": (
        "import os\nfor _ in range(50): os.chdir('..')\nprint('ESCAPED' if os.listdir('.') != ['scratch'] else 'no')",
        TRIED,
    ),
    "climb out by chroot": ("import os; os.mkdir('x'); os.chroot('x'); print('ESCAPED')", ANY_ERROR),
    "symlink to a file": ("import os; os.symlink({file!r}, 'link'); print('ESCAPED', open('link').read())", ANY_ERROR),
    "hard link to a file": ("import os; os.link({file!r}, 'link'); print('ESCAPED')", ANY_ERROR),
    "symlink to the parent of all": (
        "import os; os.symlink('/', 'root'); print('ESCAPED' if os.listdir('root') != ['scratch'] else 'no')",
        TRIED,
    ),
    "a device": ("import os; os.mknod('sda', 0o60600, os.makedev(8, 0)); print('ESCAPED')", ANY_ERROR),
    "fill the disk": (
        "f = open('big', 'wb')\nfor _ in range(1000): f.write(bytes(1 << 20))\nprint('ESCAPED')",
        ANY_ERROR,
    ),
    "as many files as there can be": (
        "n = 0\nwhile n < 100_000:\n    open(str(n), 'w').close(); n += 1\nprint('ESCAPED')",
        ANY_ERROR,
    ),
    "a deep folder": (
        "import os\nfor _ in range(100_000):\n    os.mkdir('d'); os.chdir('d')\nprint('ESCAPED')",
        ANY_ERROR,
    ),
    "open files without end": ("files = [open(str(i), 'w') for i in range(100_000)]; print('ESCAPED')", ANY_ERROR),
    # /proc and the environment
    "the host's environment": ("import os; print('ESCAPED' if {secret!r} in str(os.environ) else 'no')", TRIED),
    "the environment by C": (
        "import ctypes\nget = ctypes.CDLL(None).getenv\nget.restype = ctypes.c_char_p\n"
        "print('ESCAPED' if get({secret!r}.encode()) else 'no')",
        TRIED,
    ),
    "the parent's environment": ("print('ESCAPED', open('/proc/1/environ', 'rb').read())", ANY_ERROR),
    "its own memory by /proc": ("print('ESCAPED', open('/proc/self/mem', 'rb'))", ANY_ERROR),
    "mount /proc": (
        SYSCALL + "import os; os.mkdir('p')\n"
        "assert call(165, b'proc', b'p', b'proc', 0, None) == 0\nprint('ESCAPED', os.listdir('p'))",
        ANY_ERROR,
    ),
    # network
    "connect to the host": (
        "import socket; socket.create_connection(('127.0.0.1', {port}), 2); print('ESCAPED')",
        ANY_ERROR,
    ),
    "send a datagram": (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.sendto(b'x', ('127.0.0.1', {port})); print('ESCAPED')",
        ANY_ERROR,
    ),
    "ask a name server": ("import socket; print('ESCAPED', socket.gethostbyname('localhost'))", ANY_ERROR),
    "a local socket": ("import socket; socket.socketpair(); print('ESCAPED')", ANY_ERROR),
    "a socket by number": (SYSCALL + "assert call(41, 2, 1, 0) >= 0\nprint('ESCAPED')", ANY_ERROR),
    # processes
    "fork": ("import os; os.fork(); print('ESCAPED')", ANY_ERROR),
    "fork bomb": (
        "import os\nfor _ in range(100_000):\n    try:\n        os.fork(); print('ESCAPED')\n"
        "    except OSError:\n        pass",
        TRIED,
    ),
    "fork by number": (SYSCALL + "assert call(57) >= 0\nprint('ESCAPED')", ANY_ERROR),
    "clone by number": (SYSCALL + "assert call(56, 17, 0, 0, 0, 0) >= 0\nprint('ESCAPED')", ANY_ERROR),
    "run a command": ("import subprocess; print('ESCAPED', subprocess.check_output(['/bin/echo', 'x']))", ANY_ERROR),
    "run a shell": ("import os; print('ESCAPED' if os.system('true') == 0 else 'no')", TRIED),
    "become another program": ("import os; os.execv('/bin/sh', ['sh', '-c', 'echo ESCAPED'])", ANY_ERROR),
    "threads": (
        "import threading, time\nfor _ in range(100): threading.Thread(target=time.sleep, args=(9,)).start()\n"
        "print('ESCAPED')",
        ANY_ERROR,
    ),
    "worker processes": (
        "import multiprocessing as m\np = m.get_context('fork').Process(target=print)\np.start(); print('ESCAPED')",
        ANY_ERROR,
    ),
    # signals
    "kill the parent": ("import os, signal; os.kill(os.getppid(), signal.SIGKILL); print('ESCAPED')", ANY_ERROR),
    "kill everything": ("import os, signal; os.kill(-1, signal.SIGKILL); print('ESCAPED')", ANY_ERROR),
    "kill a process of the host": ("import os, signal; os.kill({pid}, signal.SIGTERM); print('ESCAPED')", ANY_ERROR),
    "kill by number": (SYSCALL + "assert call(62, 1, 9) == 0\nprint('ESCAPED')", ANY_ERROR),
    "signals through a file's owner": (
        "import fcntl, os, signal; f = open('x', 'w')\nfcntl.fcntl(f, 8, 1); print('ESCAPED')",
        ANY_ERROR,
    ),
    "read another process": (SYSCALL + "assert call(101, 16, 1, 0, 0) == 0\nprint('ESCAPED')", ANY_ERROR),
    "stop itself": ("import os, signal; os.kill(os.getpid(), signal.SIGSTOP); print('ESCAPED')", ANY_ERROR),
    # rights and limits
    "become root": ("import os; os.setuid(0); print('ESCAPED')", ANY_ERROR),
    "a new user namespace": (SYSCALL + "assert call(272, 0x10000000) == 0\nprint('ESCAPED')", ANY_ERROR),
    "raise the limits": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1)); print('ESCAPED')",
        ANY_ERROR,
    ),
    "a higher priority": ("import os; os.nice(-10); print('ESCAPED')", ANY_ERROR),
    "kernel interfaces": (
        SYSCALL + "for number in (425, 321, 250, 298, 323, 319, 29, 310, 9999, 0x40000001, -1):\n"
        "    if call(number, 0, 0, 0, 0, 0) >= 0: print('ESCAPED', number)",
        TRIED,
    ),
    "executable memory": (
        "import mmap\nmmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\nprint('ESCAPED')",
        ANY_ERROR,
    ),
    # memory
    "memory bomb": ("x = []\nwhile True: x.append(bytearray(1 << 20))", ("memory",)),
    "one large list": ("x = [0] * 10**10", ("memory",)),
    "a large mapping": ("import mmap; mmap.mmap(-1, 1 << 36); print('ESCAPED')", ANY_ERROR),
    "a long word": ("print('a' * 10**11)", ("memory",)),
    # time
    "infinite loop": ("while True: pass", ("cpu",)),
    "a loop in C": ("print(len(str(9 ** 9 ** 9)))", ("cpu", "memory")),
    "backtracking": ("import re; re.match('(a*)*b', 'a' * 64)", ("cpu",)),
    "ignore the time limit": (
        "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\nwhile True: pass",
        ("cpu",),
    ),
    "stop the timer": ("import signal; signal.setitimer(signal.ITIMER_PROF, 0); print('ESCAPED')", ANY_ERROR),
    "catch everything": (
        "import signal\nfor n in (signal.SIGPROF, signal.SIGXCPU): signal.signal(n, lambda *_: None)\n"
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        ("cpu",),
    ),
    "sleep": ("import time; time.sleep(10**6); print('slept')", TRIED),
    "wait for a signal": ("import signal; signal.pause()\nwhile True: pass", ("cpu", "error")),
    "wait for input": ("print('ESCAPED', input())", ANY_ERROR),
    # output
    "endless output": ("while True: print('x' * 1000)", ("output",)),
    "endless errors": ("import sys\nwhile True: print('x' * 1000, file=sys.stderr)", ("cpu",)),
    "close the output and go on": ("import os\nos.close(1); os.close(2)\nwhile True: pass", ("cpu",)),
    "write to every file number": (
        "import os\nfor n in range(3, 4096):\n    try:\n        os.write(n, b'x'); print('ESCAPED', n)\n"
        "    except OSError: pass",
        TRIED,
    ),
    "forge a reply": ("import os; os.write(1, b'\\x00\\x00\\x00\\x02{{}}')", TRIED),
    # the interpreter
    "crash": ("import ctypes; ctypes.string_at(0)", ("killed",)),
    "abort": ("import os; os.abort()", ("killed",)),
    "recursion": (
        "import sys; sys.setrecursionlimit(10**9)\ndef f(): return [f()]\nf()",
        ("killed", "memory", "error", "cpu"),
    ),
    "deeply nested source": ("(" * 100_000 + ")" * 100_000, ("error", "memory", "killed")),
    "null bytes": ("print(1)\0", ANY_ERROR),
    "a lone surrogate": ("print('\\ud800')", TRIED),
    "an exception that cannot be shown": (
        "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E",
        ANY_ERROR,
    ),
    "leave without a word": ("import os; os._exit(0)", TRIED),
    "replace the interpreter's parts": (
        "import builtins, sys, os\nbuiltins.print = builtins.open = None\nsys.stdout = None\nsys.modules.clear()\n"
        "os.__dict__.clear()",
        ("ok", "error"),
    ),
    "import from the machine": (
        "import sys, importlib.machinery as m\nsys.path.append({folder!r})\n"
        "sys.path_hooks.append(m.FileFinder.path_hook((m.SourceFileLoader, ['.py'])))\n"
        "sys.meta_path.append(m.PathFinder)\nimport canary; print('ESCAPED')",
        ANY_ERROR,
    ),
    "hidden modules": (
        "import gc\nfound = [o for o in gc.get_objects() if type(o).__name__ == 'Server']\n"
        "gc.unfreeze()\nfound += [o for o in gc.get_objects() if type(o).__name__ == 'Server']\n"
        "found[0].channel.send(b'x'); print('ESCAPED')",
        ANY_ERROR,
    ),
}
