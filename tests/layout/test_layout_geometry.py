"""Where drawn parts lie: columns by depth, nothing overlaps, arrows avoid the areas that they pass."""

from itertools import combinations, pairwise

import pytest
from layout.examples import EXAMPLES

from neuroap import Layout
from neuroap.layout.geometry import arrange, columns
from neuroap.layout.routes import Route, routes
from neuroap.layout.tiles import Box, Tile

each_example = pytest.mark.parametrize("layout", EXAMPLES.values(), ids=EXAMPLES)


def overlap(a: Box, b: Box) -> bool:
    return a.left < b.right and b.left < a.right and a.bottom < b.top and b.bottom < a.top


def points(route: Route) -> list[tuple[float, float]]:
    """Many points along a route."""
    found = []
    vertices = list(zip(route.codes, route.vertices, strict=True))
    start, i = route.vertices[0], 1
    while i < len(vertices):
        n = 3 if vertices[i][0] == 4 else 1
        controls = [start, *(v for _, v in vertices[i : i + n])]
        for t in (k / 40 for k in range(41)):
            pts = controls
            while len(pts) > 1:  # de Casteljau
                pts = [tuple((1 - t) * a + t * b for a, b in zip(p, q, strict=True)) for p, q in pairwise(pts)]
            found.append(pts[0])
        start, i = controls[-1], i + n
    return found


@pytest.mark.parametrize("depth", range(1, 11))
def test_areas_of_a_hierarchy_stand_in_a_row(depth: int) -> None:
    layout = EXAMPLES[f"hierarchy_{depth}"]
    assert list(columns(layout).values()) == list(range(depth + 2))
    shapes, _ = arrange(layout)
    assert len({round(shapes[a.name].box.y, 9) for a in layout.areas}) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("recruitment 5b", {"x1": 0, "x2": 0, "A1": 1, "A2": 2, "A3": 2, "A4": 3, "y1": 4, "y2": 4}),
        ("recruitment 5c", {"x1": 0, "x2": 0, "A1": 1, "A2": 2, "A3": 2, "A4": 3, "y1": 4, "y2": 4}),
        ("reuse", {"x1": 0, "x2": 0, "V1": 1, "V2": 2, "y1": 3, "y2": 3}),
        ("skip", {"image": 0, "V1": 1, "V2": 2, "V3": 3, "choice": 4}),
        ("streams", {"left": 0, "right": 0, "V1": 1, "dorsal": 2, "ventral": 2, "IT": 3, "what": 4}),
        ("opposite orders", {"x": 0, "V1": 1, "V2": 2, "y1": 3, "y2": 3}),
        ("no area", {"x": 0, "y": 1}),
    ],
)
def test_columns_follow_the_depth(name: str, expected: dict[str, int]) -> None:
    assert columns(EXAMPLES[name]) == expected


@each_example
def test_columns_are_numbered_without_gaps(layout: Layout) -> None:
    found = sorted(set(columns(layout).values()))
    assert found == list(range(len(found)))


@each_example
def test_nodes_do_not_overlap(layout: Layout) -> None:
    shapes, _ = arrange(layout)
    assert list(shapes) == [n.name for n in layout.nodes]
    for a, b in combinations(shapes.values(), 2):
        assert not overlap(a.box, b.box)


@each_example
def test_tiles_fill_their_area_without_overlap(layout: Layout) -> None:
    shapes, _ = arrange(layout)
    for area in layout.areas:
        shape = shapes[area.name]
        assert sorted(n for t in shape.tiles for n in t.names) == sorted(b.name for b in area.block_list)
        for tile in shape.tiles:
            assert shape.box.left < tile.box.left < tile.box.right < shape.box.right
            assert shape.box.bottom < tile.box.bottom < tile.box.top < shape.box.top
        for a, b in combinations(shape.tiles, 2):
            assert not overlap(a.box, b.box)


def tiles(name: str, area: str) -> dict[str, Tile]:
    return {t.label: t for t in arrange(EXAMPLES[name])[0][area].tiles}


