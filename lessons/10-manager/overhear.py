# SPDX-License-Identifier: MIT
"""overhear.py PROGRAM.py - run it, with a relay between it and the server.

The relay listens at ./relay, knows the key, and hands each message on to
./socket; it prints what is in them.  A request that calls `append` is kept.
"""
import pickle
import subprocess
import sys
import threading
from multiprocessing.connection import Client, Listener

with open("key", "rb") as file:
    key = file.read()


# region: relay
def relay(number, client):
    with client, Client("socket", authkey=key) as server:
        while True:
            try:
                request = client.recv_bytes()
            except EOFError:
                return
            server.send_bytes(request)
            reply = server.recv_bytes()
            said.append((number, request, reply))
            client.send_bytes(reply)
# end: relay


def accept(listener):
    number = 0
    while True:
        number += 1
        threading.Thread(target=relay, args=(number, listener.accept()),
                         daemon=True).start()


if __name__ == "__main__":
    said, shown = [], 0
    with Listener("relay", authkey=key) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        with open(sys.argv[1], encoding="utf-8") as file:
            program = file.read().replace('"socket"', '"relay"')
        subprocess.run([sys.executable, "-c", program], check=True,
                       stdout=subprocess.DEVNULL)
    for number, request, reply in said:
        ident, function, args, kwds = pickle.loads(request)
        kind, value = pickle.loads(reply)
        if function == "create":
            value = (value[0], "its methods")
        print("connection" if number > shown else "          ",
              number if number > shown else " ",
              ident, function, args, "->", kind, value)
        shown = max(shown, number)
        if function == "append":
            with open("request", "wb") as file:
                file.write(request)
