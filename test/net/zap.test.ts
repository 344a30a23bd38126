/** The authorizer's client (RFC 27): what is asked, and what comes of each answer, good or bad. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { nullMechanism } from "../../src/mechanism/null.ts";
import { plainMechanism } from "../../src/mechanism/plain.ts";
import { Environment } from "../../src/net/environment.ts";
import type { SocketEvent } from "../../src/net/events.ts";
import { encodeCommand } from "../../src/wire/command.ts";
import { encodeGreeting } from "../../src/wire/greeting.ts";
import type { Message } from "../../src/wire/message.ts";
import { type Bare, bare, type Cleanup, codeThrown, pause, RawPeer, scenario, until } from "./harness.ts";

type Answer = (request: string[]) => (string | Buffer)[] | null;

const ALLOW: Answer = ([version, id]) => [version!, id!, "200", "OK", "alice", ""];

interface Scene {
  readonly environment: Environment;
  readonly server: Bare<"ROUTER">;
  readonly client: Bare<"DEALER">;
  readonly asked: string[][];
}

/** A PLAIN server whose authorizer, a REP, gives `answer`; and a client that connects to it. */
async function scene(cleanup: Cleanup, answer: Answer | null, enforceDomain = false): Promise<Scene> {
  const environment = new Environment();
  const asked: string[][] = [];
  if (answer !== null) {
    const handler = bare("REP", cleanup, { environment });
    await handler.hub.bind("inproc://zeromq.zap.01");
    let stop = false;
    cleanup(() => {
      stop = true;
    });
    void (async () => {
      while (!stop) {
        if (handler.pattern.readable) {
          const request = handler.pattern.receive()!.map(String);
          asked.push(request);
          const reply = answer(request);
          if (reply !== null)
            handler.pattern.send(reply.map((part) => Buffer.from(part as string)) as Message);
        }
        await pause(1);
      }
    })();
  }
  const server = bare("ROUTER", cleanup, {
    environment,
    settings: {
      mechanism: plainMechanism({ asServer: true }),
      zapDomain: "global",
      zapEnforceDomain: enforceDomain,
    },
    pattern: { routingId: Buffer.from("server") },
  });
  await server.hub.bind("tcp://127.0.0.1:0");
  const client = bare("DEALER", cleanup, {
    settings: { mechanism: plainMechanism({ asServer: false, username: "admin", password: "pw" }) },
  });
  client.hub.connect(server.hub.lastEndpoint!);
  return { environment, server, client, asked };
}

test(
  "the request holds version, id, domain, address, our routing id, mechanism, user and password",
  scenario(async (cleanup) => {
    const { server, client, asked } = await scene(cleanup, ALLOW);
    await client.send("hello");
    assert.is(String((await server.receive())[1]), "hello");
    assert.equal(asked, [["1.0", "1", "global", "127.0.0.1", "server", "PLAIN", "admin", "pw"]]);
  }),
);

test(
  "300 is followed by another attempt, which may succeed",
  scenario(async (cleanup) => {
    let attempts = 0;
    const { server, client } = await scene(cleanup, ([version, id]) =>
      ++attempts < 3 ? [version!, id!, "300", "busy", "", ""] : ALLOW([version!, id!]),
    );
    await client.send("hello");
    assert.is(String((await server.receive())[1]), "hello");
    assert.is(attempts, 3);
    const refused = server.events.filter((event) => event.type === "handshake:error:auth");
    assert.equal(
      refused.map((event) => (event as { error: { status: number } }).error.status),
      [300, 300],
    );
  }),
);

for (const status of ["400", "500"]) {
  test(
    `${status} is told to the client, which does not come back`,
    scenario(async (cleanup) => {
      const { server, client, asked } = await scene(cleanup, ([v, id]) => [v!, id!, status, "no", "", ""]);
      const told = (await client.saw("handshake:error:auth")) as { error: { status: number } };
      const known = (await server.saw("handshake:error:auth")) as { error: { status: number } };
      assert.equal([told.error.status, known.error.status], [Number(status), Number(status)]);
      await pause(50);
      assert.is(asked.length, 1);
    }),
  );
}

const MALFORMED: Record<string, [string, Answer]> = {
  "five frames": ["ERR_ZAP_MALFORMED_REPLY", ([v, id]) => [v!, id!, "200", "", ""]],
  "seven frames": ["ERR_ZAP_MALFORMED_REPLY", ([v, id]) => [v!, id!, "200", "", "", "", ""]],
  "one frame": ["ERR_ZAP_MALFORMED_REPLY", () => ["x"]],
  "another version": ["ERR_ZAP_BAD_VERSION", ([, id]) => ["2.0", id!, "200", "", "", ""]],
  "another request id": ["ERR_ZAP_BAD_REQUEST_ID", ([v]) => [v!, "other", "200", "", "", ""]],
  "status 201": ["ERR_ZAP_INVALID_STATUS_CODE", ([v, id]) => [v!, id!, "201", "", "", ""]],
  "an empty status": ["ERR_ZAP_INVALID_STATUS_CODE", ([v, id]) => [v!, id!, "", "", "", ""]],
  "a status of 2e2": ["ERR_ZAP_INVALID_STATUS_CODE", ([v, id]) => [v!, id!, "2e2", "", "", ""]],
  "a status in hexadecimal": ["ERR_ZAP_INVALID_STATUS_CODE", ([v, id]) => [v!, id!, "0xc8", "", "", ""]],
  "a status with a blank": ["ERR_ZAP_INVALID_STATUS_CODE", ([v, id]) => [v!, id!, " 200", "", "", ""]],
  "metadata cut off": [
    "ERR_ZAP_INVALID_METADATA",
    ([v, id]) => [v!, id!, "200", "", "", Buffer.from([1, 65, 0, 0, 0, 9])],
  ],
};

