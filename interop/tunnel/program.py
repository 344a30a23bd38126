"""Ends of conversations, as anybody would write them with pyzmq: they know nothing of tunnels.

    program.py ROLE ENDPOINT [ROLE ENDPOINT ...]

Each has a thread and a socket of its own. A line of JSON is printed for each thing that happens to one. A line "stop"
on standard input ends what they send; the end of the input ends them.
"""

import json
import sys
import threading
import time

import zmq

BURST = 5
PAUSE = 0.01
PATIENCE = 2000

stopped = threading.Event()
over = threading.Event()


def listen():
    for line in sys.stdin:
        if line.strip() == "stop":
            stopped.set()
    over.set()


def sender(socket):
    return lambda frames: socket.send_multipart(frames, zmq.NOBLOCK)


class Report:
    """Tells what happens to one role."""

    def __init__(self, role):
        self.role = role

    def __call__(self, **what):
        sys.stdout.write(json.dumps({"role": self.role, **what}) + "\n")
        sys.stdout.flush()

    def heard(self, frames):
        if frames == [b"last"]:
            self(last=True)
        elif frames == body(int(frames[0])):
            self(got=int(frames[0]))
        else:
            self(torn=[frame[:40].decode("latin1") for frame in frames])


def body(number):
    """What message `number` carries: whoever receives it can tell whether it is whole."""
    return [b"%d" % number, bytes([number % 251]) * (number * 37 % 3000), b"end of %d" % number]


class Numbers:
    """Messages 0, 1, 2, ... in bursts; after "stop" one that says so."""

    def __init__(self, say, send):
        self.say = say
        self.send = send
        self.count = 0
        self.due = 0.0
        self.done = False

    def go_on(self):
        if self.done or time.monotonic() < self.due:
            return
        self.due = time.monotonic() + PAUSE
        try:
            if stopped.is_set():
                self.send([b"last"])
                self.done = True
            else:
                for _ in range(BURST):
                    self.send(body(self.count))
                    self.count += 1
        except zmq.Again:
            # A PAIR without a peer: it gets the next one when it has read all of the last one's messages, so it must
            # not wait here.
            pass
        self.say(sent=self.count)


def run(socket, numbers=None, receive=None):
    while not over.is_set():
        if numbers is not None:
            numbers.go_on()
        if receive is None:
            time.sleep(PAUSE / 2)
            continue
        socket.poll(PAUSE * 500)
        try:
            for _ in range(1000):
                receive(socket.recv_multipart(zmq.NOBLOCK))
        except zmq.Again:
            pass


def request(context, say, endpoint):
    """The usual way of a REQ on an unreliable network: no answer in time, a new socket, the question again."""
    number = attempt = 0
    socket = None
    while not over.is_set() and not stopped.is_set():
        if socket is None:
            socket = context.socket(zmq.REQ)
            socket.linger = 0
            socket.connect(endpoint)
        asked = body(number) + [b"%d" % attempt]
        socket.send_multipart(asked)
        say(sent=number + 1)
        if socket.poll(PATIENCE):
            answer = socket.recv_multipart()
            if answer != [b"answer", *asked]:
                say(torn=[frame[:40].decode("latin1") for frame in answer])
            say(got=number)
            number += 1
            attempt = 0
        else:
            socket.close()
            socket = None
            attempt += 1
    say(last=True)
    over.wait()


def play(context, role, endpoint):
    say = Report(role)
    if role == "req":
        request(context, say, endpoint)
        return
    kind = role.split(":")[0].upper()
    socket = context.socket(getattr(zmq, kind))
    socket.sndhwm = 0
    if kind in ("PULL", "PUB", "ROUTER", "REP") or role == "pair:bind":
        if kind == "ROUTER":
            socket.router_handover = 1
        socket.bind(endpoint)
    else:
        if kind == "DEALER":
            socket.routing_id = role.split(":")[1].encode()
        if kind == "SUB":
            socket.subscribe(b"wanted")
        socket.connect(endpoint)

    if kind == "PUSH":
        run(socket, Numbers(say, sender(socket)))
    elif kind == "PULL":
        run(socket, None, say.heard)
    elif kind == "PUB":

        def publish(frames):
            socket.send_multipart([b"unwanted", *frames])
            socket.send_multipart([b"wanted", *frames])

        run(socket, Numbers(say, publish))
    elif kind == "SUB":
        run(socket, None, lambda frames: say.heard(frames[1:]) if frames[0] == b"wanted" else say(torn=["topic"]))
    elif kind in ("PAIR", "DEALER"):
        run(socket, Numbers(say, sender(socket)), say.heard)
    elif kind == "ROUTER":
        run(socket, None, socket.send_multipart)
    elif kind == "REP":
        asked = set()

        def answer(frames):
            question = (frames[0], frames[3])
            say(doubled=True) if question in asked else asked.add(question)
            socket.send_multipart([b"answer", *frames])

        run(socket, None, answer)
    socket.close(linger=0)


context = zmq.Context()
threading.Thread(target=listen, daemon=True).start()
for role, endpoint in zip(sys.argv[1::2], sys.argv[2::2]):
    threading.Thread(target=play, args=(context, role, endpoint)).start()
