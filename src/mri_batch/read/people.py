"""Tell people apart who share one study key, by birth dates and sexes that contradict one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

_SEXES = ("M", "F")  # "O" and others stand for unknown as often as for a third sex
_NOT_GIVEN = ("19000101", "00010101", "19010101")  # what anonymisers write


class Person(NamedTuple):
    """Who a header says that the patient is: ``birth_date`` as YYYYMMDD, ``sex`` as M or F; empty where unknown."""

    birth_date: str = ""
    sex: str = ""


UNKNOWN = Person()


def to_person(birth_date: str, sex: str) -> Person:
    """Return the person, without placeholders."""
    return Person("" if birth_date in _NOT_GIVEN else birth_date, sex if sex in _SEXES else "")


def contradict(one: Person, other: Person) -> bool:
    """Whether two headers cannot be about one person. A date coarsened to its year agrees with others of that year."""
    if one.sex and other.sex and one.sex != other.sex:
        return True
    if not one.birth_date or not other.birth_date or one.birth_date == other.birth_date:
        return False
    return one.birth_date[:4] != other.birth_date[:4] or not (_is_year(one) or _is_year(other))


def tell_apart(people: Iterable[Person]) -> dict[Person, Person | None]:
    """Return for each person the one that stands for them; None where several could. Empty where all are one."""
    ordered = sorted(set(people), key=lambda person: (-_precision(person), person))
    if not any(contradict(one, other) for one, other in combinations(ordered, 2)):
        return {}
    groups: list[list[Person]] = []
    known: dict[Person, Person | None] = {}
    for person in ordered:
        fitting = [group for group in groups if not any(contradict(person, other) for other in group)]
        if not fitting:
            groups.append(fitting_group := [person])
            known[person] = fitting_group[0]
        elif len(fitting) == 1 and person != UNKNOWN:
            fitting[0].append(person)
            known[person] = fitting[0][0]
        else:
            known[person] = None
    return known


def attribute(traces: Sequence[Sequence[str]], known: Sequence[Person | None]) -> list[Person | None]:
    """Return whose each file is, from files of known people with which it shares a trace: a UID, a folder.

    ``traces``: for each file its traces, the most telling first; ``known``: whose it is, or None.
    """
    owners: dict[tuple[int, str], set[Person]] = {}
    for trace, person in zip(traces, known, strict=True):
        for rank, value in enumerate(trace):
            if person and value:
                owners.setdefault((rank, value), set()).add(person)
    return [person or _only_owner(trace, owners) for trace, person in zip(traces, known, strict=True)]


def _only_owner(trace: Sequence[str], owners: dict[tuple[int, str], set[Person]]) -> Person | None:
    for rank, value in enumerate(trace):
        found = owners.get((rank, value), set()) if value else set()
        if len(found) == 1:
            return next(iter(found))
    return None


def _precision(person: Person) -> int:
    return 2 * bool(person.birth_date) - _is_year(person) + 2 * bool(person.sex)


def _is_year(person: Person) -> bool:
    return person.birth_date.endswith("0101")
