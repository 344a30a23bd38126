import * as zmq from "qzmq";

const push = new zmq.Push();
await push.bind("tcp://127.0.0.1:3000");

for (let task = 1; task <= 10; task++) {
  await push.send(`task ${task}`);
}
