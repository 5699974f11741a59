"""What a function may return, and how the points are put together."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neuroap.errors import DataError
from neuroap.sweeps.assembly import assembled
from neuroap.sweeps.grid import grid
from neuroap.sweeps.results import as_dataset, from_bytes, to_bytes


def stored(result):
    """As it comes back from a file."""
    return from_bytes(to_bytes(as_dataset(result, ("x", "error"))))


@pytest.mark.parametrize(
    ("result", "dims", "dtype"),
    [
        (1, (), "int64"),
        (np.float32(0.1), (), "float32"),
        (True, (), "bool"),
        (1 - 2j, (), "complex128"),
        ("chaotic", (), "<U7"),
        (np.eye(2), ("result_0", "result_1"), "float64"),
        ([1, 2, 3], ("result_0",), "int64"),
        (xr.DataArray([1.0, 2.0], dims="step"), ("step",), "float64"),
    ],
)
def test_one_thing_becomes_a_variable(result, dims, dtype):
    found = stored(result)
    assert list(found.data_vars) == ["result"]
    assert (found["result"].dims, found["result"].dtype) == (dims, dtype)
    np.testing.assert_array_equal(found["result"], result)


def test_names_attributes_and_scalar_coordinates():
    result = {
        "a": 1.5,
        "b": xr.DataArray([1, 2], dims="k", attrs={"units": "1", "odd": None, "flag": True, "n": [1, 2]}),
    }
    found = stored(result)
    assert list(found.data_vars) == ["a", "b"]
    attrs = found["b"].attrs
    assert (attrs["units"], attrs["odd"], attrs["flag"], attrs["n"].tolist()) == ("1", "None", "True", [1, 2])
    assert "x" not in stored(xr.Dataset({"a": 1.0}, coords={"x": 3})).coords
    assert stored(xr.DataArray(1.0, name="mle"))["mle"] == 1


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "returned NoneType, which cannot be stored"),
        ({"a": object()}, "returned object, which cannot be stored"),
        ({"a": [[1], [1, 2]]}, r"returned what is no array \(got 'a'\)"),
        ({"error": 0.1}, r"must not return a variable or dimension of this name \(got 'error'\)\n  rename it"),
        (xr.Dataset({"a": ("x", [1, 2])}), r"of this name \(got 'x'\)"),
    ],
)
def test_what_cannot_be_stored(result, message):
    with pytest.raises(DataError, match=message):
        as_dataset(result, ("x", "error"))


def put_together(*results):
    """A grid along x, from one result each; None for a failure."""
    points = grid({"x": list(range(len(results)))}, None)
    found = {(k,): as_dataset(r, ("x", "error")) for k, r in enumerate(results) if r is not None}
    return assembled(points, found, {(k,): "failed" for k, r in enumerate(results) if r is None})


def test_nothing_is_missing_and_types_stay():
    found = put_together({"n": 1, "b": True, "t": "a"}, {"n": 2, "b": False, "t": "long"})
    assert [found[n].dtype.kind for n in ("n", "b", "t")] == ["i", "b", "U"]
    assert found["t"].values.tolist() == ["a", "long"]


def test_what_is_missing():
    found = put_together({"n": 1, "b": True, "t": "a", "z": 1j}, None, {"n": 3, "only": [1.0]})
    np.testing.assert_array_equal(found["n"], [1, np.nan, 3])
    np.testing.assert_array_equal(found["b"], [1, np.nan, np.nan])
    assert found["t"].values.tolist() == ["a", "", ""]
    np.testing.assert_array_equal(found["z"], [1j, np.nan, np.nan])
    np.testing.assert_array_equal(found["only"][:, 0], [np.nan, np.nan, 1])
    assert found["error"].values.tolist() == ["", "failed", ""]


def test_dimensions_of_different_lengths_are_joined_by_their_labels():
    def epochs(*numbers):
        return xr.Dataset({"loss": ("epoch", [10.0 * n for n in numbers])}, coords={"epoch": list(numbers)})

    found = put_together(epochs(1, 2), epochs(1, 2, 4), epochs(3))
    assert found["epoch"].values.tolist() == [1, 2, 3, 4]
    nan = np.nan
    expected = [[10, 20, nan, nan], [10, 20, nan, 40], [nan, nan, 30, nan]]
    np.testing.assert_array_equal(found["loss"], expected)
    assert put_together([1, 2], [1])["result"].values[1].tolist()[0] == 1


def test_coordinates_that_are_everywhere_the_same_stay_as_they_are():
    def area(roles, threshold):
        coords = {"neuron": [0, 1], "role": ("neuron", roles), "threshold": threshold}
        return xr.Dataset({"rate": ("neuron", [0.1, 0.2])}, coords=coords)

    found = put_together(area(["RI", "SI"], 1.0), area(["RI", "SI"], 2.0))
    assert found["role"].dims == ("neuron",)
    assert found["threshold"].dims == ("x",)
    assert {"role", "threshold"} <= {*found.coords}
    assert put_together(area(["RI", "SI"], 1), area(["RI", "RE"], 1))["role"].dims == ("x", "neuron")


def test_attributes_that_all_points_share_are_kept():
    """Of the Dataset, of variables, labels and other coordinates; what differs, or is missing once, is left out."""

    def area(k):
        attrs = {"units": "1", "drawn": [0.1, np.nan], "place": k, **({"at the first": 1} if k == 0 else {})}
        coords = {"neuron": ("neuron", [0, 1], attrs), "role": ("neuron", ["RI", "SI"], attrs), "tau": ((), k, attrs)}
        return xr.Dataset({"rate": ("neuron", [0.1, 0.2], attrs)}, coords, {"steps_per_unit": 20.0, **attrs})

    found = put_together(area(0), area(1), None)
    common = {"units": "1", "drawn": [0.1, np.nan]}
    for name in ("rate", "neuron", "role", "tau"):
        assert xr.Dataset(attrs=found[name].attrs).identical(xr.Dataset(attrs=common)), name
    assert xr.Dataset(attrs=found.attrs).identical(xr.Dataset(attrs={"steps_per_unit": 20.0, **common}))
    assert put_together(None).attrs == {}


def test_dimensions_that_do_not_fit():
    with pytest.raises(DataError, match=r"'a' has different dimensions at different points"):
        put_together({"a": 1.0}, {"a": [1.0]})
    twice = [xr.Dataset({"a": ("k", [1, 2])}, coords={"k": labels}) for labels in (["u", "u"], ["u", "v"])]
    with pytest.raises(DataError, match=r"labels along 'k' repeat, and differ between points"):
        put_together(*twice)
