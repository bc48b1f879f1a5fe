"""What lies in a folder, for tests that compare two."""

import hashlib
from pathlib import Path


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder: its relative path, and a digest of its bytes."""
    return {
        path.relative_to(folder).as_posix(): hashlib.md5(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
