"""os and open: small simulated descriptors, the machine's files out of their way, socket files of the host."""

from running import output_of, same_as_python


def test_pipes_have_the_lowest_numbers_and_files_stay_out_of_their_way(tmp_path):
    source = """
        import os
        file = open(__file__)
        r, w = os.pipe()
        again = open(__file__, "rb")
        print(r, w, file.fileno() > 100, again.fileno() > 100, os.fstat(file.fileno()).st_size == len(again.read()))
        os.close(r)
        print(os.dup(w), os.pipe(), os.isatty(0), os.get_inheritable(w), os.get_blocking(w))
        number = os.open(__file__, os.O_RDONLY)
        print(number > 100, os.read(number, 5) == open(__file__, "rb").read(5), os.lseek(number, 0, 2) > 5)
        os.close(number)
        for bad in (77, number):
            try: os.read(bad, 1)
            except OSError as error: print(error)
    """
    assert output_of(tmp_path, source).splitlines() == [
        "3 4 True True True",
        "3 (5, 6) False False True",
        "True True True",
        "[Errno 9] Bad file descriptor",
        "[Errno 9] Bad file descriptor",
    ]


def test_files_over_descriptors(tmp_path):
    source = """
        import io, os
        r, w = os.pipe()
        with os.fdopen(w, "w") as writer, os.fdopen(r) as reader:
            print(isinstance(writer.buffer.raw, io.FileIO), isinstance(reader.buffer, io.BufferedReader))
            print(writer.name == w)
            writer.write("line one\\nline two\\n")
            writer.close()
            print(reader.read(), end="")
            print(reader.seekable(), reader.readable(), reader.buffer.raw)
        try: open(99, "rb")
        except OSError as error: print(error)
        r, w = os.pipe()
        with open(w, "wb", 0) as raw:
            raw.write(b"12345")
        with open(r, "rb") as file:
            print(file.peek(1)[:1], file.readline(), file.mode)
        os.write(1, b"direct\\n")
    """
    same_as_python(tmp_path, source)


def test_errors_of_open_name_the_path_as_it_was_given(tmp_path):
    source = """
        import os
        for call in (lambda: open("missing"), lambda: os.stat("missing"), lambda: os.listdir("missing/sub"),
                     lambda: os.rename("missing", "other"), lambda: os.rmdir("missing"), lambda: open("", "r"),
                     lambda: open("x", "q"), lambda: open("x", "rb", encoding="utf-8"),
                     lambda: os.open("missing", 0)):
            try: call()
            except (OSError, ValueError) as error: print(error)
    """
    same_as_python(tmp_path, source)


def test_ordinary_files_work_in_the_working_directory(tmp_path):
    source = """
        import os, shutil
        with open("data.txt", "w") as file: print(file.name, file.write("abc\\n"))
        with open("data.txt", "a+b") as file: file.write(b"more"); file.seek(0); print(file.read())
        os.makedirs("a/b"); shutil.copy("data.txt", "a/b"); print(sorted(os.listdir("a")), os.listdir("a/b"))
        print([(entry.name, entry.path, entry.is_dir()) for entry in os.scandir("a")], os.path.isfile("a/b/data.txt"))
        print([(top, names) for top, _, names in os.walk("a")])
        os.chdir("a"); print(os.path.basename(os.getcwd()), os.path.exists("b/data.txt"))
        os.replace("b/data.txt", "moved"); print(open("moved").read(), os.stat("moved").st_size)
        shutil.rmtree("../a")
    """
    same_as_python(tmp_path, source)


def test_socket_files_belong_to_the_host(tmp_path):
    source = """
        import os, socket, stat
        os.mkdir("folder"); os.chdir("folder")
        s = socket.socket(socket.AF_UNIX)
        s.bind("a.sock")
        print(os.path.exists("a.sock"), os.listdir("."), stat.filemode(os.stat("a.sock").st_mode))
        print([(entry.name, entry.is_file(), stat.S_ISSOCK(entry.stat().st_mode)) for entry in os.scandir()])
        os.chmod("a.sock", 0o600); print(stat.filemode(os.lstat("a.sock").st_mode), os.access("a.sock", os.W_OK))
        s.close(); print(os.path.exists("a.sock"))
        try: socket.socket(socket.AF_UNIX).bind("a.sock")
        except OSError as error: print(error)
        try: open("a.sock")
        except OSError as error: print(error)
        os.rename("a.sock", "b.sock"); print(os.listdir())
        os.unlink("b.sock"); print(os.listdir())
        try: os.unlink("b.sock")
        except OSError as error: print(error)
    """
    same_as_python(tmp_path, source)


def test_the_process_has_its_own_identity_and_environment(tmp_path):
    source = """
        import os, platform, socket, getpass
        print(os.getpid(), os.getppid(), os.cpu_count(), os.uname().nodename, platform.node(), os.getuid())
        print(os.environ["HOME"] == os.getcwd() == os.path.expanduser("~"))
        print(os.environ.get("PYTHONPATH"), getpass.getuser())
    """
    assert output_of(tmp_path, source) == "100 1 4 host host 1000\nTrue\nNone user\n"


def test_sendfile_and_vectored_calls(tmp_path):
    source = """
        import os
        with open("f", "wb") as file: file.write(b"0123456789")
        r, w = os.pipe()
        with open("f", "rb") as file:
            print(os.sendfile(w, file.fileno(), 2, 5), os.read(r, 10))
        print(os.writev(w, [b"ab", b"cd"]))
        target = bytearray(3); print(os.readv(r, [target]), target, os.read(r, 5))
        for call in (lambda: os.lseek(r, 0, 0), lambda: os.ftruncate(r, 0)):
            try: call()
            except OSError as error: print(error)
    """
    same_as_python(tmp_path, source)
