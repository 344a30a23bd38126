"""Writes identities for a test into an empty folder: `python3 make_identities.py FOLDER`.

root.crt certifies an intermediate authority, which certifies a server (server.crt, server.key) and a client
(client.crt, client.key with the passphrase PASSPHRASE below). pins.txt pins both end-entity keys.
"""

from __future__ import annotations

import os
import sys
import time

from identities import AUTHORITY, CLIENT, SERVER, issue, new_key, pin_of, write_armour, write_private_key

PASSPHRASE = "passphräse"


def main(folder: str) -> None:
    def write(name: str, text: str) -> None:
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def certificates(*chain: bytes) -> str:
        return "".join(write_armour("QZMQ CERTIFICATE", data) for data in chain)

    now = int(time.time())
    dates = {"not_before": now - 60, "not_after": now + 3600}
    root, middle, server, client = (new_key(algorithm) for algorithm in (4, 3, 2, 2))
    middle_certificate = issue(root, b"middle", AUTHORITY, 3, middle.public, **dates)
    root_certificate = issue(root, b"root", AUTHORITY, 4, root.public, path_len=1)
    names = [b"server.example", b"127.0.0.1", b"z"]
    server_certificate = issue(middle, b"a/server", SERVER, 2, server.public, alternatives=names, **dates)
    client_certificate = issue(middle, b"alice@example", CLIENT, 2, client.public, **dates)
    write("root.crt", "# the trusted authority\n\n" + certificates(root_certificate))
    write("server.crt", certificates(server_certificate, middle_certificate).replace("\n", "\r\n"))
    write("client.crt", certificates(client_certificate, middle_certificate))
    write_private_key(os.path.join(folder, "server.key"), server)
    write_private_key(os.path.join(folder, "client.key"), client, PASSPHRASE)
    pins = [(server, " , a-server"), (client, "")]
    write("pins.txt", "# both\n\n" + "".join(pin_of(2, key.public).hex() + name + "\n" for key, name in pins))


if __name__ == "__main__":
    main(sys.argv[1])
