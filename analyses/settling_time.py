"""Time to a test accuracy with full windows, and with windows that end once the areas have settled, on each device.

Trains two areas on a data set on every device that this machine has, with and without `tolerance`, stores the course of
training as one Dataset, and draws test accuracy against seconds. Compiling, once per device, is not counted.

    python analyses/settling_time.py --data fashion-mnist --target 85 --out results/settling
    python analyses/settling_time.py --quick
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import neuroap
from neuroap.errors import DeviceError
from neuroap.files import replacing

OFF = 0.0  # stands for full windows
DEVICES = ("runtime", "cpp_standalone", "cuda_standalone")
NAMES = {"runtime": "runtime", "cpp_standalone": "C++", "cuda_standalone": "CUDA"}
STYLES = ("-", "--", ":", "-.")
COLORS = {"runtime": "#0072B2", "cpp_standalone": "#D55E00", "cuda_standalone": "#009E73"}
QUICK = {
    "data": "digits",
    "devices": ["runtime"],
    "tolerances": [OFF, 1e-2],
    "epochs": 12,
    "target": 60.0,
    "block": 32,
    "learning_rate": 0.005,
}


def compute(
    data: str,
    devices: list[str],
    tolerances: list[float],
    epochs: int,
    target: float,
    block: int,
    learning_rate: float,
) -> xr.Dataset:
    """Train one network per device and tolerance, all from the same weights.

    Parameters
    ----------
    data : str
        Name or folder of an image set.
    devices : list of str
        Those that this machine lacks are left out.
    tolerances : list of float
        0 for full windows.
    epochs : int
    target : float
        Test accuracy in percent whose time is measured.
    block : int
        Neurons per block of the two areas.
    learning_rate : float

    Returns
    -------
    Dataset
        ``test_accuracy`` and ``seconds`` since the start (device, settling_tolerance, epoch), ``seconds_to_target``
        (device, settling_tolerance; NaN if it was not reached) and ``steps``, the inference steps per area at the
        end of training.
    """
    images = neuroap.load(data)
    layout = neuroap.hierarchy(2, input=images.X_train.shape[1], output=len(images.classes), block=block)
    runs = []
    for device in devices:
        rows = [_run(layout, images, device, tolerance, epochs, learning_rate) for tolerance in tolerances]
        if all(row is not None for row in rows):
            runs.append(
                xr.concat([r for r in rows if r is not None], "settling_tolerance").assign_coords(device=device)
            )
    dataset = xr.concat(runs, "device").assign_coords(settling_tolerance=tolerances)
    reached = dataset["test_accuracy"] >= target / 100
    dataset["seconds_to_target"] = dataset["seconds"].where(reached).min("epoch")
    attrs = {"long_name": f"training time to {target:g}% test accuracy", "units": "s"}
    dataset["seconds_to_target"] = dataset["seconds_to_target"].assign_attrs(attrs)
    dataset["settling_tolerance"].attrs.update(long_name="largest change per step, 0: off", units="1")
    settings = {"data": data, "target": target, "block": block, "learning_rate": learning_rate}
    return dataset.assign_attrs(settings | {"neuroap": neuroap.__version__})


def _run(layout, images, device, tolerance, epochs, learning_rate) -> xr.Dataset | None:  # type: ignore[no-untyped-def]
    rule = neuroap.AdjointPropagation(learning_rate=learning_rate, tolerance=tolerance or None)
    model = neuroap.CorticalClassifier(layout, rule, epochs=epochs, stop_at=1.1, device=device)
    try:
        model.fit(images.X_train, images.y_train, test=(images.X_test, images.y_test))
    except DeviceError as error:
        print(str(error).splitlines()[0])
        return None
    found = model.history_.squeeze("task", drop=True)[["test_accuracy", "seconds"]]
    found["seconds"] = found["seconds"].cumsum("epoch").assign_attrs(long_name="time since the start", units="s")
    rates = model.record(images.X_test[: model.learner_.trials]).rate.isel(phase=0)
    steps = np.isfinite(rates).any(["trial", "neuron"]).sum("step").mean("area")
    found["steps"] = ((), float(steps))
    found["steps"].attrs.update(long_name="inference steps per area", units="dt")
    return found


def draw(dataset: xr.Dataset) -> plt.Figure:
    """Draw test accuracy against time: one colour per device, one line style per tolerance."""
    figure, ax = plt.subplots(figsize=(6, 3.8), layout="constrained")
    for device in map(str, dataset["device"].values):
        for k, tolerance in enumerate(dataset["settling_tolerance"].values):
            run = dataset.sel(device=device, settling_tolerance=tolerance)
            ends = f"tolerance {tolerance:g}, {float(run['steps']):.1f} steps" if tolerance else "full windows"
            style: dict[str, Any] = dict(
                color=COLORS[device], linestyle=STYLES[k % len(STYLES)], marker=".", markersize=4
            )
            ax.plot(run["seconds"], 100 * run["test_accuracy"], label=f"{NAMES[device]}, {ends}", **style)
    ax.axhline(dataset.attrs["target"], color="0.6", linewidth=0.8, zorder=0)
    ax.set(xlabel="training time (s)", ylabel="test accuracy (%)", title=f"{dataset.attrs['data']}")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def main(argv: list[str] | None = None) -> None:
    """Compute, store, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", default="fashion-mnist", help="name or folder")
    parser.add_argument("--devices", nargs="+", default=list(DEVICES))
    parser.add_argument("--tolerances", nargs="+", type=float, default=[OFF, 1e-3, 1e-2], help="0: off")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--target", type=float, default=85.0, help="test accuracy in percent")
    parser.add_argument("--block", type=int, default=256)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--out", type=Path, default=Path("results/settling"))
    parser.add_argument("--quick", action="store_true", help="digits, small areas, runtime device, under a minute")
    args = parser.parse_args(argv)
    settings = {name: getattr(args, name) for name in QUICK} | (QUICK if args.quick else {})
    args.out.mkdir(parents=True, exist_ok=True)
    dataset = compute(**settings)
    with replacing(args.out / "settling.nc") as partial:
        dataset.to_netcdf(partial, engine="h5netcdf")
    with replacing(args.out / "settling.png") as partial:
        draw(dataset).savefig(partial, dpi=150)
    print(dataset["seconds_to_target"].to_series().to_string())
    print(f"{args.out / 'settling.nc'} and {args.out / 'settling.png'}")


if __name__ == "__main__":
    main()
