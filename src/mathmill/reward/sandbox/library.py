"""Imports inside the sandbox, where there is no file system: modules come from memory.

The server reads the code of the standard library and of some packages before it shuts itself in. What has a compiled
part must be loaded by then (`preload`); a Python module is loaded when a program asks for it.
"""

import importlib
import importlib.util
import marshal
import os
import sys
import sysconfig
import types
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec
from pathlib import Path

# Large, and nothing that a program computes with.
_LEFT_OUT = {"test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "site-packages", "venv",
             "distutils", "__pycache__"}  # fmt: skip


class MemoryImporter(MetaPathFinder, Loader):
    """Finds and loads Python modules that were read into memory.

    modules: name -> (the bytes of its code, whether they are compiled, whether it is a package).
    """

    def __init__(self) -> None:
        self.modules: dict[str, tuple[bytes, bool, bool]] = {}

    def add(self, folder: Path, prefix: str = "") -> None:
        """Read all Python modules of a folder, as compiled where the interpreter has left a fresh compiled file."""
        for entry in sorted(os.scandir(folder), key=lambda one: one.name):
            if _is_package(entry):
                self.add(Path(entry.path), f"{prefix}{entry.name}.")
            elif entry.name.endswith(".py") and entry.name[:-3].isidentifier():
                package = entry.name == "__init__.py"
                name = prefix.rstrip(".") if package else prefix + entry.name[:-3]
                if name:
                    self.modules[name] = (*_code(Path(entry.path)), package)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's specification, None where it was not read."""
        if fullname not in self.modules:
            return None
        return ModuleSpec(fullname, self, origin=f"<{fullname}>", is_package=self.modules[fullname][2])

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the module's code."""
        data, compiled, _ = self.modules[module.__name__]
        code = marshal.loads(data[16:]) if compiled else compile(data, f"<{module.__name__}>", "exec")
        exec(code, module.__dict__)


def _is_package(entry: os.DirEntry[str]) -> bool:
    wanted = entry.name not in _LEFT_OUT and entry.name.isidentifier()
    return wanted and os.path.isfile(os.path.join(entry.path, "__init__.py"))


def _code(source: Path) -> tuple[bytes, bool]:
    """(bytes, whether they are compiled code)."""
    cached = Path(importlib.util.cache_from_source(str(source)))
    status = source.stat()
    fresh = b"".join(value.to_bytes(4, "little") for value in (0, int(status.st_mtime), status.st_size & 0xFFFFFFFF))
    if cached.is_file():
        data = cached.read_bytes()
        if data[:16] == importlib.util.MAGIC_NUMBER + fresh:
            return data, True
    return source.read_bytes(), False


def prepare(preload: Sequence[str], packages: Sequence[str]) -> tuple[MemoryImporter, list[str]]:
    """Load `preload`, read the standard library and `packages`; (the importer, the names that are not installed)."""
    absent = []
    for name in preload:
        try:
            importlib.import_module(name)
        except ImportError:
            absent.append(name)
    importer = MemoryImporter()
    importer.add(Path(sysconfig.get_path("stdlib")))
    for name in packages:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            absent.append(name)
            continue
        importer.add(Path(next(iter(spec.submodule_search_locations))), f"{name}.")
    return importer, sorted(set(absent))


def shut(importer: MemoryImporter) -> None:
    """From here on import from memory alone."""
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, importer]
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
    sys.path.clear()
