import * as zmq from "qzmq";

const subscriber = new zmq.Subscriber();
subscriber.connect("tcp://127.0.0.1:3001");
subscriber.subscribe("weather");

for await (const [topic, message] of subscriber) {
  console.log(`${topic}: ${message}`);
}
