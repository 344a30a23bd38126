import * as zmq from "qzmq";

const pull = new zmq.Pull();
pull.connect("tcp://127.0.0.1:3000");

for await (const [task] of pull) {
  console.log(`doing ${task}`);
}
