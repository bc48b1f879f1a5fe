"""How a command ends: plainly where the user can mend it, quietly where nobody reads, and loudly otherwise."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from mathmill.workflow.errors import UserError, exit_plainly

READ = "from mathmill.workflow.errors import exit_plainly\nimport os\nwith exit_plainly():\n"


def test_what_a_user_can_mend_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, exit_plainly():
        raise UserError("rl.bta: no such key")
    assert ended.value.code == 2
    assert capsys.readouterr().err == "error: rl.bta: no such key\n"


def test_a_full_or_read_only_disk_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended, exit_plainly():
        raise OSError(errno.ENOSPC, "No space left on device", "models/.sft.saving")
    assert ended.value.code == 2
    assert capsys.readouterr().err == ("error: models/.sft.saving: no space left on device; what is finished stays\n")
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit), exit_plainly():
        (tmp_path / "file" / "scratch").mkdir(parents=True)
    assert "not a directory" in capsys.readouterr().err
    with pytest.raises(OSError, match="bad file"), exit_plainly():
        raise OSError(errno.EBADF, "bad file")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("    for number in range(100_000):\n        print(number)\n", 0),
        ("    ends = os.pipe()\n    os.close(ends[0])\n    os.write(ends[1], b'x')\n", 1),
    ],
    ids=["our own output", "another pipe"],
)
def test_only_our_own_output_may_break_in_silence(body: str, code: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", READ + body], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    if code == 0:
        process.stdout.readline()
        process.stdout.close()
    _, errors = process.communicate() if code else ("", process.stderr.read() if process.stderr else "")
    assert process.wait(60) == code, errors
    assert ("BrokenPipeError" in errors) == bool(code)
