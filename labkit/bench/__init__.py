"""How fast the engine is on this machine, beside the loop that most tutorials teach."""

import json

from labkit.bench.measure import Comparison, celeba_speed, compile_speed, data_speed, epoch_speed, step_speed

__all__ = ["Comparison", "celeba_speed", "compile_speed", "data_speed", "epoch_speed", "main", "step_speed"]


def main(as_json: bool = False) -> int:
    """`labkit bench`: every comparison, as a table or as JSON."""
    found = []
    for measure in (step_speed, data_speed, celeba_speed, epoch_speed, compile_speed):
        comparison = measure()
        if comparison is None:
            continue
        found.append(comparison.json())
        if not as_json:
            print(
                f"{comparison.name:<44} {comparison.ours:>10,.0f} images/s, textbook {comparison.textbook:>10,.0f}: "
                f"× {comparison.ratio:.2f}   ({comparison.note})",
                flush=True,
            )
    if as_json:
        print(json.dumps(found, indent=1))
    return 0
