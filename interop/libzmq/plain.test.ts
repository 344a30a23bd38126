/** PLAIN and its authorizer between qzmq and libzmq: whichever is the server, whichever binds. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CASTS, codeOf, type Library, nextEvent, type Socket, scenario, text } from "./setup.ts";

/** Users whom the authorizer knows. */
const USERS = new Map([["admin", "s3cret"]]);

/** An authorizer in a context of its own (RFC 27). `asked` collects what it was told, `answers` replaces its answers. */
async function authorizer(
  library: Library,
  keep: <S extends Socket>(socket: S) => S,
  answers: string[] = [],
) {
  const context = new library.Context();
  const handler = keep(new library.Reply({ context }));
  await handler.bind("inproc://zeromq.zap.01");
  const asked: string[][] = [];
  void (async () => {
    for await (const request of handler) {
      const [version, id, domain, address, , mechanism, user, password] = text(request);
      asked.push([version!, domain!, address!, mechanism!, user!, password!]);
      const status = answers.shift() ?? (USERS.get(user!) === password ? "200" : "400");
      await handler.send([version!, id!, status, "text", status === "200" ? user! : "", ""]);
    }
  })();
  return { context, asked };
}

for (const { title, transport, first: client, second: server, join } of CASTS) {
  test(
    `the right password lets in (client to server): ${title}`,
    scenario(async (keep) => {
      const { context, asked } = await authorizer(server, keep);
      const dealer = keep(new client.Dealer({ plainUsername: "admin", plainPassword: "s3cret" }));
      const router = keep(new server.Router({ context, plainServer: true, zapDomain: "test" }));
      await join(dealer, router);
      await dealer.send("hello");
      const [id, body] = await router.receive();
      assert.is(String(body), "hello");
      await router.send([id!, "welcome"]);
      assert.equal(text(await dealer.receive()), ["welcome"]);
      assert.is(asked.length, 1);
      const [version, domain, address, ...rest] = asked[0]!;
      assert.equal([version, domain, ...rest], ["1.0", "test", "PLAIN", "admin", "s3cret"]);
      if (transport === "tcp") assert.is(address, "127.0.0.1");
    }),
  );

  test(
    `a wrong password keeps out, and both sides say so (client to server): ${title}`,
    scenario(async (keep) => {
      const { context } = await authorizer(server, keep);
      const dealer = keep(
        new client.Dealer({ plainUsername: "admin", plainPassword: "wrong", linger: 0, receiveTimeout: 300 }),
      );
      const router = keep(new server.Router({ context, plainServer: true, zapDomain: "test" }));
      const atServer = nextEvent(router, "handshake:error:auth");
      // libzmq's client knows only its own misspelt ERROR and takes the correct one for a protocol error.
      const atClient = Promise.race([
        nextEvent(dealer, "handshake:error:auth"),
        nextEvent(dealer, "handshake:error:protocol"),
      ]);
      await join(dealer, router);
      // Pends for ever when the client binds, since a bound socket without peers has nowhere to put a message.
      const sending = codeOf(dealer.send("let me in"));
      assert.is((await atServer).error.status, 400);
      await atClient;
      assert.is(await codeOf(dealer.receive()), "EAGAIN");
      assert.not(router.readable);
      dealer.close();
      await sending;
    }),
  );

  test(
    `a client is let in after a refusal for the time being (client to server): ${title}`,
    scenario(async (keep) => {
      const { context, asked } = await authorizer(server, keep, ["300"]);
      const dealer = keep(
        new client.Dealer({ plainUsername: "admin", plainPassword: "s3cret", handshakeInterval: 500 }),
      );
      const router = keep(
        new server.Router({ context, plainServer: true, zapDomain: "test", handshakeInterval: 500 }),
      );
      await join(dealer, router);
      await dealer.send("hello");
      const [, body] = await router.receive();
      assert.is(String(body), "hello");
      assert.is(asked.length, 2);
    }),
  );

  test(
    `a client without security is kept out of a PLAIN server: ${title}`,
    scenario(async (keep) => {
      const { context, asked } = await authorizer(server, keep);
      const dealer = keep(new client.Dealer({ linger: 0 }));
      const router = keep(new server.Router({ context, plainServer: true }));
      // Whoever reads the other's greeting first says so; libzmq then does not send its own to the end.
      const failed = Promise.race([
        nextEvent(router, "handshake:error:protocol"),
        nextEvent(dealer, "handshake:error:protocol"),
      ]);
      await join(dealer, router);
      const sending = codeOf(dealer.send("let me in"));
      assert.is((await failed).error.code, "ERR_ZMTP_MECHANISM_MISMATCH");
      assert.not(router.readable);
      dealer.close();
      await sending;
      assert.equal(asked, []);
    }),
  );
}

test.run();
