import * as zmq from "qzmq";

const reply = new zmq.Reply();
await reply.bind("tcp://127.0.0.1:3002");

for await (const [number] of reply) {
  await reply.send(String(2 * Number(number)));
}
