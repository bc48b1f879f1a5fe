from pathlib import Path

from mathmill.training.checkpoint import Checkpoints


def write(checkpoints: Checkpoints, step: int, content: bytes = b"x" * 100) -> Path:
    checkpoints.clear(step)
    checkpoints.begin(step).write_bytes(content)
    return checkpoints.seal(step)


def test_the_last_two_are_kept(tmp_path) -> None:
    checkpoints = Checkpoints(tmp_path / "c")
    assert checkpoints.latest() is None
    for step in (5, 10, 20):
        write(checkpoints, step)
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == ["step-00000010", "step-00000020"]
    assert checkpoints.latest() == checkpoints.path(20) / "state"


def test_damaged_ones_are_passed_over_with_a_message(tmp_path, capsys) -> None:
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, 1)
    newest = write(checkpoints, 2)

    newest.write_bytes(b"x" * 60)
    assert checkpoints.latest() == checkpoints.path(1) / "state"
    message = capsys.readouterr().err
    assert "step-00000002" in message
    assert "60 bytes" in message

    newest.write_bytes(b"x" * 99 + b"y")
    assert checkpoints.latest() == checkpoints.path(1) / "state"
    assert "hash" in capsys.readouterr().err

    newest.unlink()
    assert checkpoints.latest() == checkpoints.path(1) / "state"
    assert "missing" in capsys.readouterr().err

    (checkpoints.path(1) / "seal.json").write_text("{")
    assert checkpoints.latest() is None
    assert "seal" in capsys.readouterr().err


def test_half_written_ones_do_not_count(tmp_path) -> None:
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, 1)
    checkpoints.clear(2)
    checkpoints.begin(2).write_bytes(b"half")
    assert checkpoints.latest() == checkpoints.path(1) / "state"


def test_states_that_are_folders(tmp_path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.clear(3)
    (checkpoints.begin(3) / "deep").mkdir(parents=True)
    (checkpoints.begin(3) / "deep" / "rank0").write_bytes(b"0")
    assert checkpoints.seal(3).is_dir()
    (checkpoints.path(3) / "state" / "deep" / "rank0").write_bytes(b"")
    assert checkpoints.latest() is None
