"""A bad row is found among many, and costs the others nothing but a few more writes."""

from __future__ import annotations

import pytest

from taskflowmq.ports.halving import halve


class Writes:
    """A store that refuses every batch with a bad row in it."""

    def __init__(self, *bad: int) -> None:
        self.bad = set(bad)
        self.written: list[int] = []
        self.tries = 0
        self.blamed: list[int] = []

    async def write(self, batch: list[int]) -> None:
        self.tries += 1
        found = self.bad & set(batch)
        if not found:
            self.written += batch
            return
        await halve(batch, ValueError(str(found)), self.write, self.alone)

    async def alone(self, row: int, error: ValueError) -> None:
        assert str(error) == f"{{{row}}}"
        self.blamed.append(row)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 500])
@pytest.mark.parametrize("bad", [(0,), (-1,), (0, -1)])
async def test_the_bad_rows_alone_are_left_out(count: int, bad: tuple[int, ...]) -> None:
    rows = list(range(count))
    wrong = sorted({rows[index] for index in bad})
    writes = Writes(*wrong)
    await writes.write(rows)
    assert writes.blamed == wrong
    assert writes.written == [row for row in rows if row not in wrong]


async def test_one_bad_row_of_many_is_found_in_few_writes() -> None:
    writes = Writes(300)
    await writes.write(list(range(512)))
    assert writes.tries == 1 + 2 * 9


async def test_what_the_last_resort_raises_ends_the_search() -> None:
    tried: list[list[int]] = []

    async def write(batch: list[int]) -> None:
        tried.append(batch)
        await halve(batch, ValueError("refused"), write, alone)

    async def alone(_row: int, error: ValueError) -> None:
        raise error

    with pytest.raises(ValueError, match="refused"):
        await write([1, 2, 3, 4])
    assert tried == [[1, 2, 3, 4], [1, 2], [1]]
