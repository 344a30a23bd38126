import * as zmq from "qzmq";

const request = new zmq.Request();
request.connect("tcp://127.0.0.1:3002");

await request.send("4");
const [answer] = await request.receive();
console.log(`twice 4 is ${answer}`);
