"""DRF sorter: scenarios D1…D11 of the reference, and that repairing the order equals sorting afresh."""

from dataclasses import dataclass, field

import pytest

from actors.rng import Rng
from cluster.allocator import DrfSorter
from cluster.allocator.pool import Pool
from cluster.model import (
    DiskInfo,
    ReservationInfo,
    Resource,
    Resources,
    RevocableInfo,
    Scalar,
    SharedInfo,
    ValueType,
    Volume,
)

SHARED_DISK = Resources.of(
    [
        Resource(
            name="disk",
            type=ValueType.SCALAR,
            scalar=Scalar(value=100),
            reservations=(ReservationInfo(type=ReservationInfo.Type.DYNAMIC, role="r"),),
            disk=DiskInfo(
                persistence=DiskInfo.Persistence(id="v"),
                volume=Volume(mode=Volume.Mode.RW, container_path="data"),
            ),
            shared=SharedInfo(),
        )
    ]
)


def amount(text: str) -> Resources:
    """Read `cpus/mem`."""
    cpus, mem = text.split("/")
    return Resources.scalar(cpus=float(cpus), mem=float(mem))


def revocable_cpus(value: float) -> Resources:
    """CPUs that may be taken back."""
    return Resources.of(
        [Resource(name="cpus", type=ValueType.SCALAR, scalar=Scalar(value=value), revocable=RevocableInfo())]
    )


@dataclass
class Bench:
    """A sorter over one agent, with amounts written `cpus/mem`."""

    total: Resources
    pool: Pool = field(default_factory=Pool)

    def __post_init__(self) -> None:
        self.pool.add(self.total)
        self.sorter = DrfSorter(self.pool)

    def set_total(self, text: str) -> None:
        self.pool.remove(self.total)
        self.total = amount(text)
        self.pool.add(self.total)

    def client(self, path: str, *given: str, weight: float | None = None) -> None:
        self.sorter.add(path)
        self.sorter.activate(path)
        if weight is not None:
            self.sorter.update_weight(path, weight)
        for text in given:
            self.give(path, text)

    def give(self, path: str, text: str) -> None:
        self.sorter.allocated(path, "agent", amount(text))

    def take(self, path: str, text: str) -> None:
        self.sorter.unallocated(path, "agent", amount(text))

    @property
    def order(self) -> str:
        return ",".join(self.sorter.sort())


def bench(total: str) -> Bench:
    return Bench(amount(total))


@pytest.mark.parametrize("below", ["", "/a", "/x/y"])
def test_d1_dominant_share(below: str) -> None:
    b = bench("100/100")
    names = {name: name + below for name in "abcdef"}

    def order() -> str:
        return ",".join(path.removesuffix(below) for path in b.sorter.sort())

    b.client(names["a"], "5/5")
    b.client(names["b"], "6/6")
    assert order() == "a,b"
    b.client(names["c"], "1/1")
    b.client(names["d"], "3/1")
    assert order() == "c,d,a,b"
    b.sorter.remove(names["a"])
    b.take(names["b"], "4/4")
    assert order() == "c,b,d"
    b.client(names["e"], "1/5")
    b.set_total("50/100")
    assert order() == "c,b,e,d"
    b.set_total("50/200")
    b.client(names["f"], "5/1")
    b.give(names["c"], "0/15")
    assert order() == "e,b,d,c,f"
    b.sorter.deactivate(names["d"])
    assert order() == "e,b,c,f"
    b.sorter.activate(names["d"])
    assert order() == "e,b,d,c,f"


def test_d2_weights() -> None:
    b = bench("100/100")
    b.client("a", "5/5", weight=1)
    b.client("b", "6/6", weight=2)
    assert b.order == "b,a"
    b.client("c", "4/4")
    assert b.order == "b,c,a"
    b.client("d", "10/20", weight=10)
    assert b.order == "d,b,c,a"
    b.sorter.remove("b")
    assert b.order == "d,c,a"
    b.give("d", "10/25")
    assert b.order == "c,d,a"
    b.client("e", "1/1", weight=0.1)
    assert b.order == "c,d,a,e"


def test_d3_count_breaks_ties() -> None:
    b = bench("100/100")
    for path, given in {
        "a": ["3/3"],
        "b": ["3/3"],
        "c": ["1/1"] * 3,
        "d": ["2/2", "1/1"],
        "e": ["3/3"],
    }.items():
        b.client(path, *given)
    assert b.order == "a,b,e,d,c"
    b.take("c", "3/3")
    assert b.order == "c,a,b,e,d"
    b.give("c", "3/3")
    assert b.order == "a,b,e,d,c"
    b.sorter.deactivate("c")
    b.sorter.activate("c")
    assert b.order == "a,b,e,d,c"
    b.take("a", "3/3")
    b.give("a", "3/3")
    assert b.order == "b,e,a,d,c"


def test_d5_levels() -> None:
    b = bench("100/100")
    for path in ("a/b", "c", "d", "d/e"):
        b.client(path)
    assert b.order == "a/b,c,d,d/e"
    b.give("c", "8/8")
    assert b.order == "a/b,d,d/e,c"
    b.give("d", "3/3")
    b.give("d/e", "2/2")
    assert b.order == "a/b,d/e,d,c"
    b.give("a/b", "6/6")
    assert b.order == "d/e,d,a/b,c"


