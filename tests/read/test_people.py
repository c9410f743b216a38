from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mri_batch.read.people import UNKNOWN, Person, attribute, contradict, tell_apart, to_person

PEOPLE = st.builds(
    Person, st.sampled_from(["", "19800101", "19800214", "19800630", "19440101"]), st.sampled_from(["", "M", "F"])
)


@given(st.sets(PEOPLE))
def test_nobody_stands_for_one_who_contradicts(people: set[Person]) -> None:
    """However much is unknown, people who contradict one another are never one."""
    stands_for = tell_apart(people)
    assert bool(stands_for) == any(contradict(one, other) for one in people for other in people)
    for person, other in stands_for.items():
        assert other is None or not contradict(person, other)


def test_placeholders_and_other_sexes_are_unknown() -> None:
    """What anonymisers write parts nobody."""
    assert to_person("19000101", "O") == UNKNOWN


def test_file_of_nobody_goes_to_the_only_owner_of_its_most_telling_trace() -> None:
    """A series of one person decides before the folder; a trace of two people decides nothing."""
    man, woman = Person(sex="M"), Person(sex="F")
    traces = [("1", "a"), ("2", "a"), ("2", "a"), ("3", "a"), ("", "b")]
    assert attribute(traces, [man, woman, None, None, None]) == [man, woman, woman, None, None]
