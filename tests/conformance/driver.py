"""Runs one of CPython's own test modules and writes what came of each test, a line of JSON each, as it comes.

The same file runs on the operating system and inside a simulated process; on the system it first blocks the C
modules that a simulated world does without, and notes which tests start processes. Tests that a results file names
already are not run again, so a runner goes on after a test that hung or took its process with it.

    python driver.py MODULE RESULTS [--block NAME,NAME...] [--only ID]...
"""

import json
import os
import sys
import time
import unittest

from listing import counts

STARTS_PROCESSES = {
    "subprocess.Popen",
    "os.fork",
    "os.forkpty",
    "os.exec",
    "os.posix_spawn",
    "os.system",
    "pty.spawn",
}
RESOURCES = ("cpu", "walltime")
"""What regrtest's -u would enable. Not `network`: nothing here reaches for other addresses than loopback."""
ON_LOOPBACK = ("test.test_socketserver",)
"""Modules that want the resource `network` and stay on loopback."""


def read_lines(path):
    """What the file of results holds so far."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Lines(unittest.TestResult):
    """A test result that writes a line when a test begins and one when it has ended."""

    def __init__(self, path):
        super().__init__()
        self.file = open(path, "a", encoding="utf-8")  # noqa: SIM115
        self.outcome = "passed"
        self.why = ""
        self.processes = False
        self.began = 0.0

    def write(self, **line):
        """One line, at once in the file."""
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()

    def startTest(self, test):
        super().startTest(test)
        self.outcome, self.why, self.processes = "passed", "", False
        self.began = time.perf_counter()
        self.write(began=test.id())

    def stopTest(self, test):
        super().stopTest(test)
        if self.outcome == "ended":
            self.stop()
            return
        seconds = round(time.perf_counter() - self.began, 3)
        self.write(
            id=test.id(), outcome=self.outcome, why=self.why[-3000:], processes=self.processes, seconds=seconds
        )
        self.failures.clear()
        self.errors.clear()

    def note(self, test, outcome, why):
        """What came of it; of several, the worst. What ends before a test begins (a class's or a module's set-up) is
        a line of its own."""
        if not hasattr(test, "_testMethodName") and not isinstance(test, unittest.TestCase):
            self.write(id=test.id(), outcome=outcome, why=why[-3000:], processes=self.processes, seconds=0)
        elif self.outcome not in ("failed", "ended"):
            self.outcome, self.why = outcome, why

    def addError(self, test, err):
        super().addError(test, err)
        if err[0].__name__ in ("GreenletExit", "Abort"):
            # The process has ended under it; the runner says how.
            self.outcome = "ended"
            return
        self.note(test, "failed", self.errors[-1][1])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "failed", self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(test, "failed", f"{subtest}: {self._exc_info_to_string(err, test)}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if self.outcome == "passed":
            self.note(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.outcome = "passed"

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, "failed", "unexpected success")


def flat(suite):
    """The tests of a suite, in its order."""
    for one in suite:
        if isinstance(one, unittest.BaseTestSuite):
            yield from flat(one)
        else:
            yield one


def block(names):
    """Make these modules impossible to import, also for `import_fresh_module`, which forgets what was blocked."""

    class Blocked:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name in names:
                raise ModuleNotFoundError(f"import of {name} halted; blocked", name=name)

    sys.meta_path.insert(0, Blocked)
    for name in names:
        if name in sys.modules:
            sys.modules[name] = None


def watch_processes(result):
    """On the system: note which tests start processes."""

    def hook(event, arguments):
        if event in STARTS_PROCESSES:
            result.processes = True

    sys.addaudithook(hook)
    import _posixsubprocess

    start = _posixsubprocess.fork_exec

    def fork_exec(*arguments):
        """No audit event tells of this one, by which multiprocessing starts its servers."""
        result.processes = True
        return start(*arguments)

    _posixsubprocess.fork_exec = fork_exec


def options(arguments):
    """The values of each option."""
    found = {"--block": [], "--only": []}
    for name, value in zip(arguments[::2], arguments[1::2]):
        found[name].append(value)
    return found


def main(module_name, path, *arguments):
    asked = options(arguments)
    block([name for names in asked["--block"] for name in names.split(",") if name])
    from test import support

    support.use_resources = (*RESOURCES, "network") if module_name in ON_LOOPBACK else RESOURCES
    support.verbose = 0
    before = read_lines(path)
    done = {line["id"] for line in before if "id" in line}
    result = Lines(path)
    if asked["--block"]:
        watch_processes(result)
    try:
        module = __import__(module_name, fromlist=["x"])
        suite = unittest.defaultTestLoader.loadTestsFromModule(module)
        chosen = [test for test in flat(suite) if test.id() not in done and counts(test.id())]
        tests = [test for test in chosen if not asked["--only"] or test.id() in asked["--only"]]
    except unittest.SkipTest as reason:
        result.write(module="skipped", why=str(reason))
        return
    unittest.TestSuite(tests).run(result)
    if result.outcome == "ended":
        return
    result.write(module="ended")


if __name__ == "__main__":
    main(*sys.argv[1:])