def test_d6_client_becomes_a_level_and_back() -> None:
    b = bench("100/100")
    b.client("a", "10/10")
    b.client("b", "6/6")
    assert b.order == "b,a"
    b.client("a/c", "5/5")
    assert b.order == "b,a/c,a"
    b.sorter.remove("a")
    assert b.order == "a/c,b"
    b.client("a", "10/10")
    assert b.order == "b,a/c,a"
    b.sorter.update_weight("a/c", 0.2)
    assert b.order == "b,a,a/c"
    b.sorter.update_weight("a", 3)
    assert b.order == "a,a/c,b"
    b.sorter.update_weight("a/c", 1)
    assert b.order == "a/c,a,b"
    b.sorter.remove("a/c")
    assert b.order == "a,b"
    assert b.sorter.share("a").share == 0.1


def test_d9_revocable_counts() -> None:
    b = Bench(amount("10/100") + revocable_cpus(10))
    b.client("a", "2/1")
    b.client("b", "1/1")
    b.sorter.allocated("b", "agent", revocable_cpus(9))
    assert b.order == "a,b"


def test_d10_shared_counts_once_a_client() -> None:
    b = Bench(amount("100/100") + Resources.scalar(disk=900) + SHARED_DISK)
    b.client("a", "5/5")
    b.sorter.allocated("a", "agent", SHARED_DISK)
    b.client("b", "6/6")
    assert b.order == "b,a"
    b.client("c", "1/1")
    b.sorter.allocated("c", "agent", SHARED_DISK)
    b.sorter.allocated("c", "agent", SHARED_DISK)
    b.sorter.deactivate("a")
    assert b.order == "b,c"
    assert b.sorter.share("c").share == 0.1
    b.sorter.unallocated("c", "agent", SHARED_DISK)
    assert b.order == "b,c"
    b.sorter.unallocated("c", "agent", SHARED_DISK)
    assert b.order == "c,b"


def test_d11_total_changes() -> None:
    b = bench("10/100")
    b.client("a", "2/1")
    b.client("b", "1/2")
    assert b.order == "b,a"
    b.set_total("100/10")
    assert b.order == "a,b"


def test_equal_weighted_shares_are_equal_without_rounding() -> None:
    b = bench("10/10")
    b.client("b", "1/1", weight=1)
    b.client("a", "3/3", weight=3)  # 3 / 10 / 3 is less than 0.1 in floats
    b.give("a", "0/0")
    assert b.order == "b,a"  # equal shares: fewer allocations go first


def test_excluded_names_have_no_share() -> None:
    pool = Pool()
    pool.add(Resources.scalar(cpus=10, gpus=1))
    sorter = DrfSorter(pool, frozenset({"gpus"}))
    sorter.add("a")
    sorter.allocated("a", "agent", Resources.scalar(cpus=1, gpus=1))
    assert (sorter.share("a").share, sorter.share("a").dominant) == (0.1, "cpus")


def test_ports_have_no_share() -> None:
    pool = Pool()
    pool.add(Resources.parse("cpus:10;ports:[1-10]"))
    sorter = DrfSorter(pool)
    sorter.add("a")
    sorter.allocated("a", "agent", Resources.parse("cpus:1;ports:[1-9]"))
    assert sorter.share("a").share == 0.1


def test_retract_leaves_no_trace() -> None:
    b = bench("10/10")
    b.client("a", "1/1")
    b.client("b", "1/1")
    before = b.sorter.share("a")
    b.give("a", "2/2")
    b.sorter.retract("a", "agent", amount("2/2"))
    assert b.sorter.share("a") == before
    assert b.order == "a,b"


PATHS = ["a", "a/b", "a/b/c", "a/c", "b", "b/a", "c/d/e", "c/d"]


@pytest.mark.parametrize("seed", range(30))
def test_repaired_order_equals_sorting_afresh(seed: int) -> None:
    rng = Rng(seed)
    b = bench("100/50")
    given: dict[str, list[str]] = {}
    for _ in range(120):
        path = rng.choice(PATHS)
        if path not in given:
            b.sorter.add(path)
            given[path] = []
        match rng.randint(0, 6):
            case 0 | 1:
                text = f"{rng.randint(1, 3)}/{rng.randint(1, 3)}"
                given[path].append(text)
                b.give(path, text)
            case 2 if given[path]:
                b.take(path, given[path].pop())
            case 3:
                b.sorter.activate(path)
            case 4:
                b.sorter.deactivate(path)
            case 5:
                b.sorter.update_weight(path, rng.choice([0.1, 1, 2, 3]))
            case _ if rng.random() < 0.3:
                b.sorter.remove(path)
                del given[path]
        repaired = b.sorter.sort()
        b.pool.version += 1
        assert b.sorter.sort() == repaired
    for path in list(given):
        b.sorter.remove(path)
    assert b.sorter.sort() == []
