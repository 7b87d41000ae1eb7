"""Job ids: UUIDv7 (RFC 9562, section 5.7), so that ids sort by creation and a day is a range of ids.

The library makes ids, never the database: an enqueue that is repeated after a lost reply carries the same id and
is therefore a no-op. Nothing here reads a clock; callers pass the time and the random bits.
"""

from __future__ import annotations

from uuid import UUID, SafeUUID

US_PER_MS = 1_000
MS_PER_DAY = 86_400_000
#: An id further than this from the store's clock is refused: it would land in a partition that retention drops
#: at the wrong time, or be forgotten before a repeat of the same call could meet it.
MAX_SKEW_MS = MS_PER_DAY
_UNKNOWN = SafeUUID.unknown
#: The slots' own setters: UUID refuses assignments, and ``object.__setattr__`` looks each name up again.
_set_int, _set_is_safe = UUID.__dict__["int"].__set__, UUID.__dict__["is_safe"].__set__
_VERSION_AND_VARIANT = 0x7000 << 64 | 0x2 << 62
#: For each microsecond of a millisecond: its fraction in 12 bits, beside version and variant.
_FRACTIONS = tuple((us << 12) // US_PER_MS << 64 | _VERSION_AND_VARIANT for us in range(US_PER_MS))


def uuid7(unix_us: int, random_bits: int) -> UUID:
    """Make a UUIDv7 whose 12 bits of ``rand_a`` hold the fraction of the millisecond (RFC 9562, 6.2, method 3).

    Args:
        unix_us: microseconds since 1970, UTC.
        random_bits: at least 62 random bits.

    Returns:
        an id that sorts after every id made in an earlier quarter of a microsecond.
    """
    ms, us = divmod(unix_us, US_PER_MS)
    # UUID(int=…) would check and shift again what is known to be right: three times the cost of this function.
    made = object.__new__(UUID)
    _set_int(
        made,
        (ms & 0xFFFF_FFFF_FFFF) << 80 | _FRACTIONS[us] | random_bits & 0x3FFF_FFFF_FFFF_FFFF,
    )
    _set_is_safe(made, _UNKNOWN)
    return made


def unix_ms(job_id: UUID) -> int:
    """Return the creation time that a UUIDv7 carries, in milliseconds since 1970."""
    return job_id.int >> 80


def lowest_id(at_ms: int) -> UUID:
    """Return the lowest possible id of a millisecond: the bound of a partition or of a time filter."""
    return UUID(int=(at_ms & 0xFFFF_FFFF_FFFF) << 80)
