"""Descriptor tables whose numbers are chosen by a program in another process."""

import errno

import pytest

from farhost.kernel.descriptors import UNCLAIMED, DescriptorTable, GivenDescriptors
from farhost.kernel.files import OpenFile
from farhost.kernel.waiting import KernelError


def test_files_get_the_numbers_that_were_given_in_order():
    table = GivenDescriptors()
    table.given = [7, 3]
    assert table.add(OpenFile()) == 7
    assert table.add(OpenFile(), close_on_exec=True) == 3
    assert list(table) == [3, 7]
    assert table.close_on_exec == {3}


def test_without_a_number_given_they_are_out_of_the_way():
    table = GivenDescriptors()
    assert [table.add(OpenFile()) for _ in range(2)] == [UNCLAIMED, UNCLAIMED + 1]
    table.close(UNCLAIMED, None)
    assert table.add(OpenFile()) == UNCLAIMED


def test_a_number_in_use_is_refused():
    table = GivenDescriptors()
    table.given = [5]
    file = OpenFile()
    table.add(file)
    table.given = [5]
    with pytest.raises(KernelError) as caught:
        table.add(OpenFile())
    assert caught.value.errno == errno.EMFILE
    assert table.files[5] is file


def test_shared_files_have_as_many_references_as_numbers():
    one, other = DescriptorTable(), GivenDescriptors()
    file = OpenFile()
    number = one.add(file)
    one.share([(number, 8), (number, 9), (44, 10)], other)
    assert list(other) == [8, 9]
    assert file.references == 3
