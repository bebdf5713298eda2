from itertools import permutations

from org_gate.decision.fit import NO, YES, Answer, Fit, all_of, known, unknown


def test_what_is_known_is_yes_or_no_and_has_no_doubts() -> None:
    assert (known(fits=True), known(fits=False)) == (Answer(Fit.YES, ()), Answer(Fit.NO, ()))
    assert (known(fits=True), known(fits=False)) == (YES, NO)


def test_what_is_not_known_says_why() -> None:
    assert unknown("nobody told") == Answer(Fit.UNKNOWN, ("nobody told",))


def test_all_of_none_is_yes() -> None:
    assert all_of([]) == YES
    assert all_of([YES, YES]) == YES


def test_one_no_settles_it_in_any_order() -> None:
    for answers in permutations([YES, unknown("a"), NO, unknown("b")]):
        assert all_of(answers) == NO


def test_without_a_no_every_doubt_is_told_in_order() -> None:
    assert all_of([unknown("a"), YES, unknown("b")]) == Answer(Fit.UNKNOWN, ("a", "b"))


def test_the_three_are_in_order() -> None:
    assert sorted([Fit.YES, Fit.NO, Fit.UNKNOWN]) == [Fit.NO, Fit.UNKNOWN, Fit.YES]
