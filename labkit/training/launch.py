"""Start one training as several processes, by torchrun: nothing is forked, so it works from a notebook too."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence

from labkit.errors import UserError


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def launch(arguments: Sequence[str], processes: int) -> int:
    """Run `labkit train ARGUMENTS` in so many processes on this machine and pass on what they print.

    Args:
        arguments: as on the command line: the lab, then options.
        processes: at least 1; on a machine with GPUs one each.

    Returns:
        The exit status.

    Raises:
        UserError: fewer than one process.
    """
    if processes < 1:
        raise UserError(f"can't train in {processes} processes")
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--nnodes=1", f"--nproc-per-node={processes}"),
        *("--master-addr=127.0.0.1", f"--master-port={_free_port()}"),
        # After --, nothing is taken for an abbreviation of an option of torchrun itself.
        *("-m", "--", "labkit", "train", *arguments),
    ]
    # torchrun gives every process one OpenMP thread unless told otherwise; saying so keeps it from warning.
    environment = {"OMP_NUM_THREADS": "1", **os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        try:
            for line in run.stdout:
                print(line, end="", flush=True)
        except KeyboardInterrupt:
            run.wait()  # torchrun has the signal too: let it stop the processes, which save first
            raise
    return run.returncode
