"""Which service type is a payer asked about? What its answers taught: the one that brought limits comes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from massage_billing.model import Answer, AnswerKind, Payer, Question, Standing
from massage_billing.ports import Habit
from massage_billing.previsit.benefits import brings
from massage_billing.previsit.terms import AskingFile, ServiceTypes


def service_types(payer: Payer, habits: Iterable[Habit], terms: ServiceTypes) -> tuple[str, ...]:
    """Service types in the order to try: the payer's own list, else what was learnt, else that of the data.

    First those that brought limits, by how often; then those not tried enough, then those that brought figures, last
    those that brought nothing.
    """
    if payer.asking is not None and payer.asking.service_types:
        return payer.asking.service_types
    known = {one.service_type: one for one in habits if one.payer == payer.key and one.asked > 0}
    return tuple(sorted(terms.order, key=lambda each: _place(each, known.get(each), terms)))


def to_ask(payer: Payer, habits: Sequence[Habit], terms: ServiceTypes) -> tuple[str, ...]:
    """The service types that stand in one question."""
    return service_types(payer, habits, terms)[: terms.at_once]


def learnt(question: Question, answer: Answer, asking: AskingFile) -> tuple[Habit, ...]:
    """What an answer teaches of the service types that were asked; nothing where it was refused, or where the coverage
    is not in force: such an answer has no figures, whatever was asked.

    The payer says under which service type (X12 EB03) each limit and figure stands: the others brought nothing, though
    they stood in the same question.
    """
    if answer.kind is not AnswerKind.ANSWERED or answer.standing is Standing.NOT_IN_FORCE:
        return ()
    found = []
    for each in question.service_types:
        own = tuple(one for one in answer.benefits if each in one.service_types)
        limits, figures = brings(replace(answer, benefits=own), question.serviced, question.codes, asking)
        found.append(Habit(question.payer, each, 1, int(limits), int(figures)))
    return tuple(found)


def _place(service_type: str, habit: Habit | None, terms: ServiceTypes) -> tuple[int, float, int]:
    place = terms.order.index(service_type)
    if habit is not None and habit.limits:
        return (0, -habit.limits / habit.asked, place)
    if habit is None or habit.asked < terms.tries:
        return (1, 0.0, place)
    if habit.benefits:
        return (2, -habit.benefits / habit.asked, place)
    return (3, 0.0, place)
