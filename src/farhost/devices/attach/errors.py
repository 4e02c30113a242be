"""What can go wrong between a command and a running network, in words for people."""


class PlaceError(Exception):
    """Why there can be no control socket, or none is found, with the remedy."""


class QuestionError(ValueError):
    """A question that cannot be answered, with the reason."""
