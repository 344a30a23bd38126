import * as zmq from "qzmq";

const publisher = new zmq.Publisher();
await publisher.bind("tcp://127.0.0.1:3001");

setInterval(() => {
  void publisher.send(["weather", "sunny"]);
}, 500);