for (const [what, [code, answer]] of Object.entries(MALFORMED)) {
  test(
    `a reply with ${what} lets nobody in: ${code}`,
    scenario(async (cleanup) => {
      const { server, client } = await scene(cleanup, answer);
      const failure = (await server.saw("handshake:error:protocol")) as Extract<
        SocketEvent,
        { type: "handshake:error:protocol" }
      >;
      assert.is(failure.error.code, code);
      await client.saw("disconnect");
      assert.not(server.types().includes("handshake"));
    }),
  );
}

test(
  "no handler: PLAIN is refused",
  scenario(async (cleanup) => {
    const { server } = await scene(cleanup, null);
    await server.saw("handshake:error:auth");
    assert.not(server.types().includes("handshake"));
  }),
);

test(
  "something that is no authorizer at the authorizer's place counts as none",
  scenario(async (cleanup) => {
    const { environment, server } = await scene(cleanup, null);
    await server.saw("handshake:error:auth");
    const pull = bare("PULL", cleanup, { environment });
    await pull.hub.bind("inproc://zeromq.zap.01");
    const client = bare("DEALER", cleanup, {
      settings: { mechanism: plainMechanism({ asServer: false, username: "a", password: "b" }) },
    });
    client.hub.connect(server.hub.lastEndpoint!);
    await server.saw("handshake:error:auth", 2);
  }),
);

test(
  "NULL is asked about only when a domain is set",
  scenario(async (cleanup) => {
    const { environment, asked } = await scene(cleanup, ALLOW);
    await until(() => asked.length === 1, "the PLAIN request");
    for (const zapDomain of ["", "named"]) {
      const pull = bare("PULL", cleanup, {
        environment,
        settings: { mechanism: nullMechanism(), zapDomain },
      });
      await pull.hub.bind("tcp://127.0.0.1:0");
      const push = bare("PUSH", cleanup);
      push.hub.connect(pull.hub.lastEndpoint!);
      await push.send("x");
      await pull.receive();
    }
    assert.equal(
      asked.map(([, , domain, , , mechanism]) => `${domain} ${mechanism}`),
      ["global PLAIN", "named NULL"],
    );
  }),
);

test(
  "NULL with a domain that is enforced and no handler is refused",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup, { settings: { zapDomain: "d", zapEnforceDomain: true } });
    await pull.hub.bind("tcp://127.0.0.1:0");
    const push = bare("PUSH", cleanup);
    push.hub.connect(pull.hub.lastEndpoint!);
    await pull.saw("handshake:error:auth");
    assert.not(pull.types().includes("handshake"));
  }),
);

test(
  "the authorizer goes away before it answers: refused for the time being",
  scenario(async (cleanup) => {
    const environment = new Environment();
    const handler = bare("ROUTER", cleanup, { environment });
    await handler.hub.bind("inproc://zeromq.zap.01");
    const server = bare("PULL", cleanup, {
      environment,
      settings: { mechanism: plainMechanism({ asServer: true }) },
    });
    await server.hub.bind("tcp://127.0.0.1:0");
    const client = bare("PUSH", cleanup, {
      settings: { mechanism: plainMechanism({ asServer: false, username: "a", password: "b" }) },
    });
    client.hub.connect(server.hub.lastEndpoint!);
    await handler.receive();
    await handler.hub.close();
    const failure = (await server.saw("handshake:error:auth")) as { error: { status: number } };
    assert.is(failure.error.status, 300);
  }),
);

test(
  "a client that leaves before the answer leaves no inquiry behind",
  scenario(async (cleanup) => {
    const environment = new Environment();
    const handler = bare("ROUTER", cleanup, { environment, pattern: { mandatory: true } });
    await handler.hub.bind("inproc://zeromq.zap.01");
    const server = bare("PULL", cleanup, {
      environment,
      settings: { mechanism: plainMechanism({ asServer: true }) },
    });
    await server.hub.bind("tcp://127.0.0.1:0");
    const hello = Buffer.concat([
      encodeGreeting("PLAIN", false),
      encodeCommand("HELLO", Buffer.from("\x01a\x01b")),
    ]);
    const peer = await RawPeer.connect(server.hub.lastEndpoint!);
    peer.socket.write(hello);
    const request = await handler.receive();
    peer.socket.destroy();
    await server.saw("disconnect");
    const [asker, empty, version, id] = request;
    const reply = [asker!, empty!, version!, id!, ...["200", "", "", ""].map((s) => Buffer.from(s))];
    assert.is(
      codeThrown(() => handler.pattern.send(reply)),
      "EHOSTUNREACH",
    );
  }),
);

test.run();
