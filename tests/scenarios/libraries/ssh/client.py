"""asyncssh's client, and paramiko's with its threads. Arguments: host, port, folder of keys."""

import asyncio
import sys

import asyncssh
import paramiko

host, port, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]


async def with_asyncio() -> None:
    async with asyncssh.connect(
        host,
        port,
        username="me",
        client_keys=[f"{folder}/user_key"],
        known_hosts=f"{folder}/known_hosts",
        gss_host=None,
    ) as connection:
        result = await connection.run("greet", input="one\ntwo\n")
        print(repr(result.stdout), result.exit_status)
        async with connection.start_sftp_client() as files:
            async with files.open("note.txt", "w") as file:
                await file.write("far " * 5000)
            print((await files.stat("note.txt")).size, await files.listdir("."))


def with_threads() -> None:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    key = paramiko.Ed25519Key.from_private_key_file(f"{folder}/user_key")
    client.connect(host, port, username="me", pkey=key, allow_agent=False, look_for_keys=False)
    stdin, stdout, _ = client.exec_command("paramiko")
    stdin.write("three\n")
    stdin.channel.shutdown_write()
    print(repr(stdout.read().decode()), stdout.channel.recv_exit_status())
    client.close()


asyncio.run(with_asyncio())
with_threads()
