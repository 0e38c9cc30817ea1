"""Whether a port is free, and who has it if it is not."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from pathlib import Path

LISTENING = "0A"  # state of a socket in /proc/net/tcp, <net/tcp_states.h>


def find_port_problem(host: str, port: int) -> str | None:
    """Why nothing can listen there, and what to do; None: it can."""
    if not 0 < port < 65_536:
        return f"Port {port} is none: 1 to 65535 are."
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except PermissionError:
            return f"Port {port} may be used by the administrator only. Pass --port above 1023."
        except OSError as exc:
            owner = _find_owner(port)
            who = f"by {owner}" if owner else "by another program"
            if exc.errno == errno.EADDRINUSE:
                return (
                    f"Port {port} on {host} is taken {who}. Stop that program, connect to it if it "
                    "is the engine you want, or pass another --port."
                )
            return (
                f"{host}:{port} cannot be listened on: {exc.strerror or exc}. Pass another --host."
            )
    return None


def _find_owner(port: int) -> str:
    """Say "process 123 (python3)" where the system tells; "" where it does not (another user's)."""
    wanted = {f"socket:[{inode}]" for inode in _find_inodes(port)}
    if not wanted:
        return ""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for handle in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(handle.readlink()) in wanted:
                        return _name(process)
    return ""


def _name(process: Path) -> str:
    # its arguments may hold a key, so only its name is told
    name = (process / "comm").read_text(errors="replace").strip()
    mine = " (this very program)" if int(process.name) == os.getpid() else ""
    return f"process {process.name} ({name}){mine}"


def _find_inodes(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(fields[9])
    return found
