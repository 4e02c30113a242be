"""The stand-in for `faulthandler`: no thread of C's, and a dump that shows the program's own frames."""

from running import output_of


def test_a_dump_shows_the_programs_frames_and_goes_where_it_is_told(tmp_path):
    source = """
        import faulthandler, sys
        faulthandler.enable()
        def inner():
            faulthandler.dump_traceback(sys.stdout)
        inner()
        print(faulthandler.is_enabled(), faulthandler.disable(), faulthandler.is_enabled())
        faulthandler.cancel_dump_traceback_later()
    """
    lines = output_of(tmp_path, source).splitlines()
    assert lines[0] == "Stack (most recent call first):"
    assert lines[1].endswith('script.py", line 5 in inner')
    assert lines[2].endswith('script.py", line 6 in <module>')
    assert lines[-1] == "True True False"
