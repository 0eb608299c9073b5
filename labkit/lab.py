"""``labkit lab``: the notebooks, copied to a folder of the student's own, in JupyterLab."""

import contextlib
import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from labkit.errors import UserError

FIRST = "00_start_here.ipynb"
RECORD = ".labkit.json"
PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Copied:
    """What happened to one notebook: it is new, updated (the student had not touched it), or beside the student's."""

    name: str
    what: Literal["new", "updated", "beside"]
    written: str


def checkout() -> Path | None:
    """Return the checkout that this package is read from, or None where it is installed away from one."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "notebooks").is_dir() else None


def shipped_notebooks() -> Path:
    """Return the folder of the notebooks as they ship: the checkout's own, else those inside the installed package.

    Raises:
        UserError: neither is there.
    """
    root = checkout()
    folder = root / "notebooks" if root else PACKAGE / "_notebooks"
    if not any(folder.glob("*.ipynb")):
        raise UserError(f"no notebooks in {folder}: this installation of labkit is not whole; install it again")
    return folder


def copy_notebooks(source: Path, work: Path) -> list[Copied]:
    """Bring the shipped notebooks into the student's folder, never over a file of the student's own.

    A notebook that the student has changed stays as it is. If the shipped one has changed too since it was copied, the
    new one is put beside it, once, as ``01_gan_basics.new.ipynb``. What was copied is remembered by hash in
    ``.labkit.json`` in that folder; without that record every differing file counts as the student's.

    Args:
        source: folder with the shipped ``*.ipynb``.
        work: the student's folder; made if it is not there.

    Returns:
        What was written; a notebook about which there is nothing to do is not listed.
    """
    work.mkdir(parents=True, exist_ok=True)
    record = _read_record(work)
    done = []
    for path in sorted(source.glob("*.ipynb")):
        new, target = _digest(path), work / path.name
        known = record.get(path.name)
        if not target.exists():
            done.append(Copied(path.name, "new", path.name))
            _write(path, target)
        elif _digest(target) != new and known != new:
            if _digest(target) == known:
                done.append(Copied(path.name, "updated", path.name))
            else:
                target = _free_name(work, path, record)
                done.append(Copied(path.name, "beside", target.name))
                record[target.name] = new
            _write(path, target)
        record[path.name] = new
    temporary = work / f"{RECORD}.part"
    temporary.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(work / RECORD)
    return done


def _free_name(work: Path, path: Path, record: dict[str, str]) -> Path:
    """Name the copy beside: an earlier one is replaced only if the student has not touched it."""
    number = 1
    while True:
        beside = work / f"{path.stem}.new{'' if number == 1 else number}.ipynb"
        if not beside.exists() or _digest(beside) == record.get(beside.name):
            return beside
        number += 1


def _read_record(work: Path) -> dict[str, str]:
    try:
        record = json.loads((work / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _write(path: Path, target: Path) -> None:
    """Copy whole or not at all, and without the source's permissions: a student's file can be written to."""
    temporary = target.with_name(f".{target.name}.part")
    shutil.copyfile(path, temporary)
    temporary.replace(target)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tell(done: list[Copied], work: Path) -> str:
    """Say in words what :func:`copy_notebooks` did."""
    lines = []
    new = sum(copied.what == "new" for copied in done)
    updated = [copied.name for copied in done if copied.what == "updated"]
    if new:
        lines.append(f"{new} notebook{'s' if new > 1 else ''} copied to {work}")
    if updated:
        lines.append(f"brought up to date, as you had not changed them: {', '.join(updated)}")
    lines.extend(
        f"{copied.name} is yours and stays as it is; its new version lies beside it: {copied.written}"
        for copied in done
        if copied.what == "beside"
    )
    return "\n".join(lines)


def free_port(first: int = 8888) -> int:
    """Return the first port from ``first`` on that nothing listens on, on this machine's own address."""
    for port in range(first, first + 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise UserError(f"no free port between {first} and {first + 99}; name another with --port")


def main(folder: str | None = None, *, port: int | None = None, browser: bool = True) -> int:
    """Copy the notebooks, start JupyterLab on the first one, print its address and stay until it ends.

    Args:
        folder: the student's folder; ``work`` in the checkout, else in the current folder, if not given.
        port: where to listen; the first free one from 8888 if not given.
        browser: whether JupyterLab opens a browser.

    Returns:
        The exit code: 0 after Ctrl-C or a shutdown from the browser.

    Raises:
        UserError: JupyterLab is not installed, does not start, or the port is taken.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise UserError(
            f'JupyterLab is not installed here; mend it with: {sys.executable} -m pip install "labkit[lab]"'
        )
    work = Path(folder) if folder else (checkout() or Path.cwd()) / "work"
    work = work.resolve()
    told = tell(copy_notebooks(shipped_notebooks(), work), work)
    if told:
        print(told)
    chosen = free_port() if port is None else port
    token = secrets.token_hex(16)
    address = f"http://localhost:{chosen}/lab/tree/{FIRST}?token={token}"
    print("starting JupyterLab …", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server = subprocess.Popen(_command(work, chosen, browser), cwd=work, env=_environment(token, work))
    try:
        _wait(server, chosen)
        print(f"\nJupyterLab is ready:\n\n    {address}\n\nCtrl-C here stops it.\n", flush=True)
        return server.wait()
    except KeyboardInterrupt:  # a terminal sends it to the server too, which stops its kernels before it ends
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=5)
        print("stopped; your notebooks are in", work)
        return 0
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait(timeout=20)


def _command(work: Path, port: int, browser: bool) -> list[str]:
    options = {
        "ServerApp.root_dir": work,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.answer_yes": True,
        "ServerApp.open_browser": browser,
        "ServerApp.log_level": "ERROR",
        "LabApp.default_url": f"/lab/tree/{FIRST}",
    }
    command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*command, "--allow-root"] if as_root else command


def _environment(token: str, work: Path) -> dict[str, str]:
    """The server's environment: a token that `ps` does not show, this environment's kernel before the user's, quiet.

    JupyterLab would ask about news from its makers before the student has read a line. It asks no more, and fetches
    nothing; the student's own settings go before this one.
    """
    config = work / ".jupyter"
    (config / "labconfig").mkdir(parents=True, exist_ok=True)
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (config / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(quiet), encoding="utf-8")
    paths = os.pathsep.join(filter(None, [os.environ.get("JUPYTER_CONFIG_PATH"), str(config)]))
    return {**os.environ, "JUPYTER_TOKEN": token, "JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_CONFIG_PATH": paths}


def _wait(server: subprocess.Popen, port: int, seconds: float = 120) -> None:
    """Return when the server answers.

    Raises:
        UserError: it ended, or did not answer in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise UserError(f"JupyterLab did not start on port {port} (it ended with {server.returncode}; see above)")
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/api", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise UserError(f"JupyterLab did not answer on port {port} within {seconds:.0f} s")
