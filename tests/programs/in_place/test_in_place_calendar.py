"""`datetime` inside a function in place and outside of one: one class, two clocks."""

import datetime
import pickle
import sys
import time
import warnings
from types import FunctionType

import pytest
from in_place_running import result_of

from farhost import Network

NOON = datetime.datetime(2026, 1, 1, 12)


def test_now_is_the_hosts_to_the_microsecond_and_of_the_class_itself():
    def look():
        time.sleep(1.25)
        return datetime.datetime.now(), datetime.datetime.now(datetime.UTC), datetime.datetime.today(), time.time()

    plain, aware, today, seconds = result_of(look)
    assert type(plain) is type(aware) is datetime.datetime
    assert plain.replace(microsecond=0) == datetime.datetime(2026, 1, 1, 0, 0, 1)
    assert aware.tzinfo is datetime.UTC
    assert abs((aware - datetime.datetime.fromtimestamp(seconds, datetime.UTC)).total_seconds()) < 0.001
    assert abs((today - plain).total_seconds()) < 0.001
    assert plain.microsecond // 1000 == 250


def test_local_time_is_utc_inside_whatever_the_machines_is(monkeypatch):
    def look():
        moment = datetime.datetime.fromtimestamp(1_767_268_800)
        east = datetime.timezone(datetime.timedelta(hours=2))
        return (
            moment,
            datetime.date.fromtimestamp(1_767_268_800),
            moment.timestamp(),
            moment.astimezone().utcoffset(),
            moment.astimezone(east).hour,
            moment.replace(tzinfo=east).astimezone().hour,
        )

    expected = (NOON, NOON.date(), 1_767_268_800.0, datetime.timedelta(0), 14, 10)
    try:
        monkeypatch.setenv("TZ", "Asia/Kathmandu")
        time.tzset()
        assert result_of(look) == expected
        assert look() != expected
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_outside_everything_is_as_it_was():
    Network().close()
    assert abs(datetime.datetime.now().timestamp() - time.time()) < 5
    apart = datetime.datetime.utcnow() - datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    assert abs(apart.total_seconds()) < 5
    assert pickle.loads(pickle.dumps(NOON)) == NOON
    assert pickle.loads(pickle.dumps(datetime.datetime.now))() - datetime.datetime.now() < datetime.timedelta(5)
    with pytest.raises(TypeError):
        datetime.datetime.now("no time zone")
    assert datetime.datetime.now.__doc__ and datetime.datetime.now.__name__ == "now"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="utcnow is deprecated since 3.12")
def test_the_deprecation_of_utcnow_is_told_inside_too():
    def look():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            datetime.datetime.utcnow()
        return [(one.category, one.filename) for one in caught]

    assert result_of(look) == [(DeprecationWarning, __file__)]


def test_a_subclass_has_its_own_methods_and_its_own_type():
    class Moment(datetime.datetime):
        def shown(self):
            return self.strftime("%H")

    def look():
        now, then = Moment.now(), Moment.fromtimestamp(0)
        return type(now) is type(then) is Moment, now.shown(), isinstance(vars(Moment)["shown"], FunctionType)

    assert result_of(look) == (True, "00", True)
