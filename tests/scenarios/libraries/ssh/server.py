"""An asyncssh server that knows one command and serves files. Arguments: port, folder of keys."""

import asyncio
import sys

import asyncssh


async def handle(process: asyncssh.SSHServerProcess) -> None:
    process.stdout.write(f"you said {process.command}\n")
    async for line in process.stdin:
        process.stdout.write(line.upper())
    process.exit(3)


async def main(port: int, folder: str) -> None:
    await asyncssh.listen(
        "",
        port,
        server_host_keys=[f"{folder}/host_key"],
        authorized_client_keys=f"{folder}/user_key.pub",
        process_factory=handle,
        sftp_factory=True,
        public_key_auth=True,
        gss_host=None,
    )
    await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
