/** Opens the outgoing connection of a relay or a forward. */
import { connectOptions, type StreamEndpoint } from "../net/endpoint.ts";
import type { ReadableSocket, ReadBuffer } from "../net/read-buffer.ts";
import { cutSelfConnection } from "../net/self-connection.ts";

/** A connection being opened. */
export interface Dialling {
  /** Gives it up, or destroys what it has become; nobody is called afterwards. */
  cancel(): void;
}

/** Connects; calls one of the two, in a later turn. The stream keeps no process alive. */
export function dial(
  endpoint: StreamEndpoint,
  readBuffer: ReadBuffer,
  connected: (stream: ReadableSocket) => void,
  failed: (error: Error) => void,
): Dialling {
  // Names may resolve to addresses of either family.
  const stream = readBuffer.connect(connectOptions(endpoint, true));
  const { socket } = stream;
  socket.unref();
  const onFailed = (error: Error): void => failed(error);
  socket.once("error", onFailed);
  const onConnect = (): void => {
    socket.off("error", onFailed);
    const refused = cutSelfConnection(socket);
    if (refused === null) connected(stream);
    else failed(refused);
  };
  socket.once("connect", onConnect);
  return {
    cancel() {
      socket.off("connect", onConnect);
      socket.off("error", onFailed);
      socket.on("error", () => {});
      socket.destroy();
    },
  };
}
