import numpy as np
import pytest

from labkit.data import labels
from labkit.data.pictures import read_ids
from labkit.errors import UserError
from labkit.faces import CLASSES
from tests.data.made import face_map

TWO = ("celebamask-hq", "face-parsing")


def test_each_order_is_a_rearrangement_onto_the_19_classes():
    assert len(CLASSES) == len(set(CLASSES)) == 19 and labels.ORDERS["celebamask-hq"] == CLASSES
    assert sorted(labels.lookup("face-parsing")) == list(range(19))
    for order in ("psgan", "mt"):
        table = labels.lookup(order)
        assert len(table) == 14 == len(set(table.tolist()))
    assert labels.lookup("face-parsing")[[2, 10, 17]].tolist() == [6, 2, 13]
    assert CLASSES[labels.lookup("mt")[4]] == "skin" and CLASSES[labels.lookup("mt")[13]] == "l_lip"


def test_psgan_merges_face_parsing_as_its_own_list_does():
    assert labels.lookup("face-parsing", "psgan").tolist() == [
        0,
        1,
        2,
        3,
        4,
        5,
        0,
        11,
        12,
        0,
        6,
        8,
        7,
        9,
        13,
        0,
        0,
        10,
        0,
    ]


def test_mirroring_exchanges_left_and_right_and_nothing_else():
    table = labels.mirror()
    assert table[table].tolist() == list(range(19))
    changed = {CLASSES[i] for i in range(19) if table[i] != i}
    assert changed == {"l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear"}
    assert CLASSES[table[CLASSES.index("l_brow")]] == "r_brow"


@pytest.mark.parametrize("order", TWO)
def test_the_order_is_judged_by_where_class_2_lies(order):
    assert labels.judged_order([face_map(order)] * 3) == order
    assert labels.judged_order([face_map(order)] * 2) is None  # two are too few
    assert labels.judged_order([face_map(TWO[0])] * 3 + [face_map(TWO[1])] * 2) is None
    assert labels.judged_order([np.zeros((8, 8), np.uint8)] * 10) is None


def test_the_order_of_the_real_maps_is_found_both_ways(packs):
    maps = [read_ids(path) for path in sorted((packs / "celebamask_hq" / "masks").glob("*.png"))[:60]]
    assert labels.judged_order(maps) == "celebamask-hq"
    other = np.argsort(labels.lookup("face-parsing")).astype(np.uint8)
    assert labels.judged_order(other[ids] for ids in maps) == "face-parsing"
    assert labels.judged_order(read_ids(path) for path in (packs / "makeup" / "seg1").rglob("*.png")) == "face-parsing"


def test_classes_txt_names_an_order_or_is_refused():
    for order in TWO:
        assert labels.order_in("\n".join(f"{i} {n}" for i, n in enumerate(labels.ORDERS[order])), "x") == order
        assert labels.order_in("\n".join(labels.ORDERS[order]) + "\n", "x") == order
    with pytest.raises(UserError, match=r"x names other classes"):
        labels.order_in("0 road\n1 car\n", "x")


def test_what_is_no_class_map_is_told_in_words():
    assert labels.problem(np.array([[0, 18]]), 19) is None
    assert "black-and-white mask" in labels.problem(np.array([[0, 255]]), 19)
    assert "class id 19" in labels.problem(np.array([[0, 19]]), 19)
    with pytest.raises(UserError, match=r"'face-parsin'; did you mean 'face-parsing'"):
        labels.asked_order("face-parsin")
