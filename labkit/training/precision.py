"""Which device, and which number format is fast there."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import torch

from labkit.errors import UserError, nearest
from labkit.training.memory import keep_freed_memory

FORMATS = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str = "auto") -> torch.device:
    """`auto`: CUDA, else Apple's MPS, else the CPU.

    Raises:
        UserError: a device that this machine lacks.
    """
    found = ["cpu"]
    if torch.backends.mps.is_available():
        found.insert(0, "mps")
    if torch.cuda.is_available():
        found.insert(0, "cuda")
    if name == "auto":
        return torch.device(found[0])
    if name.split(":")[0] not in found:
        raise UserError(f"there is no device {name!r} here; this machine has {', '.join(found)}")
    return torch.device(name)


def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies bf16 in hardware (AMX or AVX512-BF16)."""
    names = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    checks = [getattr(torch.cpu, name) for name in names if hasattr(torch.cpu, name)]
    if checks:
        return any(check() for check in checks)
    try:  # before torch 2.6
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags


def choose_precision(device: torch.device) -> str:
    """bf16 where the hardware is fast at it, fp16 on older CUDA cards with tensor cores (T4, V100), else float32."""
    if device.type == "cuda":
        major, _ = torch.cuda.get_device_capability(device)
        return "bf16" if major >= 8 else "fp16" if major == 7 else "float32"
    return "bf16" if device.type == "cpu" and cpu_has_bf16() else "float32"


@dataclass(frozen=True)
class Precision:
    """A number format on a device.

    Attributes:
        name: `float32`, `bf16` or `fp16`.
        device_type: `cuda`, `mps` or `cpu`.
    """

    name: str
    device_type: str

    @classmethod
    def on(cls, device: torch.device, name: str = "auto") -> "Precision":
        """The named format on a device; `auto` chooses.

        Raises:
            UserError: an unknown format, with the nearest names.
        """
        if name == "auto":
            name = choose_precision(device)
        if name not in FORMATS:
            raise UserError(nearest(name, ["auto", *FORMATS], "precision"))
        return cls(name, device.type)

    def autocast(self) -> AbstractContextManager:
        """For one turn. Leaving it drops the cached casts, which are stale once a player has moved."""
        return torch.autocast(self.device_type, FORMATS[self.name], enabled=self.name != "float32")

    def scaler(self) -> torch.amp.GradScaler:
        """A gradient scaler for one player: active for fp16, whose small gradients would be rounded to zero."""
        return torch.amp.GradScaler(self.device_type, enabled=self.name == "fp16")


def prepare_backends(device: torch.device) -> None:
    """TF32 products and measured convolution algorithms on CUDA: faster, and float32 to about three digits.

    On a CPU, memory that is kept between steps.
    """
    if device.type == "cpu":
        keep_freed_memory()
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
