import { qzmq, Reply } from "qzmq";

const reply = new Reply({
  security: qzmq.server({
    identity: await qzmq.loadIdentity({ key: "server.key", certificates: "server.crt" }),
    trust: { files: { authorities: ["ca.crt"] } },
  }),
});
reply.events.on("handshake", ({ facts }) => console.log(`${facts?.["peer"]} is here`));
await reply.bind("tcp://127.0.0.1:3003");

for await (const [name] of reply) {
  await reply.send(`hello ${name}`);
}
