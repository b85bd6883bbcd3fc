"""From a scenario that breaks a promise to the simplest one that still does."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from itertools import chain

from tests.simulation.scenario import Costs, Faults, Scenario, simpler

_PLAIN = Scenario(())


def shrunk(scenario: Scenario, breaks: Callable[[Scenario], bool], tries: int = 3000) -> Scenario:
    """Return what is left of `scenario` when nothing can be taken away so that it still `breaks`.

    Gives up after `tries` scenarios and returns the simplest so far.
    """
    left = iter(range(tries))
    while True:
        for candidate in _simpler(scenario):
            if next(left, None) is None:
                return scenario
            if breaks(candidate):
                scenario = candidate
                break
        else:
            return scenario


def _simpler(scenario: Scenario) -> Iterator[Scenario]:
    return chain(_fewer_acts(scenario), _plainer(scenario), _simpler_acts(scenario))


def _fewer_acts(scenario: Scenario) -> Iterator[Scenario]:
    acts = scenario.acts
    size = len(acts) // 2
    while size:
        for start in range(0, len(acts), size):
            yield replace(scenario, acts=acts[:start] + acts[start + size :])
        size //= 2


def _plainer(scenario: Scenario) -> Iterator[Scenario]:
    """Everything but the acts as it is by default, or nearer to it."""
    for setting in fields(Scenario):
        name = setting.name
        here, plain = getattr(scenario, name), getattr(_PLAIN, name)
        if name == "acts" or here == plain:
            continue
        yield replace(scenario, **{name: plain})
        if isinstance(here, Costs | Faults):
            for part in fields(here):
                if getattr(here, part.name) != getattr(plain, part.name):
                    value = replace(here, **{part.name: getattr(plain, part.name)})
                    yield replace(scenario, **{name: value})


def _simpler_acts(scenario: Scenario) -> Iterator[Scenario]:
    for place, act in enumerate(scenario.acts):
        for option in simpler(act):
            yield replace(scenario, acts=(*scenario.acts[:place], option, *scenario.acts[place + 1 :]))
