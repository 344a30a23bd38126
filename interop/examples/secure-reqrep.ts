/** Request and reply between two parties that one authority has certified. Run: node dist/interop/examples/secure-reqrep.js */
import { qzmq, Reply, Request } from "../../src/index.ts";

// Once, somewhere safe: an authority, and a certificate for each party's key.
const authority = await qzmq.generateAuthority("authority.example");
const shop = await qzmq.certify(authority, await qzmq.generateIdentity(), {
  name: "shop.example",
  roles: ["server"],
});
const anna = await qzmq.certify(authority, await qzmq.generateIdentity(), {
  name: "anna",
  roles: ["client"],
});
const trust = { authorities: [authority.certificate] };

// The server shows its certificate, and requires one of each client.
const reply = new Reply({ security: qzmq.server({ identity: shop, trust }) });
await reply.bind("tcp://127.0.0.1:*");

// The client knows the authority and the server's name.
const request = new Request({ security: qzmq.client({ identity: anna, trust, serverName: "shop.example" }) });
request.connect(reply.lastEndpoint!);

await request.send("a secret question");
const [question] = await reply.receive();
console.log(`${(reply.security as qzmq.Security).connections[0]!.facts["peer"]} asks: ${question}`);

await reply.send("a secret answer");
const [answer] = await request.receive();
console.log(`${(request.security as qzmq.Security).connections[0]!.facts["peer"]} answers: ${answer}`);

request.close();
reply.close();