def test_inference_stands_above_error_and_receivers_face_their_senders() -> None:
    found = tiles("hierarchy_3", "V2")
    box = {name: tile.box for name, tile in found.items()}
    assert box["RI"].x == box["SE"].x < box["SI"].x == box["RE"].x
    assert box["RI"].y == box["SI"].y > box["RE"].y == box["SE"].y


def test_blocks_that_are_the_same_neurons_are_one_tile() -> None:
    assert set(tiles("RI=SI, RE=SE", "V2")) == {"RI = SI", "RE = SE"}
    assert set(tiles("one block", "V2")) == {"RI = SI = RE = SE"}
    assert tiles("one block", "V2")["RI = SI = RE = SE"].wide


def test_larger_blocks_are_taller() -> None:
    found = tiles("unequal", "V2")
    assert found["RI"].box.height > found["SI"].box.height > found["SE"].box.height == found["RE"].box.height


def test_tasks_with_blocks_of_their_own_are_drawn_apart() -> None:
    found = tiles("reuse", "V1")
    upper = min(found[name].box.bottom for name in ("RI1", "SI1", "RE1", "SE1"))
    assert upper > max(found[name].box.top for name in ("RI2", "SI2", "RE2", "SE2"))


@pytest.mark.parametrize(
    ("name", "lanes"),
    [
        ("two_area", []),
        ("RI=SI, RE=SE", []),
        ("partial overlap", [["RI", "RE"], ["SI", "SE"]]),
        ("neurons in no block", [["RI", "SI", "RE", "SE"]]),
    ],
)
def test_a_ruler_shows_what_tiles_cannot(name: str, lanes: list[list[str]]) -> None:
    shape = arrange(EXAMPLES[name])[0]["V1"]
    assert [[t.label for t in lane] for lane in shape.lanes] == lanes


@each_example
def test_routes_join_the_right_parts(layout: Layout) -> None:
    shapes, column = arrange(layout)
    for route in routes(layout, shapes, column):
        p = route.pathway
        for address, (x, y), leaves in ((p.source, route.vertices[0], True), (p.target, route.vertices[-1], False)):
            site = layout.site(".".join(address.split(".")[:2]))  # some cells of a block: at its tile
            box = shapes[site.node].part(site.start, site.stop)
            assert box.bottom < y < box.top
            to_the_right = (p.kind == "inference") == leaves
            assert x == pytest.approx(box.right if to_the_right else box.left)


@each_example
def test_no_two_arrows_attach_at_the_same_point(layout: Layout) -> None:
    shapes, column = arrange(layout)
    ends = [v for r in routes(layout, shapes, column) for v in (r.vertices[0], r.vertices[-1])]
    assert len({(round(x, 6), round(y, 6)) for x, y in ends}) == len(ends)


@each_example
def test_routes_pass_by_the_other_nodes(layout: Layout) -> None:
    shapes, column = arrange(layout)
    for route in routes(layout, shapes, column):
        own = {route.pathway.source_node, route.pathway.target_node}
        for x, y in points(route):
            for name, shape in shapes.items():
                b = shape.box
                assert name in own or not (b.left < x < b.right and b.bottom < y < b.top)


@each_example
def test_routes_end_horizontally(layout: Layout) -> None:
    shapes, column = arrange(layout)
    for route in routes(layout, shapes, column):
        assert route.vertices[0][1] == route.vertices[1][1]
        assert route.vertices[-1][1] == route.vertices[-2][1]


@pytest.mark.parametrize("name", [n for n in EXAMPLES if n.startswith(("hier", "unequal", "RI", "two_area", "reuse"))])
def test_neighbours_in_a_hierarchy_are_joined_by_straight_lines(name: str) -> None:
    shapes, column = arrange(EXAMPLES[name])
    for route in routes(EXAMPLES[name], shapes, column):
        if "." in route.pathway.source and "." in route.pathway.target:
            assert len({round(y, 6) for _, y in route.vertices}) == 1
