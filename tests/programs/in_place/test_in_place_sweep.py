"""What sweeps meet: objects that say that they are something else."""

import functools
import weakref

from farhost.programs.in_place.sweep import sweep_objects


class Holder:
    """Holds what is swept."""


def test_weak_proxies_of_classes_are_passed_over():
    class Gone:
        pass

    holder, original, another = Holder(), functools.partial(len), functools.partial(print)
    holder.name = original
    kept = weakref.proxy(Holder), weakref.proxy(Gone)
    del Gone
    sweep_objects({id(original): another}, [original])
    assert vars(holder)["name"] is another
    assert len(kept) == 2
