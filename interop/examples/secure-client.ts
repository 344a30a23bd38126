import { qzmq, Request } from "qzmq";

const request = new Request({
  security: qzmq.client({
    identity: await qzmq.loadIdentity({ key: "client.key", certificates: "client.crt" }),
    trust: { files: { authorities: ["ca.crt"] } },
    serverName: "server.example",
  }),
});
request.connect("tcp://127.0.0.1:3003");

await request.send("world");
const [answer] = await request.receive();
console.log(String(answer));
